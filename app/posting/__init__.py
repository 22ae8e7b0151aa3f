"""May this account post now? A pure decision over its standing, and the signed permits that follow from it."""
