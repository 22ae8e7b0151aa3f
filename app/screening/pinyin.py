"""Latin letters read as the syllables of Chinese characters."""

import re
from functools import cache, lru_cache

from app.screening import folding, tables

_LATIN = re.compile(
    "(?:[a-zA-Z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]"
    "[\u0300-\u036f\u200b-\u200d\u00ad\u2060]*)+"
)
_LONGEST_SYLLABLE = 6
_LONGEST_WORD = 48
_READINGS = 3


def words(text: str) -> list[tuple[tuple[int, ...], tuple[tuple[str, ...], ...]]]:
    """Each word of Latin letters that is pinyin: the offsets of its letters, and the ways to divide it."""
    found = []
    for match in _LATIN.finditer(text):
        if match.end() - match.start() < 2:  # noqa: PLR2004 -- no letter alone
            continue
        offsets = [offset for offset in range(match.start(), match.end()) if folding.plain(text[offset])]
        if len(offsets) <= _LONGEST_WORD:
            ways = divisions("".join(folding.plain(text[offset]) for offset in offsets))
            if ways:
                found.append((tuple(offsets), ways))
    return found


@lru_cache(maxsize=1 << 16)
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
