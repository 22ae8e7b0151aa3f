"""Rules that a lexicon names like terms: one module each, one line each."""

from collections.abc import Callable, Mapping

from app.screening.domain import Evasion

Spot = tuple[int, int, frozenset[Evasion]]
"""Start, end and how it was hidden, in code points of the text."""
RULES: Mapping[str, Callable[[str], list[Spot]]] = {}
