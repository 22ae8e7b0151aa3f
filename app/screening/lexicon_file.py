"""A lexicon as a file: UTF-8 CSV with a header. What is wrong is told line by line, and then nothing is loaded."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from app import policies
from app.screening import folding, rules
from app.screening.domain import SCREENED, Action, Boundary, Category, Field, Term
from app.screening.errors import LexiconFaulty, LineFault
from app.screening.lexicon_faults import FAULTS
from app.screening.lexicon_warnings import warnings

__all__ = ["read_terms", "warnings", "write_terms"]

HEADER = ("term", "category", "action", "severity", "fields", "boundary", "note")
_CATEGORY = re.compile(r"[a-z0-9_]{1,32}")
_SEVERITIES = {str(number): number for number in range(1, 6)}
_ACTIONS = {action.value: action for action in Action}
_BOUNDARIES = {boundary.value: boundary for boundary in Boundary}
_FIELDS = {field.value: field for field in SCREENED}
_EVERY_FIELD = frozenset(SCREENED)
_LONGEST_LINE = 4096
_NOT_TEXT = frozenset({"Cc", "Cs"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Rows = list[tuple[int, list[str]]]
"""Number of the line and its columns."""


@dataclass(slots=True)
class _Faults:
    """The first faults in full, and the number of all."""

    first: list[LineFault] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, reason: str, **values: str) -> None:
        self.count += 1
        if self.count <= policies.LEXICON_FAULTS_TOLD.value:
            self.first.append(LineFault(line, reason, FAULTS[reason].with_values(**values)))

    def raise_any(self) -> None:
        if self.count:
            raise LexiconFaulty(sorted(self.first, key=lambda fault: fault.line), self.count)


def read_terms(data: bytes) -> list[Term]:
    """The terms of a file, in its order. Raises `LexiconFaulty` with every fault, each with the number of its line."""
    faults = _Faults()
    rows = _rows(data, faults)
    terms = [(line, term) for line, columns in rows if (term := _term(line, columns, faults)) is not None]
    _check_length(terms, faults)
    _check_together(terms, faults)
    faults.raise_any()
    return [term for _, term in terms]


def write_terms(terms: Sequence[Term]) -> bytes:
    """What `read_terms` reads back as the same terms."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(HEADER)
    for term in terms:
        fields = " ".join(field.value for field in SCREENED if field in term.fields)
        lines.writerow(
            (term.term, term.category, term.action, term.severity, fields, term.boundary, _on_one_line(term.note))
        )
    return written.getvalue().encode()


def _on_one_line(note: str) -> str:
    return " ".join(note.splitlines())


def _rows(data: bytes, faults: _Faults) -> Rows:
    """Each line is a row of its own, so that a quote left open spoils one line and no more."""
    if len(data) > policies.LEXICON_LARGEST.value << 20:
        faults.add(1, "file-too-large", most=str(policies.LEXICON_LARGEST.value))
    elif data.count(b"\n") > policies.LEXICON_LINES.value + 1:
        faults.add(policies.LEXICON_LINES.value + 2, "too-many-lines", most=str(policies.LEXICON_LINES.value))
    faults.raise_any()
    lines = data.removeprefix(_BYTE_ORDER_MARK).split(b"\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    if (head := _columns(lines[0])) != list(HEADER):
        faults.add(1, "not-utf-8" if head == "not-utf-8" else "wrong-header", header=",".join(HEADER))
        faults.raise_any()
    return [(number, columns) for number, columns in _read(lines, faults) if len(columns) == len(HEADER)]


def _read(lines: list[bytes], faults: _Faults) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines[1:], 2):
        columns = _columns(line)
        if isinstance(columns, str):
            faults.add(number, columns)
        elif len(columns) != len(HEADER):
            faults.add(number, "wrong-columns", columns=str(len(columns)), wanted=str(len(HEADER)))
        else:
            yield number, columns


def _columns(line: bytes) -> list[str] | str:
    """The columns of a line, or the reason why there are none."""
    if len(line) > _LONGEST_LINE:
        return "line-too-long"
    try:
        text = line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        return "not-utf-8"
    if not text:
        return "empty-line"
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        return "bad-quotes"


def _term(line: int, columns: list[str], faults: _Faults) -> Term | None:
    """The term of a line whose columns are all in order."""
    known = faults.count
    text, category, action, severity, fields, boundary, note = columns
    named = frozenset(fields.split())
    _check_text(line, text, faults)
    for wrong, reason, value in (
        (not _CATEGORY.fullmatch(category), "bad-category", category),
        (action not in _ACTIONS, "unknown-action", action),
        (severity not in _SEVERITIES, "bad-severity", severity),
        (not named <= _FIELDS.keys(), "unknown-field", " ".join(sorted(named - _FIELDS.keys()))),
        (boundary not in _BOUNDARIES, "unknown-boundary", boundary),
        (not _readable(note), "bad-note", ""),
    ):
        if wrong:
            faults.add(line, reason, value=_shown(value))
    if faults.count > known:
        return None
    return Term(
        text,
        Category(category),
        _ACTIONS[action],
        _SEVERITIES[severity],
        frozenset(_FIELDS[name] for name in named),
        _BOUNDARIES[boundary],
        note,
    )


def _check_text(line: int, text: str, faults: _Faults) -> None:
    if not text.strip():
        faults.add(line, "empty-term")
    elif len(text) > policies.TERM_LONGEST.value:
        faults.add(line, "term-too-long", most=str(policies.TERM_LONGEST.value))
    elif not _readable(text):
        faults.add(line, "bad-character")
    elif text.startswith("@") and text not in rules.RULES:
        faults.add(line, "unknown-rule", value=_shown(text), rules=" ".join(rules.RULES))


def _check_length(terms: list[tuple[int, Term]], faults: _Faults) -> None:
    """All of them together: what is searched with grows with every character."""
    lengths = accumulate(len(term.term) for _, term in terms)
    beyond = (
        line for (line, _), length in zip(terms, lengths, strict=True) if length > policies.LEXICON_CHARACTERS.value
    )
    if (line := next(beyond, None)) is not None:
        faults.add(line, "too-much-text", most=str(policies.LEXICON_CHARACTERS.value))
        faults.raise_any()


def _check_together(terms: list[tuple[int, Term]], faults: _Faults) -> None:
    """What shows only when terms are folded: terms of nothing, of one character, and the same term twice."""
    seen: dict[tuple[str, Boundary], list[tuple[int, frozenset[Field]]]] = {}
    folded = folding.fold_all([term.term for _, term in terms])
    for (line, term), plain in zip(terms, folded, strict=True):
        key = term.term if term.term.startswith("@") else plain
        if not key:
            faults.add(line, "folds-to-nothing")
        elif (len(plain) == 1) != (term.boundary is Boundary.SINGLE):
            faults.add(line, "one-character" if len(plain) == 1 else "not-one-character")
        else:
            _check_twice(line, term.fields or _EVERY_FIELD, seen.setdefault((key, term.boundary), []), faults)


def _check_twice(
    line: int, fields: frozenset[Field], before: list[tuple[int, frozenset[Field]]], faults: _Faults
) -> None:
    twin = next((earlier for earlier, taken in before if taken & fields), None)
    if twin is None:
        before.append((line, fields))
    else:
        faults.add(line, "duplicate", earlier=str(twin))


def _readable(text: str) -> bool:
    return text.isprintable() or not any(unicodedata.category(character) in _NOT_TEXT for character in text)


def _shown(value: str) -> str:
    """A value in a sentence: short, and nothing that cannot be seen."""
    return "".join(character if character.isprintable() else "?" for character in value[:40])
