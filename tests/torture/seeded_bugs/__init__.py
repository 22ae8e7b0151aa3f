"""Bugs that a tired engineer might commit, put in one at a time: the suite must notice them."""
