"""A compiled lexicon in memory: columns as they were stored; a term becomes an object when it is seen."""

from collections.abc import Callable, Iterator

import daachorse
import numpy as np

from app.screening import blob
from app.screening.compiling import ACTIONS, BOUNDARIES, EVERY_FIELD, FIELD_BITS
from app.screening.domain import NAMES, Category, Field, Term
from app.screening.forms import Form, FormKind, take_apart
from app.screening.views import SPOKEN_BYTE, Views

_REMEMBERED = 4096
Match = tuple[int, int, int]
"""First, behind the last, and pattern."""
Matches = list[Match]


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
        self._pattern_parent = columns["pattern_parent"].cast("i")
        self._form_term = np.frombuffer(columns["form_term"], np.uint32)
        self._form_kind = np.frombuffer(columns["form_kind"], np.uint8)
        self._texts = str(columns["texts"], "utf-8", "surrogatepass")
        self._text_end = np.frombuffer(columns["text_end"], np.uint32)
        self._categories = [Category(name) for name in str(columns["categories"], "utf-8").split("\n")]
        self._term = np.frombuffer(columns["term"], np.uint32).reshape(-1, 5)
        self._splits = dict(_split(line) for line in str(columns["splits"], "utf-8").splitlines())
        self._seen: dict[int, tuple[Form, ...]] = {}
        self._for_field: dict[tuple[int, Field], tuple[Form, ...]] = {}
        self.rules = [self._term_at(int(number)) for number in np.frombuffer(columns["rules"], np.uint32)]

    def find(self, seen: Views) -> "Found | None":
        """In both views; of patterns that end in one place the longest. None where there is nothing."""
        written = self._search_written(seen.written)
        if written:
            return Found(self, seen, written)
        if self._search_spoken is None or not self._search_spoken(seen.runs.tobytes()[SPOKEN_BYTE]):
            return None
        return Found(self, seen, written)

    def find_written(self, view: bytes) -> Iterator[Match]:
        return in_places(self._search_written(view))

    def find_spoken(self, view: bytes) -> Matches:
        """Its patterns have numbers behind those of the written view."""
        if self._search_spoken is None:
            return []
        first_spoken = self._first_spoken
        return [(first, behind, first_spoken + pattern) for first, behind, pattern in self._search_spoken(view)]

    def forms(self, pattern: int, field: Field) -> tuple[Form, ...]:
        """Of a pattern and of those that it ends with, the longest first, where the form is for the field."""
        known = self._for_field.get((pattern, field))
        if known is None:
            if len(self._for_field) >= _REMEMBERED:
                self._for_field.clear()
            known = self._for_field[pattern, field] = tuple(self._all_forms(pattern, field))
        return known

    def _all_forms(self, pattern: int, field: Field) -> Iterator[Form]:
        while pattern >= 0:
            for form in self._forms_of(pattern):
                if (not form.term.fields or field in form.term.fields) and (
                    form.kind is not FormKind.DRAWN or field in NAMES
                ):
                    yield form
            pattern = self._pattern_parent[pattern]

    def splits(self, pattern: int) -> Iterator[tuple[int, str]]:
        """The characters that a pattern ends with in two parts: number of the places and the character."""
        while pattern >= 0:
            if pattern in self._splits:
                yield self._splits[pattern]
            pattern = self._pattern_parent[pattern]

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


class Found:
    """What a search told of. The spoken view is searched when all of the written one was gone through."""

    __slots__ = ("_heard", "_lexicon", "_seen", "_written")

    def __init__(self, lexicon: Lexicon, seen: Views, written: Matches) -> None:
        """`written` in numbers of bytes."""
        self._lexicon = lexicon
        self._seen = seen
        self._written = written
        self._heard: Matches | None = None

    @property
    def heard(self) -> Matches:
        if self._heard is None:
            self._heard = self._lexicon.find_spoken(self._seen.spoken)
        return self._heard

    def is_more_than(self, limit: int) -> bool:
        return len(self._written) > limit or len(self._written) + len(self.heard) > limit

    def all(self) -> Iterator[Match]:
        """First place, place behind the last, and pattern."""
        yield from in_places(self._written)
        yield from self.heard


def in_places(written: Matches) -> Iterator[Match]:
    """From bytes; what begins within a place is none."""
    for first, behind, pattern in written:
        if not behind & 1:
            yield first >> 1, behind >> 1, pattern


def _search(automaton: memoryview) -> Callable[[bytes], Matches]:
    return daachorse.DoubleArrayAhoCorasick.deserialize(bytes(automaton)).find_overlapping_no_suffix


def _split(line: str) -> tuple[int, tuple[int, str]]:
    pattern, places, character = line.split(" ")
    return int(pattern), (int(places), character)
