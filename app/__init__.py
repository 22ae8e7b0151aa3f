"""Shiming: real identities sealed backstage, free handles on stage."""
