"""What is done in the operator's own house: appointments, filings of forums, entries of the directory."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.console.lists import Cell, Column, Listing
from app.console.moments import said_moment
from app.console.organisation_pages import HERE, said_officer
from app.console.typed import REASON, read_day, text_of, today, wrong_texts
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.forums.errors import ForumNotFound
from app.kernel.ids import ForumId
from app.kernel.secret import Secret
from app.organisation.domain import Appointed, Authority, AuthorityEntry, AuthorityKind, Duty, FiledForum, Rank
from app.organisation.errors import NoSuchAuthority, NoSuchOfficer
from app.staff.access import Permission
from app.web.problems import status_of

router = console_router()
VisitOf = Annotated[Visit, Depends(visit_at("organisation"))]
KeeperOf = Annotated[Visit, Depends(visit_at("organisation", Permission.ORGANISATION))]
Errors = Sequence[tuple[str, str]]
_NO_FORM: Fields = {}
_WRONG = HTTPStatus.UNPROCESSABLE_ENTITY
_OFFICER = {"title": 80, "contact": 120}
_FILING = {"icp_filing": 60, "ps_filing": 60}
_AUTHORITY = {"name": 120, "region": 80, "channel": 400}


def _wrong_day(visit: Visit, form: Fields, name: str) -> list[tuple[str, str]]:
    return [] if read_day(form.get(name, "")) else [(name, visit.say("console.error.day"))]


@router.get("/organisation/officers/new")
def new_officer(visit: KeeperOf) -> Response:
    """Of the post that was found empty, where one is named."""
    return _officer_form(visit, {"appointed_on": today(visit), **visit.query})


def _officer_form(visit: Visit, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK) -> Response:
    return visit.show(
        "officer_new",
        errors=errors,
        status=status,
        typed=typed,
        duties=[(duty.value, visit.say(f"organisation.duty.{duty}")) for duty in Duty],
        ranks=[(rank.value, visit.say(f"organisation.rank.{rank}"), None) for rank in Rank],
    )


@router.post("/organisation/officers")
def appoint(visit: KeeperOf, form: FormOf) -> Response:
    """Beside whoever holds the post already."""
    duty, rank, day = form.get("duty", ""), form.get("rank", ""), read_day(form.get("appointed_on", ""))
    wrong = wrong_texts(visit, form, _OFFICER, {"paper": 120}) + _wrong_day(visit, form, "appointed_on")
    wrong += [] if duty in set(Duty) else [("duty", visit.say("organisation.error.duty"))]
    wrong += [] if rank in set(Rank) else [("rank", visit.say("organisation.error.rank"))]
    if wrong or day is None:
        return _officer_form(visit, form, wrong, _WRONG)
    title, contact, paper = (Secret(text_of(form, name)) for name in ("title", "contact", "paper"))
    new = Appointed(Duty(duty), Rank(rank), title, contact, paper if text_of(form, "paper") else None, day)

    def work(now: Visit) -> Response:
        now.services.organisation.appoint(now.actor, new)
        return now.go(HERE, "appointed")

    return act(visit, form, work, lambda errors, status: _officer_form(visit, form, errors, status))


@router.get("/organisation/officers/{officer_id}")
def ending_officer(visit: KeeperOf, officer_id: str) -> Response:
    """Whose appointment would end, and who is left."""
    return _end_form(visit, officer_id, _NO_FORM)


def _end_form(
    visit: Visit, officer_id: str, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        officer = visit.services.organisation.officer(officer_id)
    except NoSuchOfficer as refusal:
        return _not_there(visit, visit.sentence(refusal.detail), status_of(NoSuchOfficer))
    holders = visit.services.organisation.officers(None, 1000, current=True)
    left = [one for one in holders if one.appointed.duty is officer.appointed.duty and one.id != officer.id]
    return visit.show(
        "officer_end",
        errors=errors,
        status=status,
        typed=typed,
        officer=said_officer(officer),
        ended=said_moment(visit, officer.ended_at) if officer.ended_at else "",
        left=[said_officer(one) for one in left],
    )


def _not_there(visit: Visit, said: str, status: int) -> Response:
    return visit.show("organisation_none", errors=[("", said)], status=status)


@router.post("/organisation/officers/{officer_id}/end")
def end_officer(visit: KeeperOf, form: FormOf, officer_id: str) -> Response:
    """The last one of a duty stays."""
    wrong = wrong_texts(visit, form, REASON)
    if wrong:
        return _end_form(visit, officer_id, form, wrong, _WRONG)

    def work(now: Visit) -> Response:
        now.services.organisation.end_appointment(now.actor, officer_id, text_of(form, "reason"))
        return now.go(HERE, "officer_ended")

    return act(visit, form, work, lambda errors, status: _end_form(visit, officer_id, form, errors, status))


@router.get("/organisation/forums/{forum_id}")
def filings(visit: VisitOf, forum_id: str) -> Response:
    """What holds, what was recorded before, and a form that begins with what holds."""
    return _filing_page(visit, forum_id, None)


def _filing_page(
    visit: Visit, forum_id: str, typed: Fields | None, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        found = visit.services.organisation.filings(ForumId(forum_id))
    except ForumNotFound as refusal:
        return _not_there(visit, visit.sentence(refusal.detail), status_of(ForumNotFound))
    if typed is None:
        held = found[0].filed if found else FiledForum(None, None, "", visit.now.date())
        typed = {
            "icp_filing": held.icp_filing or "",
            "ps_filing": held.ps_filing or "",
            "responsible_unit": held.responsible_unit,
            "reviewed_on": today(visit),
        }
    names = ("icp", "ps", "unit", "reviewed", "review")
    columns = [Column(visit.say(f"organisation.forums.{name}")) for name in names]
    columns.append(Column(visit.say("organisation.history.recorded")))
    rows = [
        [
            Cell(one.filed.icp_filing or "–"),
            Cell(one.filed.ps_filing or "–"),
            Cell(one.filed.responsible_unit),
            Cell(one.filed.reviewed_on.isoformat()),
            Cell(one.filed.review_due_on.isoformat()),
            Cell(said_moment(visit, one.recorded_at)),
        ]
        for one in found
    ]
    history = Listing(visit.say("organisation.history.caption"), columns, rows, visit.say("organisation.history.empty"))
    forum = visit.services.forums.find(forum_id)
    return visit.show("filing", errors=errors, status=status, typed=typed, forum=forum, history=history)


@router.post("/organisation/forums/{forum_id}")
def file_forum(visit: KeeperOf, form: FormOf, forum_id: str) -> Response:
    """Records numbers, or only that somebody looked; what was recorded before stays."""
    day = read_day(form.get("reviewed_on", ""))
    wrong = wrong_texts(visit, form, {"responsible_unit": 120}, _FILING) + _wrong_day(visit, form, "reviewed_on")
    if wrong or day is None:
        return _filing_page(visit, forum_id, form, wrong, _WRONG)
    icp, ps = (text_of(form, name) or None for name in _FILING)
    filed = FiledForum(icp, ps, text_of(form, "responsible_unit"), day)

    def work(now: Visit) -> Response:
        now.services.organisation.file_forum(now.actor, ForumId(forum_id), filed)
        return now.go(f"{HERE}/forums/{forum_id}", "filed")

    return act(visit, form, work, lambda errors, status: _filing_page(visit, forum_id, form, errors, status))


@router.get("/organisation/authorities/new")
def new_authority(visit: KeeperOf) -> Response:
    """Of the kind that is missing, where one is named."""
    return _authority_form(visit, {"reviewed_on": today(visit), **visit.query})


def _kinds(visit: Visit) -> list[tuple[str, str]]:
    return [(kind.value, visit.say(f"organisation.kind.{kind}")) for kind in AuthorityKind]


def _authority_form(visit: Visit, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK) -> Response:
    return visit.show("authority_new", errors=errors, status=status, typed=typed, kinds=_kinds(visit))


def _entry(visit: Visit, form: Fields) -> tuple[AuthorityEntry | None, list[tuple[str, str]]]:
    """What was typed, or what is wrong with it."""
    kind, day = form.get("kind", ""), read_day(form.get("reviewed_on", ""))
    wrong = wrong_texts(visit, form, _AUTHORITY) + _wrong_day(visit, form, "reviewed_on")
    wrong += [] if kind in set(AuthorityKind) else [("kind", visit.say("organisation.error.kind"))]
    if wrong or day is None:
        return None, wrong
    name, region, channel = (text_of(form, field) for field in _AUTHORITY)
    return AuthorityEntry(name, AuthorityKind(kind), region, channel, day), []


@router.post("/organisation/authorities")
def add_authority(visit: KeeperOf, form: FormOf) -> Response:
    """A new entry of the directory."""
    entry, wrong = _entry(visit, form)
    if entry is None:
        return _authority_form(visit, form, wrong, _WRONG)

    def work(now: Visit) -> Response:
        now.services.organisation.add_authority(now.actor, entry)
        return now.go(HERE, "authority_added")

    return act(visit, form, work, lambda errors, status: _authority_form(visit, form, errors, status))


@router.get("/organisation/authorities/{authority_id}")
def authority(visit: VisitOf, authority_id: str) -> Response:
    """What holds, what was said before, and a form that begins with what holds."""
    return _authority_page(visit, authority_id, None)


def _authority_page(
    visit: Visit, authority_id: str, typed: Fields | None, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        found = visit.services.organisation.entries(authority_id)
    except NoSuchAuthority as refusal:
        return _not_there(visit, visit.sentence(refusal.detail), status_of(NoSuchAuthority))
    newest = found[0].entry
    held = {
        "name": newest.name,
        "kind": newest.kind.value,
        "region": newest.region,
        "channel": newest.channel,
        "reviewed_on": today(visit),
    }
    return visit.show(
        "authority",
        errors=errors,
        status=status,
        typed={**held, **(typed or {})},
        current=found[0],
        due=found[0].is_review_due(visit.now),
        kinds=_kinds(visit),
        history=_entries(visit, found),
    )


def _entries(visit: Visit, found: Sequence[Authority]) -> Listing:
    names = ("name", "region", "channel", "reviewed")
    columns = [Column(visit.say(f"organisation.authorities.{name}")) for name in names]
    columns.append(Column(visit.say("organisation.history.recorded")))
    rows = [
        [
            Cell(one.entry.name),
            Cell(one.entry.region),
            Cell(one.entry.channel),
            Cell(one.ended_because or one.entry.reviewed_on.isoformat()),
            Cell(said_moment(visit, one.recorded_at)),
        ]
        for one in found
    ]
    return Listing(visit.say("organisation.history.caption"), columns, rows, visit.say("organisation.history.empty"))


@router.post("/organisation/authorities/{authority_id}")
def revise_authority(visit: KeeperOf, form: FormOf, authority_id: str) -> Response:
    """Makes the whole entry anew, if only the day of its review."""
    entry, wrong = _entry(visit, form)
    if entry is None:
        return _authority_page(visit, authority_id, form, wrong, _WRONG)

    def work(now: Visit) -> Response:
        now.services.organisation.revise_authority(now.actor, authority_id, entry)
        return now.go(f"{HERE}/authorities/{authority_id}", "authority_revised")

    return act(visit, form, work, lambda errors, status: _authority_page(visit, authority_id, form, errors, status))


@router.post("/organisation/authorities/{authority_id}/end")
def end_authority(visit: KeeperOf, form: FormOf, authority_id: str) -> Response:
    """Nothing is reported there any more; the entry stays."""
    wrong = wrong_texts(visit, form, REASON)
    if wrong:
        return _authority_page(visit, authority_id, form, wrong, _WRONG)

    def work(now: Visit) -> Response:
        now.services.organisation.end_authority(now.actor, authority_id, text_of(form, "reason"))
        return now.go(HERE, "authority_ended")

    return act(visit, form, work, lambda errors, status: _authority_page(visit, authority_id, form, errors, status))
