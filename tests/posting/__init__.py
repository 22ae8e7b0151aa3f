"""Promises of the gate that decides who may post."""
