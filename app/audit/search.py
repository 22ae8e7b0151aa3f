"""Finds entries of the log by what was done, by whom, to what and when."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from app.audit import search_rows
from app.audit.domain import LOG, Action, ObjectKind, searched_as
from app.audit.search_rows import Place, PlacedEntry, Wanted
from app.audit.service import record
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Question:
    """Nothing asked for means everything. `actor` and `object` are ids; times are UTC, `after` included."""

    action: str | None = None
    actor: str | None = None
    object: str | None = None
    after: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """`entry` is the parsed entry, None where its bytes are gone or no entry, which `audit verify` tells."""

    entry_id: str
    origin: str
    place: Place
    entry: dict[str, object] | None


class Search:
    """Reads the log; whoever does so from the host leaves no entry, whoever does so as staff leaves one."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def find(self, question: Question, limit: int, below: Place | None = None) -> list[FoundEntry]:
        """The newest first, at most `limit`; a next page begins below the last place of the one before.

        What has no number yet (200 ms) is not found.
        """
        with self._unit_of_work.read() as tx:
            return _find(tx, question, limit, below)

    def find_for(self, actor: Actor, question: Question, limit: int, below: Place | None = None) -> list[FoundEntry]:
        """The same for staff; that they have looked is on record, whatever they have found. Source: L8i."""
        with self._unit_of_work.begin(actor) as tx:
            record(tx, Action.AUDIT_SEARCHED, ObjectKind.LOG, LOG)
            return _find(tx, question, limit, below)


def entries_about(tx: Transaction, object_ids: Collection[str], limit: int) -> list[FoundEntry]:
    """A step: the newest entries about any of these, the newest first."""
    return [_found(one) for one in search_rows.find_about(tx.session, object_ids, limit)]


def count_acts(tx: Transaction, actions: Collection[Action], since: datetime) -> dict[tuple[str, str, Action], int]:
    """A step: how often who did each of these, `since` included: by kind of actor, id and act."""
    after = _as_written(since) or ""
    found = search_rows.count_acts(tx.session, [action.value for action in actions], after)
    return {(kind, actor_id, Action(action)): number for (kind, actor_id, action), number in found.items()}


def _find(tx: Transaction, question: Question, limit: int, below: Place | None) -> list[FoundEntry]:
    wanted = Wanted(
        action=question.action,
        actor=_asked(question.actor),
        object=_asked(question.object),
        after=_as_written(question.after),
        before=_as_written(question.before),
    )
    return [_found(one) for one in search_rows.find(tx.session, wanted, below, limit)]


def _found(one: PlacedEntry) -> FoundEntry:
    return FoundEntry(one.entry_id, one.origin.name, one.place, _parsed(one.entry))


def _asked(value: str | None) -> str | None:
    return None if value is None else searched_as(value)


def _as_written(moment: datetime | None) -> str | None:
    """Times of entries sort as text."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parsed(entry: bytes | None) -> dict[str, object] | None:
    try:
        said = json.loads(entry or b"")
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
