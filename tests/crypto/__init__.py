"""Keys, ciphertexts, indexes and tokens."""
