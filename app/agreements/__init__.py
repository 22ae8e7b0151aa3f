"""Agreements: versions with the clauses that Art. 6 requires, and who accepted which, when, where."""
