"""The words everything else is built from."""
