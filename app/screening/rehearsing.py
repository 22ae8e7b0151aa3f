"""What would change: the same texts under the lexicons in force and under those that would be."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app import policies
from app.screening.domain import SCREENED, Category, Decision, Field, Verdict
from app.screening.errors import CasesFaulty
from app.screening.matcher import Matcher

_CASES = Path(__file__).parent / "data" / "cases.csv"
_HEADER = ["text", "field", "decision"]
_FIELDS = {field.value: field for field in SCREENED}
_DECISIONS = {decision.value: decision for decision in Decision}
_EXAMPLES = policies.REHEARSAL_EXAMPLES.value
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Case:
    """A text, and what must become of it."""

    text: str
    field: Field
    decision: Decision


@dataclass(frozen=True, slots=True)
class Example:
    """A text of which something else becomes. For staff: it never reaches a log."""

    text: str
    field: Field
    before: Decision
    after: Decision
    categories: tuple[Category, ...]
    """Of what is found in it now, or was before where nothing is."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of texts by what becomes of them, and of those in which a category is found."""

    texts: int
    before: Counter[Decision]
    after: Counter[Decision]
    categories_before: Counter[Category]
    categories_after: Counter[Category]
    stricter: int
    milder: int
    examples: tuple[Example, ...]
    """The first that change, the stricter ones before the milder."""

    @property
    def alarming(self) -> bool:
        """Whether so many are dealt with more strictly that a line of the lexicon looks wrong."""
        percent = policies.REHEARSAL_ALARM.value
        return self.stricter >= policies.REHEARSAL_ALARM_LEAST.value and self.stricter * _PERCENT > percent * self.texts


@dataclass(frozen=True, slots=True)
class WrongCase:
    """A case of which something else becomes than it must."""

    case: Case
    before: Decision
    after: Decision


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would change if a version came into force. `innocent` are the cases that must pass."""

    recent: Tally
    innocent: Tally
    cases: int
    wrong: tuple[WrongCase, ...]

    @property
    def spoilt(self) -> int:
        """How many cases are decided as they must be, and would no longer be."""
        return sum(one.before is one.case.decision for one in self.wrong)

    @property
    def alarming(self) -> bool:
        return self.recent.alarming or self.innocent.alarming


def read_cases(data: bytes) -> list[Case]:
    """The cases of a file: UTF-8 CSV, `text,field,decision`. Raises `CasesFaulty` with the first bad line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CasesFaulty(data.count(b"\n", 0, error.start) + 1) from None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if next(rows, None) != _HEADER:
            raise CasesFaulty(1)
        return [_case(row, rows.line_num) for row in rows if row]
    except csv.Error:
        raise CasesFaulty(rows.line_num) from None


def _case(row: Sequence[str], line: int) -> Case:
    if len(row) != len(_HEADER) or row[1] not in _FIELDS or row[2] not in _DECISIONS:
        raise CasesFaulty(line)
    return Case(row[0], _FIELDS[row[1]], _DECISIONS[row[2]])


@cache
def shipped_cases() -> tuple[Case, ...]:
    """Ordinary texts that must pass under any lexicon, and a few that the starter lexicon must catch."""
    return tuple(read_cases(_CASES.read_bytes()))


def rehearse(recent: Iterable[tuple[Field, str]], cases: Sequence[Case], before: Matcher, after: Matcher) -> Rehearsal:
    """Screens every text twice; nothing is stored."""
    innocent = [(case.field, case.text) for case in cases if case.decision is Decision.PASS]
    return Rehearsal(
        compare(recent, before, after), compare(innocent, before, after), len(cases), _wrong(cases, before, after)
    )


def compare(texts: Iterable[tuple[Field, str]], before: Matcher, after: Matcher) -> Tally:
    decisions = Counter[Decision](), Counter[Decision]()
    categories = Counter[Category](), Counter[Category]()
    stricter: list[Example] = []
    milder: list[Example] = []
    counts = Counter[bool]()
    for field, text in texts:
        verdicts = before.screen(text, field), after.screen(text, field)
        for verdict, decided, found in zip(verdicts, decisions, categories, strict=True):
            decided[verdict.decision] += 1
            found.update(_categories(verdict))
        was, becomes = (verdict.decision for verdict in verdicts)
        if was is not becomes:
            is_stricter = becomes.rank > was.rank
            counts[is_stricter] += 1
            examples = stricter if is_stricter else milder
            if len(examples) < _EXAMPLES:
                found_in = _categories(verdicts[1]) or _categories(verdicts[0])
                examples.append(Example(text, field, was, becomes, tuple(sorted(found_in))))
    total = decisions[0].total()
    shown = tuple((stricter + milder)[:_EXAMPLES])
    return Tally(total, *decisions, *categories, counts[True], counts[False], shown)


def _categories(verdict: Verdict) -> set[Category]:
    return {hit.category for hit in verdict.hits}


def _wrong(cases: Iterable[Case], before: Matcher, after: Matcher) -> tuple[WrongCase, ...]:
    judged = (
        WrongCase(case, before.screen(case.text, case.field).decision, after.screen(case.text, case.field).decision)
        for case in cases
    )
    return tuple(one for one in judged if one.after is not one.case.decision)
