"""What in a lexicon is worth a second look before it is live: nothing here keeps it from being loaded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import daachorse

from app.screening import folding, relations, tables
from app.screening.domain import Action, Boundary, Term
from app.screening.errors import LineFault
from app.screening.lexicon_faults import WARNINGS

_FIRST_LINE = 2
_SHORT = 2
_WORDS_SHOWN = 3


def warnings(terms: Sequence[Term]) -> list[LineFault]:
    """In the order of the terms, each with the line that it has in a file of them."""
    folded = folding.fold_all([term.term for term in terms])
    denied = {
        plain
        for term, plain in zip(terms, folded, strict=True)
        if plain and term.action is not Action.ALLOW and not term.term.startswith("@")
    }
    held = _held_by(denied, tables.common_words())
    allowed = {plain for term, plain in zip(terms, folded, strict=True) if term.action is Action.ALLOW and plain}
    useful = _holding(denied, allowed)
    found: list[LineFault] = []
    for line, (term, plain) in enumerate(zip(terms, folded, strict=True), _FIRST_LINE):
        if term.action is Action.ALLOW:
            found += [] if plain in useful else [_fault(line, "never-allowed", term)]
        elif plain in denied:
            found += _of_denied(line, term, plain, held.get(plain, ()))
    return found


def _of_denied(line: int, term: Term, plain: str, words: Sequence[str]) -> Iterable[LineFault]:
    if len(plain) > 1 and plain in tables.common_words():
        yield _fault(line, "common-word", term)
    elif term.action is Action.BLOCK and term.boundary is not Boundary.WORD and _is_short(plain):
        yield _fault(line, "short-block", term)
    if words:
        yield _fault(line, "inside-words", term, words="、".join(words))


def _is_short(plain: str) -> bool:
    return len(plain) == 1 or (len(plain) <= _SHORT and not relations.is_chinese(plain[0]))


def _held_by(terms: set[str], words: Mapping[str, int]) -> dict[str, list[str]]:
    """For each term the most frequent words that hold it and more."""
    known = sorted(terms)
    if not known:
        return {}
    automaton = daachorse.CharwiseDoubleArrayAhoCorasick(known)
    found: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words, key=lambda word: -words[word]):
        for start, end, number in automaton.find_overlapping(word):
            holding = found[known[number]]
            if end - start < len(word) and len(holding) < _WORDS_SHOWN and word not in holding:
                holding.append(word)
    return found


def _holding(terms: set[str], texts: Iterable[str]) -> set[str]:
    """The texts that hold a term and more."""
    if not terms:
        return set()
    find = daachorse.CharwiseDoubleArrayAhoCorasick(sorted(terms)).find_overlapping_no_suffix
    return {text for text in texts if any(end - start < len(text) for start, end, _ in find(text))}


def _fault(line: int, reason: str, term: Term, **values: str) -> LineFault:
    return LineFault(line, reason, WARNINGS[reason].with_values(term=term.term, **values))
