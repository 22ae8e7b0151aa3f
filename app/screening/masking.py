"""Covering hits in a text, code point by code point, and never half of what is seen as one."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

COVER = "*"
_JOINER = "\u200d"
_VIRAMA = 9
_FINISHING = frozenset("\u0e33\u0eb3")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")


def masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Of the same length, with a `*` for every code point of every span."""
    parts: list[str] = []
    reached = 0
    for start, end in sorted(whole(text, start, end) for start, end in spans):
        if end > reached:
            parts += [text[reached : max(start, reached)], COVER * (end - max(start, reached))]
            reached = end
    return "".join([*parts, text[reached:]])


def whole(text: str, start: int, end: int) -> tuple[int, int]:
    """A span grown until it holds whole what is seen as one: marks, joined emoji, flags."""
    while 0 < start < len(text) and _belongs(text, start):
        start -= 1
    end = behind(text, end)
    while 0 < end < len(text) and _belongs(text, end):
        end += 1
    return start, behind(text, end)


def behind(text: str, end: int) -> int:
    """The offset behind the marks and invisible characters that follow."""
    match = _trailing().match(text, end)
    return match.end() if match else end


def _belongs(text: str, offset: int) -> bool:
    """Whether the character at an offset is seen as one with the one before it."""
    here, before = text[offset], text[offset - 1]
    if unicodedata.category(here) in {"Mn", "Me", "Mc"} or here == _JOINER or "\U0001f3fb" <= here <= "\U0001f3ff":
        return True
    if before == _JOINER or here in _FINISHING or "\u1160" <= here <= "\u11ff":  # jamo stand on the one before
        return True
    if unicodedata.combining(before) == _VIRAMA and here.isalpha():
        return True
    return bool(_FLAG.match(here) and _FLAG.match(before)) and _flags_before(text, offset) % 2 == 1


def _flags_before(text: str, offset: int) -> int:
    first = offset
    while first and _FLAG.match(text[first - 1]):
        first -= 1
    return offset - first


@cache
def _trailing() -> re.Pattern[str]:
    """Marks and format characters: the plane of letters, and the supplementary ones that stand on others."""
    points = (chr(point) for point in range(0x10000) if unicodedata.category(chr(point)) in {"Mn", "Me", "Mc", "Cf"})
    return re.compile("[" + "".join(points) + "\U0001d165-\U0001d1ad\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]+")
