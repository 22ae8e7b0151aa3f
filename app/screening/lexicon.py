"""A compiled lexicon in memory: columns as they were stored; a term becomes an object when it is seen."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import daachorse
import numpy as np

from app.screening import blob
from app.screening.compiling import ACTIONS, BOUNDARIES, EVERY_FIELD, FIELD_BITS
from app.screening.domain import Category, Field, Term
from app.screening.forms import Form, FormKind, take_apart
from app.screening.views import Views

_REMEMBERED = 4096
Matches = list[tuple[int, int, int]]
_NOTHING: Matches = []


class Lexicon:
    """Nothing in it changes but what it remembers, which is the same for whoever asks."""

    def __init__(self, compiled: bytes) -> None:
        """Raises `BlobOutdated` for what another version compiled."""
        columns = blob.read(compiled)
        self._search_written = _search(columns["written"])
        self._search_spoken = _search(columns["spoken"]) if columns["spoken"] else None
        self.longest, self._first_spoken = np.frombuffer(columns["sizes"], np.uint32).tolist()
        """Places of the longest pattern; and the first pattern of the spoken view."""
        self.leads = bytes(columns["pattern_leads"])
        self._pattern_first = np.frombuffer(columns["pattern_first"], np.uint32)
        self._pattern_parent = np.frombuffer(columns["pattern_parent"], np.int32)
        self._form_term = np.frombuffer(columns["form_term"], np.uint32)
        self._form_kind = np.frombuffer(columns["form_kind"], np.uint8)
        self._texts = str(columns["texts"], "utf-8", "surrogatepass")
        self._text_end = np.frombuffer(columns["text_end"], np.uint32)
        self._categories = [Category(name) for name in str(columns["categories"], "utf-8").split("\n")]
        self._term = np.frombuffer(columns["term"], np.uint32).reshape(-1, 5)
        self._splits = dict(_split(line) for line in str(columns["splits"], "utf-8").splitlines())
        self._seen: dict[int, tuple[Form, ...]] = {}
        self.rules = [self._term_at(int(number)) for number in np.frombuffer(columns["rules"], np.uint32)]

    def find(self, seen: Views) -> "Found | None":
        """In both views; of patterns that end in one place the longest. None where there is nothing."""
        written = self._search_written(seen.written)
        heard = self._search_spoken(seen.spoken) if self._search_spoken is not None else _NOTHING
        return Found(written, heard, self._first_spoken) if written or heard else None

    def find_written(self, view: bytes) -> "Found":
        return Found(self._search_written(view), _NOTHING, 0)

    def find_spoken(self, view: bytes) -> "Found":
        return Found(_NOTHING, self._search_spoken(view) if self._search_spoken else _NOTHING, self._first_spoken)

    def forms(self, pattern: int, field: Field) -> Iterator[Form]:
        """Of a pattern and of those that it ends with, the longest first, where the term is for the field."""
        while pattern >= 0:
            for form in self._forms_of(pattern):
                if not form.term.fields or field in form.term.fields:
                    yield form
            pattern = int(self._pattern_parent[pattern])

    def splits(self, pattern: int) -> Iterator[tuple[int, str]]:
        """The characters that a pattern ends with in two parts: number of the places and the character."""
        while pattern >= 0:
            if pattern in self._splits:
                yield self._splits[pattern]
            pattern = int(self._pattern_parent[pattern])

    def _forms_of(self, pattern: int) -> tuple[Form, ...]:
        seen = self._seen.get(pattern)
        if seen is None:
            first, last = self._pattern_first[pattern : pattern + 2].tolist()
            seen = tuple(self._form(number) for number in range(first, last))
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[pattern] = seen
        return seen

    def _form(self, number: int) -> Form:
        return take_apart(self._term_at(int(self._form_term[number])), FormKind(self._form_kind[number]))

    def _term_at(self, number: int) -> Term:
        start = int(self._text_end[number - 1]) if number else 0
        text = self._texts[start : int(self._text_end[number])]
        category, action, severity, boundary, bits = self._term[number].tolist()
        fields = frozenset(field for field, bit in FIELD_BITS.items() if bits & bit and bits != EVERY_FIELD)
        return Term(text, self._categories[category], ACTIONS[action], severity, fields, BOUNDARIES[boundary])


class Found(NamedTuple):
    """What a search told of, to be gone through: as numbers of bytes in the written view, and places in the spoken."""

    written: Matches
    heard: Matches
    first_spoken: int

    def at_most(self) -> int:
        """How many there are at most."""
        return len(self.written) + len(self.heard)

    def all(self) -> Iterator[tuple[int, int, int]]:
        """First place, place behind the last, and pattern; what begins within a place of the written view is none."""
        for first, behind, pattern in self.written:
            if not behind & 1:
                yield first >> 1, behind >> 1, pattern
        for first, behind, pattern in self.heard:
            yield first, behind, self.first_spoken + pattern


def _search(automaton: memoryview) -> Callable[[bytes], Matches]:
    return daachorse.DoubleArrayAhoCorasick.deserialize(bytes(automaton)).find_overlapping_no_suffix


def _split(line: str) -> tuple[int, tuple[int, str]]:
    pattern, places, character = line.split(" ")
    return int(pattern), (int(places), character)
