"""Transactions and migrations, on both databases."""
