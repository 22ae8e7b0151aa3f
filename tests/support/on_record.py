"""Watches every transaction of every test: whatever a use case changes has its entry in the record, or a reason here.

Nothing is called for this, and nothing is replaced: the database's own events tell which tables a transaction wrote,
and the stack which use cases opened it. Whoever writes rows in a test (and not through a use case) is left alone.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.orm import Session, SessionTransaction

from app.all_models import METADATA

if TYPE_CHECKING:
    from types import FrameType

_ROOT = Path(__file__).parents[2]
_APP, _TESTS = f"{_ROOT / 'app'}/", f"{_ROOT / 'tests'}/"
_OPENS = f"{_APP}db/unit_of_work.py"
_WRITES = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?([a-z_]+)')
NO_STATE = {
    **dict.fromkeys((name for name in METADATA.tables if name.startswith("audit_")), "the record itself"),
    "idempotency_claims": "what was answered, for 24 hours",
    "flows": "a person's way through our pages; what is done on it is recorded as what it is",
    "sign_ins": "one browser's code and session; that it began and was completed is on record",
    "staff_sessions": "that a member signed in, stepped up, failed to and signed out is on record",
    "staff_used_codes": "codes that have served; what they opened is on record",
    "staff_failures": "how often signing in failed lately; each that was judged is on record",
    "one_time_codes": "tries of a code; its sending and each refusal are on record",
    "provider_attempts": "one question to a provider; the verification around it is on record from start to end",
    "notice_texts": "texts to persons on their way",
    "screenings": "what a forum asked about a text, and was answered",
    "screened_contents": "under which name a forum keeps such a text",
    "patrols": "how far a patrol has come",
    "poster_counts": "how many may post on a day, and how many of them are verified; nobody in it",
    "posting_tallies": "how many permits were asked for; nothing of whose they were",
    "job_runs": "when the worker did what",
    "webhook_events": "what is told of a change, written with it",
    "webhook_deliveries": "whether it has arrived",
    "webhook_attempts": "whether it has arrived",
}
"""Tables that only repeat or serve what is on record."""
NO_ACT = {
    "boards.chores.Chores.warn_of_unattended_boards": "a forum is told; of the board nothing changes",
    "boards.sweep.Sweeps.look": "when to look again, and reminders; what a date changes has its entry",
    "events.deliveries.Deliveries._record": "whether an endpoint answers; its deliveries tell each attempt",
    "events.deliveries.Deliveries.purge": "what has been told long ago is forgotten",
    "forums.service.Forums.forget_revocations": "what has expired by itself is forgotten",
    "posting.service.Posting.issue_for": "texts that wait for a review; what is decided about them has its entry",
    "screening.lexicons.Lexicons.renew_blob": "the same lexicons, compiled by another version",
    "screening.patrol.Patrol._next": "texts that are found wait for a review; what is decided has its entry",
    "screening.reviews.Reviews._decide": "that lexicons ask for more by now stays with the review, which goes on",
    "screening.screenings.Screenings.forget_old": "what has been asked long ago is forgotten",
    "screening.screenings.Screenings.screen": "texts that wait for a review; what is decided about them has its entry",
    "vault.service.Vault.drop_expired_phones": "phones that nobody confirmed are forgotten",
}
"""Use cases that keep or forget something and do nothing to anybody."""
_kept: WeakKeyDictionary[Connection, dict[str, Any]] = WeakKeyDictionary()
"""What is known of a transaction, by its connection; one that died has no place for it itself."""
unrecorded: list[str] = []
"""What was found since it was last emptied."""


def watch() -> None:
    event.listen(Session, "after_transaction_create", _opened)
    event.listen(Session, "after_begin", _joined)
    event.listen(Engine, "after_cursor_execute", _executed)
    event.listen(Engine, "savepoint", _marked)
    event.listen(Engine, "rollback_savepoint", _taken_back)
    event.listen(Engine, "rollback", _forget)
    event.listen(Engine, "commit", _judge)


def _of(connection: Connection) -> dict[str, Any]:
    return _kept.setdefault(connection, {})


def _opened(session: Session, _transaction: SessionTransaction) -> None:
    session.info.setdefault("use cases", []).extend(_use_case())


def _joined(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    _of(connection)["use cases"] = session.info["use cases"]


def _use_case() -> Iterator[str]:
    """Who has opened a transaction of ours; nobody where it is a test, or a flush on the way."""
    frame: FrameType | None = sys._getframe(1)
    opens = False
    while frame := frame.f_back if frame else None:
        path = frame.f_code.co_filename
        if path == _OPENS:
            opens = True
        elif path.startswith(_APP):
            module = path.removeprefix(_APP).removesuffix(".py").replace("/", ".")
            yield from [f"{module}.{frame.f_code.co_qualname}"] if opens else []
            return
        elif path.startswith(_TESTS) and path != __file__:
            return


def _executed(connection: Connection, cursor: DBAPICursor, statement: str, *_more: object) -> None:
    if not statement.startswith("SELECT") and cursor.rowcount != 0:
        _of(connection).setdefault("written", set()).update(_WRITES.findall(statement))


def _marked(connection: Connection, name: str) -> None:
    _of(connection).setdefault("marks", {})[name] = set(_of(connection).get("written", ()))


def _taken_back(connection: Connection, name: str, _context: object) -> None:
    _of(connection)["written"] = _of(connection).get("marks", {}).get(name, set())


def _forget(connection: Connection) -> None:
    if connection.invalidated:  # it died, and what it knew with it
        return
    for kept in ("written", "marks", "use cases"):
        _of(connection).pop(kept, None)


def _judge(connection: Connection) -> None:
    written, names = _of(connection).get("written", set()), _of(connection).get("use cases", [])
    _forget(connection)
    changed = written & METADATA.tables.keys() - NO_STATE.keys()
    if names and changed and "audit_stage" not in written and not NO_ACT.keys() & set(names):
        unrecorded.append(f"{' in '.join(reversed(names))} wrote {', '.join(sorted(changed))}")
