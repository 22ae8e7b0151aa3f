"""What is seen as one character, told once more and simply: the rules of UAX #29 that a mask can break."""

import unicodedata
from itertools import pairwise

_JOINER = "\u200d"
_VIRAMA = 9


def is_extending(character: str) -> bool:
    """Whether it belongs to the character before it: marks, selectors, joiners, skin tones, the unseen."""
    return unicodedata.category(character) in {"Mn", "Me", "Mc", "Cf"} or "\U0001f3fb" <= character <= "\U0001f3ff"


def with_what_follows(text: str, end: int) -> int:
    while end < len(text) and is_extending(text[end]):
        end += 1
    return end


def clusters(text: str) -> list[tuple[int, int]]:
    """Start and end of each, in order."""
    starts = [offset for offset in range(len(text)) if offset == 0 or not _is_joined(text, offset)]
    return list(pairwise([*starts, len(text)]))


def _is_joined(text: str, offset: int) -> bool:
    """Whether the character at an offset is seen as one with the one before it."""
    before, here = text[offset - 1], text[offset]
    if is_extending(here) or here in "\u0e33\u0eb3" or "\u1160" <= here <= "\u11ff":
        return True
    if _is_flag(before) and _is_flag(here):
        flags = 0
        while flags < offset and _is_flag(text[offset - 1 - flags]):
            flags += 1
        return flags % 2 == 1
    if before == _JOINER and unicodedata.category(here) == "So":
        return True
    bound = text[max(0, offset - 2)] if before == _JOINER else before
    return unicodedata.combining(bound) == _VIRAMA and here.isalpha()


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
