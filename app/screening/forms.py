"""A term in one of the ways it is searched for, taken apart when it is first seen in a text."""

from dataclasses import dataclass
from enum import IntEnum

from app.screening import folding
from app.screening.domain import Term


class FormKind(IntEnum):
    WRITTEN = 0
    SPOKEN = 1
    CONTACT = 2
    """加V信 without its first character, for +V信."""
    DOT = 3
    """With a dot that is spelled out."""


@dataclass(frozen=True, slots=True)
class Form:
    term: Term
    kind: FormKind
    text: str
    plain: str
    runs: tuple[str, ...]
    """The plain characters of each place of its view."""
    gaps: frozenset[int]
    """Places before which the term itself has something that is skipped."""


def take_apart(term: Term, kind: FormKind, text: str) -> Form:
    spelled = folding.spell_out(text)
    runs: list[str] = []
    gaps: set[int] = set()
    before, skipped = None, False
    for character in spelled:
        plain = folding.plain(character)
        if not plain:
            skipped = True
            continue
        mark = folding.mark(plain)
        if skipped and runs:
            gaps.add(len(runs) - (mark == before))
        if mark == before:
            runs[-1] += plain
        else:
            runs.append(plain)
        before, skipped = mark, False
    return Form(term, kind, text, "".join(runs), tuple(runs), frozenset(gaps))
