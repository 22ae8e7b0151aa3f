"""Forums, the clients that speak for them, and their secrets."""
