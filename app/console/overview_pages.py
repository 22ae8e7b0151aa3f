"""The overview: are we compliant today? The worst line first, each with its number, its duty and where it is mended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.accounts.domain import AccountStatus
from app.boards.schedules import ModeratorState
from app.compliance.domain import CheckState, Figures
from app.console.access import opened_to, page_at, page_of
from app.console.charts import Bar, Chart, series_of
from app.console.lists import Cell, Column, Listing
from app.console.moments import age, ago, period, said_date, said_day, said_moment
from app.console.reporting_figures import decided_chart, reporting_queues, reporting_tiles
from app.console.visits import Visit, console_router, visit_at
from app.verification.domain import Outcome

router = console_router()
_SIGNS = {CheckState.OK: ("ok", "✓"), CheckState.FAILING: ("bad", "▲"), CheckState.NO_DATA: ("warn", "?")}
_RESULTS = (Outcome.VERIFIED, Outcome.REJECTED, Outcome.PENDING)
_HAVE_POWERS = (ModeratorState.CURRENT, ModeratorState.DUE)
_THOUSAND = 1_000


@dataclass(frozen=True, slots=True)
class _Tile:
    """A figure, the counts behind it and where the rows of it are listed."""

    name: str
    figure: str
    notes: Sequence[str]
    link: str = ""


@router.get("")
def overview(visit: Annotated[Visit, Depends(visit_at("overview"))]) -> Response:
    """One page, from figures half a minute old at most."""
    found = visit.services.compliance.overview_for(visit.staff.id)
    checks = [
        (*_SIGNS[check.state], visit.sentence(check.sentence), _reachable(visit, check.link), check.duty)
        for check in found.checks
    ]
    figures = found.figures
    return visit.show(
        "overview",
        failing=found.failing,
        checks=checks,
        at=figures.now,
        tiles=list(_tiles(visit, figures)),
        charts=[_due(visit, figures), _results(visit, figures), decided_chart(visit, figures.reporting.cases)],
        queues=_queues(visit, figures),
        work=_work(visit, figures),
    )


def _reachable(visit: Visit, link: str) -> str:
    """Nothing for those to whom that page is closed."""
    page = page_at(link)
    return link if page and opened_to(visit.staff, page) else ""


def _share(visit: Visit, part: int, whole: int) -> tuple[str, str]:
    """A percentage, never without its counts; of nothing there is none."""
    return said_share(part, whole), visit.say("overview.tile.of", part=part, whole=whole)


def said_share(part: int, whole: int) -> str:
    """To a tenth, half up; 100 % is all of them and 0 % is none, and nothing is rounded to either."""
    if whole == 0:
        return "–"
    tenths = (2 * _THOUSAND * part + whole) // (2 * whole)
    if 0 < part < whole:
        tenths = min(max(tenths, 1), _THOUSAND - 1)
    cut, rest = divmod(tenths, 10)
    return f"{cut}.{rest}%" if rest else f"{cut}%"


def _tiles(visit: Visit, figures: Figures) -> Iterator[_Tile]:
    moderators, states = figures.moderators, figures.moderators.by_state
    yield _posters(visit, figures)
    refused = visit.say("overview.tile.week_ago", n=figures.week_ago.unverified)
    yield _Tile(visit.say("overview.tile.refused"), str(figures.today.unverified), [refused])
    current = sum(states.get(state, 0) for state in _HAVE_POWERS)
    share, counts = _share(visit, current, moderators.in_office)
    in_office = _reachable(visit, page_of("moderators").path)
    yield _Tile(visit.say("overview.tile.moderators"), share, [counts], in_office)
    late = visit.say("overview.tile.suspended", n=states.get(ModeratorState.SUSPENDED, 0))
    overdue = str(states.get(ModeratorState.OVERDUE, 0))
    yield _Tile(visit.say("overview.tile.overdue"), overdue, [late], f"{in_office}?state=late" if in_office else "")
    for name, figure, notes, link in reporting_tiles(visit, figures.reporting):
        yield _Tile(visit.say(f"overview.tile.{name}"), figure, notes, _reachable(visit, link))


def _posters(visit: Visit, figures: Figures) -> _Tile:
    """How many of how many, since when, who counts as active, and when it was counted."""
    posters, since = figures.posters, figures.posters.all_verified_since
    share, counts = _share(visit, posters.verified, posters.may_post)
    notes = [counts]
    if others := posters.by_status[AccountStatus.UNVERIFIED]:
        notes.append(visit.say("overview.posters.others", n=others))
    if posters.unverified:
        notes.append(visit.say("overview.posters.defect", n=posters.unverified))
    elif since:
        notes.append(visit.say("overview.posters.since", day=said_date(visit, since)))
    else:
        notes.append(visit.say("overview.posters.not_kept"))
    if posters.oldest_verification:
        notes.append(visit.say("overview.posters.oldest", day=said_day(visit, posters.oldest_verification)))
    notes.append(visit.say("overview.posters.means", permits=figures.month.permitted))
    notes.append(visit.say("overview.page.at", time=said_moment(visit, posters.counted_at)))
    listed = _reachable(visit, "/console/accounts?show=verified")
    return _Tile(visit.say("overview.tile.posters"), share, notes, listed)


def _due(visit: Visit, figures: Figures) -> Chart:
    bars = [
        Bar(week.starts_on, (week.under_policy,), is_now=number == 0)
        for number, week in enumerate(figures.moderators.weeks)
    ]
    caption, first = visit.say("overview.due.caption", n=policies.OVERVIEW_WEEKS.value), visit.say("overview.due.week")
    series = series_of(visit.say("overview.due.series"))
    return Chart(
        "due", caption, first, visit.say("console.chart.today"), series, bars if figures.moderators.in_office else ()
    )


def _results(visit: Visit, figures: Figures) -> Chart:
    bars = [
        Bar(day.day, tuple(day.by_outcome.get(outcome, 0) for outcome in _RESULTS), is_now=number == 0)
        for number, day in enumerate(figures.results)
        if any(day.by_outcome.values()) or number == 0
    ]
    series = series_of(*(visit.say(f"overview.results.{outcome}") for outcome in _RESULTS))
    caption, first = visit.say("overview.results.caption"), visit.say("overview.results.day")
    return Chart("results", caption, first, visit.say("console.chart.today"), series, bars)


def _queues(visit: Visit, figures: Figures) -> Listing:
    waiting, deliveries = figures.screening.reviews, figures.deliveries
    columns = [
        Column(visit.say("overview.queues.queue")),
        Column(visit.say("overview.queues.open"), number=True),
        Column(visit.say("overview.queues.oldest"), number=True),
        Column(visit.say("overview.queues.limit"), number=True),
        Column(visit.say("overview.queues.late"), number=True),
    ]
    reviews = Cell(visit.say("console.menu.reviews"), _reachable(visit, page_of("reviews").path) or None)
    webhooks = Cell(visit.say("overview.queues.webhooks"), _reachable(visit, page_of("work").path) or None)
    rows = [
        [
            reviews,
            Cell(waiting.open),
            _age(visit, figures, waiting.oldest),
            _limit(visit, policies.REVIEW_WITHIN.value * 60),
            Cell("–"),
        ],
        *reporting_queues(visit, figures.reporting, figures.now, lambda link: _reachable(visit, link) or None),
        [
            webhooks,
            Cell(deliveries.waiting),
            _age(visit, figures, deliveries.oldest),
            _limit(visit, policies.DELIVERY_WITHIN.value),
            Cell("–"),
        ],
    ]
    return Listing(visit.say("overview.queues.caption"), columns, rows, "")


def _age(visit: Visit, figures: Figures, oldest: datetime | None) -> Cell:
    return Cell(age(visit, figures.now - oldest) if oldest else "–")


def _limit(visit: Visit, minutes: int) -> Cell:
    return Cell(period(visit, timedelta(minutes=minutes)))


def _work(visit: Visit, figures: Figures) -> list[tuple[str, str]]:
    failing = sum(job.is_failing for job in figures.jobs)
    signed = ago(visit, figures.now - figures.signed_at) if figures.signed_at else visit.say("overview.work.unsigned")
    verified = figures.verified
    return [
        (visit.say("overview.work.jobs"), visit.say("overview.work.jobs_are", n=len(figures.jobs), failing=failing)),
        (visit.say("overview.work.checkpoint"), visit.say("overview.work.signed", size=figures.audit.size, ago=signed)),
        (
            visit.say("overview.work.verified"),
            visit.say("overview.work.found", n=verified.entries, findings=verified.findings)
            if verified and verified.ended_at
            else visit.say("overview.work.never"),
        ),
    ]
