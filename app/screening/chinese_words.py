"""Whether Chinese characters that stand side by side are a word, or belong to the words around them.

Chinese has no spaces: 微信 in 稍微信任 is the end of one word and the beginning of another. The likeliest division of
the text into words is compared with the likeliest that keeps the term whole.
"""

import math
from collections.abc import Mapping
from functools import cache, lru_cache

from app.screening import tables

_LONGEST = 4
_WINDOW = 4
_UNKNOWN = 2.0
"""A character that the list of words does not know."""
_TERM_AT_LEAST = {1: 300.0, 2: 30.0}
_LONG_TERM_AT_LEAST = 10.0
"""An operator lists a term because it is written: it counts as a word, by its length."""
_DOUBT = 2.0
"""How much likelier (logarithm) it must be as a term than as parts of other words."""
_READS_WELL = -21.6
"""Three characters that are likelier (logarithm) in common language are no term written by its sound."""


@lru_cache(maxsize=1 << 12)
def torn(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, plain Chinese characters, is better explained by words that reach over its ends."""
    if not _reached_over(text, start, end):
        return False
    left, right = max(0, start - _WINDOW), min(len(text), end + _WINDOW)
    term = text[start:end]
    weights, unknown = _weights()
    listed = unknown + math.log(_TERM_AT_LEAST.get(len(term), _LONG_TERM_AT_LEAST) / _UNKNOWN)
    whole = max(listed, _best(term), weights.get(term, -math.inf))
    kept = _best(text[left:start]) + whole + _best(text[end:right])
    return _best(text[left:right], start - left, end - left) + _DOUBT > kept


def reads_well(text: str) -> bool:
    """Whether three characters are ordinary words that follow one another as it happens: 成人篇, 一夜晴."""
    return _best(text) > _READS_WELL


def is_word(text: str) -> bool:
    return len(text) > 1 and text in tables.common_words()


def is_within_a_word(text: str, start: int, end: int) -> bool:
    """Whether a word reaches over one of its ends, or holds it whole and more."""
    longer = (
        text[begin:finish]
        for begin in range(max(0, end - _LONGEST), start + 1)
        for finish in range(end, min(len(text), begin + _LONGEST) + 1)
        if finish - begin > end - start
    )
    return _reached_over(text, start, end) or any(map(is_word, longer))


def is_made_of_words(text: str) -> bool:
    """Whether the whole is words of two characters and more, one after another."""
    reached = {0}
    for end in range(2, len(text) + 1):
        if any(end - length in reached and is_word(text[end - length : end]) for length in range(2, _LONGEST + 1)):
            reached.add(end)
    return len(text) in reached


def _reached_over(text: str, start: int, end: int) -> bool:
    words = tables.common_words()
    for edge in (start, end):
        for begin in range(max(0, edge - _LONGEST + 1), edge):
            for finish in range(edge + 1, min(len(text), begin + _LONGEST) + 1):
                if not (begin <= start and finish >= end) and text[begin:finish] in words:
                    return True
    return False


def _best(text: str, start: int = -1, end: int = -1) -> float:
    """The likeliest division; words that hold all of `start` to `end` and more are no excuse and do not count."""
    weights, unknown = _weights()
    best = [0.0]
    for finish in range(1, len(text) + 1):
        likeliest = best[-1] + weights.get(text[finish - 1], unknown)
        for begin in range(max(0, finish - _LONGEST), finish - 1):
            weight = weights.get(text[begin:finish])
            if weight is None or (start >= 0 and begin <= start and finish >= end and finish - begin > end - start):
                continue
            likeliest = max(likeliest, best[begin] + weight)
        best.append(likeliest)
    return best[-1]


@cache
def _weights() -> tuple[Mapping[str, float], float]:
    """How likely each word is, and a character of which nothing is known; logarithms."""
    words = tables.common_words()
    total = math.log(sum(words.values()))
    return {word: math.log(times) - total for word, times in words.items()}, math.log(_UNKNOWN) - total
