"""Who of the staff is calling: their session, their roles as they are now, and how fresh their second factor is."""

import base64
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from app.api.dependencies import ONCE, READING, WRITING, RatesOf, ServicesOf, authorization_of, client_of_token
from app.forums.errors import StaffOnly
from app.kernel.actor import Actor
from app.kernel.errors import ShimingError, Unauthenticated
from app.kernel.secret import Secret
from app.policies import RouteClass
from app.staff.access import Permission
from app.staff.domain import Face, Staff, StaffSession
from app.staff.errors import RoleNotSufficient, SecondFactorNeeded, SessionOver
from app.web.rates import Rates, address_of
from app.wiring import Services

_ROLES = "insufficient-scope, role-not-sufficient"
READING_STAFF = {**READING, 403: _ROLES}
"""What a route of the staff may refuse with."""
WRITING_STAFF = {**WRITING, 403: _ROLES}
ONCE_STAFF = {**ONCE, 403: _ROLES}
FRESH = f"{_ROLES}, second-factor-needed"
"""The 403 of a route that asks for a fresh second factor."""


@dataclass(frozen=True, slots=True)
class StaffCaller:
    """A member of the staff who is signed in: who the audit log will name."""

    session: StaffSession
    actor: Actor

    @property
    def staff(self) -> Staff:
        return self.session.staff


def signed_in(request: Request, services: ServicesOf, rates: RatesOf) -> StaffCaller:
    """The dependency that admits whoever is signed in, whatever their roles. Raises `SessionOver`, `StaffOnly`."""
    session = _session_of(request, services, rates)
    rates.admit(RouteClass.READS if request.method == "GET" else RouteClass.WRITES, session.staff.id)
    request.scope["client_id"] = session.staff.id
    return StaffCaller(session, session.staff.as_actor(request.scope["request_id"]))


def fresh_signed_in(request: Request, services: ServicesOf, rates: RatesOf) -> StaffCaller:
    """Likewise, with a fresh second factor. Raises `SecondFactorNeeded`."""
    found = signed_in(request, services, rates)
    _refuse_stale(found, services)
    return found


def staff_with(permission: Permission) -> Callable[[Request, Services, Rates], StaffCaller]:
    """The dependency that admits members whose roles open this, as they are now. Raises `RoleNotSufficient`."""

    def caller(request: Request, services: ServicesOf, rates: RatesOf) -> StaffCaller:
        found = signed_in(request, services, rates)
        if not found.staff.may(permission, services.clock.now()):
            raise RoleNotSufficient
        return found

    return caller


def fresh_staff_with(permission: Permission) -> Callable[[Request, Services, Rates], StaffCaller]:
    """Likewise, and the second factor must be fresh. Raises `SecondFactorNeeded`."""
    admits = staff_with(permission)

    def caller(request: Request, services: ServicesOf, rates: RatesOf) -> StaffCaller:
        found = admits(request, services, rates)
        _refuse_stale(found, services)
        return found

    return caller


def _refuse_stale(caller: StaffCaller, services: Services) -> None:
    if not caller.session.is_fresh(services.clock.now()):
        raise SecondFactorNeeded


SignedInStaff = Annotated[StaffCaller, Depends(signed_in)]
FreshStaff = Annotated[StaffCaller, Depends(fresh_signed_in)]


def _session_of(request: Request, services: Services, rates: Rates) -> StaffSession:
    """By `Authorization: Bearer` and nothing else: a cookie opens nothing here."""
    scheme, _, token = authorization_of(request).partition(" ")
    token = token.strip(" ") if scheme.lower() == "bearer" else ""
    session = services.staff.sessions.find(Secret(token), Face.API)
    if session is not None:
        return session
    if "authorization" in request.headers:  # the gate has counted who sent none
        rates.admit(RouteClass.PUBLIC, address_of(request.scope))
    try:
        client_of_token(services, token)
    except Unauthenticated:
        raise SessionOver from None
    raise StaffOnly


class StaffRoute(APIRoute):
    """Every answer says how long the audit log was, so that whoever keeps it sees what was cut off later."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer: Callable[[Request], Any] = super().get_route_handler()

        async def answer_with_size(request: Request) -> Response:
            response: Response = await answer(request)
            response.headers.update(await run_in_threadpool(_size_of_log, request.app.state.services))
            return response

        return answer_with_size


def staff_router(path: str, route_class: type[StaffRoute] = StaffRoute) -> APIRouter:
    """A router for routes of the staff under `/v1/staff`; `path` is empty or begins with a slash."""
    return APIRouter(prefix=f"/v1/staff{path}", tags=["staff"], route_class=route_class)


def _size_of_log(services: Services) -> dict[str, str]:
    """Nothing before the first signature; what was done is told in any case."""
    with suppress(ShimingError):
        newest = services.audit.proofs.newest()
        return {"audit-checkpoint": f"{newest.size}:{base64.b64encode(newest.root).decode()}"}
    return {}
