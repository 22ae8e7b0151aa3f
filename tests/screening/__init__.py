"""The gate that every text passes."""
