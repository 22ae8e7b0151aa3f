"""A step that puts together what happened to an account: the log's entries, and what the rooms add to them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from app import policies
from app.accounts.domain import ActKind
from app.accounts.service import account_anywhere, acts_on
from app.audit.domain import Action, ObjectKind
from app.audit.search import FoundEntry, entries_about
from app.boards.domain import Appointment, Happening, HistoryEntry
from app.boards.standings import offices_of
from app.compliance.domain import Event
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId
from app.screening.reviews import ReviewOfAccount, reviews_of
from app.verification.progress import verification_ids_of

_MOST = policies.TIMELINE_LONGEST.value
_ACTIONS = {
    ActKind.SUSPEND: Action.ACCOUNT_SUSPENDED,
    ActKind.BAN: Action.ACCOUNT_BANNED,
    ActKind.CLOSE: Action.ACCOUNT_CLOSED,
    ActKind.REINSTATE: Action.ACCOUNT_REINSTATED,
    ActKind.BRING_IN: Action.ACCOUNT_CREATED,
}
_NOT_IN_THE_LOG = {Happening.REMINDED: "moderator.reminded", Happening.ORDERED: "moderator.ordered"}
_OPENED = "review.opened"
_Reasons = Mapping[tuple[str, str, str], str]
"""Words by the object, the act and the millisecond."""


def read_timeline(tx: Transaction, account_id: str) -> list[Event]:
    """A step: the newest first. Raises `NoSuchAccount`."""
    account = account_anywhere(tx, account_id)
    offices, reviews = offices_of(tx, account.id), reviews_of(tx, account.id, _MOST)
    about = [account.id, *(office.id for office, _ in offices), *(review.id for review in reviews)]
    about += verification_ids_of(tx, account.id, _MOST)
    reasons = _reasons(tx, account.id, offices, reviews)
    entries = [_of_entry(found, reasons) for found in entries_about(tx, about, _MOST)]
    events = [event for event in entries if event is not None]
    events += [event for office, history in offices for event in _of_history(office, history)]
    events += [_of_review(review) for review in reviews]
    return sorted(events, key=lambda event: (event.at, event.key), reverse=True)[:_MOST]


def _reasons(
    tx: Transaction,
    account_id: AccountId,
    offices: Iterable[tuple[Appointment, list[HistoryEntry]]],
    reviews: Iterable[ReviewOfAccount],
) -> _Reasons:
    found: dict[tuple[str, str, str], str] = {}
    for act in acts_on(tx, account_id, _MOST):
        if act.reason:
            found[account_id, _ACTIONS[act.kind].value, _millisecond(act.at)] = act.reason
    for office, history in offices:
        for entry in history:
            if entry.what is Happening.ENDED and entry.detail:
                found[office.id, Action.MODERATOR_ENDED.value, _millisecond(entry.at)] = entry.detail
    for review in reviews:
        if review.decided_at and review.reason:
            found[review.id, Action.REVIEW_DECIDED.value, _millisecond(review.decided_at)] = review.reason
    return found


def _of_entry(found: FoundEntry, reasons: _Reasons) -> Event | None:
    """None for one whose bytes are gone, which `audit verify` tells."""
    entry = found.entry
    if entry is None:
        return None
    actor, acted_on = _pair(entry["actor"]), _pair(entry["object"])
    at, what = datetime.fromisoformat(str(entry["ts"])), str(entry["action"])
    return Event(
        at=at,
        key=found.entry_id,
        what=what,
        actor_kind=actor[0],
        actor_id=actor[1],
        object_kind=acted_on[0],
        object_id=acted_on[1],
        outcome=_text(entry["outcome"]),
        code=_text(entry["reason"]),
        reason=reasons.get((acted_on[1], what, _millisecond(at))),
        due_at=None,
        entry_id=found.entry_id,
    )


def _of_history(office: Appointment, history: Iterable[HistoryEntry]) -> list[Event]:
    return [
        Event(
            at=entry.at,
            key=f"{office.id} {number}",
            what=_NOT_IN_THE_LOG[entry.what],
            actor_kind=None,
            actor_id=None,
            object_kind=ObjectKind.MODERATOR.value,
            object_id=office.id,
            outcome=None,
            code=entry.detail,
            reason=None,
            due_at=entry.due_at,
            entry_id=None,
        )
        for number, entry in enumerate(history)
        if entry.what in _NOT_IN_THE_LOG
    ]


def _of_review(review: ReviewOfAccount) -> Event:
    return Event(
        at=review.opened_at,
        key=review.id,
        what=_OPENED,
        actor_kind=None,
        actor_id=None,
        object_kind=ObjectKind.REVIEW.value,
        object_id=review.id,
        outcome=None,
        code=review.field.value,
        reason=None,
        due_at=None,
        entry_id=None,
    )


def _pair(said: object) -> tuple[str, str]:
    return (str(said["kind"]), str(said["id"])) if isinstance(said, dict) else ("", "")


def _text(said: object) -> str | None:
    return None if said is None else str(said)


def _millisecond(moment: datetime) -> str:
    """As entries of the log tell the time."""
    return f"{int(moment.timestamp())}.{moment.microsecond // 1000:03}"
