"""Where a handle and a person meet: checks of documents and phones, and the links they make."""
