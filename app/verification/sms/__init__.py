"""Whoever can bring a one-time code to a phone."""
