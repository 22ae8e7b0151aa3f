"""Signing in to the console and out of it."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from app.console.visits import COOKIE, Fields, FormOf, VisitOf, console_router, keep_signed_in
from app.kernel.errors import Later, TooMany, Unavailable
from app.kernel.secret import Secret
from app.policies import RouteClass
from app.staff.domain import Face, SignedIn, SignInAttempt
from app.staff.errors import SignInFailed
from app.web.forms import read_form, take_secret
from app.web.language import language_of
from app.web.problems import status_of
from app.web.rates import address_of
from app.web.templating import page
from app.web.words import text

if TYPE_CHECKING:
    from app.web.seats import AllSeats
    from app.wiring import Services

router: APIRouter = console_router()
_HOME = "/console"
_INSIDE = re.compile(r"/console(/[A-Za-z0-9_/-]{1,200})?", re.ASCII)


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """Where address, password and code are typed."""
    return _page(request, _asked(request.query_params.get("to")))


@router.post("/sign-in")
async def sign_in(request: Request, form: Annotated[Fields, Depends(read_form)]) -> Response:
    """Opens a session under a token that this browser has never seen before."""
    to, typed = _asked(form.get("to")), form.get("email", "").strip()
    empty = [name for name in ("email", "password", "code") if not form.get(name, "").strip()]
    if empty:
        said = [(name, text(language_of(request), f"signin.error.{name}")) for name in empty]
        return _page(request, to, typed, said, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        signed_in = await _signed_in(request, form)
    except (SignInFailed, TooMany, Unavailable) as refusal:
        sentence = refusal.detail.in_language(language_of(request))
        response = _page(request, to, typed, [("", sentence)], status_of(type(refusal)))
        if isinstance(refusal, Later):
            response.headers["retry-after"] = str(refusal.retry_after)
        return response
    response = RedirectResponse(to, HTTPStatus.SEE_OTHER)
    keep_signed_in(request, response, signed_in.token)
    return response


async def _signed_in(request: Request, form: Fields) -> SignedIn:
    """The seat is taken on the event loop. Raises what `Sessions` raises, and `Unavailable`."""
    services: Services = request.app.state.services
    seats: AllSeats = request.app.state.seats
    request.app.state.rates.admit(RouteClass.LOGIN, address_of(request.scope))
    attempt = SignInAttempt(
        email=form.get("email", ""),
        password=Secret(form.get("password", "")),
        code=Secret(form.get("code", "").strip()),
        face=Face.CONSOLE,
        address=address_of(request.scope),
        request_id=request.scope["request_id"],
    )
    admitted = await run_in_threadpool(services.staff.sessions.admit, attempt)
    async with seats.index.take():
        return await run_in_threadpool(services.staff.sessions.sign_in, admitted)


def _page(
    request: Request, to: str, email: str = "", errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK
) -> Response:
    return page(request, "console/sign_in.html", {"to": to, "email": email, "errors": errors}, status=status)


def _asked(to: str | None) -> str:
    """Only pages of the console: nobody is sent elsewhere after signing in."""
    return to if to and _INSIDE.fullmatch(to) else _HOME


@router.post("/sign-out")
def sign_out(visit: VisitOf, _form: FormOf) -> Response:
    """Ends the session at once, wherever its token is used."""
    visit.services.staff.sessions.end(visit.session, visit.request.scope["request_id"])
    response = RedirectResponse(f"{_HOME}/sign-in", HTTPStatus.SEE_OTHER)
    take_secret(visit.request, response, COOKIE, strict=True)
    return response
