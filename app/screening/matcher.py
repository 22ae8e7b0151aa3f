"""Finds the terms of a compiled lexicon in a text: one coarse search, and exact checks where it finds something."""

from collections.abc import Iterator, Sequence
from functools import cache

import daachorse
import numpy as np

from app import policies
from app.screening import blob, checks, folding
from app.screening.compiling import ACTIONS, BOUNDARIES, EVERY_FIELD, compile_terms
from app.screening.domain import SCREENED, Action, Category, Decision, Evasion, Field, Hit, Term, Verdict, strictest
from app.screening.forms import Form, FormKind, take_apart
from app.screening.masking import masked
from app.screening.sightings import Part, Sighting

_PASS = Verdict(Decision.PASS)
_DECISIONS = {Action.MASK: Decision.MASK, Action.REVIEW: Decision.REVIEW, Action.BLOCK: Decision.BLOCK}
_FIELD_BITS: dict[Field, int] = {field: 1 << number for number, field in enumerate(SCREENED)}


class Matcher:
    """A lexicon, ready to search with. Nothing in it changes, so that any number of threads may use it."""

    def __init__(self, columns: dict[str, memoryview]) -> None:
        automaton = daachorse.CharwiseDoubleArrayAhoCorasick.deserialize(bytes(columns["automaton"]))
        self._find = automaton.find_overlapping_no_suffix
        self._pattern_first = np.frombuffer(columns["pattern_first"], np.uint32)
        self._pattern_parent = np.frombuffer(columns["pattern_parent"], np.int32)
        self._form_term = np.frombuffer(columns["form_term"], np.uint32)
        self._form_kind = np.frombuffer(columns["form_kind"], np.uint8)
        self._texts = str(columns["texts"], "utf-8", "surrogatepass")
        self._text_end = np.frombuffer(columns["text_end"], np.uint32)
        self._categories = [Category(name) for name in str(columns["categories"], "utf-8").split("\n")]
        self._term = np.frombuffer(columns["term"], np.uint16).reshape(-1, 4)
        self._term_fields = np.frombuffer(columns["term_fields"], np.uint16)

    @classmethod
    def load(cls, compiled: bytes) -> "Matcher":
        """Raises `BlobOutdated` for what `compile_terms` of another version wrote."""
        return cls(blob.read(compiled))

    @classmethod
    def empty(cls) -> "Matcher":
        """Finds nothing."""
        return _empty()

    def screen(self, text: str, field: Field) -> Verdict:
        """What becomes of a text in a field. Takes any string, in time linear in its length, and never raises."""
        seen = folding.views(text)
        found = self._find(seen.joined)
        if not found:
            return _PASS
        return self._judge(text, field, seen, found)

    def suspects(self, texts: Sequence[str]) -> list[int]:
        """The places of the texts that must be screened; all others pass, whatever their field."""
        return [number for number, text in enumerate(texts) if self._find(folding.views(text).joined)]

    def _judge(self, text: str, field: Field, seen: folding.Views, found: list[tuple[int, int, int]]) -> Verdict:
        hits: list[Hit] = []
        kept, firsts = seen.offsets()
        half = seen.length
        for _start, end, pattern in found[: policies.CANDIDATES_JUDGED.value]:
            if end > half:
                continue
            for form in self._forms(pattern, _FIELD_BITS.get(field, 0)):
                start = end - len(form.runs)
                parts = tuple(
                    Part(tuple(kept[firsts[place] : firsts[place + 1]].tolist())) for place in range(start, end)
                )
                sighting = Sighting(text, parts)
                evasions = checks.judge(form, sighting)
                if evasions is not None and form.term.action is not Action.ALLOW:
                    hits.append(_hit(form.term, sighting, evasions))
        if not hits:
            return _PASS
        decision = strictest(_DECISIONS[hit.action] for hit in hits)
        return Verdict(decision, tuple(hits), masked(text, [(hit.start, hit.end) for hit in hits]))

    def _forms(self, pattern: int, field: int) -> Iterator[Form]:
        while pattern >= 0:
            for number in range(self._pattern_first[pattern], self._pattern_first[pattern + 1]):
                term = self._form_term[number]
                if self._term_fields[term] & field and self._form_kind[number] == FormKind.WRITTEN:
                    yield self._form(int(term), FormKind(self._form_kind[number]))
            pattern = int(self._pattern_parent[pattern])

    def _form(self, number: int, kind: FormKind) -> Form:
        start = int(self._text_end[number - 1]) if number else 0
        text = self._texts[start : int(self._text_end[number])]
        category, action, severity, boundary = self._term[number].tolist()
        bits = int(self._term_fields[number])
        fields = frozenset(field for field, bit in _FIELD_BITS.items() if bits & bit and bits != EVERY_FIELD)
        term = Term(text, self._categories[category], ACTIONS[action], severity, fields, BOUNDARIES[boundary])
        return take_apart(term, kind, text)


def _hit(term: Term, sighting: Sighting, evasions: frozenset[Evasion]) -> Hit:
    shown = tuple(evasion for evasion in Evasion if evasion in evasions)
    return Hit(sighting.start, sighting.end, term.category, term.severity, term.action, shown, term.term)


@cache
def _empty() -> Matcher:
    return Matcher.load(compile_terms([]))
