"""Requests that may be sent twice and take effect once: who is at work on one, and what was answered."""
