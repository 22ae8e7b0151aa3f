"""From the terms of a lexicon to the columns that `Matcher` searches with: an automaton over all ways to write them."""

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import daachorse
import numpy as np
from numpy.typing import NDArray

from app.screening import blob, folding, tables
from app.screening.categories import is_sounded
from app.screening.domain import SCREENED, Action, Boundary, Field, Term
from app.screening.forms import FormKind, Lead, in_form, kinds_of, may_have_forms

_READINGS = 2
"""Other ways to speak one term, of which there are many where characters have several sounds."""
_SOUNDED = 3
"""Characters at least that a term is recognised by its sound with."""
_COMMON_WORDS, _COMMON_TEXTS = 18_000, 60
_MOST_IN_ORDER = 100_000
_FEW = 1_000
"""Patterns."""
_FIRST = {Action.BLOCK, Action.ALLOW}
ACTIONS = tuple(Action)
BOUNDARIES = tuple(Boundary)
EVERY_FIELD = (1 << len(SCREENED)) - 1
FIELD_BITS: dict[Field, int] = {field: 1 << number for number, field in enumerate(SCREENED)}
_SPOKEN_FROM, _SPOKEN_TO = "\ue000", "\uf8ff"
"""Between which the characters of the spoken view lie, of which the written one has none."""
_LATIN_HINTS = (folding.CONSONANT + folding.VOWEL, folding.VOWEL + folding.CONSONANT, folding.VOWEL + folding.VOWEL)
_Patterns = dict[str, int]
_TWICE = re.compile(r"(.)\1")


def compile_terms(terms: Sequence[Term]) -> bytes:
    """The same bytes for the same terms. Terms that fold to nothing never hit."""
    patterns: _Patterns = {}
    forms = _in_order(_forms(terms, patterns))
    splits = _splits(patterns)
    of_patterns, of_terms, kinds = forms
    hints = [patterns.setdefault(hint, len(patterns)) for hint in _LATIN_HINTS if FormKind.SPOKEN in kinds]
    parents = _parents(patterns)
    acting = np.array([term.action in _FIRST for term in terms], bool)
    leads = {
        Lead.FORMS: of_patterns,
        Lead.SPLIT: np.array(list(splits), np.uint32),
        Lead.LATIN: np.array(hints, np.uint32),
        Lead.FIRST: of_patterns[acting[of_terms]],
    }
    return blob.write(
        {
            "automaton": _automaton(list(patterns)),
            "longest": np.array([max(map(len, patterns), default=0)], np.uint32).tobytes(),
            "pattern_first": np.searchsorted(of_patterns, np.arange(len(patterns) + 1)).astype(np.uint32).tobytes(),
            "pattern_parent": parents.tobytes(),
            "pattern_leads": _leads(parents, leads).tobytes(),
            "form_term": of_terms.tobytes(),
            "form_kind": kinds.astype(np.uint8).tobytes(),
            "splits": "\n".join(f"{pattern} {split}" for pattern, split in splits.items()).encode(),
            **_columns(terms),
        }
    )


def _automaton(patterns: list[str]) -> bytes:
    """For very few patterns there is nothing to keep together, and for very many it takes longer than all the rest."""
    common = _common_text() if _FEW < len(patterns) <= _MOST_IN_ORDER else []
    return daachorse.CharwiseDoubleArrayAhoCorasick(patterns, corpus=common).serialize()


@cache
def _common_text() -> list[str]:
    """What is searched most: an automaton keeps together in memory what it walks through, and is faster by it."""
    words = tables.common_words()
    often = sorted(words, key=lambda word: (-words[word], word))[:_COMMON_WORDS]
    return [folding.views("".join(often[first::_COMMON_TEXTS])).joined for first in range(_COMMON_TEXTS)]


def _columns(terms: Sequence[Term]) -> dict[str, bytes]:
    """What is known of each term; its text is a slice of all texts."""
    categories = {category: number for number, category in enumerate(sorted({term.category for term in terms}))}
    actions = {action: number for number, action in enumerate(ACTIONS)}
    boundaries = {boundary: number for number, boundary in enumerate(BOUNDARIES)}
    bits = {fields: _bits(fields) for fields in {term.fields for term in terms}}
    rows = [
        (categories[term.category], actions[term.action], term.severity, boundaries[term.boundary], bits[term.fields])
        for term in terms
    ]
    rules = [number for number, term in enumerate(terms) if term.term.startswith("@")]
    return {
        "texts": "".join(term.term for term in terms).encode("utf-8", "surrogatepass"),
        "text_end": np.cumsum([len(term.term) for term in terms], dtype=np.uint32).tobytes(),
        "categories": "\n".join(categories).encode(),
        "term": np.array(rows, np.uint32).tobytes(),
        "rules": np.array(rules, np.uint32).tobytes(),
    }


def _in_order(forms: "array[int]") -> NDArray[np.uint32]:
    """Three rows: patterns, terms and kinds, by pattern, then by term."""
    columns = np.frombuffer(forms, np.uint32).reshape(-1, 3)
    return np.ascontiguousarray(columns[np.lexsort((columns[:, 2], columns[:, 1], columns[:, 0]))].T)


def _bits(fields: Iterable[Field]) -> int:
    return sum(FIELD_BITS.get(field, 0) for field in fields) or EVERY_FIELD


def _forms(terms: Sequence[Term], patterns: _Patterns) -> "array[int]":
    """Pattern, term and kind of every form that is searched for, one after another."""
    forms = array("I")
    others: list[tuple[int, FormKind, str]] = []
    texts = [(number, term.term) for number, term in enumerate(terms) if not term.term.startswith("@")]
    written, spoken, known = folding.views_of_all([text for _, text in texts])
    sounded = {category for category in {term.category for term in terms} if is_sounded(category)}
    for (number, text), way, sound, syllables in zip(texts, written, spoken, known, strict=True):
        if not way:
            continue
        term = terms[number]
        forms.extend((patterns.setdefault(way, len(patterns)), number, FormKind.WRITTEN))
        if term.action is Action.ALLOW:
            continue
        if term.category in sounded and syllables > 1:
            for spoken_way, kind in _spoken_ways(text, way, sound, syllables):
                forms.extend((patterns.setdefault(spoken_way, len(patterns)), number, kind))
        if may_have_forms(text):
            others += [(number, kind, in_form(text, kind)) for kind in kinds_of(text)]
    ways, _, _ = folding.views_of_all([other for _, _, other in others])
    for (number, kind, _), way in zip(others, ways, strict=True):
        if len(way) > 1:
            forms.extend((patterns.setdefault(way, len(patterns)), number, kind))
    return forms


def _spoken_ways(text: str, way: str, sound: str, syllables: int) -> list[tuple[str, FormKind]]:
    apart = _spoken_apart(text) if _TWICE.search(text) else ""
    if syllables < _SOUNDED and not apart:
        return []
    ways = [sound, *_other_sounds(way, sound, _characters_of_several_sounds())]
    return [*((one, FormKind.SPOKEN) for one in ways), *([(apart, FormKind.APART)] if apart else [])]


def _spoken_apart(text: str) -> str:
    """Each character by itself, of three Chinese ones and more; empty where there are others."""
    marks = [chr(mark >> 32) for mark in map(folding.mark, folding.spell_out(text)) if mark]
    return "".join(marks) if len(marks) >= _SOUNDED and all(mark < folding.VOWEL for mark in marks) else ""


def _other_sounds(way: str, sound: str, several: Mapping[str, str]) -> list[str]:
    """The same with one character spoken in its second way."""
    if several.keys().isdisjoint(way):
        return []
    places = [place for place, character in enumerate(way) if character in several]
    return [sound[:place] + several[way[place]] + sound[place + 1 :] for place in places[:_READINGS]]


@cache
def _characters_of_several_sounds() -> Mapping[str, str]:
    """Characters and the mark of their second sound."""
    return {
        character: folding.syllable_mark(syllables[1]) or folding.SILENT
        for character, syllables in tables.sounds().items()
        if len(syllables) > 1
    }


def _splits(patterns: _Patterns) -> dict[int, str]:
    """Patterns that are a character in two parts: only when they are seen is a text put together and searched again."""
    known = [(character, way) for character, ways in sorted(tables.splits().items()) for way in ways]
    written, _, _ = folding.views_of_all([way for _, way in known])
    return {
        patterns.setdefault(way, len(patterns)): f"{len(way)} {character}"
        for (character, _), way in zip(known, written, strict=True)
        if len(way) > 1
    }


def _leads(parents: NDArray[np.int32], of: Mapping[int, NDArray[np.uint32]]) -> NDArray[np.uint8]:
    """What a pattern, or one that it ends with, leads to."""
    leads = np.zeros(len(parents) + 1, np.uint8)  # one more, for the parent of those that have none
    for lead, patterns in of.items():
        leads[patterns] |= np.uint8(lead)
    while True:
        further = leads.copy()
        further[:-1] |= leads[parents]
        if np.array_equal(further, leads):
            return leads[:-1]
        leads = further


def _parents(patterns: _Patterns) -> NDArray[np.int32]:
    """For each pattern the longest other one that it ends with, or -1: a search tells of the longest alone."""
    parents = [-1] * len(patterns)
    spoken = [pattern for pattern in patterns if _SPOKEN_FROM <= pattern[0] <= _SPOKEN_TO]
    written = [pattern for pattern in patterns if not _SPOKEN_FROM <= pattern[0] <= _SPOKEN_TO]
    find = patterns.get
    for view in spoken, written:
        shortest = min(map(len, view), default=0)
        for pattern in view:
            for first in range(1, len(pattern) - shortest + 1):
                if (parent := find(pattern[first:])) is not None:
                    parents[patterns[pattern]] = parent
                    break
    return np.array(parents, np.int32)
