"""Plays the main job over HTTP and prints every step: a newcomer's tour, and a check that it works."""
