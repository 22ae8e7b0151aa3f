"""Routes about members of the staff (`docs/api.md` part 9). Whatever changes them is on record before it happens."""

from typing import Annotated

from fastapi import Depends, Query, Response
from fastapi.concurrency import run_in_threadpool

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, SeatsOf, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.staff_dependencies import (
    FRESH,
    ONCE_STAFF,
    READING_STAFF,
    WRITING_STAFF,
    StaffCaller,
    fresh_staff_with,
    staff_router,
    staff_with,
)
from app.api.staff_shapes import (
    ActOnMember,
    ChangedMember,
    Confirmation,
    HandoutShown,
    MemberPage,
    MemberShown,
    MembersWaiting,
    NewMemberGiven,
    handout_out,
    member_out,
)
from app.audit.domain import Action
from app.staff.access import Permission, Role
from app.staff.domain import Announced, MemberChange, NewMember, checked_roles
from app.staff.service import make_password
from app.web.seats import AllSeats
from app.wiring import Services

router = staff_router("")
_Admin = Annotated[StaffCaller, Depends(staff_with(Permission.MEMBERS))]
_FreshAdmin = Annotated[StaffCaller, Depends(fresh_staff_with(Permission.MEMBERS))]
_Privacy = Annotated[StaffCaller, Depends(staff_with(Permission.CONFIRM_PRIVACY))]
_FreshPrivacy = Annotated[StaffCaller, Depends(fresh_staff_with(Permission.CONFIRM_PRIVACY))]
_STATE = {404: "not-found", 409: f"state-conflict, {IN_PROGRESS}"}
_CHANGE = problems({**WRITING_STAFF, 403: FRESH, 404: "not-found", 409: "state-conflict"})
_ACTS = problems({**ONCE_STAFF, 403: FRESH, **_STATE})


@router.get(
    "/members",
    responses=problems({**READING_STAFF, 422: "validation-failed"}),
    dependencies=[Depends(refuse_unknown_query)],
)
def list_members(
    _caller: _Admin,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> MemberPage:
    """Every member in every state, the oldest first."""
    after, now = read_cursor(cursor, "stf_") or "", services.clock.now()
    found = [staff for staff in services.staff.members.list_all() if staff.id > after]
    shown = found[:limit]
    return MemberPage(
        items=[member_out(staff, now) for staff in shown],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )


@router.post(
    "/members",
    status_code=201,
    response_model=HandoutShown,
    responses=problems({**ONCE_STAFF, 403: FRESH, 409: f"state-conflict, {IN_PROGRESS}"}),
)
async def add_member(
    body: NewMemberGiven, caller: _FreshAdmin, services: ServicesOf, seats: SeatsOf, once: OnceOf
) -> Response:
    """A new member; the credentials are told this once. One with `privacy` has none before a confirmation."""
    new, members = NewMember.of(body.email, map(Role, body.roles), body.ends_at), services.staff.members

    def work(announced: Announced) -> HandoutShown:
        return handout_out(members.add(caller.actor, announced, new), services.clock.now())

    return await once.answer_announced(
        caller, 201, lambda: _announced(caller, services, seats, Action.STAFF_ADDED), work
    )


@router.patch("/members/{staff_id}", responses=_CHANGE)
def change_member(staff_id: str, body: ChangedMember, caller: _FreshAdmin, services: ServicesOf) -> MemberShown:
    """Other roles or another end date, at the next request. Who is given `privacy` is out until that is confirmed."""
    roles = None if body.roles is None else checked_roles(map(Role, body.roles))
    change = MemberChange(body.version, roles, "ends_at" in body.model_fields_set, body.ends_at)
    announced = services.staff.members.announce(caller.actor, Action.STAFF_CHANGED, staff_id)
    changed = services.staff.members.change(caller.actor, announced, change, body.reason)
    return member_out(changed, services.clock.now())


@router.post("/members/{staff_id}/disable", response_model=MemberShown, responses=_ACTS)
async def disable_member(
    staff_id: str, body: ActOnMember, caller: _FreshAdmin, services: ServicesOf, once: OnceOf
) -> Response:
    """Out at the next request, in every session."""
    members = services.staff.members

    def work(announced: Announced) -> MemberShown:
        return member_out(members.disable(caller.actor, announced, body.reason), services.clock.now())

    return await once.answer_announced(
        caller, 200, lambda: run_in_threadpool(members.announce, caller.actor, Action.STAFF_DISABLED, staff_id), work
    )


@router.post("/members/{staff_id}/restore", response_model=MemberShown, responses=_ACTS)
async def restore_member(
    staff_id: str, body: ActOnMember, caller: _FreshAdmin, services: ServicesOf, once: OnceOf
) -> Response:
    """In again with the credentials of before; one with `privacy` waits for a confirmation."""
    members = services.staff.members

    def work(announced: Announced) -> MemberShown:
        return member_out(members.restore(caller.actor, announced, body.reason), services.clock.now())

    return await once.answer_announced(
        caller, 200, lambda: run_in_threadpool(members.announce, caller.actor, Action.STAFF_RESTORED, staff_id), work
    )


@router.post("/members/{staff_id}/reset", response_model=HandoutShown, responses=_ACTS)
async def reset_member(
    staff_id: str, body: ActOnMember, caller: _FreshAdmin, services: ServicesOf, seats: SeatsOf, once: OnceOf
) -> Response:
    """Other credentials, told this once; one with `privacy` waits for a confirmation and has none meanwhile."""

    def work(announced: Announced) -> HandoutShown:
        handout = services.staff.members.reset(caller.actor, announced, body.reason)
        return handout_out(handout, services.clock.now())

    return await once.answer_announced(
        caller, 200, lambda: _announced(caller, services, seats, Action.STAFF_RESET, staff_id), work
    )


@router.get("/confirmations", responses=problems(READING_STAFF))
def list_waiting(_caller: _Privacy, services: ServicesOf) -> MembersWaiting:
    """Members with `privacy` who wait until another member with `privacy` confirms them."""
    now = services.clock.now()
    return MembersWaiting(items=[member_out(staff, now) for staff in services.staff.members.waiting()])


@router.post(
    "/members/{staff_id}/confirm",
    response_model=HandoutShown,
    responses=problems({**ONCE_STAFF, 403: f"{FRESH}, needs-second-person", **_STATE}),
)
async def confirm_member(
    staff_id: str, body: Confirmation, caller: _FreshPrivacy, services: ServicesOf, seats: SeatsOf, once: OnceOf
) -> Response:
    """What an admin proposed about a member with `privacy`; the credentials go to who confirms, to hand them over.

    Takes a member who has held `privacy` for 7 days, and neither proposed it nor is meant.
    """

    def work(announced: Announced) -> HandoutShown:
        return handout_out(services.staff.members.confirm(caller.actor, announced), services.clock.now())

    return await once.answer_announced(
        caller, 200, lambda: _announced(caller, services, seats, Action.STAFF_CONFIRMED, staff_id, body.version), work
    )


async def _announced(
    caller: StaffCaller,
    services: Services,
    seats: AllSeats,
    action: Action,
    staff_id: str | None = None,
    seen: int | None = None,
) -> Announced:
    """An act that hands a password out: its hash is paid in a seat, which nobody holds while the log is published."""
    async with seats.index.take():
        made = await run_in_threadpool(make_password)
    return await run_in_threadpool(services.staff.members.announce, caller.actor, action, staff_id, made, seen)
