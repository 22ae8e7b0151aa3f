"""Complaints, violations and reports on the overview: tiles, a chart of decisions, rows of the queues."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from app import policies
from app.console.charts import Bar, Chart, series_of
from app.console.lists import Cell
from app.console.moments import age, period
from app.console.visits import Visit
from app.kernel.clock import SHANGHAI
from app.reporting.clocks import CLOCKS
from app.reporting.domain import Queue
from app.reporting.figures import CaseFigures, ReportingFigures

_COMPLAINTS, _VIOLATIONS = "/console/complaints", "/console/violations"
_DAY = timedelta(days=1)


def reporting_tiles(visit: Visit, figures: ReportingFigures) -> Iterator[tuple[str, str, list[str], str]]:
    """Name, figure, the counts behind it, and where they are listed."""
    cases, stopped, violations = figures.cases, figures.stopped, figures.violations
    notes = [visit.say("overview.cases.decided", well=cases.decided_in_time, late=cases.decided_late)]
    yield "cases", str(cases.open), [visit.say("overview.cases.late", n=cases.late), *notes], _COMPLAINTS
    took = period(visit, stopped.median) if stopped.median is not None else "–"
    open_ones = visit.say("overview.violations.unstopped", n=violations.recorded + violations.ordered)
    yield "stopped", took, [visit.say("overview.violations.of", n=stopped.number), open_ones], _VIOLATIONS
    by_kind = [
        visit.say("overview.reports.kind", kind=visit.say(f"organisation.kind.{one.kind}"), n=one.number, late=one.late)
        for one in figures.untold
    ]
    yield "reports", str(violations.unreported), by_kind, f"{_VIOLATIONS}?state=unreported"


def decided_chart(visit: Visit, cases: CaseFigures) -> Chart:
    """In time and late, of each of the last days, today's first."""
    today = visit.now.astimezone(SHANGHAI).date()
    days = [today - _DAY * back for back in range(policies.OVERVIEW_DAYS.value)]
    bars = [
        Bar(day.isoformat(), cases.decided.get(day, (0, 0)), is_now=day == today)
        for day in days
        if day in cases.decided or day == today
    ]
    caption, first = visit.say("overview.decided.caption"), visit.say("overview.results.day")
    series = series_of(visit.say("overview.decided.well"), visit.say("overview.decided.late"))
    shown = bars if cases.decided else ()
    return Chart("decided", caption, first, visit.say("console.chart.today"), series, shown)


def reporting_queues(
    visit: Visit, figures: ReportingFigures, now: datetime, reached: Callable[[str], str | None]
) -> Iterator[list[Cell]]:
    """What is open in each queue, since when, for how long it may, and what of it is late."""
    counts = {one.queue: one for one in figures.cases.queues}
    for queue in Queue:
        one = counts.get(queue)
        yield [
            Cell(visit.say(f"overview.queues.{queue}"), reached(f"{_COMPLAINTS}?queue={queue}")),
            Cell(one.open if one else 0),
            Cell(age(visit, now - one.oldest) if one else "–"),
            Cell(_limit(visit, queue)),
            _late(one.late if one else 0),
        ]
    within = timedelta(hours=policies.PS_REPORT_WITHIN.value)
    due = figures.violations.oldest_due
    yield [
        Cell(visit.say("overview.queues.reports"), reached(f"{_VIOLATIONS}?state=unreported")),
        Cell(figures.violations.unreported),
        Cell(period(visit, max(now - (due - within), timedelta())) if due else "–"),
        Cell(period(visit, within)),
        _late(figures.violations.overdue),
    ]


def _limit(visit: Visit, queue: Queue) -> str:
    clock = CLOCKS[queue]
    key = "hours" if clock.round_the_clock else "working_hours"
    return visit.say(f"overview.queues.{key}", n=clock.decide_within)


def _late(number: int) -> Cell:
    return Cell(f"▲ {number}" if number else 0)
