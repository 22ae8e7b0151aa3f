"""Promises of what all faces share: the gate, languages, logs, seats."""
