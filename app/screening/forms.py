"""A term in one of the ways it is searched for, taken apart when it is first seen in a text."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from app.screening import folding, relations, views
from app.screening.domain import Term

CONTACT = "加"
_DOT = re.compile(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z]{2})")


class FormKind(IntEnum):
    __hash__ = int.__hash__  # of enumerations it is worked out anew each time

    WRITTEN = 0
    SPOKEN = 1
    CONTACT = 2
    """加V信 without its first character, for +V信."""
    DOT = 3
    """With 点 for a dot."""
    ENGLISH_DOT = 4
    """With `dot` for a dot."""
    APART = 5
    """Spoken, each of equal characters by itself: `shi shi cai`."""
    DRAWN = 6
    """With `rn` for m and `vv` for w; in names."""
    IN_DIGITS = 7
    """13水 for 十三水."""
    IN_CHINESE = 8
    """十一选五 for 11选5."""
    KOUKOU = 9
    V_XIN = 10
    VX = 11
    WX = 12
    ONE_Q = 13


SPOKEN = frozenset({FormKind.SPOKEN, FormKind.APART})
_DOTS = {FormKind.DOT: " 点 ", FormKind.ENGLISH_DOT: " dot "}
"""With spaces, since they may have more beside them: `[dot]`."""
CHATS = {
    FormKind.KOUKOU: ("QQ", "扣扣"),
    FormKind.ONE_Q: ("QQ", "Q"),
    FormKind.V_XIN: ("微信", "V信"),
    FormKind.VX: ("微信", "VX"),
    FormKind.WX: ("微信", "WX"),
}
"""What services are called by who wants to be found in them and nowhere else."""
_MAY_HAVE_FORMS = re.compile("^加|[.十]|[mwMW]|[0-9]{2}|QQ|微信")
_DRAWN = {"m": "rn", "M": "rn", "w": "vv", "W": "vv"}
_DRAWN_LEAST = 5
_TENS = re.compile(
    "(?<![〇零一二三四五六七八九十百千万亿第])[一二三四五六七八九]?十[一二三四五六七八九]?(?![〇零一二三四五六七八九十百千万亿])"
)
_TWO_DIGITS = re.compile(r"(?<![0-9.])[1-9][0-9](?![0-9.])")
_DIGITS = "零一二三四五六七八九"


def in_form(text: str, kind: FormKind) -> str:
    """The term in that form; itself where it has none of its own."""
    if kind in _DOTS:
        return _DOT.sub(_DOTS[kind], text)
    if kind in CHATS:
        return text.replace(*CHATS[kind])
    return _WAYS[kind](text) if kind in _WAYS else text


def _in_digits(number: re.Match[str]) -> str:
    tens, _, ones = number.group().partition("十")
    return str((_DIGITS.index(tens) if tens else 1) * 10 + (_DIGITS.index(ones) if ones else 0))


def _in_chinese(number: re.Match[str]) -> str:
    tens, ones = map(int, number.group())
    return (_DIGITS[tens] if tens > 1 else "") + "十" + (_DIGITS[ones] if ones else "")


_WAYS: Mapping[FormKind, Callable[[str], str]] = {
    FormKind.CONTACT: lambda text: text.removeprefix(CONTACT),
    FormKind.DRAWN: lambda text: "".join(_DRAWN.get(letter, letter) for letter in text),
    FormKind.IN_DIGITS: lambda text: _TENS.sub(_in_digits, text),
    FormKind.IN_CHINESE: lambda text: _TWO_DIGITS.sub(_in_chinese, text),
}


def may_have_forms(text: str) -> bool:
    return _MAY_HAVE_FORMS.search(text) is not None


def kinds_of(text: str) -> Iterator[FormKind]:
    """The forms that a text has beside the written one."""
    if text.startswith(CONTACT) and sum(map(bool, map(folding.plain, text))) > 2:  # noqa: PLR2004 -- and two more
        yield FormKind.CONTACT
    if "." in text and _DOT.search(text):
        yield from _DOTS
    if len(text) >= _DRAWN_LEAST and text.isascii() and not _DRAWN.keys().isdisjoint(text):
        yield FormKind.DRAWN
    if _TENS.search(text):
        yield FormKind.IN_DIGITS
    if _TWO_DIGITS.search(text):
        yield FormKind.IN_CHINESE
    yield from (kind for kind, (name, _) in CHATS.items() if name in text and len(text) > len(name))


class Lead:
    """What is to be done where a pattern is seen; bits, which are asked for at every hit."""

    FORMS: Final = 1
    """Judge whether it is one of its terms."""
    SPLIT: Final = 2
    """Put a character together, and search once more."""
    LATIN: Final = 4
    """Read Latin letters as syllables, and search once more."""
    FIRST: Final = 8
    """Judge it before others where there is too much to judge: it blocks, or it allows what blocks."""


@dataclass(frozen=True, slots=True)
class Form:
    term: Term
    kind: FormKind
    text: str
    plain: str
    runs: tuple[str, ...]
    """The plain characters of each place of its view."""
    written: tuple[str, ...]
    """The same as they are written in the term."""
    gaps: frozenset[int]
    """Places before which the term itself has something that is skipped."""
    letters: int
    """Latin letters in it."""
    is_chinese: bool
    """Of two Chinese characters and more, and nothing else."""


def take_apart(term: Term, kind: FormKind) -> Form:
    text = in_form(term.term, kind)
    runs: list[str] = []
    written: list[str] = []
    gaps: set[int] = set()
    before, skipped = None, False
    for character in folding.spell_out(text):
        plain = folding.plain(character)
        if not plain:
            skipped = True
            continue
        mark = views.mark(plain)
        same = mark == before and kind is not FormKind.APART
        if skipped and runs:
            gaps.add(len(runs) - same)
        if same:
            runs[-1] += plain
            written[-1] += character
        else:
            runs.append(plain)
            written.append(character)
        before, skipped = mark, False
    return form_of(term, kind, text, runs, written, gaps)


def form_of(
    term: Term, kind: FormKind, text: str, runs: Sequence[str], written: Sequence[str], gaps: Iterable[int]
) -> Form:
    """With what follows from its characters."""
    whole = "".join(runs)
    letters = sum(map(relations.is_letter, whole))
    is_chinese = len(whole) > 1 and all(map(relations.is_chinese, whole))
    return Form(term, kind, text, whole, tuple(runs), tuple(written), frozenset(gaps), letters, is_chinese)
