"""Complaints and appeals at the console: the queue on the left, one case in full on the right. Source: L11d, N15."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends
from fastapi.responses import Response

from app.console.case_words import said_against, said_case, said_decided, said_due, said_place, said_steps
from app.console.lists import PAGE
from app.console.moments import ago, listed
from app.console.naming import name_of
from app.console.visits import Fields, Visit, console_router, visit_at
from app.reporting.case_texts import WholeTexts
from app.reporting.docket import CaseFilter
from app.reporting.domain import Case, CaseKind, CaseState, Contact, Measure, OnBehalf, Queue
from app.reporting.given import LONGEST_OUTCOME, LONGEST_REASON, LONGEST_TEXT
from app.reporting.handling import CaseView, WholeCase
from app.reporting.outcomes import OUTCOMES, REASONS, goes_with, outcomes_of
from app.staff.access import Permission

router = console_router()
HERE = "/console/complaints"
VisitOf = Annotated[Visit, Depends(visit_at("complaints"))]
_STATES = (CaseState.RECEIVED, CaseState.ACCEPTED, CaseState.IN_PROGRESS, CaseState.APPEALED, CaseState.DECIDED)
_TURNS = ("late", "mine", "agreement")
_FILTERS = ("queue", "state", "forum", *_TURNS, "cursor")
_KEEPS_THE_PLACE = {"open", "keys", "cursor"}
_PLACE = "~"


@router.get("/complaints")
def complaints(visit: VisitOf) -> Response:
    """The queue, and the case that must be looked at first."""
    return queue_page(visit, visit.query.get("open"), {})


@router.get("/complaints/{case_id}")
def complaint(visit: VisitOf, case_id: str) -> Response:
    """The queue with this one opened, whether it waits or is over."""
    return visit.go(HERE, open=case_id)


def queue_page(
    visit: Visit,
    case_id: str | None,
    typed: Fields,
    errors: Sequence[tuple[str, str]] = (),
    status: int = HTTPStatus.OK,
    contact: Contact | None = None,
) -> Response:
    """What concerns a member is not there for them, nor counted. Raises `NoSuchCase`."""
    handling, asked = visit.services.complaints.handling, asked_of(visit, typed)
    found = handling.list_all(visit.actor, _wanted(visit, asked))
    shown = found[:PAGE]
    chosen = case_id or (shown[0].case.id if shown else None)
    last = shown[-1].case if shown else None
    return visit.show(
        "complaints",
        status=status,
        errors=errors,
        typed=typed,
        tabs=_tabs(visit, asked),
        filters=_filters(visit, asked),
        filtered=bool(asked),
        items=[{**_item(visit, view), "href": link(asked, open=view.case.id)} for view in shown],
        next=link(asked, cursor=_written(last)) if last and len(found) > PAGE else None,
        first=link(asked, cursor=None) if asked.get("cursor") else None,
        keys_off=visit.query.get("keys") == "off",
        keys=link(asked, keys=None if visit.query.get("keys") == "off" else "off"),
        kept=asked,
        **(_in_full(visit, handling.show(visit.actor, chosen), contact) if chosen else {"whole": None}),
    )


def asked_of(visit: Visit, typed: Fields) -> dict[str, str]:
    """The filters of the address; after a form, those of the page that it came from."""
    given: Mapping[str, str] = visit.query if visit.request.method == "GET" else typed
    return {name: given[name] for name in _FILTERS if given.get(name)}


def link(asked: Mapping[str, str], **changes: str | None) -> str:
    """The queue with these filters and others: None takes one away. A place in it never outlives another filter."""
    kept = asked if set(changes) <= _KEEPS_THE_PLACE else {**asked, "cursor": ""}
    changed = {name: value for name, value in {**kept, **changes}.items() if value}
    return f"{HERE}?{urlencode(changed)}" if changed else HERE


def _wanted(visit: Visit, asked: Mapping[str, str]) -> CaseFilter:
    return CaseFilter(
        queue=Queue(asked["queue"]) if asked.get("queue") in set(Queue) else None,
        state=CaseState(asked["state"]) if asked.get("state") in set(CaseState) else None,
        late=True if "late" in asked else None,
        waits_for_agreement="agreement" in asked,
        forum_id=asked.get("forum"),
        assigned_to=visit.staff.id if "mine" in asked else None,
        after=_read(asked.get("cursor", "")),
        limit=PAGE + 1,
    )


def _written(case: Case) -> str:
    return f"{case.next_by.isoformat()}{_PLACE}{case.id}"


def _read(cursor: str) -> tuple[datetime, str] | None:
    at, _, case_id = cursor.partition(_PLACE)
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (when, case_id) if when.tzinfo is not None and case_id.isascii() else None


def _tabs(visit: Visit, asked: Mapping[str, str]) -> list[dict[str, object]]:
    """Each with what is open in it, and what of that is late."""
    counts = visit.services.complaints.handling.count_open(visit.actor)
    tabs = []
    for queue in (None, *Queue):
        of = [one for one in counts if queue in {None, one.queue}]
        tabs.append(
            {
                "said": visit.say(f"cases.queue.{queue}" if queue else "console.list.all"),
                "href": link(asked, queue=queue),
                "current": asked.get("queue") == queue,
                "open": sum(one.open for one in of),
                "late": sum(one.late for one in of),
            }
        )
    return tabs


def _filters(visit: Visit, asked: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    chosen = asked.get("state")
    states = [
        (
            _state(visit, one) if one else visit.say("cases.state.open"),
            link(asked, state=one),
            chosen == one and "agreement" not in asked,
        )
        for one in (None, *_STATES)
    ]
    turns = [
        (visit.say(f"cases.filter.{name}"), link(asked, **{name: None if name in asked else "1"}), name in asked)
        for name in _TURNS
    ]
    return [(visit.say("cases.filter.states"), states), (visit.say("cases.filter.more"), turns)]


def _state(visit: Visit, state: CaseState) -> str:
    return visit.say(f"cases.state.{state}")


def _item(visit: Visit, view: CaseView) -> dict[str, object]:
    case = view.case
    marks = []
    if case.is_escalated and case.is_open:
        marks.append(visit.say("cases.mark.escalated"))
    if case.asked_at is not None:
        marks.append(visit.say("cases.mark.question"))
    if case.waits_for_agreement:
        marks.append(visit.say("cases.mark.agreement"))
    if case.assigned_to is not None and case.is_open:
        marks.append(visit.say("cases.mark.assigned", name=name_of(visit, case.assigned_to)))
    return {
        "id": case.id,
        "said": said_case(visit, case),
        "queue": visit.say(f"cases.queue.{case.queue}"),
        "state": _state(visit, case.state),
        "standing": view.standing.value,
        "age": visit.say("cases.item.age", age=ago(visit, visit.now - case.received_at)),
        "due": said_due(visit, view),
        "marks": marks,
    }


def _in_full(visit: Visit, whole: WholeCase, contact: Contact | None) -> dict[str, object]:
    """All that the right half shows of one."""
    case, texts = whole.view.case, whole.texts
    on_appeal = case.appealed_at is not None
    outcomes = outcomes_of(case.kind, case.against.kind if case.against else None, on_appeal=on_appeal)
    return {
        **_in_their_words(texts),
        "whole": whole,
        "case": case,
        "headline": said_case(visit, case),
        "view": _item(visit, whole.view),
        "forum_name": _forum(visit, case),
        "place": said_place(visit, case),
        "against": said_against(visit, case),
        "proof": _proof(visit, case),
        "steps": said_steps(visit, whole),
        "ended": [
            (visit.say(f"cases.ended.{name}"), said_decided(visit, one))
            for name, one in (("first", case.decided), ("appeal", case.appeal_decided))
            if one is not None
        ],
        "others": [{**_item(visit, one), "href": f"{HERE}?open={one.case.id}"} for one in whole.also],
        "barred": visit.staff.id in case.deciders,
        "company": case.on_behalf is OnBehalf.COMPANY,
        "outcomes": [(code, visit.sentence(OUTCOMES[code])) for code in outcomes],
        "reasons": list(_reasons(visit, outcomes, case)),
        "measures": [(one.value, visit.say(f"cases.measure.{one}")) for one in Measure] if _orders(case) else [],
        "ordered": listed(visit, [visit.say(f"cases.measure.{one}") for one in case.measures]),
        "members": _members(visit, case),
        "channels": [visit.say(f"cases.channel.{one}") for one in whole.view.contact_channels],
        "contact": _said_contact(visit, contact) if contact else None,
        "longest": {"text": LONGEST_TEXT, "outcome": LONGEST_OUTCOME, "reason": LONGEST_REASON},
        "may_record": case.kind is CaseKind.COMPLAINT and visit.may(Permission.VIOLATIONS),
    }


def _reasons(visit: Visit, outcomes: Sequence[str], case: Case) -> Iterator[tuple[str, str, str]]:
    """Each that some outcome may have, with these outcomes."""
    against = case.against.kind if case.against else None
    for code, reason in REASONS.items():
        fitting = [one for one in outcomes if goes_with(one, code, against)]
        if fitting:
            yield code, visit.sentence(reason.sentence), " ".join(fitting)


def _in_their_words(texts: WholeTexts) -> dict[str, object]:
    return {
        "target": texts.target_ref.reveal() if texts.target_ref else None,
        "description": texts.description.reveal() if texts.description else None,
        "evidence": [one.reveal() for one in texts.evidence],
        "grounds": texts.appeal_grounds.reveal() if texts.appeal_grounds else None,
    }


def _orders(case: Case) -> bool:
    """Whether its outcome may order something to be done to content."""
    return case.kind is CaseKind.COMPLAINT


def _forum(visit: Visit, case: Case) -> str:
    forum = visit.services.forums.find(case.forum_id)
    return forum.name if forum else "–"


def _proof(visit: Visit, case: Case) -> str | None:
    """Of a misused identity: whether somebody proved to be that person, and nothing else of it."""
    if case.queue is not Queue.MISUSE:
        return None
    seen = visit.services.complaints.misuse.seen(case.id)
    if seen is None:
        return visit.say("cases.proof.waits")
    said = visit.say("cases.proof.proved" if seen.proved else "cases.proof.not_proved")
    return visit.say("cases.proof.sandbox", said=said) if seen.sandbox else said


def _members(visit: Visit, case: Case) -> list[tuple[str, str]]:
    """To whom it may be given. Whether it concerns one of them is found out when it is tried, and not told here."""
    found = visit.services.staff.members.list_all()
    return [
        (one.id, one.email)
        for one in found
        if one.id not in {visit.staff.id, case.assigned_to} and one.may(Permission.COMPLAINTS, visit.now)
    ]


def _said_contact(visit: Visit, contact: Contact) -> list[tuple[str, str]]:
    given = (("phone", contact.phone), ("email", contact.email))
    return [(visit.say(f"cases.channel.{name}"), one.reveal()) for name, one in given if one is not None]
