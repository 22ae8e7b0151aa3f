"""`/transparency`: counts of what was done, for anybody, and how to check the log. Source: L11c."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.boards.schedules import ModeratorState
from app.compliance.domain import Posters
from app.kernel.sentence import Language
from app.pages.complaints import ServicesOf
from app.reporting.outcomes import OUTCOMES
from app.reporting.transparency import SMALL_CELL, Handled, Told, Transparency, Withheld, told, told_parts
from app.web.language import language_of
from app.web.spreadsheets import spreadsheet
from app.web.templating import page
from app.web.words import day, text
from app.wiring import Services

router = APIRouter(prefix="/transparency", include_in_schema=False)
_HOURS_A_DAY, _MINUTES_AN_HOUR = 24, 60
_IN_OFFICE = tuple(state for state in ModeratorState if state is not ModeratorState.ENDED)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and rows of what was counted and the count, both as people read them."""

    title: str
    rows: list[tuple[str, str]]


@router.get("")
def show(request: Request, services: ServicesOf) -> Response:
    """Raises `Unavailable`."""
    figures = services.complaints.transparency.figures()
    values = {
        "since": figures.since,
        "last": figures.until - timedelta(days=1),
        "sections": _sections(services, figures, language_of(request)),
        "small": SMALL_CELL,
        "checkpoint": services.audit.public_checkpoints.newest(),
    }
    return page(request, "pages/transparency.html", values)


@router.get("/figures.csv")
def download(request: Request, services: ServicesOf) -> Response:
    """The same for a spreadsheet. Raises `Unavailable`."""
    figures, language = services.complaints.transparency.figures(), language_of(request)
    heads = [text(language, f"transparency.column.{name}") for name in ("section", "what", "count")]
    last = figures.until - timedelta(days=1)
    period = [day(language, moment).striptags() for moment in (figures.since, last)]
    rows = [
        [section.title, what, count]
        for section in _sections(services, figures, language)
        for what, count in section.rows
    ]
    return spreadsheet(
        "transparency", [heads, ["", text(language, "transparency.page.period_plain"), " – ".join(period)], *rows]
    )


def _sections(services: Services, figures: Transparency, language: Language) -> list[Section]:
    overview = services.compliance.overview().figures
    opened = services.disclosures.tellings.count_openings(figures.since, figures.until)
    say = _Said(language)
    states = told_parts({state.value: overview.moderators.by_state[state] for state in _IN_OFFICE})
    return [
        say.section("posting", list(say.posting(overview.posters, figures))),
        say.section(
            "moderators", [(say(f"web.moderator.{state}"), say.count(number)) for state, number in states.items()]
        ),
        say.section("complaints", list(say.handled(figures.complaints))),
        say.section("appeals", list(say.handled(figures.appeals))),
        say.section("takedowns", list(say.takedowns(figures))),
        say.section("disclosures", [(say("transparency.row.opened"), say.count(told(opened)))]),
    ]


@dataclass(frozen=True, slots=True)
class _Said:
    """Counts in one language."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        return text(self.language, key, **values)

    def section(self, name: str, rows: list[tuple[str, str]]) -> Section:
        return Section(self(f"transparency.section.{name}"), rows)

    def count(self, number: Told) -> str:
        if isinstance(number, Withheld):
            return self(f"transparency.withheld.{number.value}", k=SMALL_CELL)
        return f"{number:,}"

    def posting(self, posters: Posters, figures: Transparency) -> Iterator[tuple[str, str]]:
        yield self("transparency.row.may_post"), self.count(told(posters.may_post))
        enough = posters.may_post >= SMALL_CELL
        verified = self.percent(posters.verified * 1000 // posters.may_post / 10 if enough else None)
        yield self("transparency.row.verified"), verified
        yield self("transparency.row.refused"), self.count(figures.refused)
        yield self("transparency.row.unverified"), self.count(figures.refused_unverified)

    def percent(self, share: float | None) -> str:
        few = share is None
        return self("transparency.withheld.few") if few else self("transparency.row.percent", n=f"{share:g}")

    def handled(self, handled: Handled) -> Iterator[tuple[str, str]]:
        yield self("transparency.row.received"), self.count(handled.received)
        yield self("transparency.row.decided"), self.count(handled.decided)
        yield self("transparency.row.in_time"), self.percent(handled.in_time)
        yield self("transparency.row.time_taken"), self.hours(handled.hours)
        for name, number in handled.outcomes.items():
            outcome = OUTCOMES[name].in_language(self.language)
            yield self("transparency.row.outcome", outcome=outcome), self.count(number)

    def takedowns(self, figures: Transparency) -> Iterator[tuple[str, str]]:
        yield self("transparency.row.violations"), self.count(figures.violations)
        minutes = figures.stopped_minutes
        if minutes is None or minutes >= _MINUTES_AN_HOUR:
            yield self("transparency.row.stopped"), self.hours(None if minutes is None else minutes / _MINUTES_AN_HOUR)
        else:
            yield self("transparency.row.stopped"), self("transparency.time.minutes", n=f"{minutes:.0f}")

    def hours(self, hours: float | None) -> str:
        if hours is None:
            return self("transparency.withheld.few")
        if hours >= 2 * _HOURS_A_DAY:
            return self("transparency.time.days", n=f"{hours / _HOURS_A_DAY:.1f}")
        return self("transparency.time.hours", n=f"{hours:.1f}")
