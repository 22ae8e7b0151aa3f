"""Versions, clauses, acceptances."""
