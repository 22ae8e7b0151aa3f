"""Vectors are told of like the tests of `tests/torture`."""

from tests.torture.conftest import form

__all__ = ["form"]
