"""Words: the figures of a moment, a check on them, and what happened to an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.accounts.domain import AccountStatus
from app.audit.findings import Verification
from app.audit.watch import AuditWatched
from app.boards.domain import ListsCompared
from app.boards.outlook import Outlook
from app.events.domain import WaitingDeliveries
from app.kernel.sentence import Sentence
from app.organisation.domain import State
from app.reporting.figures import ReportingFigures
from app.screening.watch import Watched
from app.upkeep.domain import JobRun
from app.verification.domain import Outcome


@dataclass(frozen=True, slots=True)
class Posters:
    """Whoever would be given a permit now, and whose person is on record, over all forums. Source: L8e."""

    accounts: int
    by_status: Mapping[AccountStatus, int]
    may_post: int
    unverified: int
    """Of those that may post; counted and not assumed: anything but 0 is a defect."""
    oldest_verification: datetime | None
    verified_by_week: tuple[tuple[str, int], ...]
    """By the Monday in Shanghai: accounts whose first verification was in that week, the newest week first."""
    counted_at: datetime
    all_verified_since: date | None = None
    """The first day of those on which every count found nobody unverified who could post; None without any."""

    @property
    def verified(self) -> int:
        return self.may_post - self.unverified


@dataclass(frozen=True, slots=True)
class Asked:
    """What was answered to whoever asked for permits on a day of Shanghai."""

    permitted: int
    refused: int
    unverified: int
    """Of those refused: because nobody stands behind the account."""


@dataclass(frozen=True, slots=True)
class Disclosers:
    """Whether an identity could be disclosed at all: who may ask, and who may approve by now."""

    requesters: int
    approvers: int
    able: bool
    """There is somebody who may ask, and enough others who may approve."""


@dataclass(frozen=True, slots=True)
class DayOfResults:
    day: str
    """Of Shanghai."""
    by_outcome: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is known of one moment, read in one transaction; `posters` may be a little older."""

    now: datetime
    posters: Posters
    today: Asked
    week_ago: Asked
    """The same day of the week before, all of it."""
    month: Asked
    """Of the last days, today too: `OVERVIEW_DAYS`."""
    moderators: Outlook
    lists: ListsCompared
    results: Sequence[DayOfResults]
    """The newest day first."""
    screening: Watched
    jobs: Sequence[JobRun]
    deliveries: WaitingDeliveries
    audit: AuditWatched
    signed_at: datetime | None
    """When the newest checkpoint was signed."""
    verified: Verification | None
    agreements: int
    """Kinds of agreement that have a version in force."""
    disclosers: Disclosers
    lifters: int
    """Members who may throw the emergency switch and lift it; one stops, another lifts."""
    drill: date | None
    """When an emergency was last rehearsed."""
    reporting: ReportingFigures
    house: State
    """Officers, the register of forums, the directory of authorities."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits, since when the oldest does, and how long it may."""

    name: str
    waiting: int
    oldest: datetime | None
    limit: timedelta
    now: datetime

    @property
    def age(self) -> timedelta:
        return max(self.now - self.oldest, timedelta()) if self.oldest else timedelta()

    @property
    def due_at(self) -> datetime | None:
        return self.oldest + self.limit if self.oldest else None

    @property
    def late(self) -> bool:
        """Boundary: exactly at `due_at` it is."""
        return self.oldest is not None and self.age >= self.limit


class CheckState(StrEnum):
    OK = "ok"
    FAILING = "failing"
    NO_DATA = "no-data"
    """Counts as failing: what nobody has measured nobody can vouch for."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one check, with the numbers that it rests on."""

    id: str
    duty: str
    state: CheckState
    sentence: Sentence
    figures: Mapping[str, int]
    link: str
    """Where in the console it is seen to."""


@dataclass(frozen=True, slots=True)
class Overview:
    figures: Figures
    checks: tuple[Checked, ...]
    """The failing ones first."""

    @property
    def failing(self) -> int:
        return sum(check.state is not CheckState.OK for check in self.checks)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an account. `entry_id` leads to the proof of it, where the log tells it."""

    at: datetime
    key: str
    """Orders what happened at one moment."""
    what: str
    actor_kind: str | None
    actor_id: str | None
    object_kind: str
    object_id: str
    outcome: str | None
    code: str | None
    """Why, in a word of the log."""
    reason: str | None
    """Why, in the words of whoever did it."""
    due_at: datetime | None
    entry_id: str | None
