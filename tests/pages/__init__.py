"""Promises of the pages for people."""
