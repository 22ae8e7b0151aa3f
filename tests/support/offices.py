"""Moderators by the hundred, planted into the database: verified long ago, and each in the window of a due date."""

from datetime import datetime, timedelta

from sqlalchemy import insert

from app.accounts.models import AccountRow
from app.boards.models import BoardRow, ModeratorRow
from app.boards.schedules import ModeratorState, day_of, end_of
from app.boards.terms import DEFAULT
from app.db.unit_of_work import Transaction
from app.kernel.ids import ForumId
from app.vault.models import PersonRow
from app.verification.models import LinkRow

_WINDOW = 30
_LONG_AGO = timedelta(days=170)


def plant_moderators(tx: Transaction, forum_id: ForumId, count: int) -> None:
    """One board with so many managers, due on the days of the coming month in turn; nobody has been reminded."""
    board = {"id": f"brd_{0:032}", "forum_id": forum_id, "slug": "tea", "name": "茶馆", "description": ""}
    settled = {"status": "active", "minimum_level": "phone", "created_at": tx.now}
    tx.session.execute(insert(BoardRow), [board | settled])
    numbers = range(count)
    tx.session.execute(insert(PersonRow), [_person(number, tx.now) for number in numbers])
    tx.session.execute(insert(AccountRow), [_account(number, forum_id, tx.now) for number in numbers])
    tx.session.execute(insert(LinkRow), [_link(number, tx.now - _LONG_AGO) for number in numbers])
    tx.session.execute(insert(ModeratorRow), [_moderator(number, forum_id, tx.now) for number in numbers])


def _person(number: int, now: datetime) -> dict[str, object]:
    return {"id": f"per_{number:032}", "audit_ref": f"{number}", "wrapped_key": b"", "created_at": now}


def _account(number: int, forum_id: ForumId, now: datetime) -> dict[str, object]:
    names = {"id": f"acc_{number:032}", "handle": f"m{number}", "handle_key": f"m{number}", "external_id": f"{number}"}
    return names | {"forum_id": forum_id, "status_index": number, "created_at": now, "updated_at": now}


def _link(number: int, verified_at: datetime) -> dict[str, object]:
    whose = {"account_id": f"acc_{number:032}", "person_id": f"per_{number:032}"}
    return whose | {"level": "document", "method": "id2", "verified_at": verified_at, "sandbox": True}


def _moderator(number: int, forum_id: ForumId, now: datetime) -> dict[str, object]:
    day = day_of(now) + 1 + number % (_WINDOW - 1)
    due_at, interval = end_of(day), timedelta(days=DEFAULT.interval_days)
    whose = {"id": f"mod_{number:032}", "forum_id": forum_id, "board_id": f"brd_{0:032}"}
    return whose | {
        "account_id": f"acc_{number:032}",
        "role": "manager",
        "filed_at": due_at - interval,
        "anchor_day": day - DEFAULT.interval_days,
        "interval_days": DEFAULT.interval_days,
        "grace_days": DEFAULT.grace_days,
        "due_at": due_at,
        "suspends_at": due_at + timedelta(days=DEFAULT.grace_days),
        "look_at": due_at - timedelta(days=_WINDOW),
        "verified_seen_at": now - _LONG_AGO,
        "told_state": ModeratorState.CURRENT,
    }
