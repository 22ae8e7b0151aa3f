"""Everything in which the two databases differ, and the one place that opens a transaction."""
