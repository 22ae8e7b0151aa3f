"""What the public may know of complaints, takedowns and refusals: counts of a period that tell of no single person.

Source: L11c (Art. 11). A count below `SMALL_CELL` is not told, and neither is one from which it could be computed.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from statistics import median
from threading import Lock

from app import policies
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.clock import SHANGHAI
from app.posting.errors import ReasonCode
from app.posting.tally import REFUSED, asked_on
from app.reporting import figure_rows
from app.reporting.domain import CaseKind
from app.reporting.outcomes import OF_APPEALS, OF_COMPLAINTS

SMALL_CELL = policies.TRANSPARENCY_SMALLEST.value
DAYS = policies.TRANSPARENCY_DAYS.value
_CACHED = policies.TRANSPARENCY_CACHED.value


class Withheld(Enum):
    """What stands in the place of a number."""

    SMALL = "small"
    """Under `SMALL_CELL`, perhaps none at all."""
    BESIDE = "beside"
    """Large enough itself, but a small one could be computed from it."""


Told = int | Withheld


def told(number: int) -> Told:
    """A count that stands alone. Boundary: exactly `SMALL_CELL` is told."""
    return number if number >= SMALL_CELL else Withheld.SMALL


def told_parts(parts: Mapping[str, int]) -> dict[str, Told]:
    """Parts of a sum that may be known: as many more are withheld as hide the small ones among them."""
    shown: dict[str, Told] = {name: told(number) for name, number in parts.items()}
    hidden = sum(number for number in parts.values() if number < SMALL_CELL)
    for name, number in sorted(parts.items(), key=lambda part: part[1]):
        if Withheld.SMALL not in shown.values() or hidden >= SMALL_CELL:
            break
        if number >= SMALL_CELL:
            shown[name], hidden = Withheld.BESIDE, hidden + number
    return shown


@dataclass(frozen=True, slots=True)
class Handled:
    """Complaints, or appeals, that were decided in the period."""

    received: Told
    decided: Told
    in_time: int | None
    """Percent of those decided, by the moment that was promised, never rounded up; None where there are too few."""
    hours: float | None
    """The middle one from coming in to its decision; None where there are too few."""
    outcomes: Mapping[str, Told]


@dataclass(frozen=True, slots=True)
class Transparency:
    """Of the days from `since`, included, to `until`, not included; both begin a day in Shanghai."""

    since: datetime
    until: datetime
    complaints: Handled
    appeals: Handled
    refused: Told
    """Permits to post that were refused, and those of them because nobody stood behind the account."""
    refused_unverified: Told
    violations: Told
    stopped_minutes: float | None
    """The middle one from the discovery of a violation to the stop of what was published."""


class TransparencyDesk:
    """`seconds` tells how old what was counted is: however many people ask, it is counted once in a while."""

    def __init__(self, unit_of_work: UnitOfWork, seconds: Callable[[], float] = time.monotonic) -> None:
        self._unit_of_work = unit_of_work
        self._seconds = seconds
        self._lock = Lock()
        self._known: tuple[float, Transparency] | None = None

    def figures(self) -> Transparency:
        """At most `TRANSPARENCY_CACHED` old. Raises `Unavailable`."""
        with self._lock:
            if self._known is None or self._seconds() - self._known[0] >= _CACHED:
                with self._unit_of_work.read() as tx:
                    self._known = self._seconds(), count(tx)
            return self._known[1]


def count(tx: Transaction) -> Transparency:
    """A step."""
    until = tx.now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    since = until - timedelta(days=DAYS)
    asked: Counter[str] = Counter()
    for day in asked_on(tx.session, [(since + timedelta(days=one)).date() for one in range(DAYS)]).values():
        asked.update(day)
    violations, stopped = figure_rows.takedowns(tx.session, since, until)
    refusals = told_parts(
        {
            "unverified": asked[ReasonCode.IDENTITY_UNVERIFIED],
            "others": asked[REFUSED] - asked[ReasonCode.IDENTITY_UNVERIFIED],
        }
    )
    return Transparency(
        since=since,
        until=until,
        complaints=_handled(tx, CaseKind.COMPLAINT, since, until),
        appeals=_handled(tx, CaseKind.APPEAL, since, until),
        refused=told(asked[REFUSED]),
        refused_unverified=refusals["unverified"],
        violations=told(violations),
        stopped_minutes=_middle(stopped, timedelta(minutes=1)),
    )


def _handled(tx: Transaction, kind: CaseKind, since: datetime, until: datetime) -> Handled:
    decided = figure_rows.decided(tx.session, kind, since, until)
    names = OF_COMPLAINTS if kind is CaseKind.COMPLAINT else OF_APPEALS
    by_outcome = Counter(one.outcome for one in decided)
    in_time = sum(one.in_time for one in decided)
    return Handled(
        received=told(figure_rows.count_received(tx.session, kind, since, until)),
        decided=told(len(decided)),
        in_time=in_time * 100 // len(decided) if len(decided) >= SMALL_CELL else None,
        hours=_middle([one.decided_at - one.received_at for one in decided], timedelta(hours=1)),
        outcomes=told_parts({name: by_outcome[name] for name in names}),
    )


def _middle(times: Sequence[timedelta], unit: timedelta) -> float | None:
    return median([one / unit for one in times]) if len(times) >= SMALL_CELL else None
