"""Every query on disclosures."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.crypto.envelope import Place, Records
from app.crypto.errors import SealBroken
from app.disclosure.domain import Approval, Closing, Disclosure, DisclosureRequest, Execution, Wanted
from app.disclosure.models import DisclosureApprovalRow, DisclosureExecutionRow, DisclosureRow
from app.kernel.ids import AccountId, DisclosureId, ForumId, StaffId
from app.kernel.secret import Secret
from app.vault.domain import IdentityField, ReadPurpose

IsGenuine = Callable[[DisclosureApprovalRow], bool]
"""Whether an approval bears our seal."""


def add(session: Session, records: Records, request: DisclosureRequest) -> None:
    wanted, place = request.wanted, request.id
    session.add(
        DisclosureRow(
            id=request.id,
            requester_id=request.requester_id,
            forum_id=request.forum_id,
            account_id=wanted.account_id,
            fields=sorted(wanted.fields),
            purpose=wanted.purpose,
            sealed_authority=records.seal(Secret(wanted.authority), _place(place, "authority")),
            sealed_instrument_no=records.seal(Secret(wanted.instrument_no), _place(place, "instrument_no")),
            sealed_legal_basis=records.seal(Secret(wanted.legal_basis), _place(place, "legal_basis")),
            notify_after=wanted.notify_after,
            requested_at=request.requested_at,
            digest=request.digest(),
        )
    )
    session.flush()


def add_approval(session: Session, request: DisclosureRequest, approval: Approval, seal: bytes) -> None:
    session.add(
        DisclosureApprovalRow(
            disclosure_id=request.id,
            approver_id=approval.approver_id,
            requester_id=request.requester_id,
            digest=approval.digest,
            approved_at=approval.approved_at,
            seal=seal,
        )
    )
    session.flush()


def add_execution(session: Session, disclosure_id: DisclosureId, reader_id: StaffId, execution: Execution) -> None:
    session.add(
        DisclosureExecutionRow(
            disclosure_id=disclosure_id,
            reader_id=reader_id,
            entry_id=execution.entry_id,
            started_at=execution.started_at,
            finished_at=execution.finished_at,
        )
    )
    session.flush()


def finish_execution(session: Session, disclosure_id: DisclosureId, now: datetime) -> None:
    session.get_one(DisclosureExecutionRow, disclosure_id).finished_at = now


def close(session: Session, disclosure_id: DisclosureId, closing: Closing, by: StaffId, now: datetime) -> None:
    row = session.get_one(DisclosureRow, disclosure_id)
    row.closed_as, row.closed_by, row.closed_at = closing, by, now


def find(
    session: Session, records: Records, is_genuine: IsGenuine, disclosure_id: str, *, lock: bool = False
) -> Disclosure | None:
    if not disclosure_id.isascii() or "\0" in disclosure_id:
        return None
    query = select(DisclosureRow).where(DisclosureRow.id == disclosure_id)
    rows = session.scalars(query.with_for_update() if lock else query).all()
    return next(iter(_whole(session, records, is_genuine, rows)), None)


def newest(
    session: Session, records: Records, is_genuine: IsGenuine, requester_id: str | None, before: str | None, limit: int
) -> list[Disclosure]:
    """Newest first; those of one requester, or of all where none is named."""
    query = select(DisclosureRow).order_by(DisclosureRow.id.desc()).limit(limit)
    if requester_id is not None:
        query = query.where(DisclosureRow.requester_id == requester_id)
    if before is not None:
        query = query.where(DisclosureRow.id < before)
    return _whole(session, records, is_genuine, session.scalars(query).all())


def begun_since(session: Session, records: Records, is_genuine: IsGenuine, since: datetime) -> list[Disclosure]:
    """Oldest first."""
    query = select(DisclosureRow).where(DisclosureRow.requested_at > since).order_by(DisclosureRow.id)
    return _whole(session, records, is_genuine, session.scalars(query).all())


def executed_on(
    session: Session, records: Records, is_genuine: IsGenuine, account_ids: Collection[AccountId]
) -> list[Disclosure]:
    """Whose fields were shown; oldest first."""
    query = (
        select(DisclosureRow)
        .join(DisclosureExecutionRow, DisclosureExecutionRow.disclosure_id == DisclosureRow.id)
        .where(DisclosureRow.account_id.in_(account_ids), DisclosureExecutionRow.finished_at.is_not(None))
        .order_by(DisclosureExecutionRow.finished_at, DisclosureRow.id)
    )
    return _whole(session, records, is_genuine, session.scalars(query).all())


def openings_of(session: Session, reader_id: str, since: datetime) -> list[datetime]:
    """When this reader began to open identities, oldest first."""
    query = (
        select(DisclosureExecutionRow.started_at)
        .where(DisclosureExecutionRow.reader_id == reader_id, DisclosureExecutionRow.started_at > since)
        .order_by(DisclosureExecutionRow.started_at)
    )
    return list(session.scalars(query))


def count_openings(session: Session, reader_id: str) -> int:
    """In all their life."""
    query = select(func.count()).where(DisclosureExecutionRow.reader_id == reader_id)
    return session.scalar(query) or 0


def readers(session: Session, at_least: int) -> list[tuple[StaffId, int]]:
    """Who has opened so many identities, and how many."""
    opened = func.count()
    query = select(DisclosureExecutionRow.reader_id, opened).group_by(DisclosureExecutionRow.reader_id)
    found = session.execute(query.having(opened >= at_least).order_by(DisclosureExecutionRow.reader_id))
    return [(StaffId(reader_id), count) for reader_id, count in found]


def _whole(
    session: Session, records: Records, is_genuine: IsGenuine, rows: Sequence[DisclosureRow]
) -> list[Disclosure]:
    ids = [row.id for row in rows]
    approvals: dict[str, list[DisclosureApprovalRow]] = {}
    for one in session.scalars(
        select(DisclosureApprovalRow)
        .where(DisclosureApprovalRow.disclosure_id.in_(ids))
        .order_by(DisclosureApprovalRow.approved_at, DisclosureApprovalRow.approver_id)
    ):
        approvals.setdefault(one.disclosure_id, []).append(one)
    query = select(DisclosureExecutionRow).where(DisclosureExecutionRow.disclosure_id.in_(ids))
    executions = {one.disclosure_id: one for one in session.scalars(query)}
    return [
        _disclosure(records, row, _approvals(is_genuine, approvals.get(row.id, ())), executions.get(row.id))
        for row in rows
    ]


def _approvals(is_genuine: IsGenuine, rows: Iterable[DisclosureApprovalRow]) -> tuple[Approval, ...]:
    return tuple(Approval(StaffId(row.approver_id), row.digest, row.approved_at, is_genuine(row)) for row in rows)


def _disclosure(
    records: Records, row: DisclosureRow, approvals: tuple[Approval, ...], execution: DisclosureExecutionRow | None
) -> Disclosure:
    """Of whatever stands in the row: what was not written so is `altered`, and no error."""
    wanted = _wanted(records, row)
    request = DisclosureRequest(
        DisclosureId(row.id),
        StaffId(row.requester_id),
        ForumId(row.forum_id),
        wanted or _nothing(row),
        row.requested_at,
    )
    return Disclosure(
        request=request,
        digest=row.digest,
        approvals=approvals,
        execution=_execution(execution),
        closed_as=_closing(row.closed_as),
        closed_by=StaffId(row.closed_by) if row.closed_by else None,
        closed_at=row.closed_at,
        altered=wanted is None or request.digest() != row.digest,
    )


def _execution(row: DisclosureExecutionRow | None) -> Execution | None:
    return Execution(row.entry_id, row.started_at, row.finished_at) if row else None


def _wanted(records: Records, row: DisclosureRow) -> Wanted | None:
    """None where it cannot be read."""
    try:
        return Wanted(
            account_id=AccountId(row.account_id),
            fields=frozenset(IdentityField(one) for one in row.fields),
            authority=_opened(records, row.sealed_authority, row.id, "authority"),
            instrument_no=_opened(records, row.sealed_instrument_no, row.id, "instrument_no"),
            legal_basis=_opened(records, row.sealed_legal_basis, row.id, "legal_basis"),
            purpose=ReadPurpose(row.purpose),
            notify_after=row.notify_after,
        )
    except (SealBroken, ValueError, TypeError):
        return None


def _nothing(row: DisclosureRow) -> Wanted:
    return Wanted(AccountId(row.account_id), frozenset(), "", "", "", ReadPurpose.LAWFUL_REQUEST)


def _closing(said: str | None) -> Closing | None:
    """Whatever else stands there ends the request as well."""
    if said is None:
        return None
    return Closing.WITHDRAWN if said == Closing.WITHDRAWN else Closing.REFUSED


def _opened(records: Records, sealed: bytes, disclosure_id: str, field: str) -> str:
    return records.unseal(sealed, _place(disclosure_id, field)).reveal()


def _place(disclosure_id: str, field: str) -> Place:
    return Place("disclosures", disclosure_id, f"sealed_{field}")
