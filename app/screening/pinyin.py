"""Latin letters read as the syllables of Chinese characters."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from string import ascii_lowercase
from typing import NamedTuple

import numpy as np

from app.screening import folding, tables
from app.screening.domain import Evasion
from app.screening.sightings import Part

_LONGEST_SYLLABLE = 6
_LONGEST_WORD = 48
_VOWELS = frozenset("aeiouv")
_READINGS = 3
_MARKS = "\u0300-\u036f\u200b-\u200d\u00ad\u2060"
_SPELLED_AT_LEAST = 6
"""Letters apart that are read as a word: d a i k a i."""
_ENGLISH = (
    "a an ban bang ben bin can chang chi chin dan dang den die ding do dong e en fan fang fen gang gong guan hang he"
    " hen hui lie long man mang mao me men mi mo ming nan o pan pang pie pin ping ran rang run sang she song sun ta tan"
    " tang tao tie tong tun wan wang wen yang you lu ma nu pa pen sha shan shun su"
)
_ENGLISH_TOO = frozenset(_ENGLISH.split())
"""Syllables that are English words or common in English."""


class Word(NamedTuple):
    """Latin letters that are pinyin: their offsets, and the ways to divide them."""

    offsets: tuple[int, ...]
    ways: tuple[tuple[str, ...], ...]

    def parts(self, syllables: tuple[str, ...]) -> list[Part]:
        parts, first = [], 0
        for syllable in syllables:
            parts.append(Part(self.offsets[first : first + len(syllable)], syllable, Evasion.PINYIN))
            first += len(syllable)
        return parts


def words(text: str) -> list[Word]:
    """Every word of two Latin letters and more that is pinyin."""
    found: list[Word] = []
    reached = 0
    for letter in folding.latin_letters(text):
        match = _latin().match(text, letter) if letter >= reached else None
        if match is None:
            continue
        reached = match.end()
        written = match.group()
        ways = _ways(written) if 1 < len(written) <= _LONGEST_WORD else ()
        if ways:
            letters = (offset for offset in range(match.start(), match.end()) if folding.plain(text[offset]))
            found.append(Word(tuple(letters), ways))
    return found


def are_english(written: Sequence[str]) -> bool:
    """Whether words that are pinyin are English, each of them."""
    return all(word in _ENGLISH_TOO or word in tables.english_words() for word in written)


@cache
def _latin() -> re.Pattern[str]:
    """Words of whatever is a Latin letter once it is folded, and single ones with the same sign between them."""
    points = np.flatnonzero(np.isin(tables.plain_table(), [ord(letter) for letter in ascii_lowercase])).tolist()
    first = [point for point, before in zip(points, [-1, *points], strict=False) if point != before + 1]
    last = [point for point, behind in zip(points, [*points[1:], -1], strict=True) if point != behind - 1]
    letter = "[" + "".join(f"{chr(one)}-{chr(other)}" for one, other in zip(first, last, strict=True)) + "]"
    spelled = (
        f"(?<!{letter}){letter}(?P<gap>[ .*_·-])(?:{letter}(?P=gap)){{{_SPELLED_AT_LEAST - 2},}}{letter}(?!{letter})"
    )
    return re.compile(f"{spelled}|(?:{letter}[{_MARKS}]*)+")


@lru_cache(maxsize=1 << 14)
def _ways(written: str) -> tuple[tuple[str, ...], ...]:
    return divisions("".join(map(folding.plain, written)))


def divisions(word: str) -> tuple[tuple[str, ...], ...]:
    """Ways to divide a word into syllables, those of longer ones first: `xian` is itself, and xi an."""
    ends: list[list[tuple[str, ...]]] = [[()], *([] for _ in word)]
    for end in range(1, len(word) + 1):
        for begin in range(max(0, end - _LONGEST_SYLLABLE), end):
            syllable = word[begin:end]
            if ends[begin] and syllable in _syllables():
                ends[end] += [(*before, syllable) for before in ends[begin]]
        ends[end] = sorted(ends[end], key=len)[:_READINGS]
    return tuple(ends[-1])


@cache
def _syllables() -> frozenset[str]:
    return frozenset(syllable for syllable in tables.syllables() if not _VOWELS.isdisjoint(syllable))
