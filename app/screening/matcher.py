"""Finds the terms of a compiled lexicon in a text: one coarse search, and exact checks where it finds something."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice

from app import policies
from app.screening import blocks, folding, searching, tables, verdicts, views
from app.screening.compiling import compile_terms
from app.screening.domain import NAMES, SCREENED, Decision, Field, Hit, Term, Verdict
from app.screening.forms import Form, FormKind
from app.screening.judging import Findings, ToJudge
from app.screening.lexicon import Found, Lexicon, Match
from app.screening.rules import RULES

_JUDGED = policies.CANDIDATES_JUDGED.value
_PASS = Verdict(Decision.PASS)
_SHORT = 64
"""Characters under which a text is read backwards too."""
_BACKWARDS, _BACKWARDS_IN_NAMES = 4, 3
"""Characters of a term at least."""
_LATIN_BACKWARDS = 6
"""Letters: short words are other words backwards."""


class Matcher:
    """A lexicon, ready to search with. Any number of threads may use it at once."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._find = lexicon.find
        self._rules = [term for term in lexicon.rules if term.term in RULES]
        self._rules_for = {
            field: [term for term in self._rules if field in (term.fields or SCREENED)] for field in Field
        }

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
        seen = views.views(text)
        found = self._find(seen)
        rules = self._rules_for[field]
        by_rules = list(self._by_rules(text, rules)) if rules else []
        may_have_signs = "!" in text or "|" in text
        if not (found or by_rules or len(text) < _SHORT or may_have_signs or field in NAMES):
            return _PASS
        return self._judge(text, field, seen, found, by_rules)

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
        digits = folding.digits_in(text)
        for term in rules:
            if RULES[term.term].may_hit(text, digits):
                for start, end, ways in islice(RULES[term.term].find(text), _JUDGED + 1):
                    yield verdicts.rule_hit(term, start, end, ways)

    def _judge(
        self, text: str, field: Field, seen: views.Views, found: Found | None, by_rules: Sequence[Hit]
    ) -> Verdict:
        spelled = text
        if views.EXPANDED in seen.written:
            spelled = folding.spell_out(text)
            seen = views.views(spelled)
            found = self._find(seen)
        both_ways = _is_read_both_ways(text, field)
        findings = Findings()
        findings.judge(self._candidates(spelled, field, seen, found, both_ways=both_ways))
        if folding.has_letter_signs(spelled):
            lettered = folding.as_letters(spelled)
            seen = views.views(lettered)
            found = self._find(seen)
            findings.judge_signs(spelled, self._candidates(lettered, field, seen, found, both_ways=both_ways))
        hits, allowed = findings.hits, findings.allowed
        if spelled is not text:
            hits, allowed = verdicts.as_sent(text, hits, allowed)
        too_many = findings.too_many or len(by_rules) > _JUDGED
        return verdicts.verdict(text, [*hits, *by_rules] if by_rules else hits, allowed, too_many=too_many)

    def _candidates(
        self, text: str, field: Field, seen: views.Views, found: Found | None, *, both_ways: bool
    ) -> Iterator[ToJudge]:
        in_turn: Iterable[Match] = ()
        if found is not None:
            in_turn = searching.gravest_first(self._lexicon, found) if found.is_more_than(_JUDGED) else found.all()
        for pattern, places, end in searching.candidates(self._lexicon, text, seen, in_turn):
            for form in self._lexicon.forms(pattern, field):
                yield form, places, end
        for pattern, places, end in searching.mirrored(self._lexicon, text, seen) if both_ways else ():
            for form in self._lexicon.forms(pattern, field):
                if _is_read_backwards(form, field):
                    yield form, places, end


def _is_read_both_ways(text: str, field: Field) -> bool:
    return len(text) < _SHORT or field in NAMES


def _is_read_backwards(form: Form, field: Field) -> bool:
    """Palindromes are found as they stand."""
    if form.letters and (field not in NAMES or form.letters < _LATIN_BACKWARDS or _is_english(form.plain[::-1])):
        return False
    return (
        form.kind is FormKind.WRITTEN
        and len(form.plain) >= (_BACKWARDS_IN_NAMES if field in NAMES else _BACKWARDS)
        and form.plain != form.plain[::-1]
    )


def _is_english(word: str) -> bool:
    return word in tables.english_words()


@cache
def _empty() -> Matcher:
    return Matcher.load(compile_terms([]))
