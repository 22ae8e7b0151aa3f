"""Routes of the staff for complaints and appeals (`docs/api.md` part 9)."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Query, Response

from app.api.complaint_shapes import KindName, StateName
from app.api.cursors import read_place, write_place
from app.api.dependencies import IN_PROGRESS, READING, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.staff_callers import LISTING_STAFF, NOT_FOUND, Cursor, Limit, OfForum
from app.api.staff_complaint_shapes import (
    AcceptanceGiven,
    AgreementGiven,
    AssigneeGiven,
    CasePage,
    CaseShown,
    ContactShown,
    DecisionGiven,
    QueueName,
    RecusalGiven,
    RecusalList,
    RecusalShown,
    ReplyGiven,
    WholeCaseShown,
    WhyGiven,
)
from app.api.staff_dependencies import (
    ONCE_STAFF,
    READING_STAFF,
    WRITING_STAFF,
    SignedInStaff,
    StaffCaller,
    staff_router,
    staff_with,
)
from app.kernel.secret import Secret
from app.reporting.calendar import known_until
from app.reporting.docket import CaseFilter
from app.reporting.domain import CaseKind, CaseState, Queue
from app.reporting.recusals import Recusal
from app.staff.access import Permission

router = staff_router("")
ComplaintsCaller = Annotated[StaffCaller, Depends(staff_with(Permission.COMPLAINTS))]
_ANOTHER = "insufficient-scope, role-not-sufficient, needs-another-person"
_CONFLICT = {409: f"state-conflict, {IN_PROGRESS}"}
_ACT = problems({**ONCE_STAFF, **NOT_FOUND, **_CONFLICT})


def cases_wanted(
    queue: Annotated[QueueName | None, Query()] = None,
    state: Annotated[StateName | None, Query(description="Open ones where none is named.")] = None,
    kind: Annotated[KindName | None, Query()] = None,
    late: Annotated[bool | None, Query()] = None,
    forum: OfForum = None,
) -> CaseFilter:
    return CaseFilter(
        queue=Queue(queue) if queue else None,
        state=CaseState(state) if state else None,
        kind=CaseKind(kind) if kind else None,
        late=late,
        forum_id=forum,
    )


@router.get("/complaints", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def list_cases(
    caller: ComplaintsCaller,
    services: ServicesOf,
    wanted: Annotated[CaseFilter, Depends(cases_wanted)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CasePage:
    """Complaints and appeals; what must be done first stands first."""
    page = replace(wanted, after=read_place(cursor), limit=limit + 1)
    found = services.complaints.handling.list_all(caller.actor, page)
    shown = found[:limit]
    last = shown[-1].case if shown else None
    return CasePage(
        items=[CaseShown.of(view) for view in shown],
        next_cursor=write_place(last.next_by, last.id) if last and len(found) > limit else None,
        calendar_until=known_until(services.clock.now()).isoformat(),
    )


@router.get("/complaints/{case_id}", responses=problems({**READING_STAFF, **NOT_FOUND}))
def show_case(case_id: str, caller: ComplaintsCaller, services: ServicesOf) -> WholeCaseShown:
    """One in full, but for the contact."""
    return WholeCaseShown.whole(services.complaints.handling.show(caller.actor, case_id))


@router.post(
    "/complaints/{case_id}/assign",
    response_model=WholeCaseShown,
    responses=problems({**ONCE_STAFF, 403: _ANOTHER, **NOT_FOUND, **_CONFLICT}),
)
def assign_case(
    case_id: str, body: AssigneeGiven, caller: ComplaintsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """To oneself, or to another member whose roles open cases."""
    handling = services.complaints.handling
    return once.answer(caller, 200, lambda: WholeCaseShown.whole(handling.assign(caller.actor, case_id, body.staff_id)))


@router.post(
    "/complaints/{case_id}/accept",
    response_model=WholeCaseShown,
    responses=problems({**ONCE_STAFF, **NOT_FOUND, 409: f"state-conflict, already-decided, {IN_PROGRESS}"}),
)
def accept_case(
    case_id: str, body: AcceptanceGiven, caller: ComplaintsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Tells whoever complained that somebody looks at it."""
    handling = services.complaints.handling
    return once.answer(
        caller, 200, lambda: WholeCaseShown.whole(handling.accept(caller.actor, case_id, take=body.take))
    )


@router.post("/complaints/{case_id}/reply", response_model=WholeCaseShown, responses=_ACT)
def reply_to_case(
    case_id: str, body: ReplyGiven, caller: ComplaintsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Writes to whoever complained; a question stops the clock."""
    handling, text = services.complaints.handling, Secret(body.text)

    def work() -> WholeCaseShown:
        return WholeCaseShown.whole(handling.reply(caller.actor, case_id, text, asks=body.question))

    return once.answer(caller, 200, work)


@router.post(
    "/complaints/{case_id}/decide",
    response_model=WholeCaseShown,
    responses=problems(
        {**ONCE_STAFF, 403: _ANOTHER, **NOT_FOUND, 409: f"state-conflict, already-decided, {IN_PROGRESS}"}
    ),
)
def decide_case(
    case_id: str, body: DecisionGiven, caller: ComplaintsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Ends a case that is as it was seen, or the appeal that waits in it. A granted appeal takes effect at once."""
    handling, decision = services.complaints.handling, body.read()
    return once.answer(caller, 200, lambda: WholeCaseShown.whole(handling.decide(caller.actor, case_id, decision)))


@router.post(
    "/complaints/{case_id}/agree",
    response_model=WholeCaseShown,
    responses=problems(
        {**ONCE_STAFF, 403: _ANOTHER, **NOT_FOUND, 409: f"state-conflict, already-decided, {IN_PROGRESS}"}
    ),
)
def agree_to_measures(
    case_id: str, body: AgreementGiven, caller: ComplaintsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """A second member lets measures go out that a company asked for."""
    handling = services.complaints.handling
    return once.answer(caller, 200, lambda: WholeCaseShown.whole(handling.agree(caller.actor, case_id, body.version)))


@router.post("/complaints/{case_id}/contact", responses=problems({**WRITING_STAFF, **NOT_FOUND}))
def read_contact(case_id: str, body: WhyGiven, caller: ComplaintsCaller, services: ServicesOf) -> ContactShown:
    """Opens how to reach whoever complained; who did it and why is on record.

    It takes no `Idempotency-Key`: the answer is stored nowhere, and each reading is on record.
    """
    return ContactShown.of(services.complaints.handling.read_contact(caller.actor, case_id, Secret(body.reason)))


@router.get("/recusals", responses=problems(READING))
def list_recusals(caller: SignedInStaff, services: ServicesOf) -> RecusalList:
    """One's own; of everybody for who administers members."""
    return RecusalList(items=[_recusal(one) for one in services.complaints.recusals.list_seen(caller.actor)])


@router.post("/recusals", status_code=201, response_model=RecusalShown, responses=_ACT)
def declare_recusal(body: RecusalGiven, caller: SignedInStaff, services: ServicesOf, once: OnceOf) -> Response:
    """Names a forum account as one's own; what concerns it, or its boards, is not there for this member from now on."""
    recusals, staff_id = services.complaints.recusals, body.staff_id or caller.staff.id
    return once.answer(caller, 201, lambda: _recusal(recusals.declare(caller.actor, staff_id, body.account_id)))


@router.delete("/recusals/{staff_id}/{account_id}", status_code=204, responses=problems({**READING_STAFF, **NOT_FOUND}))
def end_recusal(staff_id: str, account_id: str, caller: SignedInStaff, services: ServicesOf) -> Response:
    """By who administers members, and by nobody for themselves."""
    services.complaints.recusals.end(caller.actor, staff_id, account_id)
    return Response(status_code=204)


def _recusal(one: Recusal) -> RecusalShown:
    return RecusalShown(
        staff_id=one.staff_id, account_id=one.account_id, declared_at=one.declared_at, declared_by=one.declared_by
    )
