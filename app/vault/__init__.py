"""Sealed identities; the only package that can open one."""
