"""Promises of the JSON face: who may call it, and how."""
