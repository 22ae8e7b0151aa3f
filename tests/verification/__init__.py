"""Documents, phones, codes, and the links they make."""
