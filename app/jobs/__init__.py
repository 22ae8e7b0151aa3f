"""Background work: what has become due, done by anybody who comes by."""
