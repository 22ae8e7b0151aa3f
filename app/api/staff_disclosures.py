"""Routes of disclosures (`docs/api.md` part 9): the only way to a real identity. Whatever is refused is on record."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, MetricsOf, RatesOf, ServicesOf, problems, refuse_unknown_query
from app.api.disclosure_shapes import ApprovalGiven, DisclosurePage, DisclosureShown, ExecutionShown, NewDisclosure
from app.api.once import Begun, Once, OnceOf
from app.api.staff_dependencies import (
    FRESH,
    ONCE_STAFF,
    READING_STAFF,
    WRITING_STAFF,
    StaffCaller,
    StaffRoute,
    signed_in,
    staff_router,
    staff_with,
)
from app.api.webhook_shapes import NoContent
from app.audit.domain import Action
from app.disclosure.domain import DisclosureView
from app.disclosure.refusals import ground_of, record_refusal
from app.disclosure.service import Note
from app.kernel.errors import Invalid, ShimingError
from app.staff.access import Permission
from app.staff.errors import RoleNotSufficient, SecondFactorNeeded
from app.web.rates import Rates
from app.wiring import Services

_ATTEMPT = "disclosure attempt"
_STATE = f"state-conflict, {IN_PROGRESS}"
_SECOND = "needs-second-person"
_ONE = {404: "not-found"}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Who tries what, for the record of what the shape of a body refuses."""

    services: Services
    caller: StaffCaller
    action: Action
    disclosure_id: str

    def refused(self, refusal: ShimingError) -> None:
        record_refusal(
            self.services.unit_of_work, self.caller.actor, self.action, self.disclosure_id, ground_of(refusal)
        )


class _OnRecord(StaffRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_on_record(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError:
                attempt: _Attempt | None = request.scope.get(_ATTEMPT)
                if attempt is not None:
                    await run_in_threadpool(attempt.refused, Invalid())
                raise

        return answer_on_record


def _who_may(
    permission: Permission, action: Action, *, fresh: bool = False
) -> Callable[[Request, Services, Rates], StaffCaller]:
    """The dependency that admits members whose roles open this; whoever else tries is on record."""

    def caller(request: Request, services: ServicesOf, rates: RatesOf) -> StaffCaller:
        found, now = signed_in(request, services, rates), services.clock.now()
        attempt = _Attempt(services, found, action, request.path_params.get("disclosure_id", ""))
        request.scope[_ATTEMPT] = attempt
        refusal: ShimingError | None = None
        if not found.staff.may(permission, now):
            refusal = RoleNotSufficient()
        elif fresh and not found.session.is_fresh(now):
            refusal = SecondFactorNeeded()
        if refusal is not None:
            attempt.refused(refusal)
            raise refusal
        return found

    return caller


router = staff_router("/disclosures", _OnRecord)
_ASK, _APPROVE = Permission.DISCLOSURE_REQUEST, Permission.DISCLOSURE_APPROVE
ReaderOf = Annotated[StaffCaller, Depends(staff_with(_ASK))]
RequesterOf = Annotated[StaffCaller, Depends(_who_may(_ASK, Action.DISCLOSURE_REQUESTED))]
ApproverOf = Annotated[StaffCaller, Depends(_who_may(_APPROVE, Action.DISCLOSURE_APPROVED, fresh=True))]
RefuserOf = Annotated[StaffCaller, Depends(_who_may(_APPROVE, Action.DISCLOSURE_REFUSED))]
WithdrawerOf = Annotated[StaffCaller, Depends(_who_may(_ASK, Action.DISCLOSURE_WITHDRAWN))]
ExecutorOf = Annotated[StaffCaller, Depends(_who_may(_ASK, Action.DISCLOSURE_EXECUTED, fresh=True))]


@router.post(
    "",
    status_code=201,
    response_model=DisclosureShown,
    responses=problems({**ONCE_STAFF, **_ONE, 409: f"too-few-staff, {_STATE}"}),
)
async def request_disclosure(body: NewDisclosure, caller: RequesterOf, services: ServicesOf, once: OnceOf) -> Response:
    """Asks for fields of the person behind one account; good for 24 hours."""
    wanted = body.wanted()
    return await _answer(
        once, caller, services, lambda note: services.disclosures.requests.request(caller.actor, wanted, note), 201
    )


@router.get(
    "", responses=problems({**READING_STAFF, 422: "validation-failed"}), dependencies=[Depends(refuse_unknown_query)]
)
def list_disclosures(
    caller: ReaderOf,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> DisclosurePage:
    """Newest first: all of them for who may approve, their own for who may ask. Nothing of any identity."""
    found = services.disclosures.requests.list_all(caller.actor, read_cursor(cursor, "dsc_"), limit + 1)
    shown = found[:limit]
    return DisclosurePage(
        items=[DisclosureShown.of(seen) for seen in shown],
        next_cursor=write_cursor(shown[-1].disclosure.id) if len(found) > limit else None,
    )


@router.get("/{disclosure_id}", responses=problems({**READING_STAFF, **_ONE}))
def get_disclosure(disclosure_id: str, caller: ReaderOf, services: ServicesOf) -> DisclosureShown:
    """For who asked and who may approve."""
    return DisclosureShown.of(services.disclosures.requests.get(caller.actor, disclosure_id))


@router.post(
    "/{disclosure_id}/approve",
    response_model=DisclosureShown,
    responses=problems({**ONCE_STAFF, **_ONE, 403: f"{FRESH}, {_SECOND}", 409: _STATE}),
)
async def approve_disclosure(
    disclosure_id: str, caller: ApproverOf, services: ServicesOf, once: OnceOf, body: ApprovalGiven | None = None
) -> Response:
    """Approves exactly what stands there, once that is on record for good."""
    digest = body.digest() if body else None
    approve = services.disclosures.requests.approve
    return await _answer(
        once, caller, services, lambda note: approve(caller.actor, caller.session, disclosure_id, digest, note)
    )


@router.post(
    "/{disclosure_id}/refuse",
    response_model=DisclosureShown,
    responses=problems({**ONCE_STAFF, **_ONE, 403: f"{READING_STAFF[403]}, {_SECOND}", 409: _STATE}),
)
async def refuse_disclosure(
    disclosure_id: str, caller: RefuserOf, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """Ends a request for good."""
    refuse = services.disclosures.requests.refuse
    return await _answer(once, caller, services, lambda note: refuse(caller.actor, disclosure_id, note))


@router.post(
    "/{disclosure_id}/withdraw", response_model=DisclosureShown, responses=problems({**ONCE_STAFF, **_ONE, 409: _STATE})
)
async def withdraw_disclosure(
    disclosure_id: str, caller: WithdrawerOf, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """Takes a request of one's own back."""
    withdraw = services.disclosures.requests.withdraw
    return await _answer(once, caller, services, lambda note: withdraw(caller.actor, disclosure_id, note))


@router.post(
    "/{disclosure_id}/execute",
    response_model=ExecutionShown,
    responses=problems({**WRITING_STAFF, **_ONE, 403: FRESH, 409: "state-conflict"}),
)
def execute_disclosure(
    disclosure_id: str, caller: ExecutorOf, services: ServicesOf, metrics: MetricsOf, _body: NoContent | None = None
) -> Response:
    """Opens what was approved, for who asked. Asked again within its 24 hours it is the same one execution.

    It takes no `Idempotency-Key`: the answer is stored nowhere. What is not on file is absent.
    """
    opened = services.disclosures.openings.execute(caller.actor, caller.session, disclosure_id)
    if not opened.shown_before:
        metrics.disclosed()
    if opened.alarm is not None:
        metrics.alarmed(opened.alarm)
    shown = ExecutionShown.of(opened)
    return Response(shown.model_dump_json(exclude_unset=True), media_type="application/json")


async def _answer(
    once: Once, caller: StaffCaller, services: Services, act: Callable[[Note], DisclosureView], status: int = 200
) -> Response:
    """A refusal is on record in a transaction of its own: the use case runs before the one that stores the answer."""

    async def work(begun: Begun) -> Response:
        seen = await run_in_threadpool(act, begun.note)
        return await run_in_threadpool(begun.end, lambda: DisclosureShown.of(seen))

    def read(disclosure_id: str) -> DisclosureShown:
        return DisclosureShown.of(services.disclosures.requests.get(caller.actor, disclosure_id))

    return await once.answer_in_steps(caller, status, work, read)
