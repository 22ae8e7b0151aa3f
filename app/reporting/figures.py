"""Figures of complaints, violations and reports, for the overview: what waits, what is late, how long things took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from app import policies
from app.db.unit_of_work import Transaction
from app.kernel.clock import SHANGHAI
from app.organisation.domain import AuthorityKind
from app.organisation.service import authorities_in_use
from app.reporting import case_rows, violation_rows
from app.reporting.calendar import known_until
from app.reporting.docket import QueueCount, Recused
from app.reporting.offences import CAC, POLICE, ViolationFigures, ViolationQueue
from app.reporting.recusals import recused_from

_DAYS = timedelta(days=policies.OVERVIEW_DAYS.value)
NOBODY = Recused()


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """Complaints and appeals: what waits where, and of the last days how many were decided in time and how many not."""

    queues: Sequence[QueueCount]
    """Of the queues in which something is open."""
    decided: Mapping[date, tuple[int, int]]
    """By day of Shanghai: in time, and late."""

    @property
    def open(self) -> int:
        return sum(one.open for one in self.queues)

    @property
    def late(self) -> int:
        return sum(one.late for one in self.queues)

    @property
    def decided_in_time(self) -> int:
        return sum(well for well, _ in self.decided.values())

    @property
    def decided_late(self) -> int:
        return sum(late for _, late in self.decided.values())


@dataclass(frozen=True, slots=True)
class Untold:
    """Violations of which an authority is still to be told, how many near their limit or past it, and the first."""

    kind: AuthorityKind
    number: int
    near: int
    late: int
    first_due: datetime | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """How long it took from finding a violation until nobody read it any more, over the last days."""

    number: int
    median: timedelta | None


@dataclass(frozen=True, slots=True)
class ReportingFigures:
    cases: CaseFigures
    violations: ViolationFigures
    untold: Sequence[Untold]
    stopped: Stopped
    calendar_until: date
    """The last day whose holidays are known; deadlines beyond it count weekdays."""


def reporting_figures(tx: Transaction) -> ReportingFigures:
    """A step: over everything, whoever reads; `case_figures_for` takes away what concerns one member."""
    untold = _untold(tx)
    return ReportingFigures(
        case_figures(tx, NOBODY), violation_figures(tx, untold), untold, _stopped(tx), known_until(tx.now)
    )


def case_figures_for(tx: Transaction, staff_id: str) -> CaseFigures | None:
    """A step: without the cases that concern this member; None for whom none can."""
    recused = recused_from(tx, staff_id)
    return case_figures(tx, recused) if recused != NOBODY else None


def case_figures(tx: Transaction, recused: Recused) -> CaseFigures:
    """A step."""
    decided: dict[date, tuple[int, int]] = {}
    for at, promised in case_rows.decided_since(tx.session, tx.now - _DAYS, recused):
        day = at.astimezone(SHANGHAI).date()
        well, late = decided.get(day, (0, 0))
        decided[day] = (well + 1, late) if at < promised else (well, late + 1)
    return CaseFigures(case_rows.count_open(tx.session, recused, tx.now), decided)


def violation_figures(tx: Transaction, untold: Sequence[Untold]) -> ViolationFigures:
    """A step: what waits for somebody, now."""
    recorded, since = violation_rows.count_waiting(tx.session, ViolationQueue.RECORDED)
    ordered, since_ordered = violation_rows.count_waiting(tx.session, ViolationQueue.ORDERED)
    kinds = {one.entry.kind for one in authorities_in_use(tx)}
    return ViolationFigures(
        recorded=recorded,
        ordered=ordered,
        oldest_unstopped=min((one for one in (since, since_ordered) if one is not None), default=None),
        unreported=sum(one.number for one in untold),
        near=sum(one.near for one in untold),
        overdue=sum(one.late for one in untold),
        oldest_due=min((one.first_due for one in untold if one.first_due is not None), default=None),
        authorities_missing=tuple(one.kinds[0] for one in (POLICE, CAC) if kinds.isdisjoint(one.kinds)),
    )


def _untold(tx: Transaction) -> list[Untold]:
    found = []
    for one in (POLICE, CAC):
        told = violation_rows.count_untold(tx.session, one, tx.now)
        first_due = told.oldest + one.within if told.oldest else None
        found.append(Untold(one.kinds[0], told.number, told.near, told.overdue, first_due))
    return found


def _stopped(tx: Transaction) -> Stopped:
    took = [stopped - found for found, stopped in violation_rows.stopped_since(tx.session, tx.now - _DAYS)]
    seconds = median(one.total_seconds() for one in took) if took else None
    return Stopped(len(took), None if seconds is None else timedelta(seconds=seconds))
