"""Every query on violations, the measures that were recorded, and the evidence."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from app.db.words import read_word
from app.kernel.ids import AccountId, BoardId, ForumId, StaffId
from app.reporting.docket import Recused
from app.reporting.domain import Category
from app.reporting.offences import (
    ADDRESSEES,
    CAC,
    NEAR,
    POLICE,
    TAKEDOWNS,
    Addressee,
    By,
    Hold,
    Measure,
    MeasureKind,
    Source,
    StoredContent,
    Violation,
    ViolationFilter,
    ViolationId,
    ViolationQueue,
)
from app.reporting.violation_models import AuthorityReportRow, EvidenceRow, MeasureRow, ViolationRow


def add(session: Session, violation: Violation) -> None:
    content = violation.content
    session.add(
        ViolationRow(
            id=violation.id,
            forum_id=violation.forum_id,
            account_id=violation.account_id,
            board_id=violation.board_id,
            category=violation.category,
            source=violation.source,
            discovered_at=violation.discovered_at,
            recorded_at=violation.recorded_at,
            actor_kind=violation.recorded_by.kind,
            actor_id=violation.recorded_by.id,
            case_id=violation.case,
            content_ref=content.ref,
            url=content.url,
            screening_id=content.screening_id,
            published_at=content.published_at,
            content_digest=content.sha256,
            kept_until=violation.kept_until,
        )
    )
    session.flush()


def find(session: Session, forum_id: ForumId | None, violation_id: str, *, lock: bool = False) -> Violation | None:
    """Of one forum, or of any; `lock` holds it until the transaction ends."""
    if not violation_id.isascii() or not violation_id.isprintable():
        return None
    query = select(ViolationRow).where(ViolationRow.id == violation_id)
    if forum_id is not None:
        query = query.where(ViolationRow.forum_id == forum_id)
    row = session.scalar(query.with_for_update() if lock else query)
    return _violation(row) if row else None


def newest(session: Session, wanted: ViolationFilter, hidden: Recused) -> list[Violation]:
    """Newest first, without what concerns these accounts and boards."""
    row = ViolationRow
    exact = {
        row.forum_id: wanted.forum_id,
        row.category: wanted.category,
        row.account_id: wanted.account_id,
        row.case_id: wanted.case,
    }
    query = select(row).where(*(column == value for column, value in exact.items() if value is not None))
    query = query.where(*visible_to(hidden))
    if wanted.before is not None:
        query = query.where(row.id < wanted.before)
    if wanted.queue is not None:
        query = query.where(_waits_in(wanted.queue))
    return [_violation(one) for one in session.scalars(query.order_by(row.id.desc()).limit(wanted.limit))]


def visible_to(hidden: Recused) -> list[ColumnElement[bool]]:
    """What concerns none of these accounts and boards."""
    row, seen = ViolationRow, list[ColumnElement[bool]]()
    if hidden.accounts:
        seen.append(row.account_id.not_in(hidden.accounts))
    if hidden.boards:
        seen.append(or_(row.board_id.is_(None), row.board_id.not_in(hidden.boards)))
    return seen


def _waits_in(queue: ViolationQueue) -> ColumnElement[bool]:
    stopped = _has_takedown(MeasureRow.confirmed_at.is_not(None))
    match queue:
        case ViolationQueue.STOPPED:
            return stopped
        case ViolationQueue.ORDERED:
            return and_(_has_takedown(), ~stopped)
        case ViolationQueue.RECORDED:
            return ~_has_takedown()
        case ViolationQueue.UNREPORTED:
            return or_(*(_is_untold(one) for one in (POLICE, CAC)))


def _has_takedown(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(MeasureRow.violation_id == ViolationRow.id, MeasureRow.measure.in_(TAKEDOWNS), *more)


def _is_untold(addressee: Addressee) -> ColumnElement[bool]:
    categories = [category for category, told in ADDRESSEES.items() if addressee in told]
    sent = exists().where(
        AuthorityReportRow.violation_id == ViolationRow.id,
        AuthorityReportRow.kind.in_(addressee.kinds),
        AuthorityReportRow.sent_at.is_not(None),
        AuthorityReportRow.withdrawn_at.is_(None),
    )
    return and_(ViolationRow.category.in_(categories), ViolationRow.erased_at.is_(None), ~sent)


def count_waiting(session: Session, queue: ViolationQueue) -> tuple[int, datetime | None]:
    """How many, and when the oldest of them was found."""
    query = select(func.count(), func.min(ViolationRow.discovered_at)).where(_waits_in(queue))
    number, oldest = session.execute(query).one()
    return number, oldest


@dataclass(frozen=True, slots=True)
class Untold:
    """How many violations wait for a report to an addressee: near the time for it, past it, found when at first."""

    number: int
    near: int
    overdue: int
    oldest: datetime | None


def count_untold(session: Session, addressee: Addressee, now: datetime) -> Untold:
    """Boundary: exactly at the time for it a report is overdue, and exactly `NEAR` before that it is near."""
    over, found = now - addressee.within, ViolationRow.discovered_at
    late = func.count().filter(found <= over)
    near = func.count().filter(found > over, found <= over + NEAR)
    query = select(func.count(), near, late, func.min(found)).where(_is_untold(addressee))
    return Untold(*session.execute(query).one())


def stopped_since(session: Session, found: datetime) -> list[tuple[datetime, datetime]]:
    """Of those that were found since then and are stopped: when they were found, and since when nobody reads them."""
    first = (
        select(MeasureRow.violation_id, func.min(MeasureRow.confirmed_at).label("at"))
        .where(MeasureRow.measure.in_(TAKEDOWNS), MeasureRow.confirmed_at.is_not(None))
        .group_by(MeasureRow.violation_id)
        .subquery()
    )
    query = select(ViolationRow.discovered_at, first.c.at).join(first, first.c.violation_id == ViolationRow.id)
    return [(one, at) for one, at in session.execute(query.where(ViolationRow.discovered_at >= found))]


def among(
    session: Session,
    account_ids: Collection[AccountId],
    board_ids: Collection[BoardId],
    between: tuple[datetime, datetime],
) -> list[Violation]:
    """Those of these accounts or boards that were recorded between these moments, both included; the earliest first."""
    row = ViolationRow
    concerned = or_(row.account_id.in_(account_ids), row.board_id.in_(board_ids))
    query = select(row).where(concerned, row.recorded_at.between(*between)).order_by(row.recorded_at, row.id)
    return [_violation(one) for one in session.scalars(query)]


def of_case(session: Session, case_id: str) -> list[Violation]:
    """Those that were recorded for it, held until the transaction ends; the earliest first."""
    query = select(ViolationRow).where(ViolationRow.case_id == case_id, ViolationRow.erased_at.is_(None))
    return [_violation(row) for row in session.scalars(query.order_by(ViolationRow.id).with_for_update())]


def set_hold(session: Session, violation_id: ViolationId, hold: Hold | None) -> None:
    session.execute(
        update(ViolationRow)
        .where(ViolationRow.id == violation_id)
        .values(
            held_at=hold.at if hold else None,
            held_by=hold.by if hold else None,
            hold_reason=hold.reason if hold else None,
        )
    )


# -- measures ---------------------------------------------------------------------------------------------------


def add_measure(session: Session, violation_id: ViolationId, measure: Measure) -> None:
    session.add(
        MeasureRow(
            id=measure.id,
            violation_id=violation_id,
            measure=measure.kind,
            taken_at=measure.taken_at,
            recorded_at=measure.recorded_at,
            actor_kind=measure.by.kind,
            actor_id=measure.by.id,
            reason=measure.reason,
            confirmed_at=measure.confirmed_at,
        )
    )
    session.flush()


def measures_of(session: Session, violation_ids: Collection[ViolationId]) -> dict[ViolationId, list[Measure]]:
    """What was recorded of these violations, the earliest first."""
    query = select(MeasureRow).where(MeasureRow.violation_id.in_(violation_ids)).order_by(MeasureRow.id)
    found: dict[ViolationId, list[Measure]] = {}
    for row in session.scalars(query):
        found.setdefault(ViolationId(row.violation_id), []).append(_measure(row))
    return found


def ordered_measure(session: Session, violation_id: ViolationId, kind: MeasureKind) -> Measure | None:
    """The earliest of this kind that waits for the forum's word."""
    query = select(MeasureRow).where(
        MeasureRow.violation_id == violation_id, MeasureRow.measure == kind, MeasureRow.confirmed_at.is_(None)
    )
    row = session.scalars(query.order_by(MeasureRow.id).limit(1)).first()
    return _measure(row) if row else None


def confirm(session: Session, violation_id: ViolationId, kind: MeasureKind, at: datetime) -> None:
    """All of this kind that waited: what is so now was done to all of it."""
    row = MeasureRow
    waits = (row.violation_id == violation_id, row.measure == kind, row.confirmed_at.is_(None))
    session.execute(update(row).where(*waits).values(confirmed_at=at))


# -- evidence ---------------------------------------------------------------------------------------------------


def add_evidence(
    session: Session, violation_id: ViolationId, sealed: bytes, digest: bytes, kept_until: datetime
) -> None:
    session.add(EvidenceRow(violation_id=violation_id, sealed=sealed, digest=digest, kept_until=kept_until))
    session.flush()


def evidence_of(session: Session, violation_id: ViolationId) -> tuple[bytes, bytes] | None:
    """Sealed, and its digest; None once its time is over."""
    row = session.get(EvidenceRow, violation_id)
    return (row.sealed, row.digest) if row else None


def evidence_over(session: Session, now: datetime, limit: int) -> list[ViolationId]:
    """Whose time is over and whom nobody holds, the oldest first. Nobody waits for another's row."""
    row = ViolationRow
    over = (row.kept_until <= now, row.held_at.is_(None), row.erased_at.is_(None))
    query = select(row.id).where(*over).order_by(row.kept_until).limit(limit).with_for_update(skip_locked=True)
    return [ViolationId(one) for one in session.scalars(query)]


def erase(session: Session, violation_ids: Sequence[ViolationId], now: datetime) -> None:
    """Takes away what was kept; the rows stay as numbers."""
    bare = {"content_ref": None, "url": None, "content_digest": None, "erased_at": now}
    session.execute(update(ViolationRow).where(ViolationRow.id.in_(violation_ids)).values(bare))
    session.execute(delete(EvidenceRow).where(EvidenceRow.violation_id.in_(violation_ids)))
    emptied = {"sealed_note": None, "sealed_document": None}
    session.execute(
        update(AuthorityReportRow).where(AuthorityReportRow.violation_id.in_(violation_ids)).values(emptied)
    )


def _violation(row: ViolationRow) -> Violation:
    return Violation(
        id=ViolationId(row.id),
        forum_id=ForumId(row.forum_id),
        account_id=AccountId(row.account_id),
        board_id=BoardId(row.board_id) if row.board_id else None,
        category=read_word(Category, row.category, row.id),
        source=read_word(Source, row.source, row.id),
        discovered_at=row.discovered_at,
        recorded_at=row.recorded_at,
        recorded_by=By(row.actor_kind, row.actor_id),
        content=StoredContent(row.content_ref, row.url, row.screening_id, row.published_at, row.content_digest),
        case=row.case_id,
        kept_until=row.kept_until,
        hold=Hold(row.held_at, StaffId(row.held_by), row.hold_reason or "") if row.held_at and row.held_by else None,
        erased_at=row.erased_at,
    )


def _measure(row: MeasureRow) -> Measure:
    return Measure(
        row.id,
        read_word(MeasureKind, row.measure, row.id),
        row.taken_at,
        row.recorded_at,
        By(row.actor_kind, row.actor_id),
        row.reason,
        row.confirmed_at,
    )
