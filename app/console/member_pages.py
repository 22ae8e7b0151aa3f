"""Members of the staff: who there is, each with what they may open, and somebody new. Source: L8i."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.audit.domain import Action
from app.console.credentials import told_to_member
from app.console.lists import PAGE, Cell, Column, Listing, address, chips, csv_response
from app.console.moments import last_day_cell, plain, said_day, said_last_day
from app.console.role_words import offered, opened_by, read_choice, said_permissions, said_roles
from app.console.seated import with_password
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.kernel.errors import ShimingError
from app.staff.access import Permission, Role
from app.staff.domain import Handout, MadePassword, NewMember, Staff, StaffState
from app.staff.errors import EmailTaken, EmailUnusable, MemberNotFound
from app.web.problems import status_of

router = console_router()
HERE = "/console/members"
_STATES = ("active", "pending", "disabled", "ended")
VisitOf = Annotated[Visit, Depends(visit_at("members"))]
AdminOf = Annotated[Visit, Depends(visit_at("members", Permission.MEMBERS))]


@router.get("/members")
def members(visit: VisitOf) -> Response:
    """All of them for an admin; for who confirms, those who wait for it."""
    return _list_page(visit)


def _list_page(visit: Visit, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK) -> Response:
    everything = visit.may(Permission.MEMBERS)
    found = visit.services.staff.members.list_all() if everything else visit.services.staff.members.waiting()
    wanted, after = visit.query.get("state", ""), visit.query.get("cursor", "")
    matching = [staff for staff in found if wanted not in _STATES or staff.shown_state(visit.now) == wanted]
    if "csv" in visit.query:
        return csv_response("members", _columns(visit), [_cells(visit, staff) for staff in matching])
    later = [staff for staff in matching if staff.id > after]
    shown = later[:PAGE]
    states = [(state, visit.say(f"members.state.{state}")) for state in _STATES]
    listing = Listing(
        visit.say("members.list.caption" if everything else "members.list.waiting", n=len(matching)),
        _columns(visit),
        [_cells(visit, staff) for staff in shown],
        visit.say("members.list.nobody"),
        chips(visit.request, "state", states, visit.say("console.list.all")) if everything else (),
        clear=HERE if wanted else None,
        first=address(visit.request) if after else None,
        next=address(visit.request, cursor=shown[-1].id) if len(later) > PAGE else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    return visit.show("members", errors=errors, status=status, listing=listing)


def _columns(visit: Visit) -> list[Column]:
    names = ("email", "state", "roles", "since", "last_day", "password")
    return [Column(visit.say(f"members.list.{name}")) for name in names]


def _cells(visit: Visit, staff: Staff) -> list[Cell]:
    since = max([staff.created_at, *staff.roles.values()])
    own = visit.say("members.list.own" if staff.own_password_at else "members.list.handed_out")
    return [
        Cell(staff.email, f"{HERE}/{staff.id}"),
        Cell(visit.say(f"members.state.{staff.shown_state(visit.now)}")),
        Cell(said_roles(visit, staff.roles)),
        Cell(said_day(visit, since), plain=plain(since)),
        last_day_cell(visit, staff.ends_at),
        Cell(own if staff.state is StaffState.ACTIVE else "–"),
    ]


@router.get("/members/new")
def new_member(visit: AdminOf) -> Response:
    """The address, and roles beside what each opens."""
    return _new_page(visit, {})


def _new_page(
    visit: Visit, typed: Fields, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK
) -> Response:
    return visit.show("member_new", errors=errors, status=status, typed=typed, offered=offered(visit, typed))


@router.post("/members")
async def add_member(visit: AdminOf, form: FormOf) -> Response:
    """The credentials are on the page that answers, once; one with `privacy` has none before a confirmation."""
    return await with_password(
        visit, lambda made: _add(visit, form, made), lambda errors, status: _new_page(visit, form, errors, status)
    )


def _add(visit: Visit, form: Fields, made: MadePassword) -> Response:
    chosen, email = read_choice(visit, form), form.get("email", "")
    wrong = [*_wrong_email(visit, email), *chosen.wrong]
    if wrong:
        return _new_page(visit, form, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        found, new = now.services.staff.members, NewMember.of(email, chosen.roles, chosen.ends_at)
        announced = found.announce(now.actor, Action.STAFF_ADDED, made=made)
        try:
            handout = found.add(now.actor, announced, new)
        except EmailTaken as refusal:
            return _new_page(now, form, [("email", now.sentence(refusal.detail))], status_of(EmailTaken))
        return handed(now, handout, "member_added")

    return act(visit, form, work, lambda errors, status: _new_page(visit, form, errors, status), fresh=True)


def _wrong_email(visit: Visit, typed: str) -> list[tuple[str, str]]:
    try:
        NewMember.of(typed, [Role.AUDITOR])
    except EmailUnusable as refusal:
        return [("email", visit.sentence(refusal.detail))]
    return []


def handed(visit: Visit, handout: Handout, done: str) -> Response:
    """Credentials on this page and nowhere else; a member who waits for a confirmation has none."""
    if handout.credentials is None:
        return visit.go(f"{HERE}/{handout.staff.id}", "member_waits")
    done_said = visit.say(f"console.done.{done}")
    told = told_to_member(handout.credentials)
    return visit.show("member_credentials", member=handout.staff, said=done_said, told=told)


@router.get("/members/{staff_id}")
def member(visit: VisitOf, staff_id: str) -> Response:
    """One member, and what may be done about them; whoever confirms sees nobody but those who wait for it."""
    try:
        found = find_shown(visit, staff_id)
    except MemberNotFound as refusal:
        return nobody(visit, refusal)
    return visit.show(
        "member",
        member=found,
        state=found.shown_state(visit.now),
        roles=[(visit.say(f"members.role.{role}"), said_day(visit, at)) for role, at in sorted(found.roles.items())],
        opens=said_permissions(visit, opened_by(found.roles)),
        last_day=said_last_day(visit, found.ends_at) if found.ends_at else "",
        proposer=_email_of(visit, found.proposed_by),
        may_confirm=visit.may(Permission.CONFIRM_PRIVACY) and found.state is StaffState.PENDING,
    )


def find_shown(visit: Visit, staff_id: str) -> Staff:
    """Raises `MemberNotFound`, also where this visit may not see them."""
    found = visit.services.staff.members.get(staff_id)
    if found.state is not StaffState.PENDING and not visit.may(Permission.MEMBERS):
        raise MemberNotFound
    return found


def nobody(visit: Visit, refusal: ShimingError) -> Response:
    """The list, which says so."""
    return _list_page(visit, [("", visit.sentence(refusal.detail))], status_of(type(refusal)))


def _email_of(visit: Visit, staff_id: str | None) -> str:
    try:
        return visit.services.staff.members.get(staff_id or "").email
    except MemberNotFound:
        return ""
