"""A moment in which no agreement of a kind is in force."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import delete, select, update

from app.agreements.domain import AgreementKind
from app.agreements.models import AgreementVersionRow
from app.kernel.actor import OPERATOR
from app.wiring import Services

_ELSEWHERE = "set aside"


@contextmanager
def none_published(services: Services, kind: AgreementKind) -> Iterator[None]:
    """Sets the versions of this kind aside; afterwards they are back, and what was published meanwhile is gone.

    Nobody may have accepted what is published meanwhile.
    """
    of_kind = AgreementVersionRow.kind == kind
    with services.unit_of_work.begin(OPERATOR) as tx:
        before = list(tx.session.scalars(select(AgreementVersionRow.id).where(of_kind)))
        tx.session.execute(update(AgreementVersionRow).where(of_kind).values(kind=_ELSEWHERE))
    try:
        yield
    finally:
        with services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(delete(AgreementVersionRow).where(of_kind))
            tx.session.execute(
                update(AgreementVersionRow).where(AgreementVersionRow.id.in_(before)).values(kind=kind.value)
            )
