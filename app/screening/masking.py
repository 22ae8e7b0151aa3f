"""Covering hits in a text, code point by code point, and never half of what is seen as one."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

COVER = "*"
_JOINER = "\u200d"
_VIRAMA = 9
_FINISHING = frozenset("\u0e33\u0eb3")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")


def masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Of the same length, with a `*` for every code point of every span and of what is seen as one with its ends."""
    parts: list[str] = []
    reached = 0
    for start, end in sorted(spans) if len(spans) > 1 else spans:
        if end <= reached:
            continue
        first = _whole_before(text, start) if start > reached else reached
        last = _whole_behind(text, end)
        parts += [text[reached:first], COVER * (last - first)]
        reached = last
    return "".join([*parts, text[reached:]])


def _whole_before(text: str, start: int) -> int:
    while 0 < start < len(text) and _belongs(text, start):
        start -= 1
    return start


def _whole_behind(text: str, end: int) -> int:
    if 0 < end < len(text) and _are_ideographs(text[end - 1], text[end]):
        return end
    end = behind(text, end)
    while 0 < end < len(text) and _belongs(text, end):
        end += 1
    return end


def behind(text: str, end: int) -> int:
    """The offset behind the marks and invisible characters that follow."""
    match = _trailing().match(text, end)
    return match.end() if match else end


def _belongs(text: str, offset: int) -> bool:
    """Whether the character at an offset is seen as one with the one before it."""
    here, before = text[offset], text[offset - 1]
    if _are_ideographs(before, here):
        return False
    kind = unicodedata.category(here)
    if kind in {"Mn", "Me", "Mc", "Cf"} or "\U0001f3fb" <= here <= "\U0001f3ff":
        return True
    if here in _FINISHING or "\u1160" <= here <= "\u11ff":  # jamo stand on the one before
        return True
    if _FLAG.match(here) and _FLAG.match(before):
        return _flags_before(text, offset) % 2 == 1
    if before == _JOINER and kind == "So":
        return True
    bound = text[offset - 2] if before == _JOINER and offset > 1 else before
    return unicodedata.combining(bound) == _VIRAMA and here.isalpha()


def _are_ideographs(one: str, other: str) -> bool:
    return "\u4e00" <= one <= "\u9fff" and "\u4e00" <= other <= "\u9fff"


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
