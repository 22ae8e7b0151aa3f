"""Whoever can say whether a name and a number belong together."""
