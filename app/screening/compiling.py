"""From the terms of a lexicon to the columns that `Matcher` searches with: an automaton over all ways to write them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, product

import daachorse
import numpy as np
from numpy.typing import NDArray

from app.screening import blob, folding, tables
from app.screening.categories import is_sounded
from app.screening.domain import SCREENED, Action, Boundary, Field, Term
from app.screening.forms import FormKind, Lead, in_form, kinds_of

_READINGS = 4
"""Ways to speak one term, of which there are many where characters have several sounds."""
_SOUNDED = 3
"""Characters at least that a term is recognised by its sound with."""
_FIRST = {Action.BLOCK, Action.ALLOW}
ACTIONS = tuple(Action)
BOUNDARIES = tuple(Boundary)
_FIELD_BITS: dict[Field, int] = {field: 1 << number for number, field in enumerate(SCREENED)}
EVERY_FIELD = (1 << len(SCREENED)) - 1
_LATIN_HINTS = (folding.CONSONANT + folding.VOWEL, folding.VOWEL + folding.CONSONANT, folding.VOWEL + folding.VOWEL)
_Form = tuple[str, int, FormKind]
"""Its text, the number of its term and what it is."""


def compile_terms(terms: Sequence[Term]) -> bytes:
    """The same bytes for the same terms. Terms that fold to nothing are left out: they never hit."""
    folded = folding.fold_all([term.term for term in terms])
    kept = [term for term, plain in zip(terms, folded, strict=True) if plain]
    forms = [form for number, term in enumerate(kept) for form in _forms(number, term)]
    patterns: dict[str, int] = {}
    of_forms = [(patterns.setdefault(way, len(patterns)), number, kind) for way, number, kind in _ways(forms, kept)]
    splits = _splits(patterns)
    hints = [patterns.setdefault(hint, len(patterns)) for hint in _LATIN_HINTS if _speaks(of_forms)]
    of_forms.sort()
    firsts = np.searchsorted([pattern for pattern, _, _ in of_forms], np.arange(len(patterns) + 1))
    parents = _parents(list(patterns))
    leads = {
        Lead.FORMS: [pattern for pattern, _, _ in of_forms],
        Lead.SPLIT: list(splits),
        Lead.LATIN: hints,
        Lead.FIRST: [pattern for pattern, number, _ in of_forms if kept[number].action in _FIRST],
    }
    return blob.write(
        {
            "automaton": _automaton(patterns),
            "pattern_first": firsts.astype(np.uint32).tobytes(),
            "pattern_parent": parents.tobytes(),
            "pattern_leads": _leads(parents, leads).tobytes(),
            "form_term": np.array([number for _, number, _ in of_forms], np.uint32).tobytes(),
            "form_kind": np.array([kind for _, _, kind in of_forms], np.uint8).tobytes(),
            "splits": "\n".join(f"{pattern} {split}" for pattern, split in splits.items()).encode(),
            "rules": np.array([n for n, term in enumerate(kept) if term.term.startswith("@")], np.uint32).tobytes(),
            **_columns(kept),
        }
    )


def _columns(terms: Sequence[Term]) -> dict[str, bytes]:
    """What is known of each term; its text is a slice of all texts."""
    categories = sorted({term.category for term in terms})
    number_of = {category: number for number, category in enumerate(categories)}
    ends = np.cumsum([len(term.term) for term in terms], dtype=np.uint32)
    rows = [
        (number_of[term.category], ACTIONS.index(term.action), term.severity, BOUNDARIES.index(term.boundary))
        for term in terms
    ]
    fields = [sum(_FIELD_BITS[field] for field in term.fields) or EVERY_FIELD for term in terms]
    return {
        "texts": "".join(term.term for term in terms).encode("utf-8", "surrogatepass"),
        "text_end": ends.tobytes(),
        "categories": "\n".join(categories).encode(),
        "term": np.array(rows, np.uint16).tobytes(),
        "term_fields": np.array(fields, np.uint16).tobytes(),
    }


def _forms(number: int, term: Term) -> Iterable[_Form]:
    text = term.term
    if text.startswith("@"):
        return
    yield text, number, FormKind.WRITTEN
    if term.action is not Action.ALLOW:
        yield from ((in_form(text, kind), number, kind) for kind in kinds_of(text))


def _ways(forms: Sequence[_Form], terms: Sequence[Term]) -> Iterable[_Form]:
    """Each form with what is searched for: as it is written, and as it sounds where its category asks."""
    written, spoken = _views([text for text, _, _ in forms])
    several = _characters_of_several_sounds()
    for (text, number, kind), way, sound in zip(forms, written, spoken, strict=True):
        if not way:
            continue
        yield way, number, kind
        if kind is FormKind.WRITTEN and _is_spoken(terms[number], sound):
            yield sound, number, FormKind.SPOKEN
            if not several.isdisjoint(text):
                yield from ((other, number, FormKind.SPOKEN) for other in _other_sounds(way, sound))


def _views(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """All of them folded in one go; no view is empty, so that none goes missing between two separators."""
    if not texts:
        return [], []
    joined = folding.SEPARATOR.join(folding.spell_out(text.replace(folding.SEPARATOR, " ")) for text in texts)
    both = folding.views_of(folding.code_points(folding.SEPARATOR + joined)).joined
    half = len(both) // 2
    return both[:half].split(folding.SEPARATOR), both[half:].split(folding.SEPARATOR)


def _is_spoken(term: Term, sound: str) -> bool:
    return (
        term.action is not Action.ALLOW
        and len(sound) >= _SOUNDED
        and is_sounded(term.category)
        and sum(mark < folding.VOWEL for mark in sound) >= _SOUNDED
    )


def _other_sounds(way: str, sound: str) -> Iterable[str]:
    """The other ways to speak it; only characters that stand for themselves are known by their other sounds."""
    sounds = tables.sounds()
    readings = [
        [folding.syllable_mark(syllable) or mark for syllable in sounds[character]]
        if mark < folding.VOWEL and character in sounds
        else [mark]
        for character, mark in zip(way, sound, strict=True)
    ]
    ways = ("".join(marks) for marks in product(*readings))
    return (other for other in islice(ways, _READINGS) if other != sound)


def _characters_of_several_sounds() -> frozenset[str]:
    return frozenset(character for character, syllables in tables.sounds().items() if len(syllables) > 1)


def _splits(patterns: dict[str, int]) -> dict[int, str]:
    """Patterns that are a character in two parts: only when they are seen is a text put together and searched again."""
    known = [(character, way) for character, ways in sorted(tables.splits().items()) for way in ways]
    written, _ = _views([way for _, way in known])
    return {
        patterns.setdefault(way, len(patterns)): f"{len(way)} {character}"
        for (character, _), way in zip(known, written, strict=True)
        if len(way) > 1
    }


def _speaks(forms: Iterable[tuple[int, int, FormKind]]) -> bool:
    return any(kind is FormKind.SPOKEN for _, _, kind in forms)


def _automaton(patterns: Iterable[str]) -> bytes:
    return daachorse.CharwiseDoubleArrayAhoCorasick(list(patterns)).serialize()


def _leads(parents: NDArray[np.int32], of: Mapping[Lead, list[int]]) -> NDArray[np.uint8]:
    """What a pattern, or one that it ends with, leads to."""
    leads = np.zeros(len(parents) + 1, np.uint8)  # one more, for the parent of those that have none
    for lead, patterns in of.items():
        leads[patterns] |= np.uint8(lead)
    leads[-1] = 0
    while True:
        further = leads.copy()
        further[:-1] |= leads[parents]
        if np.array_equal(further, leads):
            return leads[:-1]
        leads = further


def _parents(patterns: Sequence[str]) -> NDArray[np.int32]:
    """For each pattern the longest other one that it ends with, or -1: a search tells of the longest alone."""
    parents = np.full(len(patterns), -1, np.int32)
    automaton = daachorse.CharwiseDoubleArrayAhoCorasick(list(patterns))
    ends = np.cumsum([len(pattern) for pattern in patterns])
    tails = folding.SEPARATOR.join(pattern[1:] for pattern in patterns)
    found = np.array(automaton.find_overlapping_no_suffix(tails), np.int64).reshape(-1, 3)
    owners = np.searchsorted(ends, found[:, 1] + 1)
    last = ends[owners] - 1 == found[:, 1]
    parents[owners[last]] = found[last, 2]
    return parents
