"""Routes by which the staff signs in and out, and members change their own credentials (`docs/api.md` part 9)."""

from http import HTTPStatus
from typing import NoReturn

from fastapi import Request as HttpRequest
from fastapi import Response
from fastapi.concurrency import run_in_threadpool

from app.api.dependencies import IN_PROGRESS, ONCE, WRITING, RatesOf, SeatsOf, ServicesOf, problems
from app.api.once import Begun, OnceOf
from app.api.staff_dependencies import (
    READING_STAFF,
    WRITING_STAFF,
    FreshStaff,
    SignedInStaff,
    StaffCaller,
    staff_router,
)
from app.api.staff_shapes import (
    AuthenticatorShown,
    CodeGiven,
    NewPasswordGiven,
    PasswordChanged,
    PasswordGiven,
    SessionShown,
    SignedInShown,
    SignInGiven,
    authenticator_out,
    session_out,
    signed_in_out,
)
from app.kernel.secret import Secret
from app.policies import RouteClass
from app.staff.domain import Face, SignInAttempt
from app.staff.own_credentials import ProvedSession
from app.web.rates import address_of
from app.web.seats import AllSeats
from app.wiring import Services

router = staff_router("")
_SIGN_IN = {status: codes for status, codes in WRITING.items() if status != HTTPStatus.FORBIDDEN}
_SIGNED_IN_ALONE = "insufficient-scope"
_FRESH_ALONE = f"{_SIGNED_IN_ALONE}, second-factor-needed"
_WRONG_PASSWORD = "invalid-token, sign-in-failed"  # noqa: S105 -- the codes of a status
_OWN = problems({**ONCE, 401: _WRONG_PASSWORD, 403: _FRESH_ALONE, 409: IN_PROGRESS})


@router.post("/sessions", status_code=201, responses=problems({**_SIGN_IN, 401: "sign-in-failed"}))
async def sign_in(
    body: SignInGiven, request: HttpRequest, services: ServicesOf, seats: SeatsOf, rates: RatesOf
) -> SignedInShown:
    """Signs a member in; the answer to whatever is wrong is one and the same. A code serves once.

    After 10 failures within 15 minutes, for one e-mail address or from one address, only an attempt whose code is right
    is judged: whoever guesses hears 429, and the member still gets in.
    """
    address = address_of(request.scope)
    rates.admit(RouteClass.LOGIN, address)
    attempt = SignInAttempt(
        body.email, Secret(body.password), Secret(body.code), Face.API, address, request.scope["request_id"]
    )
    sessions = services.staff.sessions
    admitted = await run_in_threadpool(sessions.admit, attempt)
    async with seats.index.take():
        signed_in = await run_in_threadpool(sessions.sign_in, admitted)
    return signed_in_out(signed_in)


@router.get("/sessions/current", responses=problems({**READING_STAFF, 403: _SIGNED_IN_ALONE}))
def show_session(caller: SignedInStaff) -> SessionShown:
    """Who is signed in, with their roles as they are now."""
    return session_out(caller.session)


@router.post("/sessions/current/step-up", responses=problems({**WRITING_STAFF, 403: _FRESH_ALONE}))
def step_up(body: CodeGiven, caller: SignedInStaff, services: ServicesOf) -> SessionShown:
    """Renews the second factor for 5 minutes. Five wrong codes in a row end the session."""
    done = services.staff.sessions.step_up(caller.session, Secret(body.code), caller.actor.request_id)
    return session_out(done.session)


@router.delete("/sessions/current", status_code=204, responses=problems({**READING_STAFF, 403: _SIGNED_IN_ALONE}))
def sign_out(caller: SignedInStaff, services: ServicesOf) -> Response:
    """The token is dead at once."""
    services.staff.sessions.end(caller.session, caller.actor.request_id)
    return Response(status_code=204)


@router.post("/me/password", response_model=PasswordChanged, responses=_OWN)
async def change_password(
    body: NewPasswordGiven, caller: FreshStaff, services: ServicesOf, seats: SeatsOf, once: OnceOf
) -> Response:
    """Another password of one's own; every other session ends. Five wrong ones in a row end this one too."""
    own = services.staff.own

    async def work(begun: Begun) -> Response:
        proved = await _proved(body, caller, services, seats)
        async with seats.index.take():
            hashed = await run_in_threadpool(own.hash_new, proved, Secret(body.new_password))

        def change() -> PasswordChanged:
            return PasswordChanged(own_password_at=own.change_password(caller.actor, proved, hashed))

        return await run_in_threadpool(begun.end, change)

    return await once.answer_in_steps(caller, 200, work, _nothing_noted)


@router.post("/me/authenticator", status_code=201, response_model=AuthenticatorShown, responses=_OWN)
async def change_authenticator(
    body: PasswordGiven, caller: FreshStaff, services: ServicesOf, seats: SeatsOf, once: OnceOf
) -> Response:
    """Another authenticator and other recovery codes, told this once; every other session ends."""

    async def work(begun: Begun) -> Response:
        proved = await _proved(body, caller, services, seats)

        def change() -> AuthenticatorShown:
            return authenticator_out(services.staff.own.change_authenticator(caller.actor, proved))

        return await run_in_threadpool(begun.end, change)

    return await once.answer_in_steps(caller, 201, work, _nothing_noted)


def _nothing_noted(subject: str) -> NoReturn:
    """These routes begin nothing that outlives a broken-off request: there is nothing to read again."""
    raise RuntimeError(subject)


async def _proved(body: PasswordGiven, caller: StaffCaller, services: Services, seats: AllSeats) -> ProvedSession:
    async with seats.index.take():
        return await run_in_threadpool(services.staff.own.prove, caller.actor, caller.session, Secret(body.password))
