"""Lexicons that are in force, without the way that an operator takes."""

import json
from hashlib import sha256

from app.kernel.actor import OPERATOR
from app.screening.compiling import compile_terms
from app.screening.domain import Action, Category, Field, Term
from app.screening.models import PublicationRow
from app.screening.repository import newest_publication
from app.wiring import Services

BLOCKED, REVIEWED, MASKED = "网上赌场", "代办证件", "加微信"
"""Terms of `publish_terms`, by what they ask for."""
TERMS = (
    Term(BLOCKED, Category("gambling"), Action.BLOCK, 5),
    Term(REVIEWED, Category("forged_papers"), Action.REVIEW, 3),
    Term(MASKED, Category("advertising"), Action.MASK, 1, frozenset({Field.POST, Field.REPLY, Field.BIO})),
)


def publish_terms(services: Services, terms: tuple[Term, ...] = TERMS) -> int:
    """From now on these decide, and no others; the number of the publication."""
    return publish_blob(services, compile_terms(terms))


def publish_blob(services: Services, blob: bytes) -> int:
    with services.unit_of_work.begin(OPERATOR) as tx:
        before = newest_publication(tx.session)
        number = before.number + 1 if before else 1
        tx.session.add(
            PublicationRow(
                number=number,
                name="test",
                parts=json.dumps({}),
                digest=sha256(blob).digest(),
                blob=blob,
                published_at=tx.now,
                actor_kind=tx.actor.kind.value,
                actor_id=tx.actor.id,
            )
        )
    return number
