"""Four eyes: the only way to a real identity, asked for by one member of the staff and approved by two others."""
