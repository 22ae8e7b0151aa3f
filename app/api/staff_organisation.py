"""Routes of the operator's own house (`docs/organisation.md`): officers, the register of forums, authorities."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.staff_dependencies import ONCE_STAFF, READING_STAFF, StaffCaller, staff_router, staff_with
from app.api.staff_organisation_shapes import (
    AuthorityHistory,
    AuthorityPage,
    AuthorityShown,
    FilingHistory,
    FilingShown,
    NewAuthority,
    NewFiling,
    NewOfficer,
    OfficerPage,
    OfficerShown,
    RegisteredForumShown,
    RegisterPage,
    StateShown,
    WithReason,
)
from app.kernel.ids import ForumId
from app.staff.access import Permission

router = staff_router("/organisation")
Reader = Annotated[StaffCaller, Depends(staff_with(Permission.ORGANISATION_READ))]
Keeper = Annotated[StaffCaller, Depends(staff_with(Permission.ORGANISATION))]
_ONE = problems({**READING_STAFF, 404: "not-found"})
_LISTING = problems({**READING_STAFF, 422: "validation-failed"})
_ADDING = problems(ONCE_STAFF)
_ADDING_TO = problems({**ONCE_STAFF, 404: "not-found"})
_CHANGING = problems({**ONCE_STAFF, 404: "not-found", 409: f"state-conflict, {IN_PROGRESS}"})
_Limit = Annotated[int, Query(ge=1, le=200)]
_Cursor = Annotated[str | None, Query(max_length=100)]


@router.get("", responses=problems(READING_STAFF))
def get_state(_caller: Reader, services: ServicesOf) -> StateShown:
    """What is missing, and what is to be looked at again."""
    return StateShown.of(services.organisation.state())


@router.get("/officers", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_officers(
    _caller: Reader, services: ServicesOf, limit: _Limit = 50, cursor: _Cursor = None, *, current: bool = True
) -> OfficerPage:
    """Who answers for what, the newest first; `current=false` shows those too whose appointment has ended."""
    found = services.organisation.officers(read_cursor(cursor, "ofr_"), limit + 1, current=current)
    shown = found[:limit]
    return OfficerPage(
        items=[OfficerShown.of(officer) for officer in shown],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )


@router.post("/officers", status_code=201, response_model=OfficerShown, responses=_ADDING)
def appoint_officer(body: NewOfficer, caller: Keeper, services: ServicesOf, once: OnceOf) -> Response:
    """Names somebody who answers for a duty, or stands in, beside whoever does already."""
    appoint = services.organisation.appoint
    return once.answer(caller, 201, lambda: OfficerShown.of(appoint(caller.actor, body.as_appointed())))


@router.post("/officers/{officer_id}/end", response_model=OfficerShown, responses=_CHANGING)
def end_officer(officer_id: str, body: WithReason, caller: Keeper, services: ServicesOf, once: OnceOf) -> Response:
    """Ends an appointment; the record stays. The last one of a duty cannot be ended."""
    end = services.organisation.end_appointment
    return once.answer(caller, 200, lambda: OfficerShown.of(end(caller.actor, officer_id, body.reason)))


@router.get("/forums", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_register(_caller: Reader, services: ServicesOf, limit: _Limit = 50, cursor: _Cursor = None) -> RegisterPage:
    """Every connected forum with the filing that holds, the oldest forum first."""
    found = services.organisation.register(read_cursor(cursor, "frm_"), limit + 1)
    shown = found[:limit]
    return RegisterPage(
        items=[RegisteredForumShown.of(registered) for registered in shown],
        next_cursor=write_cursor(shown[-1].forum.id) if len(found) > limit else None,
    )


@router.post("/forums", status_code=201, response_model=RegisteredForumShown, responses=_ADDING_TO)
def file_forum(body: NewFiling, caller: Keeper, services: ServicesOf, once: OnceOf) -> Response:
    """Records a forum's filing numbers, or that they were looked at again; what was recorded before stays."""
    file = services.organisation.file_forum
    return once.answer(caller, 201, lambda: RegisteredForumShown.of(file(caller.actor, body.forum, body.as_filed())))


@router.get("/forums/{forum_id}", responses=_ONE)
def get_filings(forum_id: str, _caller: Reader, services: ServicesOf) -> FilingHistory:
    """All that was recorded of a forum; what holds stands first."""
    found = services.organisation.filings(ForumId(forum_id))
    return FilingHistory(items=[FilingShown.of(filing) for filing in found])


@router.get("/authorities", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_authorities(
    _caller: Reader, services: ServicesOf, limit: _Limit = 50, cursor: _Cursor = None, *, current: bool = True
) -> AuthorityPage:
    """The directory, the oldest entry first; `current=false` shows those too that have ended."""
    found = services.organisation.authorities(read_cursor(cursor, "aut_"), limit + 1, current=current)
    shown = found[:limit]
    return AuthorityPage(
        items=[AuthorityShown.of(authority) for authority in shown],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )


@router.post("/authorities", status_code=201, response_model=AuthorityShown, responses=_ADDING)
def add_authority(body: NewAuthority, caller: Keeper, services: ServicesOf, once: OnceOf) -> Response:
    """A new entry of the directory."""
    add = services.organisation.add_authority
    return once.answer(caller, 201, lambda: AuthorityShown.of(add(caller.actor, body.as_entry())))


@router.get("/authorities/{authority_id}", responses=_ONE)
def get_authority(authority_id: str, _caller: Reader, services: ServicesOf) -> AuthorityHistory:
    """All that the directory said of an authority; what holds stands first."""
    found = services.organisation.entries(authority_id)
    return AuthorityHistory(items=[AuthorityShown.of(authority) for authority in found])


@router.post("/authorities/{authority_id}/revise", response_model=AuthorityShown, responses=_CHANGING)
def revise_authority(
    authority_id: str, body: NewAuthority, caller: Keeper, services: ServicesOf, once: OnceOf
) -> Response:
    """Makes the whole entry anew, if only the day of its review; the one before stays in its history."""
    revise = services.organisation.revise_authority
    return once.answer(caller, 200, lambda: AuthorityShown.of(revise(caller.actor, authority_id, body.as_entry())))


@router.post("/authorities/{authority_id}/end", response_model=AuthorityShown, responses=_CHANGING)
def end_authority(authority_id: str, body: WithReason, caller: Keeper, services: ServicesOf, once: OnceOf) -> Response:
    """Nothing is reported there any more; the entry stays."""
    end = services.organisation.end_authority
    return once.answer(caller, 200, lambda: AuthorityShown.of(end(caller.actor, authority_id, body.reason)))
