"""What the public sees: handles, profiles, and the sanctions on an account. Knows nothing of persons."""
