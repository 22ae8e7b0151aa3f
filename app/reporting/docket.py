"""Words: which cases are asked for, how much waits, and what a member must not see."""

from dataclasses import dataclass
from datetime import datetime

from app.reporting.domain import CaseKind, CaseState, Queue


@dataclass(frozen=True, slots=True)
class Recused:
    """What a member must not see: these accounts are theirs, and on these boards they are moderators."""

    accounts: frozenset[str] = frozenset()
    boards: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases are asked for; None leaves it open. `after` is where the page before ended."""

    queue: Queue | None = None
    state: CaseState | None = None
    kind: CaseKind | None = None
    late: bool | None = None
    forum_id: str | None = None
    assigned_to: str | None = None
    waits_for_agreement: bool = False
    """Ended, and what a company asked for waits for a second member."""
    after: tuple[datetime, str] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How much is open in a queue, how much of it late, and since when the oldest waits."""

    queue: Queue
    open: int
    late: int
    oldest: datetime
    next_by: datetime
