"""Latin letters read as the syllables of Chinese characters."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from app.screening import folding, tables
from app.screening.domain import Evasion
from app.screening.sightings import Part

_LATIN = re.compile(
    "(?:[a-zA-Z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]"
    "[\u0300-\u036f\u200b-\u200d\u00ad\u2060]*)+"
)
_LONGEST_SYLLABLE = 6
_LONGEST_WORD = 48
_READINGS = 3


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
    found = []
    for match in _LATIN.finditer(text):
        written = match.group()
        ways = _ways(written) if 1 < len(written) <= _LONGEST_WORD else ()
        if ways:
            letters = (offset for offset in range(match.start(), match.end()) if folding.plain(text[offset]))
            found.append(Word(tuple(letters), ways))
    return found


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
    return frozenset(syllable for syllables in tables.sounds().values() for syllable in syllables)


def marks(syllables: tuple[str, ...]) -> str:
    return "".join(folding.syllable_mark(syllable) or folding.SILENT for syllable in syllables)
