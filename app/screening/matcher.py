"""Finds the terms of a compiled lexicon in a text: one coarse search, and exact checks where it finds something."""

from collections.abc import Iterator, Sequence
from functools import cache

from app import policies
from app.screening import blocks, checks, folding, searching, verdicts
from app.screening.compiling import compile_terms
from app.screening.domain import SCREENED, Action, Decision, Evasion, Field, Hit, Term, Verdict
from app.screening.forms import Form, FormKind
from app.screening.lexicon import Found, Lexicon
from app.screening.rules import RULES
from app.screening.sightings import Places, Sighting

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
        self._rules = {field: [term for term in lexicon.rules if field in (term.fields or SCREENED)] for field in Field}

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
        hits = self._by_rules(text, self._rules[field])
        if not found and not hits and len(text) >= _SHORT and folding.EXPANDED not in seen.joined:
            return _PASS
        return self._judge(text, field, seen, found, hits)

    def suspects(self, texts: Sequence[str]) -> list[int]:
        """The places of the texts that must be screened; all others pass, whatever their field."""
        found: set[int] = set()
        for first, block in blocks.of(texts):
            found.update(first + number for number in blocks.suspects(self._lexicon, block))
        terms = self._lexicon.rules
        if terms:
            found.update(number for number, text in enumerate(texts) if self._by_rules(text, terms))
        return sorted(found)

    def _by_rules(self, text: str, rules: Sequence[Term]) -> list[Hit]:
        if not rules:
            return []
        digits = folding.digits_in(text)
        return [
            verdicts.rule_hit(term, start, end, ways)
            for term in rules
            if RULES[term.term].may_hit(text, digits)
            for start, end, ways in RULES[term.term].find(text)
        ]

    def _judge(self, text: str, field: Field, seen: folding.Views, found: Found, by_rules: Sequence[Hit]) -> Verdict:
        spelled = text
        if folding.EXPANDED in seen.joined:
            spelled = folding.spell_out(text)
            seen = folding.views(spelled)
            found = self._find(seen.joined)
        hits: list[Hit] = []
        allowed: list[tuple[int, int]] = []
        written: set[tuple[int, str]] = set()
        """Where the views hold a term as it is written: how it sounds says nothing new."""
        judged = 0
        for form, places, end in self._forms(spelled, field, seen, found):
            if form.kind is FormKind.SPOKEN and (end, form.term.term) in written:
                continue
            judged += 1
            if judged > policies.CANDIDATES_JUDGED.value:
                break
            sighting = Sighting(places, end - len(form.runs), end, form.text)
            ways = checks.judge_spoken(form, sighting) if form.kind is FormKind.SPOKEN else checks.judge(form, sighting)
            if sighting.exact:
                written.add((end, form.term.term))
            if ways is None:
                continue
            span = _span(form, sighting)
            if form.term.action is Action.ALLOW:
                allowed.append(span)
            else:
                hits.append(verdicts.hit(form, span, ways | _backwards(sighting)))
        if spelled is not text:
            hits, allowed = verdicts.as_sent(text, hits, allowed)
        return verdicts.verdict(text, [*hits, *by_rules], allowed, too_many=judged > policies.CANDIDATES_JUDGED.value)

    def _forms(self, text: str, field: Field, seen: folding.Views, found: Found) -> Iterator[tuple[Form, Places, int]]:
        """What is to be judged: a form, and where in a view it ends."""
        for pattern, places, end in searching.candidates(self._lexicon, text, seen, found):
            for form in self._lexicon.forms(pattern, field):
                yield form, places, end
        if field in _NAMES or len(text) < _SHORT:
            for pattern, places, end in searching.mirrored(self._lexicon, text, seen):
                for form in self._lexicon.forms(pattern, field):
                    if _is_read_backwards(form, field):
                        yield form, places, end


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
