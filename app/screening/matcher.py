"""Finds the terms of a compiled lexicon in a text: one coarse search, and exact checks where it finds something."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice

from app import policies
from app.screening import blocks, checks, folding, searching, verdicts
from app.screening.compiling import compile_terms
from app.screening.domain import SCREENED, Action, Decision, Evasion, Field, Hit, Term, Verdict
from app.screening.forms import Form, FormKind, Lead
from app.screening.lexicon import Lexicon
from app.screening.rules import RULES
from app.screening.searching import Candidate
from app.screening.sightings import Sighting, trimmed

_JUDGED = policies.CANDIDATES_JUDGED.value
_PASS = Verdict(Decision.PASS)
_NAMES = frozenset({Field.HANDLE, Field.DISPLAY_NAME})
_SHORT = 64
"""Characters under which a text is read backwards too."""
_BACKWARDS, _BACKWARDS_IN_NAMES = 4, 3
"""Characters of a term at least."""


class Matcher:
    """A lexicon, ready to search with. Any number of threads may use it at once."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._find = lexicon.find
        self._rules = [term for term in lexicon.rules if term.term in RULES]

    @classmethod
    def load(cls, compiled: bytes) -> "Matcher":
        """Raises `BlobOutdated` for what `compile_terms` of another version wrote."""
        return cls(Lexicon(compiled))

    @classmethod
    def empty(cls) -> "Matcher":
        """Finds nothing."""
        return _empty()

    def screen(self, text: str, field: Field) -> Verdict:
        """What becomes of a text in a field. Takes any string, in time linear in its length, and never raises."""
        seen = folding.views(text)
        found = self._find(seen.joined)
        hits = list(self._by_rules(text, [term for term in self._rules if field in (term.fields or SCREENED)]))
        if not found and not hits and not _is_read_both_ways(text, field) and folding.EXPANDED not in seen.joined:
            return _PASS
        return self._judge(text, field, seen, hits)

    def suspects(self, texts: Sequence[str]) -> list[int]:
        """The places of the texts that must be screened; all others pass, whatever their field."""
        found: set[int] = set()
        for first, block in blocks.of(texts):
            found.update(first + number for number in blocks.suspects(self._lexicon, block))
        if self._rules:
            found.update(number for number, text in enumerate(texts) if next(self._by_rules(text, self._rules), None))
        return sorted(found)

    def _by_rules(self, text: str, rules: Sequence[Term]) -> Iterator[Hit]:
        """Of each rule one more than are judged, at most."""
        if not rules:
            return
        digits = folding.digits_in(text)
        for term in rules:
            if RULES[term.term].may_hit(text, digits):
                for start, end, ways in islice(RULES[term.term].find(text), _JUDGED + 1):
                    yield verdicts.rule_hit(term, start, end, ways)

    def _judge(self, text: str, field: Field, seen: folding.Views, by_rules: list[Hit]) -> Verdict:
        spelled = folding.spell_out(text)
        if spelled is not text:
            seen = folding.views(spelled)
        hits: list[Hit] = []
        allowed: list[tuple[int, int]] = []
        judged = 0
        for form, sighting in self._sightings(spelled, field, seen, both_ways=_is_read_both_ways(text, field)):
            judged += 1
            if judged > _JUDGED:
                break
            ways = checks.judge_spoken(form, sighting) if form.kind is FormKind.SPOKEN else checks.judge(form, sighting)
            if ways is None:
                continue
            span = _span(form, sighting)
            if form.term.action is Action.ALLOW:
                allowed.append(span)
            else:
                hits.append(verdicts.hit(form, span, ways | _backwards(sighting)))
        if spelled is not text:
            hits, allowed = verdicts.as_sent(text, hits, allowed)
        too_many = judged > _JUDGED or len(by_rules) > _JUDGED
        return verdicts.verdict(text, [*hits, *by_rules], allowed, too_many=too_many)

    def _sightings(
        self, text: str, field: Field, seen: folding.Views, *, both_ways: bool
    ) -> Iterator[tuple[Form, Sighting]]:
        found = self._find(seen.joined)
        if len(found) > _JUDGED:
            found.sort(key=lambda one: not self._lexicon.leads[one[2]] & Lead.FIRST)
        yield from self._forms(searching.candidates(self._lexicon, text, seen, found), field)
        if both_ways:
            yield from self._forms(searching.mirrored(self._lexicon, text, seen), field)

    def _forms(self, candidates: Iterable[Candidate], field: Field) -> Iterator[tuple[Form, Sighting]]:
        for pattern, places, end in candidates:
            seen: dict[int, Sighting] = {}
            for form in self._lexicon.forms(pattern, field):
                if places.backwards and not _is_read_backwards(form, field):
                    continue
                length = len(form.runs)
                if length not in seen:
                    parts = trimmed(places.text, places.parts(end - length, end))
                    seen[length] = Sighting(places.text, parts, places.backwards)
                yield form, seen[length]


def _is_read_both_ways(text: str, field: Field) -> bool:
    return field in _NAMES or len(text) < _SHORT


def _is_read_backwards(form: Form, field: Field) -> bool:
    """Palindromes are found as they stand."""
    return (
        form.kind is FormKind.WRITTEN
        and len(form.plain) >= (_BACKWARDS_IN_NAMES if field in _NAMES else _BACKWARDS)
        and form.plain != form.plain[::-1]
    )


def _backwards(sighting: Sighting) -> frozenset[Evasion]:
    return frozenset({Evasion.REVERSED}) if sighting.backwards else frozenset()


def _span(form: Form, sighting: Sighting) -> tuple[int, int]:
    start, end = sighting.span()
    if form.kind is FormKind.CONTACT:
        start = checks.plus_before(sighting)
    return start, end


@cache
def _empty() -> Matcher:
    return Matcher.load(compile_terms([]))
