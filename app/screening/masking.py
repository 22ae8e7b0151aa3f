"""Covering hits in a text, code point by code point, and never half of what is seen as one."""

from collections.abc import Iterable

_COVER = "*"


def masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Of the same length, with every span covered."""
    covered = list(text)
    for start, end in spans:
        covered[start:end] = _COVER * (end - start)
    return "".join(covered)
