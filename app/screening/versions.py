"""Steps on the stored versions of lexicons: read one, and compile all that a publication holds."""

import csv
import io
import json
import zlib
from collections.abc import Mapping
from struct import Struct

from app.db.unit_of_work import Transaction
from app.screening import repository
from app.screening.compiling import compile_terms
from app.screening.domain import Action, Boundary, Category, Field, Term

_SIZE = Struct("<Q")
_LARGEST = 1 << 30
"""Bytes: more than a lexicon of the longest file, and less than what the first bytes of anything else say."""


def terms_of(tx: Transaction, name: str, number: int) -> list[Term]:
    """A step: the terms of one version, which were judged when they came in and are not judged again.

    So a stored lexicon stays readable for a version of this service that refuses more.
    """
    stored = zlib.decompress(repository.content_of(tx.session, name, number)).decode()
    lines = csv.reader(io.StringIO(stored, newline=""))
    next(lines)
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
        for term, category, action, severity, fields, boundary, note in lines
    ]


def all_terms(tx: Transaction, parts: Mapping[str, int]) -> list[Term]:
    """A step: the terms of several lexicons together, in the order of their names."""
    return [term for name, number in sorted(parts.items()) for term in terms_of(tx, name, number)]


def pack(compiled: bytes) -> bytes:
    """A blob as it is stored: a third of it, so that it is written and read in a fraction of the time."""
    return _SIZE.pack(len(compiled)) + zlib.compress(compiled, zlib.Z_BEST_SPEED)


def unpack(stored: bytes) -> bytes:
    """Other threads go on all the while. What was never packed stays as it is: `Matcher.load` judges it."""
    size = _SIZE.unpack_from(stored)[0] if len(stored) > _SIZE.size else 0
    if not 0 < size <= _LARGEST:
        return stored
    try:
        return zlib.decompress(memoryview(stored)[_SIZE.size :], bufsize=size)  # exactly: then nothing is copied after
    except zlib.error:
        return stored


def compile_parts(tx: Transaction, publication: int) -> bytes:
    """A step: the blob of a publication, made anew from the versions that it names."""
    return compile_terms(all_terms(tx, json.loads(repository.parts_of(tx.session, publication))))
