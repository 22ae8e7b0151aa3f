"""Every query on flows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from app.db.words import read_word
from app.kernel.ids import AccountId, ForumId, VerificationId
from app.kernel.sentence import Language
from app.registration.domain import Flow, FlowKind, FlowStatus, Step, Way
from app.registration.errors import StepPassed
from app.registration.models import FlowRow

_BATCH = 100


@dataclass(frozen=True, slots=True)
class NewFlow:
    """A flow as it is when its link is given out."""

    id: str
    kind: FlowKind
    forum_id: ForumId
    return_url: str | None
    account_id: AccountId | None = None
    state: str | None = None
    language: Language | None = None
    wanted_handle: str | None = None
    external_id: str | None = None
    agreement_only: bool = False
    handle_only: bool = False
    way: Way | None = None


def add(session: Session, flow: NewFlow, link_digest: bytes, now: datetime, expires_at: datetime) -> Flow:
    row = FlowRow(
        id=flow.id,
        kind=flow.kind,
        forum_id=flow.forum_id,
        account_id=flow.account_id,
        link_digest=link_digest,
        return_url=flow.return_url,
        state=flow.state,
        language=flow.language,
        wanted_handle=flow.wanted_handle,
        external_id=flow.external_id,
        ended=None,
        created_at=now,
        expires_at=expires_at,
        version=0,
        bound_digest=None,
        entry_digest=None,
        bound_at=None,
        bound_version=0,
        agreed=False,
        agreement_only=flow.agreement_only,
        handle_only=flow.handle_only,
        way=flow.way,
        without_phone=False,
        phone_ending=None,
        attempts={},
    )
    session.add(row)
    session.flush()
    return _flow(row)


def find(session: Session, forum_id: ForumId, kind: FlowKind, flow_id: str) -> Flow | None:
    row = session.scalar(
        select(FlowRow).where(FlowRow.id == flow_id, FlowRow.forum_id == forum_id, FlowRow.kind == kind)
    )
    return _flow(row) if row else None


def find_by_link(session: Session, link_digest: bytes) -> Flow | None:
    row = session.scalar(
        select(FlowRow).where(FlowRow.link_digest == link_digest).execution_options(populate_existing=True)
    )
    return _flow(row) if row else None


def open_with_external_id(session: Session, forum_id: ForumId, external_id: str) -> list[Flow]:
    """Registrations for this user of the forum that nobody has ended."""
    query = select(FlowRow).where(
        FlowRow.forum_id == forum_id, FlowRow.external_id == external_id, FlowRow.ended.is_(None)
    )
    return [_flow(row) for row in session.scalars(query)]


def expired(session: Session, now: datetime) -> list[Flow]:
    """A batch of the flows whose time ran out. Boundary: exactly at `expires_at` it has."""
    query = select(FlowRow).where(FlowRow.ended.is_(None), FlowRow.expires_at <= now).limit(_BATCH)
    return [_flow(row) for row in session.scalars(query)]


def hold(session: Session, flow_id: str) -> Flow:
    """The flow as it is now; nobody takes a step in it until the transaction ends."""
    query = select(FlowRow).where(FlowRow.id == flow_id).with_for_update()
    return _flow(session.scalars(query.execution_options(populate_existing=True)).one())


def count_open(session: Session, account_id: AccountId, now: datetime) -> int:
    query = select(func.count()).where(
        FlowRow.account_id == account_id, FlowRow.ended.is_(None), FlowRow.expires_at > now
    )
    return session.scalar(query) or 0


def change(session: Session, flow: Flow, **values: object) -> None:
    """Takes one step: only from the version that `flow` was read at. Raises `StepPassed`."""
    taken = session.execute(
        update(FlowRow)
        .where(FlowRow.id == flow.id, FlowRow.version == flow.version, FlowRow.ended.is_(None))
        .values(version=flow.version + 1, **values)
    )
    if not isinstance(taken, CursorResult) or taken.rowcount != 1:
        raise StepPassed


def end(session: Session, flow: Flow, status: FlowStatus) -> bool:
    """Ends a flow once, and forgets what was entered on the way; whether this was the time."""
    ended = session.execute(
        update(FlowRow)
        .where(FlowRow.id == flow.id, FlowRow.ended.is_(None))
        .values(ended=status, wanted_handle=None, external_id=None, phone_ending=None, version=FlowRow.version + 1)
    )
    return isinstance(ended, CursorResult) and ended.rowcount == 1


def extend(session: Session, flow: Flow, until: datetime) -> None:
    session.execute(update(FlowRow).where(FlowRow.id == flow.id, FlowRow.ended.is_(None)).values(expires_at=until))


def forget(session: Session, before: datetime) -> int:
    """Drops a batch of flows that expired before that."""
    old = select(FlowRow.id).where(FlowRow.expires_at < before, FlowRow.ended.is_not(None)).limit(_BATCH)
    dropped = session.execute(delete(FlowRow).where(FlowRow.id.in_(old)))
    return dropped.rowcount if isinstance(dropped, CursorResult) else 0


def _flow(row: FlowRow) -> Flow:
    return Flow(
        id=row.id,
        kind=read_word(FlowKind, row.kind, row.id),
        forum_id=ForumId(row.forum_id),
        account_id=AccountId(row.account_id) if row.account_id else None,
        return_url=row.return_url,
        state=row.state,
        language=read_word(Language, row.language, row.id) if row.language else None,
        wanted_handle=row.wanted_handle,
        external_id=row.external_id,
        ended=read_word(FlowStatus, row.ended, row.id) if row.ended else None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        version=row.version,
        bound_digest=row.bound_digest,
        entry_digest=row.entry_digest,
        bound_at=row.bound_at,
        bound_version=row.bound_version,
        agreed=row.agreed,
        agreement_only=row.agreement_only,
        handle_only=row.handle_only,
        way=Way(row.way) if row.way else None,
        without_phone=row.without_phone,
        phone_ending=row.phone_ending,
        attempts={Step(step): VerificationId(attempt) for step, attempt in row.attempts.items()},
    )
