"""What is sealed, and who may open it."""
