"""Compiles terms."""

from collections.abc import Sequence

from app.screening.domain import Term
from app.screening.lexicon_file import write_terms


def compile_terms(terms: Sequence[Term]) -> bytes:
    return write_terms(list(terms))
