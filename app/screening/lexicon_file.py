"""Reads and writes lexicon files."""

import csv
import io

from app.kernel.sentence import Sentence
from app.screening.domain import Action, Boundary, Category, Field, Term
from app.screening.errors import LexiconFaulty, LineFault

_HEADER = ["term", "category", "action", "severity", "fields", "boundary", "note"]


def read_terms(data: bytes) -> list[Term]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    try:
        return _terms(rows)
    except ValueError:
        raise LexiconFaulty([LineFault(2, "bad-line", Sentence("读不懂。", "It cannot be read."))]) from None


def warnings(_terms: list[Term]) -> list[LineFault]:
    return []


def _terms(rows: list[list[str]]) -> list[Term]:
    return [
        Term(
            term,
            Category(category),
            Action(action),
            int(severity),
            frozenset(map(Field, fields.split())),
            Boundary(boundary),
            note,
        )
        for term, category, action, severity, fields, boundary, note in rows[1:]
    ]


def write_terms(terms: list[Term]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_HEADER)
    for term in terms:
        fields = " ".join(sorted(term.fields))
        writer.writerow([term.term, term.category, term.action, term.severity, fields, term.boundary, term.note])
    return written.getvalue().encode()
