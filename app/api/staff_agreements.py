"""Routes of agreements for staff (`docs/organisation.md`): write, look through, compare, publish."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.api.cursors import read_cursor, read_number, write_cursor, write_number
from app.api.dependencies import IN_PROGRESS, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.receipt_shapes import ReceiptShown
from app.api.staff_agreement_shapes import (
    ChangedDraft,
    DraftListed,
    DraftPage,
    DraftShown,
    NewDraft,
    OfRevision,
    PublicationAsked,
    PublishedShown,
    VersionListed,
    VersionPage,
)
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
from app.staff.access import Permission

router = staff_router("/agreements")
Writer = Annotated[StaffCaller, Depends(staff_with(Permission.AGREEMENTS))]
FreshWriter = Annotated[StaffCaller, Depends(fresh_staff_with(Permission.AGREEMENTS))]
_LISTING = problems({**READING_STAFF, 422: "validation-failed"})
_STATE = f"state-conflict, {IN_PROGRESS}"
_Limit = Annotated[int, Query(ge=1, le=200)]
_Cursor = Annotated[str | None, Query(max_length=100)]
_VERSION = "agv_"


@router.get("", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_drafts(_caller: Writer, services: ServicesOf, limit: _Limit = 50, cursor: _Cursor = None) -> DraftPage:
    """What staff have written, the newest first; published and withdrawn drafts too."""
    found = services.agreement_drafts.list_all(read_cursor(cursor, "agd_"), limit + 1)
    shown = found[:limit]
    return DraftPage(
        items=[DraftListed.of(written) for written in shown],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )


@router.post("", status_code=201, response_model=DraftShown, responses=problems({**ONCE_STAFF, 409: _STATE}))
def write_draft(body: NewDraft, caller: Writer, services: ServicesOf, once: OnceOf) -> Response:
    """Begins a draft; it binds nobody until it is published."""
    write = services.agreement_drafts.write
    return once.answer(caller, 201, lambda: DraftShown.read(write(caller.actor, body.title, body.as_draft())))


@router.get("/versions", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_versions(_caller: Writer, services: ServicesOf, limit: _Limit = 50, cursor: _Cursor = None) -> VersionPage:
    """Every version that was ever published, the newest first."""
    found = services.agreement_drafts.published(read_number(cursor, _VERSION), limit + 1)
    shown = found[:limit]
    return VersionPage(
        items=[VersionListed.of(published) for published in shown],
        next_cursor=write_number(_VERSION, shown[-1].number) if len(found) > limit else None,
    )


@router.get("/{draft_id}", responses=problems({**READING_STAFF, 404: "not-found"}))
def get_draft(draft_id: str, _caller: Writer, services: ServicesOf) -> DraftShown:
    """A draft with the clauses that it lacks, and line by line what it changes in the version in force."""
    return DraftShown.read(services.agreement_drafts.get(draft_id))


@router.patch("/{draft_id}", responses=problems({**WRITING_STAFF, 404: "not-found", 409: "state-conflict"}))
def change_draft(draft_id: str, body: ChangedDraft, caller: Writer, services: ServicesOf) -> DraftShown:
    """Changes what is given, of the revision that was read."""
    change = services.agreement_drafts.change
    return DraftShown.read(change(caller.actor, draft_id, body.revision, body.as_change()))


@router.post(
    "/{draft_id}/withdraw", response_model=DraftShown, responses=problems({**ONCE_STAFF, 404: "not-found", 409: _STATE})
)
def withdraw_draft(draft_id: str, body: OfRevision, caller: Writer, services: ServicesOf, once: OnceOf) -> Response:
    """Gives a draft up; it stays to be read."""
    withdraw = services.agreement_drafts.withdraw
    return once.answer(caller, 200, lambda: DraftShown.read(withdraw(caller.actor, draft_id, body.revision)))


@router.post(
    "/{draft_id}/publish",
    status_code=201,
    response_model=PublishedShown,
    responses=problems({**ONCE_STAFF, 403: FRESH, 404: "not-found", 409: _STATE}),
)
async def publish_draft(
    draft_id: str, body: PublicationAsked, caller: FreshWriter, services: ServicesOf, once: OnceOf
) -> Response:
    """Publishes exactly the revision that was read; it is on record before it binds anybody.

    It needs every clause of Art. 6. Whoever accepted an earlier version has until `accept_by`.
    """
    drafts, dates = services.agreement_drafts, body.as_dates()
    return await once.answer_on_record(
        caller,
        201,
        lambda: drafts.announce(caller.actor, draft_id, body.revision, dates),
        lambda receipt: PublishedShown.of(
            drafts.publish(caller.actor, draft_id, body.revision, dates, receipt), ReceiptShown.of(receipt)
        ),
    )
