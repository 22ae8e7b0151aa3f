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
    useful = {longer for longers in _held_by(denied, set(folded)).values() for longer in longers}
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
        yield _fault(line, "inside-words", term, words="、".join(words[:_WORDS_SHOWN]))


def _is_short(plain: str) -> bool:
    return len(plain) == 1 or (len(plain) <= _SHORT and not relations.is_chinese(plain[0]))


def _held_by(terms: set[str], texts: Iterable[str] | Mapping[str, int]) -> dict[str, list[str]]:
    """For each term the longer texts that hold it, the most frequent words first."""
    known = sorted(terms)
    if not known:
        return {}
    longer = sorted((text for text in texts if text), key=lambda text: -_times(text))
    automaton = daachorse.CharwiseDoubleArrayAhoCorasick(known)
    found: dict[str, list[str]] = defaultdict(list)
    for text in longer:
        for start, end, number in automaton.find_overlapping(text):
            if end - start < len(text) and text not in found[known[number]]:
                found[known[number]].append(text)
    return found


def _times(word: str) -> int:
    return tables.common_words().get(word, 0)


def _fault(line: int, reason: str, term: Term, **values: str) -> LineFault:
    return LineFault(line, reason, WARNINGS[reason].with_values(term=term.term, **values))
