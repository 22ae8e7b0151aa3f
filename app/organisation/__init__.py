"""The operator's own house: who answers for what, which forums are on file, and which authorities there are."""
