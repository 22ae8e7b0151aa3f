"""Finds the terms of a compiled lexicon in a text: one coarse search, and exact checks where it finds something."""

from collections.abc import Iterator, Sequence
from functools import cache

from app.screening import blocks, folding, searching, verdicts
from app.screening.compiling import compile_terms
from app.screening.domain import SCREENED, Decision, Field, Hit, Term, Verdict
from app.screening.forms import Form, FormKind
from app.screening.judging import Findings, ToJudge
from app.screening.lexicon import Found, Lexicon
from app.screening.rules import RULES

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
        by_rules = self._by_rules(text, self._rules[field])
        otherwise = folding.EXPANDED in seen.joined or folding.has_letter_signs(text)
        if not found and not by_rules and not otherwise and len(text) >= _SHORT:
            return _PASS
        findings = Findings()
        findings.hits += by_rules
        findings.judge(self._candidates(text, field, seen, found))
        if otherwise:
            self._read_otherwise(text, field, findings)
        return verdicts.verdict(text, findings.hits, findings.allowed, too_many=findings.too_many)

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

    def _read_otherwise(self, text: str, field: Field, findings: Findings) -> None:
        """The same text with its forms of several characters spelled out and its signs read as letters: cas!no."""
        spelled = folding.spell_out(folding.as_letters(text))
        seen = folding.views(spelled)
        further = Findings()
        further.judge(self._candidates(spelled, field, seen, self._find(seen.joined)))
        findings.take(text, further)

    def _candidates(self, text: str, field: Field, seen: folding.Views, found: Found) -> Iterator[ToJudge]:
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


@cache
def _empty() -> Matcher:
    return Matcher.load(compile_terms([]))
