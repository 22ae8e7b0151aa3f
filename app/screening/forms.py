"""A term in one of the ways it is searched for, taken apart when it is first seen in a text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from app.screening import folding, relations
from app.screening.domain import Term

CONTACT = "加"
_DOT = re.compile(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z]{2})")


class FormKind(IntEnum):
    WRITTEN = 0
    SPOKEN = 1
    CONTACT = 2
    """加V信 without its first character, for +V信."""
    DOT = 3
    """With 点 for a dot."""
    ENGLISH_DOT = 4
    """With `dot` for a dot."""


_DOTS = {FormKind.DOT: " 点 ", FormKind.ENGLISH_DOT: " dot "}


def in_form(text: str, kind: FormKind) -> str:
    """The term in that form; itself where it has none of its own."""
    if kind is FormKind.CONTACT:
        return text.removeprefix(CONTACT)
    if kind in _DOTS:
        return _DOT.sub(_DOTS[kind], text)
    return text


def kinds_of(text: str) -> Iterator[FormKind]:
    """The forms that a text has beside the written one."""
    if text.startswith(CONTACT) and len(text) > 2:  # noqa: PLR2004 -- 加 and two more
        yield FormKind.CONTACT
    if "." in text and _DOT.search(text):
        yield from _DOTS


class Lead:
    """What is to be done where a pattern is seen; bits, which are asked for at every hit."""

    FORMS: Final = 1
    """Judge whether it is one of its terms."""
    SPLIT: Final = 2
    """Put a character together, and search once more."""
    LATIN: Final = 4
    """Read Latin letters as syllables, and search once more."""


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
    letters: int
    """Latin letters in it."""
    is_chinese: bool
    """Of two Chinese characters and more, and nothing else."""


def take_apart(term: Term, kind: FormKind) -> Form:
    text = in_form(term.term, kind)
    runs: list[str] = []
    gaps: set[int] = set()
    before, skipped = None, False
    for character in folding.spell_out(text):
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
    whole = "".join(runs)
    letters = sum(map(relations.is_letter, whole))
    is_chinese = len(whole) > 1 and all(map(relations.is_chinese, whole))
    return Form(term, kind, text, whole, tuple(runs), frozenset(gaps), letters, is_chinese)
