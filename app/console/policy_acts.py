"""A change of a number: rehearsed as charts of before and after, then made with a reason and a second factor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.boards.term_changes import Rehearsed, TermName, WantedChange
from app.boards.terms import Why
from app.console.charts import Bar, Chart, series_of
from app.console.moments import said_day
from app.console.policy_pages import HERE
from app.console.typed import REASON, day_begins, read_day, text_of, today, wrong_texts
from app.console.visits import FormOf, Visit, act, console_router, visit_at
from app.kernel.errors import Invalid, ShimingError
from app.kernel.ids import ForumId
from app.web.problems import status_of

router = console_router()
VisitOf = Annotated[Visit, Depends(visit_at("policies"))]
Errors = Sequence[tuple[str, str]]
_WEEKS, _LONGEST = 26, policies.REVERIFICATION_LONGEST.value
_FIELDS = ("name", "value", "forum", "effective_at")
_DESIGN = "design"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was typed: the change, or what is wrong with it."""

    wanted: WantedChange | None
    wrong: Sequence[tuple[str, str]]


@router.get("/policies/change")
def change_page(visit: VisitOf) -> Response:
    """Says what a change would do before it can be made; nothing is written."""
    typed = {name: visit.query.get(name, "") for name in _FIELDS}
    if "value" not in visit.query:
        return _page(visit, typed, None)
    asked = _asked(visit, typed)
    if asked.wanted is None:
        return _page(visit, typed, None, asked.wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    return _rehearsed(visit, asked.wanted, typed)


def _rehearsed(
    visit: Visit, wanted: WantedChange, typed: Mapping[str, str], errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        found = visit.services.term_changes.rehearse(wanted, _WEEKS)
    except ShimingError as refusal:
        named = refusal.fields[0].pointer.strip("/") if isinstance(refusal, Invalid) and refusal.fields else ""
        said = [(named, visit.sentence(refusal.detail))]
        return _page(visit, typed, None, errors or said, status_of(type(refusal)))
    return _page(visit, typed, found, errors, status)


def _asked(visit: Visit, typed: Mapping[str, str]) -> _Asked:
    name, value, forum = typed.get("name", ""), text_of(typed, "value"), typed.get("forum", "")
    day, written = read_day(typed.get("effective_at", "")), text_of(typed, "effective_at")
    wrong = [] if name in set(TermName) else [("name", visit.say("policies.error.name"))]
    plain = value.isascii() and value.isdigit() and len(value) <= len(str(_LONGEST))
    if value and not (plain and int(value) <= _LONGEST):
        wrong.append(("value", visit.say("policies.error.value", n=_LONGEST)))
    if written and day is None:
        wrong.append(("effective_at", visit.say("console.error.day")))
    if wrong:
        return _Asked(None, wrong)
    at = _begins(visit, day)
    return _Asked(
        WantedChange(TermName(name), int(value) if value else None, ForumId(forum) if forum else None, at), ()
    )


def _begins(visit: Visit, day: date | None) -> datetime | None:
    """The first moment of that day; today is at once."""
    return None if day is None or day.isoformat() == today(visit) else day_begins(day)


def _page(
    visit: Visit, typed: Mapping[str, str], found: Rehearsed | None, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    forums = [(str(one.forum.id), one.forum.name) for one in visit.services.forums.list_all()]
    name = typed.get("name", "")
    held = TermName(name) if name in set(TermName) else TermName.INTERVAL
    return visit.show(
        "policy_change",
        errors=errors,
        status=status,
        typed={"source": _DESIGN, **typed},
        names=[(one.value, visit.say(f"policies.name.{one}")) for one in TermName],
        forums=[("", visit.say("policies.forum.all")), *forums],
        forum_name=dict(forums).get(typed.get("forum", ""), visit.say("policies.forum.all")),
        now={one.value: one.of(visit.services.term_changes.in_force(None)) for one in TermName},
        found=found,
        charts=_charts(visit, found, held, typed) if found else (),
        begins=said_day(visit, found.effective_at) if found else "",
        notice=policies.REVERIFICATION_NOTICE.value,
    )


def _charts(visit: Visit, found: Rehearsed, name: TermName, typed: Mapping[str, str]) -> list[Chart]:
    """Who falls due, and whose powers go off if nobody does anything: each week as it comes anyway and as it would."""
    counted = {
        "due": [(week.starts_on, (week.due, week.due_then)) for week in found.weeks],
        "powers_off": [(week.starts_on, (week.powers_off, week.powers_off_then)) for week in found.weeks],
    }
    value = text_of(typed, "value")
    then = visit.say("policies.chart.then", n=value) if value else visit.say("policies.chart.back")
    return [
        Chart(
            f"{name}-{kind.replace('_', '-')}",
            visit.say(f"policies.chart.{kind}", n=_WEEKS),
            visit.say("overview.due.week"),
            visit.say("console.chart.today"),
            series_of(visit.say("policies.chart.today"), then),
            [Bar(starts_on, values, is_now=number == 0) for number, (starts_on, values) in enumerate(weeks)],
            beside=True,
        )
        for kind, weeks in counted.items()
    ]


@router.post("/policies/change")
def make_change(visit: VisitOf, form: FormOf) -> Response:
    """Makes what was rehearsed; it is on record before it changes."""
    asked = _asked(visit, form)
    if asked.wanted is None:
        return _page(visit, form, None, asked.wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    wanted = asked.wanted

    def again(errors: Errors, status: int) -> Response:
        return _rehearsed(visit, wanted, form, errors, status)

    wrong = wrong_texts(visit, form, {**REASON, "source": 80})
    if wrong:
        return again(wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    why = Why(text_of(form, "source"), text_of(form, "reason"))

    def work(now: Visit) -> Response:
        changes = now.services.term_changes
        made = changes.make(now.actor, wanted, why, changes.announce(now.actor, wanted, why))
        done = "policy_changed" if made.number is not None else "policy_same"
        return now.go(HERE, done, **({"forum": wanted.forum_id} if wanted.forum_id else {}))

    return act(visit, form, work, again, fresh=True)
