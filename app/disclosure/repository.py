"""Every query on disclosures."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.crypto.envelope import Place, Records
from app.crypto.errors import SealBroken
from app.disclosure.domain import Approval, Closing, Disclosure, DisclosureRequest, Execution, Wanted
from app.disclosure.models import DisclosureApprovalRow, DisclosureExecutionRow, DisclosureRow
from app.disclosure.seals import Seals
from app.kernel.ids import AccountId, DisclosureId, ForumId, StaffId
from app.kernel.secret import Secret
from app.vault.domain import IdentityField, ReadPurpose


@dataclass(frozen=True, slots=True)
class Keys:
    """What reads and writes texts and seals."""

    records: Records
    seals: Seals


def add(session: Session, keys: Keys, request: DisclosureRequest) -> None:
    wanted = request.wanted

    def sealed(text: str, field: str) -> bytes:
        return keys.records.seal(Secret(text), _place(request.id, field))

    row = DisclosureRow(
        id=request.id,
        requester_id=request.requester_id,
        forum_id=request.forum_id,
        account_id=wanted.account_id,
        fields=sorted(wanted.fields),
        purpose=wanted.purpose,
        person_digest=request.person_digest,
        sealed_handle=sealed(request.handle, "handle"),
        sealed_authority=sealed(wanted.authority, "authority"),
        sealed_instrument_no=sealed(wanted.instrument_no, "instrument_no"),
        sealed_legal_basis=sealed(wanted.legal_basis, "legal_basis"),
        notify_after=wanted.notify_after,
        requested_at=request.requested_at,
        digest=request.digest(),
    )
    keys.seals.seal_request(row)
    session.add(row)
    session.flush()


def add_approval(session: Session, keys: Keys, request: DisclosureRequest, approval: Approval) -> None:
    row = DisclosureApprovalRow(
        disclosure_id=request.id,
        approver_id=approval.approver_id,
        requester_id=request.requester_id,
        digest=approval.digest,
        approved_at=approval.approved_at,
    )
    keys.seals.seal_approval(row)
    session.add(row)
    session.flush()


def add_execution(
    session: Session, keys: Keys, disclosure_id: DisclosureId, reader_id: StaffId, execution: Execution
) -> None:
    row = DisclosureExecutionRow(
        disclosure_id=disclosure_id,
        reader_id=reader_id,
        entry_id=execution.entry_id,
        started_at=execution.started_at,
        finished_at=execution.finished_at,
    )
    keys.seals.seal_execution(row)
    session.add(row)
    session.flush()


def finish_execution(session: Session, keys: Keys, disclosure_id: DisclosureId, now: datetime) -> None:
    row = session.get_one(DisclosureExecutionRow, disclosure_id)
    row.finished_at = now
    keys.seals.seal_execution(row)


def close(
    session: Session, keys: Keys, disclosure_id: DisclosureId, closing: Closing, by: StaffId, now: datetime
) -> None:
    row = session.get_one(DisclosureRow, disclosure_id)
    row.closed_as, row.closed_by, row.closed_at = closing, by, now
    keys.seals.seal_request(row)


def find(session: Session, keys: Keys, disclosure_id: str, *, lock: bool = False) -> Disclosure | None:
    if not disclosure_id.isascii() or "\0" in disclosure_id:
        return None
    query = select(DisclosureRow).where(DisclosureRow.id == disclosure_id)
    rows = session.scalars(query.with_for_update() if lock else query).all()
    return next(iter(_whole(session, keys, rows)), None)


def newest(session: Session, keys: Keys, requester_id: str | None, before: str | None, limit: int) -> list[Disclosure]:
    """Newest first; those of one requester, or of all where none is named."""
    query = select(DisclosureRow).order_by(DisclosureRow.id.desc()).limit(limit)
    if requester_id is not None:
        query = query.where(DisclosureRow.requester_id == requester_id)
    if before is not None:
        query = query.where(DisclosureRow.id < before)
    return _whole(session, keys, session.scalars(query).all())


def begun_since(session: Session, keys: Keys, since: datetime) -> list[Disclosure]:
    """Oldest first."""
    query = select(DisclosureRow).where(DisclosureRow.requested_at > since).order_by(DisclosureRow.id)
    return _whole(session, keys, session.scalars(query).all())


def executed_on(session: Session, keys: Keys, account_ids: Collection[AccountId]) -> list[Disclosure]:
    """Whose fields were shown; oldest first."""
    query = (
        select(DisclosureRow)
        .join(DisclosureExecutionRow, DisclosureExecutionRow.disclosure_id == DisclosureRow.id)
        .where(DisclosureRow.account_id.in_(account_ids), DisclosureExecutionRow.finished_at.is_not(None))
        .order_by(DisclosureExecutionRow.finished_at, DisclosureRow.id)
    )
    return _whole(session, keys, session.scalars(query).all())


def openings_of(session: Session, reader_id: str, since: datetime, but: DisclosureId) -> list[datetime]:
    """When this reader began to open identities, except by this request; oldest first."""
    query = (
        select(DisclosureExecutionRow.started_at)
        .where(
            DisclosureExecutionRow.reader_id == reader_id,
            DisclosureExecutionRow.started_at > since,
            DisclosureExecutionRow.disclosure_id != but,
        )
        .order_by(DisclosureExecutionRow.started_at)
    )
    return list(session.scalars(query))


def count_openings(session: Session, reader_id: str) -> int:
    """In all their life."""
    query = select(func.count()).where(DisclosureExecutionRow.reader_id == reader_id)
    return session.scalar(query) or 0


def count_openings_between(session: Session, since: datetime, until: datetime) -> int:
    """Those in which something was shown."""
    finished = DisclosureExecutionRow.finished_at
    return session.scalar(select(func.count()).where(finished >= since, finished < until)) or 0


def readers(session: Session, at_least: int) -> list[tuple[StaffId, int]]:
    """Who has opened so many identities, and how many."""
    opened = func.count()
    query = select(DisclosureExecutionRow.reader_id, opened).group_by(DisclosureExecutionRow.reader_id)
    found = session.execute(query.having(opened >= at_least).order_by(DisclosureExecutionRow.reader_id))
    return [(StaffId(reader_id), count) for reader_id, count in found]


def _whole(session: Session, keys: Keys, rows: Sequence[DisclosureRow]) -> list[Disclosure]:
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
    return [_disclosure(keys, row, approvals.get(row.id, ()), executions.get(row.id)) for row in rows]


def _disclosure(
    keys: Keys, row: DisclosureRow, approvals: Iterable[DisclosureApprovalRow], execution: DisclosureExecutionRow | None
) -> Disclosure:
    """Of whatever stands in the row: what was not written so is `altered`, and no error."""
    wanted, handle = _wanted(keys.records, row), _handle(keys.records, row)
    genuine = keys.seals.is_request(row) and (execution is None or keys.seals.is_execution(execution))
    request = DisclosureRequest(
        DisclosureId(row.id),
        StaffId(row.requester_id),
        ForumId(row.forum_id),
        wanted or _nothing(row),
        row.requested_at,
        handle or "",
        row.person_digest,
    )
    return Disclosure(
        request=request,
        digest=row.digest,
        approvals=tuple(_approval(keys.seals, one) for one in approvals),
        execution=_execution(execution),
        closed_as=_closing(row.closed_as),
        closed_by=StaffId(row.closed_by) if row.closed_by else None,
        closed_at=row.closed_at,
        altered=not genuine or wanted is None or handle is None or request.digest() != row.digest,
    )


def _approval(seals: Seals, row: DisclosureApprovalRow) -> Approval:
    return Approval(StaffId(row.approver_id), row.digest, row.approved_at, seals.is_approval(row))


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


def _handle(records: Records, row: DisclosureRow) -> str | None:
    """None where it cannot be read."""
    try:
        return _opened(records, row.sealed_handle, row.id, "handle")
    except SealBroken:
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
