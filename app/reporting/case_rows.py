"""Queries on cases and on what was said in them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, delete, func, or_, select, true, tuple_, update
from sqlalchemy.orm import Session

from app.db.words import read_word
from app.kernel.actor import ActorKind
from app.kernel.ids import AccountId, BoardId, ForumId, StaffId
from app.reporting.case_texts import CaseTexts
from app.reporting.docket import CaseFilter, QueueCount, Recused
from app.reporting.domain import (
    ASKED_BY_A_COMPANY,
    NOT_PROVEN,
    Against,
    AgainstKind,
    Author,
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Category,
    Decided,
    Measure,
    Message,
    OnBehalf,
    Queue,
    TargetKind,
)
from app.reporting.models import CaseMessageRow, CaseRow
from app.reporting.offences import Violation

_NOTHING: Mapping[str, object] = {}


def list_cases(session: Session, wanted: CaseFilter, recused: Recused, now: datetime) -> list[CaseRow]:
    """What must be done first stands first. Without a state only open ones."""
    query = select(CaseRow).where(CaseRow.erased_at.is_(None), *_visible_to(recused), *_wanted(wanted, now))
    if wanted.after is not None:
        query = query.where(tuple_(CaseRow.next_by, CaseRow.id) > wanted.after)
    return list(session.scalars(query.order_by(CaseRow.next_by, CaseRow.id).limit(wanted.limit)))


def count_open(session: Session, recused: Recused, now: datetime) -> list[QueueCount]:
    """Queues in which something is open."""
    late = func.sum(case((CaseRow.next_by <= now, 1), else_=0))
    query = (
        select(CaseRow.queue, func.count(), late, func.min(CaseRow.received_at), func.min(CaseRow.next_by))
        .where(CaseRow.ended_at.is_(None), *_visible_to(recused))
        .group_by(CaseRow.queue)
    )
    return [
        QueueCount(Queue(queue), count, overdue or 0, oldest, next_by)
        for queue, count, overdue, oldest, next_by in session.execute(query)
    ]


def find(session: Session, case_id: str, recused: Recused, *, lock: bool = False) -> CaseRow | None:
    if not case_id.isascii() or "\0" in case_id:
        return None
    query = select(CaseRow).where(CaseRow.id == case_id, CaseRow.erased_at.is_(None), *_visible_to(recused))
    return session.scalar(_locked(query, lock=lock))


def find_by_code(session: Session, digest: bytes, *, lock: bool = False) -> CaseRow | None:
    return session.scalar(_locked(select(CaseRow).where(CaseRow.code_digest == digest), lock=lock))


def own_appeal_waits(session: Session, kind: AgainstKind, ref: str) -> bool:
    """Whether one against this decision is open that was proven to be the account's own."""
    query = select(CaseRow.id).where(
        CaseRow.against_kind == kind, CaseRow.against_ref == ref, CaseRow.proven.is_(True), CaseRow.ended_at.is_(None)
    )
    return session.scalar(query.limit(1)) is not None


def last_judge(session: Session, kind: AgainstKind, ref: str) -> StaffId | None:
    """Who decided the newest appeal against this decision.

    What a stranger sent and nobody looked into any further does not count: or strangers could use up all who may judge.
    """
    looked_into = or_(CaseRow.proven.is_(True), CaseRow.outcome_reason != NOT_PROVEN)
    query = select(CaseRow.decided_by).where(
        CaseRow.against_kind == kind, CaseRow.against_ref == ref, CaseRow.decided_at.is_not(None), looked_into
    )
    return _staff(session.scalar(query.order_by(CaseRow.decided_at.desc(), CaseRow.id.desc()).limit(1)))


def of_same_target(session: Session, row: CaseRow, recused: Recused, limit: int) -> list[CaseRow]:
    """Other open complaints about the same, oldest first."""
    if row.target_digest is None:
        return []
    query = select(CaseRow).where(
        CaseRow.target_digest == row.target_digest,
        CaseRow.id != row.id,
        CaseRow.ended_at.is_(None),
        CaseRow.decided_at.is_(None),
        *_visible_to(recused),
    )
    return list(session.scalars(query.order_by(CaseRow.id).limit(limit)))


def messages_of(session: Session, texts: CaseTexts, case_id: str) -> list[Message]:
    query = select(CaseMessageRow).where(CaseMessageRow.case_id == case_id).order_by(CaseMessageRow.number)
    return [
        Message(
            row.number,
            read_word(Author, row.author, case_id),
            StaffId(row.staff_id) if row.staff_id else None,
            row.asks,
            row.at,
            texts.open_message(case_id, row.number, row.sealed_text),
        )
        for row in session.scalars(query)
    ]


def count_messages(session: Session, case_id: str, author: Author | None = None) -> int:
    query = select(func.count()).where(CaseMessageRow.case_id == case_id)
    return session.scalar(query if author is None else query.where(CaseMessageRow.author == author)) or 0


def escalate(session: Session, now: datetime, limit: int) -> list[CaseRow]:
    """Marks what is late and was not escalated in its stage; whoever marks it first is the only one."""
    first = and_(CaseRow.appealed_at.is_(None), CaseRow.escalated_at.is_(None))
    second = and_(CaseRow.appealed_at.is_not(None), CaseRow.appeal_escalated_at.is_(None))
    query = select(CaseRow).where(CaseRow.ended_at.is_(None), CaseRow.next_by <= now, or_(first, second))
    rows = session.scalars(query.order_by(CaseRow.next_by).limit(limit).with_for_update(skip_locked=True)).all()
    for row in rows:
        if row.appealed_at is None:
            row.escalated_at = now
        else:
            row.appeal_escalated_at = now
    return list(rows)


def ended_before(session: Session, ended: datetime, limit: int) -> list[CaseRow]:
    """What has not been erased yet, oldest first."""
    query = select(CaseRow).where(CaseRow.ended_at <= ended, CaseRow.erased_at.is_(None))
    return list(session.scalars(query.order_by(CaseRow.ended_at).limit(limit).with_for_update(skip_locked=True)))


def contacts_before(session: Session, ended: datetime, limit: int) -> list[CaseRow]:
    """Whose contact has not been erased yet."""
    query = select(CaseRow).where(
        CaseRow.ended_at <= ended, CaseRow.erased_at.is_(None), CaseRow.sealed_contact.is_not(None)
    )
    return list(session.scalars(query.order_by(CaseRow.ended_at).limit(limit).with_for_update(skip_locked=True)))


def erase(session: Session, rows: Iterable[CaseRow], now: datetime) -> None:
    """Texts, contact, messages and the code go; the row stays as a number."""
    ids = []
    for row in rows:
        ids.append(row.id)
        row.code_digest = row.target_digest = None
        row.target_account_id = row.target_board_id = row.account_id = row.against_ref = None
        row.sealed_target_ref = row.sealed_description = row.sealed_evidence = row.sealed_contact = None
        row.sealed_outcome_text = row.sealed_appeal_grounds = row.sealed_appeal_text = None
        row.contact_channels, row.erased_at = [], now
        row.contact_erased_at = row.contact_erased_at or now
    session.execute(delete(CaseMessageRow).where(CaseMessageRow.case_id.in_(ids)))


def decided_since(session: Session, since: datetime, recused: Recused) -> list[tuple[datetime, datetime]]:
    """What was decided since then: when, and by when it had been promised; of what was appealed, the appeal."""
    at = func.coalesce(CaseRow.appeal_decided_at, CaseRow.decided_at)
    query = select(CaseRow.ended_at, CaseRow.respond_by).where(at >= since, *_visible_to(recused))
    return [(ended, promised) for ended, promised in session.execute(query) if ended is not None]


def appeals_heard(session: Session, since: datetime, recused: Recused) -> dict[tuple[str, str], dict[str, int]]:
    """Of each member or forum that took a first decision: how the appeals against it ended since then.

    A suspension or ban that no member imposed is the forum's own.
    """
    found: dict[tuple[str, str], dict[str, int]] = {}
    of_a_forum = and_(
        CaseRow.against_kind.in_([AgainstKind.SUSPENSION, AgainstKind.BAN]),
        CaseRow.against_ref.is_not(None),
        CaseRow.against_decided_by.is_(None),
    )
    for kind, by, outcome, at, theirs in (
        (ActorKind.STAFF, CaseRow.against_decided_by, CaseRow.outcome, CaseRow.decided_at, true()),
        (ActorKind.STAFF, CaseRow.decided_by, CaseRow.appeal_outcome, CaseRow.appeal_decided_at, true()),
        (ActorKind.CLIENT, CaseRow.forum_id, CaseRow.outcome, CaseRow.decided_at, of_a_forum),
    ):
        query = select(by, outcome, func.count()).where(by.is_not(None), at >= since, theirs, *_visible_to(recused))
        for actor_id, ended, number in session.execute(query.group_by(by, outcome)):
            counts = found.setdefault((kind.value, str(actor_id)), {})
            counts[str(ended)] = counts.get(str(ended), 0) + number
    return found


def for_companies(session: Session, since: datetime, recused: Recused) -> list[CaseRow]:
    """Complaints on behalf of companies that ended in measures since then, the newest first."""
    query = select(CaseRow).where(
        CaseRow.on_behalf == OnBehalf.COMPANY,
        CaseRow.decided_at >= since,
        cast(CaseRow.measures, String) != "[]",
        *_visible_to(recused),
    )
    return list(session.scalars(query.order_by(CaseRow.decided_at.desc(), CaseRow.id.desc())))


def of_companies(session: Session, violation: Violation, digests: Sequence[bytes]) -> list[CaseRow]:
    """Cases of companies about this: the one it was recorded for, and what is not over of its content or account."""
    about = or_(CaseRow.target_account_id == violation.account_id, CaseRow.target_digest.in_(digests))
    not_over = or_(CaseRow.ended_at.is_(None), _waits_for_agreement())
    query = select(CaseRow).where(
        CaseRow.on_behalf == OnBehalf.COMPANY,
        CaseRow.forum_id == violation.forum_id,
        or_(CaseRow.id == (violation.case or ""), and_(about, not_over)),
    )
    return list(session.scalars(query))


def save(session: Session, changed: Case) -> bool:
    """Writes what handling changes, where it is still as it was read. Texts are written beside."""
    decided, on_appeal = changed.decided, changed.appeal_decided
    written = session.execute(
        update(CaseRow)
        .where(CaseRow.id == changed.id, CaseRow.version == changed.version)
        .values(
            version=changed.version + 1,
            target_account_id=changed.target_account_id,
            respond_by=changed.respond_by,
            next_by=changed.next_by,
            asked_at=changed.asked_at,
            accepted_at=changed.accepted_at,
            accepted_by=changed.accepted_by,
            assigned_at=changed.assigned_at,
            assigned_to=changed.assigned_to,
            measures=[measure.value for measure in changed.measures],
            agreed_at=changed.agreed_at,
            agreed_by=changed.agreed_by,
            appealed_at=changed.appealed_at,
            ended_at=changed.ended_at,
            **_decision(decided, "decided_at", "decided_by", "outcome", "outcome_reason"),
            **_decision(on_appeal, "appeal_decided_at", "appeal_decided_by", "appeal_outcome", "appeal_reason"),
        )
        .returning(CaseRow.id)
    )
    return written.first() is not None


def case_of(row: CaseRow, texts: CaseTexts | None = None) -> Case:
    """`texts` opens what staff wrote beside a reason; without it that is left out."""
    return Case(
        id=CaseId(row.id),
        kind=read_word(CaseKind, row.kind, row.id),
        forum_id=ForumId(row.forum_id),
        queue=read_word(Queue, row.queue, row.id),
        category=read_word(Category, row.category, row.id) if row.category else None,
        target_kind=read_word(TargetKind, row.target_kind, row.id) if row.target_kind else None,
        target_account_id=AccountId(row.target_account_id) if row.target_account_id else None,
        target_board_id=BoardId(row.target_board_id) if row.target_board_id else None,
        against=_against(row),
        on_behalf=read_word(OnBehalf, row.on_behalf, row.id),
        received_at=row.received_at,
        respond_by=row.respond_by,
        next_by=row.next_by,
        asked_at=row.asked_at,
        accepted_at=row.accepted_at,
        accepted_by=_staff(row.accepted_by),
        assigned_at=row.assigned_at,
        assigned_to=_staff(row.assigned_to),
        decided=_decided_first(row, texts),
        appealed_at=row.appealed_at,
        appeal_decided=_decided_on_appeal(row, texts),
        measures=tuple(read_word(Measure, one, row.id) for one in row.measures),
        agreed_at=row.agreed_at,
        agreed_by=_staff(row.agreed_by),
        escalated_at=row.escalated_at,
        appeal_escalated_at=row.appeal_escalated_at,
        ended_at=row.ended_at,
        version=row.version,
    )


def _decided_first(row: CaseRow, texts: CaseTexts | None) -> Decided | None:
    if row.decided_at is None or row.decided_by is None or row.outcome is None or row.outcome_reason is None:
        return None
    text = texts.open(row.id, "outcome_text", row.sealed_outcome_text) if texts else None
    return Decided(row.outcome, row.outcome_reason, row.decided_at, StaffId(row.decided_by), text)


def _decided_on_appeal(row: CaseRow, texts: CaseTexts | None) -> Decided | None:
    at, by, outcome, reason = row.appeal_decided_at, row.appeal_decided_by, row.appeal_outcome, row.appeal_reason
    if at is None or by is None or outcome is None or reason is None:
        return None
    text = texts.open(row.id, "appeal_text", row.sealed_appeal_text) if texts else None
    return Decided(outcome, reason, at, StaffId(by), text)


def _against(row: CaseRow) -> Against | None:
    if row.against_kind is None:
        return None
    account_id = AccountId(row.account_id) if row.account_id else None
    return Against(
        read_word(AgainstKind, row.against_kind, row.id),
        row.against_ref,
        account_id,
        row.proven,
        _staff(row.against_decided_by),
    )


def _staff(staff_id: str | None) -> StaffId | None:
    return StaffId(staff_id) if staff_id else None


def _decision(decided: Decided | None, at: str, by: str, outcome: str, reason: str) -> Mapping[str, object]:
    if decided is None:
        return _NOTHING
    return {at: decided.at, by: decided.by, outcome: decided.outcome, reason: decided.reason}


def _visible_to(recused: Recused) -> Sequence[ColumnElement[bool]]:
    """What concerns a member's own accounts and boards does not exist for them. Source: L11, reporter protection."""
    return [
        or_(column.is_(None), column.not_in(sorted(theirs)))
        for column, theirs in (
            (CaseRow.target_account_id, recused.accounts),
            (CaseRow.account_id, recused.accounts),
            (CaseRow.target_board_id, recused.boards),
        )
        if theirs
    ]


def _wanted(wanted: CaseFilter, now: datetime) -> Sequence[ColumnElement[bool]]:
    bounds = [_waits_for_agreement() if wanted.waits_for_agreement else _in_state(wanted.state)]
    if wanted.late is not None:
        is_late = and_(CaseRow.ended_at.is_(None), CaseRow.next_by <= now)
        bounds.append(is_late if wanted.late else ~is_late)
    for column, value in (
        (CaseRow.queue, wanted.queue),
        (CaseRow.kind, wanted.kind),
        (CaseRow.forum_id, wanted.forum_id),
        (CaseRow.assigned_to, wanted.assigned_to),
    ):
        if value is not None:
            bounds.append(column == value)
    return bounds


def _waits_for_agreement() -> ColumnElement[bool]:
    """As `Case.waits_for_agreement` computes it."""
    ordered = cast(CaseRow.measures, String)
    return and_(
        CaseRow.on_behalf == OnBehalf.COMPANY,
        CaseRow.agreed_by.is_(None),
        or_(*(ordered.contains(f'"{measure}"') for measure in ASKED_BY_A_COMPANY)),
    )


def _in_state(state: CaseState | None) -> ColumnElement[bool]:
    """As `Case.state` computes it."""
    is_open = CaseRow.ended_at.is_(None)
    undecided = and_(is_open, CaseRow.decided_at.is_(None))
    return {
        None: is_open,
        CaseState.RECEIVED: and_(undecided, CaseRow.accepted_at.is_(None)),
        CaseState.ACCEPTED: and_(undecided, CaseRow.accepted_at.is_not(None), CaseRow.assigned_to.is_(None)),
        CaseState.IN_PROGRESS: and_(undecided, CaseRow.accepted_at.is_not(None), CaseRow.assigned_to.is_not(None)),
        CaseState.APPEALED: and_(is_open, CaseRow.appealed_at.is_not(None)),
        CaseState.DECIDED: CaseRow.ended_at.is_not(None),
    }[state]


def _locked(query: Select[CaseRow], *, lock: bool) -> Select[CaseRow]:
    return query.with_for_update() if lock else query


def add_message(session: Session, row: CaseMessageRow) -> None:
    session.add(row)
    session.flush()
