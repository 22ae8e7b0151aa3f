"""Puts terms in force for a test."""

from collections.abc import Mapping
from hashlib import sha256

from sqlalchemy import func, select

from app.kernel.actor import OPERATOR
from app.screening.compiling import compile_terms
from app.screening.domain import Action, Category, Term
from app.screening.models import PublicationRow
from app.wiring import Services


def put_in_force(services: Services, terms: Mapping[str, tuple[str, Action]]) -> None:
    """Each term with its category and what it asks for; from now on these decide, and nothing else."""
    compiled = [Term(term, Category(category), action, 3) for term, (category, action) in terms.items()]
    blob = compile_terms(compiled)
    with services.unit_of_work.begin(OPERATOR) as tx:
        newest = tx.session.scalar(select(func.max(PublicationRow.number))) or 0
        tx.session.add(
            PublicationRow(
                number=newest + 1,
                name="test",
                parts="{}",
                digest=sha256(blob).digest(),
                blob=blob,
                published_at=tx.now,
                actor_kind=OPERATOR.kind.value,
                actor_id=OPERATOR.id,
            )
        )
