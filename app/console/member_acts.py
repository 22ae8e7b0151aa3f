"""What is done about a member: other roles with their effect first, out, in again, reset, confirmed. Source: L8i.

Each is a page of its own that says what it does, and takes a reason and a recent second factor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from app.audit.domain import Action
from app.console.member_pages import HERE, AdminOf, find_shown, handed, nobody
from app.console.moments import said_last_day, typed_last_day
from app.console.role_words import TICKED, Chosen, field_of, offered, opened_by, read_choice, said_permissions
from app.console.seated import with_password
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.staff.access import Permission, Role
from app.staff.domain import Announced, MadePassword, MemberChange, Staff, StaffState, comes_back
from app.staff.errors import MemberNotFound
from app.staff.service import Members

router = console_router()
_LONGEST_REASON = 400
_VERSION_DIGITS = 9
Errors = Sequence[tuple[str, str]]
ConfirmerOf = Annotated[Visit, Depends(visit_at("members", Permission.CONFIRM_PRIVACY))]
_Do = Callable[[Visit, Members, Announced, str], Response]


@dataclass(frozen=True, slots=True)
class _MemberAct:
    """`fits`: in which states it is offered."""

    name: str
    action: Action
    fits: tuple[StaffState, ...]
    do: _Do
    takes_reason: bool = True
    hands_out: bool = False


def _there(visit: Visit, staff: Staff, done: str) -> Response:
    waits = staff.state is StaffState.PENDING
    return visit.go(f"{HERE}/{staff.id}", "member_waits" if waits else done)


def _disable(visit: Visit, members: Members, announced: Announced, reason: str) -> Response:
    return _there(visit, members.disable(visit.actor, announced, reason), "member_disabled")


def _restore(visit: Visit, members: Members, announced: Announced, reason: str) -> Response:
    return _there(visit, members.restore(visit.actor, announced, reason), "member_restored")


def _reset(visit: Visit, members: Members, announced: Announced, reason: str) -> Response:
    return handed(visit, members.reset(visit.actor, announced, reason), "member_reset")


def _confirm(visit: Visit, members: Members, announced: Announced, _reason: str) -> Response:
    return handed(visit, members.confirm(visit.actor, announced), "member_confirmed")


_HERE_NOW = (StaffState.ACTIVE, StaffState.PENDING)
_ACTS = {
    one.name: one
    for one in (
        _MemberAct("disable", Action.STAFF_DISABLED, _HERE_NOW, _disable),
        _MemberAct("restore", Action.STAFF_RESTORED, (StaffState.DISABLED,), _restore),
        _MemberAct("reset", Action.STAFF_RESET, _HERE_NOW, _reset, hands_out=True),
    )
}
_CONFIRM = _MemberAct(
    "confirm", Action.STAFF_CONFIRMED, (StaffState.PENDING,), _confirm, takes_reason=False, hands_out=True
)


@router.get("/members/{staff_id}/confirm")
def confirm_page(visit: ConfirmerOf, staff_id: str) -> Response:
    """Who waits, who proposed it, and what they are to hold."""
    return _act_page(visit, staff_id, _CONFIRM, {})


@router.post("/members/{staff_id}/confirm")
async def confirm(visit: ConfirmerOf, form: FormOf, staff_id: str) -> Response:
    """The credentials are shown to who confirms, once, to hand them over."""
    return await _hand_out(visit, staff_id, _CONFIRM, form)


@router.get("/members/{staff_id}/change")
def change_page(visit: AdminOf, staff_id: str) -> Response:
    """Roles as they are; another choice is shown with its effect before anything changes."""
    try:
        found = find_shown(visit, staff_id)
    except MemberNotFound as refusal:
        return nobody(visit, refusal)
    if found.state is StaffState.DISABLED:
        return visit.go(f"{HERE}/{staff_id}")
    typed = {field_of(role): TICKED for role in found.roles}
    return _choice_page(visit, found, {**typed, "last_day": _last_day_of(found)})


def _last_day_of(staff: Staff) -> str:
    return typed_last_day(staff.ends_at) if staff.ends_at else ""


def _choice_page(
    visit: Visit, found: Staff, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    return visit.show(
        "member_change", errors=errors, status=status, member=found, typed=typed, offered=offered(visit, typed)
    )


@router.get("/members/{staff_id}/change/preview")
def preview(visit: AdminOf, staff_id: str) -> Response:
    """What the choice would open and close."""
    return _preview_page(visit, staff_id, visit.query)


def _preview_page(
    visit: Visit, staff_id: str, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        found = find_shown(visit, staff_id)
    except MemberNotFound as refusal:
        return nobody(visit, refusal)
    chosen = read_choice(visit, typed)
    if chosen.wrong:
        return _choice_page(visit, found, typed, chosen.wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    before, after = opened_by(found.roles), opened_by(chosen.roles)
    then = replace(
        found,
        roles=dict.fromkeys(chosen.roles, visit.now),
        ends_at=chosen.ends_at if _sets_end(found, typed) else found.ends_at,
    )
    asks_anew = Role.PRIVACY not in found.roles or comes_back(found, then, visit.now)
    return visit.show(
        "member_preview",
        errors=errors,
        status=status,
        member=found,
        typed=typed,
        kept=[(field_of(role), TICKED) for role in Role if role in chosen.roles],
        gained=[visit.say(f"members.role.{role}") for role in Role if role in chosen.roles - found.roles.keys()],
        lost=[visit.say(f"members.role.{role}") for role in Role if role in found.roles.keys() - chosen.roles],
        opens=said_permissions(visit, after - before),
        closes=said_permissions(visit, before - after),
        waits=Role.PRIVACY in chosen.roles and asks_anew,
        last_day=said_last_day(visit, chosen.ends_at) if chosen.ends_at else "",
        sets_end=_sets_end(found, typed),
        changes=chosen.roles != found.roles.keys() or _sets_end(found, typed),
    )


def _sets_end(found: Staff, typed: Fields) -> bool:
    return typed.get("last_day", "").strip() != _last_day_of(found)


@router.post("/members/{staff_id}/change")
def change(visit: AdminOf, form: FormOf, staff_id: str) -> Response:
    """What the preview said, of the member as they were then."""

    def again(errors: Errors, status: int) -> Response:
        return _preview_page(visit, staff_id, form, errors, status)

    chosen, reason = read_choice(visit, form), form.get("reason", "").strip()
    if chosen.wrong or not 0 < len(reason) <= _LONGEST_REASON:
        return again(_reason_missing(visit), HTTPStatus.UNPROCESSABLE_ENTITY)
    return act(visit, form, lambda now: _change(now, staff_id, form, chosen, reason), again, fresh=True)


def _change(visit: Visit, staff_id: str, form: Fields, chosen: Chosen, reason: str) -> Response:
    members = visit.services.staff.members
    sets_end, seen = _sets_end(members.get(staff_id), form), _version_of(form)
    announced = members.announce(visit.actor, Action.STAFF_CHANGED, staff_id)
    wanted = MemberChange(seen, chosen.roles, sets_end, chosen.ends_at)
    return _there(visit, members.change(visit.actor, announced, wanted, reason), "member_changed")


@router.get("/members/{staff_id}/{named}")
def act_page(visit: AdminOf, staff_id: str, named: str) -> Response:
    """What it does, before it is done."""
    return _act_page(visit, staff_id, _ACTS[named], {}) if named in _ACTS else visit.go(f"{HERE}/{staff_id}")


@router.post("/members/{staff_id}/{named}")
async def carry_out(visit: AdminOf, form: FormOf, staff_id: str, named: str) -> Response:
    """On record before it happens."""
    asked = _ACTS.get(named)
    if asked is None:
        return visit.go(f"{HERE}/{staff_id}")
    if asked.hands_out:
        return await _hand_out(visit, staff_id, asked, form)
    return await run_in_threadpool(_carry_out, visit, staff_id, asked, form)


def _act_page(
    visit: Visit, staff_id: str, asked: _MemberAct, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        found = find_shown(visit, staff_id)
    except MemberNotFound as refusal:
        return nobody(visit, refusal)
    if not errors and found.state not in asked.fits:
        return visit.go(f"{HERE}/{staff_id}")
    return visit.show(
        "member_act",
        errors=errors,
        status=status,
        member=found,
        typed=typed,
        asked=asked,
        opens=said_permissions(visit, opened_by(found.roles)),
        waits=Role.PRIVACY in found.roles and asked.name in {"restore", "reset"},
    )


async def _hand_out(visit: Visit, staff_id: str, asked: _MemberAct, form: Fields) -> Response:
    return await with_password(
        visit,
        lambda made: _carry_out(visit, staff_id, asked, form, made),
        lambda errors, status: _act_page(visit, staff_id, asked, form, errors, status),
    )


def _carry_out(
    visit: Visit, staff_id: str, asked: _MemberAct, form: Fields, made: MadePassword | None = None
) -> Response:
    def again(errors: Errors, status: int) -> Response:
        return _act_page(visit, staff_id, asked, form, errors, status)

    reason = form.get("reason", "").strip()
    if asked.takes_reason and not 0 < len(reason) <= _LONGEST_REASON:
        return again(_reason_missing(visit), HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        members = now.services.staff.members
        seen = _version_of(form) if asked is _CONFIRM else None
        announced = members.announce(now.actor, asked.action, staff_id, made, seen)
        return asked.do(now, members, announced, reason)

    return act(visit, form, work, again, fresh=True)


def _version_of(form: Fields) -> int:
    """Of the member as the page showed them; 0 for what is none."""
    version = form.get("version", "")
    return int(version) if version.isascii() and version.isdigit() and len(version) <= _VERSION_DIGITS else 0


def _reason_missing(visit: Visit) -> Errors:
    return [("reason", visit.say("console.error.reason", n=_LONGEST_REASON))]
