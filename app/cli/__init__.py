"""The command line for operators: 0 on success, 1 on a refusal with one line on stderr, 2 on wrong usage."""
