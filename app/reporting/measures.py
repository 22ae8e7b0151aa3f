"""What is done about a violation: recorded, ordered and confirmed, or read from acts on accounts and boards."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from app.accounts.domain import ActKind, SanctionKind
from app.accounts.service import attributed_acts, find_anywhere, sanction_in_force
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.boards.domain import BoardStatus
from app.boards.service import find_board, freezes_of
from app.db.unit_of_work import Transaction
from app.events.catalogue import EventType, TakedownPayload
from app.events.service import publish
from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import AccountId, BoardId, new_id
from app.reporting import violation_rows
from app.reporting.domain import Case
from app.reporting.moments import refuse_outside
from app.reporting.offence_errors import NotBanned, NotFrozen, NotSuspended
from app.reporting.offences import (
    ATTACHED,
    BY_THEIR_OWN_ENDPOINTS,
    TAKEDOWNS,
    By,
    Measure,
    MeasureKind,
    NewMeasure,
    Violation,
    ViolationId,
)
from app.reporting.outcomes import REASONS
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

_OF_ACCOUNTS = {ActKind.SUSPEND: MeasureKind.SUSPEND_ACCOUNT, ActKind.BAN: MeasureKind.BAN_ACCOUNT}
_SANCTIONS = {
    MeasureKind.SUSPEND_ACCOUNT: (SanctionKind.SUSPENSION, NotSuspended),
    MeasureKind.BAN_ACCOUNT: (SanctionKind.BAN, NotBanned),
}
_STAFF = frozenset({ActorKind.STAFF, ActorKind.OPERATOR})
Found = Mapping[ViolationId, tuple[Measure, ...]]


def is_of_staff(actor: Actor) -> bool:
    return actor.kind in _STAFF


def take(tx: Transaction, violation: Violation, new: NewMeasure) -> Measure:
    """A step, under a lock on the violation: what was done, by a forum, or ordered by staff.

    A takedown that staff order waits until the forum records the same; that confirms what was ordered and adds nothing.
    Raises `Invalid`, `NotSuspended`, `NotBanned`, `NotFrozen`. Source: L7b, L7c.
    """
    refuse_unreadable([Text(Field.REASON, "/reason", new.reason)])
    at = refuse_outside(tx, "/taken_at", new.taken_at or tx.now, violation.content.published_at)
    by_staff = is_of_staff(tx.actor)
    if new.kind in BY_THEIR_OWN_ENDPOINTS:
        known = _already_written(tx, violation, new.kind)
        if known is not None:
            return known
    elif not by_staff and (ordered := violation_rows.ordered_measure(tx.session, violation.id, new.kind)):
        violation_rows.confirm(tx.session, violation.id, new.kind, at)
        audit.record(
            tx, Action.VIOLATION_MEASURED, ObjectKind.VIOLATION, violation.id, reason=new.kind, case=ordered.id
        )
        return Measure(ordered.id, ordered.kind, ordered.taken_at, ordered.recorded_at, ordered.by, ordered.reason, at)
    waits = by_staff and new.kind not in BY_THEIR_OWN_ENDPOINTS
    by = By(tx.actor.kind, tx.actor.id)
    measure = Measure(new_id("mea", tx.now), new.kind, at, tx.now, by, new.reason, None if waits else at)
    violation_rows.add_measure(tx.session, violation.id, measure)
    audit.record(tx, Action.VIOLATION_MEASURED, ObjectKind.VIOLATION, violation.id, reason=new.kind, case=measure.id)
    if new.kind in TAKEDOWNS:
        _announce(tx, violation, new.kind)
    return measure


def send_out(tx: Transaction, case: Case) -> None:
    """A step: orders what a decided case asks for of every violation that was recorded for it, unless it is so already.

    Nothing goes out while a second member's agreement is waited for. Source: L9.
    """
    last = case.appeal_decided or case.decided
    if last is None or case.waits_for_agreement:
        return
    reason = REASONS[last.reason].sentence.zh
    for violation in violation_rows.of_case(tx.session, case.id):
        known = {one.kind for one in violation_rows.measures_of(tx.session, [violation.id]).get(violation.id, ())}
        for kind in (MeasureKind(one.value) for one in case.measures):
            if kind not in known:
                take(tx, violation, NewMeasure(kind, reason))


def _already_written(tx: Transaction, violation: Violation, kind: MeasureKind) -> Measure | None:
    """By the act itself, where it was done for this violation. Raises what says that it was not done at all."""
    if kind is MeasureKind.FREEZE_BOARD:
        board = find_board(tx, violation.forum_id, violation.board_id) if violation.board_id else None
        if board is None or board.status is not BoardStatus.FROZEN:
            raise NotFrozen
    else:
        wanted, refusal = _SANCTIONS[kind]
        sanction = sanction_in_force(tx, violation.account_id)
        if sanction is None or sanction.kind is not wanted:
            raise refusal
    written = [one for one in derived(tx, [violation]).get(violation.id, ()) if one.kind is kind]
    return written[-1] if written else None


def _announce(tx: Transaction, violation: Violation, kind: MeasureKind) -> None:
    account, content = find_anywhere(tx, violation.account_id), violation.content
    payload = TakedownPayload(
        violation.id,
        violation.account_id,
        account.external_id if account else None,
        violation.board_id,
        content.screening_id,
        content.ref,
        content.url,
        kind,
    )
    publish(tx, violation.forum_id, EventType.VIOLATION_TAKEDOWN, payload, subject=violation.account_id)


def measures_of(tx: Transaction, violations: Sequence[Violation]) -> Found:
    """A step: all that was done about these, the earliest first."""
    recorded = violation_rows.measures_of(tx.session, [one.id for one in violations])
    written = derived(tx, violations)
    together = {one.id: [*recorded.get(one.id, ()), *written.get(one.id, ())] for one in violations}
    return {
        violation_id: tuple(sorted(found, key=lambda one: (one.taken_at, one.recorded_at, one.id)))
        for violation_id, found in together.items()
    }


def derived(tx: Transaction, violations: Sequence[Violation]) -> Found:
    """A step: suspensions, bans and freezes that belong to these violations, read from the acts themselves.

    An act belongs to the violation, or to all of the case, that it names; one that names none, to the newest violation
    of its account or board that was recorded within `MEASURE_ATTACHED` before it.
    """
    accounts = {one.account_id for one in violations}
    boards = {one.board_id for one in violations if one.board_id is not None}
    acts = [*_acts_on_accounts(tx, accounts), *_acts_on_boards(tx, boards)]
    if not acts:
        return {}
    since, until = min(one.recorded_at for one in violations), max(measure.taken_at for _, _, measure in acts)
    recent = violation_rows.among(tx.session, accounts, boards, (since, until))
    rivals = sorted({one.id: one for one in (*recent, *violations)}.values(), key=lambda one: (one.recorded_at, one.id))
    found: dict[ViolationId, list[Measure]] = {}
    for concerned, case, measure in acts:
        for violation in belonging(concerned, case, measure.taken_at, rivals):
            found.setdefault(violation.id, []).append(measure)
    return {one.id: tuple(found.get(one.id, ())) for one in violations}


def belonging(concerned: str, case: str | None, at: datetime, violations: Iterable[Violation]) -> list[Violation]:
    """Which of these violations, the earliest first, an act on that account or board at that moment is for.

    Boundary: exactly `MEASURE_ATTACHED` after a violation it is not for that one any more.
    """
    of_these = [one for one in violations if concerned in {one.account_id, one.board_id}]
    if case is not None:
        return [one for one in of_these if case in {one.id, one.case}]
    recent = [one for one in of_these if one.recorded_at <= at < one.recorded_at + ATTACHED]
    return recent[-1:]


def _acts_on_accounts(tx: Transaction, accounts: set[AccountId]) -> Iterator[tuple[AccountId, str | None, Measure]]:
    for act in attributed_acts(tx, accounts, _OF_ACCOUNTS):
        by = By(act.actor_kind, act.actor_id)
        kind = _OF_ACCOUNTS[act.kind]
        measure = Measure(f"account-act-{act.id}", kind, act.at, act.at, by, act.reason or "", act.at)
        yield act.account_id, act.case_id, measure


def _acts_on_boards(tx: Transaction, boards: set[BoardId]) -> Iterator[tuple[BoardId, str | None, Measure]]:
    for act in freezes_of(tx, boards):
        by = By(act.actor_kind, act.actor_id)
        measure = Measure(f"board-act-{act.id}", MeasureKind.FREEZE_BOARD, act.at, act.at, by, act.reason, act.at)
        yield act.board_id, act.case_id, measure
