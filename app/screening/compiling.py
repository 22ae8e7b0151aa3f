"""From the terms of a lexicon to the columns that `Matcher` searches with: an automaton for each view of a text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import daachorse
import numpy as np
from numpy.typing import NDArray

from app.screening import blob, folding, sounds, tables, views
from app.screening.categories import is_sounded
from app.screening.domain import SCREENED, Action, Boundary, Field, Term
from app.screening.forms import FormKind, Lead, in_form, kinds_of, may_have_forms
from app.screening.views import WRITTEN_WIDTH

_READINGS = 2
"""Other ways to speak one term, of which there are many where characters have several sounds."""
_SOUNDED = 3
"""Characters at least that a term is recognised by its sound with."""
_COMMON_WORDS, _COMMON_TEXTS = 18_000, 60
_MOST_IN_ORDER = 90_000
_FEW = 1_000
_AT_ONCE = 10_000
"""Patterns."""
_BYTES = [bytes([byte]) for byte in range(256)]
_FIRST = {Action.BLOCK, Action.ALLOW}
ACTIONS = tuple(Action)
BOUNDARIES = tuple(Boundary)
EVERY_FIELD = (1 << len(SCREENED)) - 1
FIELD_BITS: dict[Field, int] = {field: 1 << number for number, field in enumerate(SCREENED)}
_LATIN_HINTS = [
    bytes(hint)
    for hint in ((sounds.CONSONANT, sounds.VOWEL), (sounds.VOWEL, sounds.CONSONANT), (sounds.VOWEL, sounds.VOWEL))
]


class _Forms(NamedTuple):
    """What is searched for in one view: for each form its pattern, term and kind."""

    patterns: list[bytes]
    terms: list[int]
    kinds: list[int]

    def add_all(self, kind: FormKind, found: Sequence[tuple[bytes, int]]) -> None:
        """Of patterns and terms."""
        self.patterns.extend([pattern for pattern, _ in found])
        self.terms.extend([term for _, term in found])
        self.kinds.extend([int(kind)] * len(found))


class _Searched(NamedTuple):
    """The different patterns of a view, and by number what each leads to."""

    patterns: Mapping[bytes, int]
    forms: NDArray[np.uint32]
    """Rows of patterns, terms and kinds, by pattern, then by term."""


def compile_terms(terms: Sequence[Term]) -> bytes:
    """The same bytes for the same terms. Terms that fold to nothing never hit."""
    in_written, in_spoken = _forms(terms)
    splits = _splits(set(np.unique(np.frombuffer(b"".join(in_written.patterns), np.uint16)).tolist()))
    written = _searched(in_written, 0, [*splits, views.EXPANDED])
    first = len(written.patterns)
    spoken = _searched(in_spoken, first, _LATIN_HINTS if in_spoken.patterns else [])
    of_patterns, of_terms, kinds = np.concatenate([written.forms, spoken.forms], axis=1)
    in_order = _common_texts()
    search_written = _automaton(written.patterns, [seen.written for seen in in_order])
    search_spoken = _automaton(spoken.patterns, [seen.spoken for seen in in_order])
    parents = np.concatenate(
        [
            _parents(search_written, written.patterns, views.DIVIDED_WRITTEN),
            _parents(search_spoken, spoken.patterns, views.DIVIDED_SPOKEN),
        ]
    )
    acting = np.array([term.action in _FIRST for term in terms], bool)
    leads = {
        Lead.FORMS: of_patterns,
        Lead.SPLIT: np.array([written.patterns[way] for way in splits], np.uint32),
        Lead.LATIN: np.array([spoken.patterns[hint] for hint in _LATIN_HINTS if spoken.patterns], np.uint32),
        Lead.FIRST: of_patterns[acting[of_terms]],
    }
    longest = max(max(map(len, written.patterns)) // WRITTEN_WIDTH, max(map(len, spoken.patterns), default=0))
    return blob.write(
        {
            "written": search_written.serialize(),
            "spoken": search_spoken.serialize() if spoken.patterns else b"",
            "sizes": np.array([longest, first], np.uint32).tobytes(),
            "pattern_first": np.searchsorted(of_patterns, np.arange(len(parents) + 1)).astype(np.uint32).tobytes(),
            "pattern_parent": parents.tobytes(),
            "pattern_leads": _leads(parents, leads).tobytes(),
            "form_term": of_terms.tobytes(),
            "form_kind": kinds.astype(np.uint8).tobytes(),
            "splits": "\n".join(f"{written.patterns[way]} {split}" for way, split in splits.items()).encode(),
            **_columns(terms),
        }
    )


def _searched(forms: _Forms, first: int, more: Iterable[bytes]) -> _Searched:
    """Numbers the patterns from `first` on."""
    numbers = {pattern: number for number, pattern in enumerate(dict.fromkeys([*forms.patterns, *more]), first)}
    patterns = np.fromiter(map(numbers.__getitem__, forms.patterns), np.uint32, len(forms.patterns))
    columns = np.array([patterns, forms.terms, forms.kinds], np.uint32)
    return _Searched(numbers, columns[:, np.lexsort(columns[::-1])])


def _automaton(patterns: Mapping[bytes, int], common: list[bytes]) -> daachorse.DoubleArrayAhoCorasick:
    """For very few patterns there is nothing to keep together, and for very many it takes longer than all the rest."""
    in_order = common if len(patterns) <= _MOST_IN_ORDER else common[:1]
    return daachorse.DoubleArrayAhoCorasick(list(patterns), corpus=in_order if len(patterns) > _FEW else [])


@cache
def _common_texts() -> list[views.Views]:
    """What is searched most: an automaton keeps together in memory what it walks through, and is faster by it."""
    words = tables.common_words()
    often = sorted(words, key=lambda word: (-words[word], word))[:_COMMON_WORDS]
    return [views.views("".join(often[first::_COMMON_TEXTS])) for first in range(_COMMON_TEXTS)]


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


def _bits(fields: Iterable[Field]) -> int:
    return sum(FIELD_BITS.get(field, 0) for field in fields) or EVERY_FIELD


def _forms(terms: Sequence[Term]) -> tuple[_Forms, _Forms]:
    """Of the written and of the spoken view."""
    numbers = [number for number, term in enumerate(terms) if not term.term.startswith("@")]
    texts = [terms[number].term for number in numbers]
    many = views.views_of_many(texts)
    ways = _pieces(many.runs.astype(np.uint16).tobytes(), many.ends * WRITTEN_WIDTH)
    kept = [place for place, way in enumerate(ways) if way]
    written = _Forms([], [], [])
    written.add_all(FormKind.WRITTEN, [(ways[place], numbers[place]) for place in kept])
    denied = [place for place in kept if terms[numbers[place]].action is not Action.ALLOW]
    others = [
        (numbers[place], kind, in_form(texts[place], kind))
        for place in denied
        if may_have_forms(texts[place])
        for kind in kinds_of(texts[place])
    ]
    for (number, kind, _), way in zip(others, _written_ways([other for _, _, other in others]), strict=True):
        if len(way) > WRITTEN_WIDTH:
            written.add_all(kind, [(way, number)])
    heard = {category for category in {term.category for term in terms} if is_sounded(category)}
    sounded = [place for place in denied if terms[numbers[place]].category in heard]
    return written, _spoken(many, np.array(sounded, np.intp), numbers, texts)


def _written_ways(texts: Sequence[str]) -> list[bytes]:
    many = views.views_of_many(texts)
    return _pieces(many.runs.astype(np.uint16).tobytes(), many.ends * WRITTEN_WIDTH)


def _pieces(joined: bytes, ends: NDArray[np.intp]) -> list[bytes]:
    return [joined[first:last] for first, last in pairwise([0, *ends.tolist()])]


def _spoken(many: views.Many, sounded: NDArray[np.intp], numbers: Sequence[int], texts: Sequence[str]) -> _Forms:
    """How those of the texts sound that are `sounded`, each under its number."""
    forms = _Forms([], [], [])
    known = np.append(0, np.cumsum(views.is_syllable(many.runs)))[np.append(0, many.ends)]
    syllables = np.diff(known)
    ways = _pieces(views.heard(many.runs), many.ends)
    twice = np.intersect1d(sounded[syllables[sounded] > 1], _with_one_character_twice(texts)).tolist()
    apart = {place: way for place in twice if (way := _spoken_apart(texts[place]))}
    forms.add_all(FormKind.APART, [(way, numbers[place]) for place, way in apart.items()])
    whole = sounded[(syllables[sounded] >= _SOUNDED) | np.isin(sounded, list(apart))]
    forms.add_all(FormKind.SPOKEN, [(ways[place], numbers[place]) for place in whole.tolist()])
    forms.add_all(
        FormKind.SPOKEN,
        [
            (ways[place][:at] + _BYTES[other] + ways[place][at + 1 :], numbers[place])
            for place, at, other in _second_sounds(many, whole)
        ],
    )
    return forms


def _with_one_character_twice(texts: Sequence[str]) -> NDArray[np.intp]:
    """The places of texts in which a character stands twice, one behind the other."""
    points = folding.code_points("\n".join(texts))
    ends = np.cumsum([len(text) + 1 for text in texts])
    return np.unique(np.searchsorted(ends, np.flatnonzero(points[1:] == points[:-1]), "right"))


def _spoken_apart(text: str) -> bytes:
    """Each character by itself, of three Chinese ones and more; empty where there are others."""
    codes = np.array([mark for mark in map(views.mark, folding.spell_out(text)) if mark], np.uint32)
    return views.heard(codes) if len(codes) >= _SOUNDED and views.is_syllable(codes).all() else b""


def _second_sounds(many: views.Many, of: NDArray[np.intp]) -> Iterator[tuple[int, int, int]]:
    """Texts, places in them, and another sound there: of the first of each text that have one."""
    seconds = _characters_of_several_sounds().take(many.runs.astype(np.uint16))
    places = np.flatnonzero(seconds)
    texts = np.searchsorted(many.ends, places, "right")
    rank = np.arange(len(places)) - np.searchsorted(texts, texts)
    chosen = (rank < _READINGS) & np.isin(texts, of)
    places, texts = places[chosen], texts[chosen]
    at = places - np.append(0, many.ends)[texts]
    return zip(texts.tolist(), at.tolist(), (seconds[places] & 0xFF).tolist(), strict=True)


@cache
def _characters_of_several_sounds() -> NDArray[np.uint32]:
    """Written class to the second sound of its first character, 0 where there is none."""
    seconds = np.zeros(1 << 16, np.uint32)
    coarse = tables.coarse_table()
    for character, syllables in tables.sounds().items():
        if len(syllables) > 1 and coarse[ord(character)] == ord(character):
            seconds[views.mark(character) & 0xFFFF] = sounds.sounds_of(character)[1]
    return seconds


def _splits(used: set[int]) -> Mapping[bytes, str]:
    """Patterns that are a character in two parts: only when they are seen is a text put together and searched again.

    Of the characters whose class is `used` by a term: no other can make one.
    """
    known = [
        (character, way)
        for character, ways in sorted(tables.splits().items())
        for way in ways
        if int.from_bytes(views.written_mark(character), "little") in used
    ]
    written = _written_ways([way for _, way in known])
    return {
        way: f"{len(way) // WRITTEN_WIDTH} {character}"
        for (character, _), way in zip(known, written, strict=True)
        if len(way) > WRITTEN_WIDTH
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


def _parents(
    automaton: daachorse.DoubleArrayAhoCorasick, patterns: Mapping[bytes, int], divided: bytes
) -> NDArray[np.int32]:
    """For each pattern the longest other one that it ends with, or -1: a search tells of the longest alone.

    So it is what a search tells of at the end of the pattern without its first place.
    """
    parents = np.full(len(patterns), -1, np.int32)
    offset = next(iter(patterns.values()), 0)
    every, width = list(patterns), len(divided)
    for first in range(0, len(every), _AT_ONCE):
        tails = [pattern[width:] for pattern in every[first : first + _AT_ONCE]]
        ends = np.cumsum([len(tail) + width for tail in tails]) - width
        found = automaton.find_overlapping_no_suffix(divided.join(tails))
        seen = np.array(found, np.int64).reshape(-1, 3)
        places = np.searchsorted(ends, seen[:, 1])
        at_ends = ends[np.minimum(places, len(ends) - 1)] == seen[:, 1]
        parents[first + places[at_ends]] = offset + seen[at_ends, 2]
    return parents
