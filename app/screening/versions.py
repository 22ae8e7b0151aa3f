"""Steps on the stored versions of lexicons: read one, and compile all that a publication holds."""

import json
import zlib

from app.db.unit_of_work import Transaction
from app.screening import repository
from app.screening.compiling import compile_terms
from app.screening.domain import Term
from app.screening.lexicon_file import read_terms


def terms_of(tx: Transaction, name: str, number: int) -> list[Term]:
    """A step: the terms of one version."""
    return read_terms(zlib.decompress(repository.content_of(tx.session, name, number)))


def compile_parts(tx: Transaction, publication: int) -> bytes:
    """A step: the blob of a publication, made anew from the versions that it names."""
    parts: dict[str, int] = json.loads(repository.parts_of(tx.session, publication))
    return compile_terms([term for name, number in sorted(parts.items()) for term in terms_of(tx, name, number)])
