"""Promises about the code itself."""
