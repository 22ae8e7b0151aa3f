"""The pages of a registration and of a verification session: `/register/{link}` and `/verify/{link}`."""

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from app.kernel.errors import ShimingError
from app.kernel.secret import Secret
from app.pages.flow_acts import Turn, take
from app.pages.flow_finding import KEPT_SECONDS, cookie_of, elsewhere, find_again
from app.pages.flow_refusals import answer_refusal, errors_of
from app.pages.flow_view import Errors, notice_title, notice_values, show, show_link
from app.registration.domain import FlowKind, FlowStatus, Stand, Step
from app.registration.errors import BoundElsewhere, LinkDead, StepPassed
from app.web.forms import browser_secret, give_secret, new_browser_secret, read_form
from app.web.language import language_of
from app.web.templating import page
from app.wiring import Services

router = APIRouter(include_in_schema=False)


@router.get("/register/{link}")
def registration_page(link: str, request: Request) -> Response:
    return _page(request, FlowKind.REGISTRATION, Secret(link))


@router.get("/register/{link}/handle")
@router.get("/verify/{link}/handle")
def try_handle(link: str, request: Request, handle: str = "") -> Response:
    """For the script, while a handle is typed: whether it is free, and seen at once. Takes nothing."""
    services: Services = request.app.state.services
    secret = browser_secret(request, cookie_of(Secret(link)))
    errors: Errors = ()
    waits = False
    try:
        visit = services.visits.visit(Secret(link), secret)
        waits = services.visits.try_handle(visit, handle)
    except ShimingError as error:
        errors = errors_of(request, language_of(request), error)
        if not errors:
            raise
    return page(request, "pages/flow/handle_live.html", {"said": errors[0][1] if errors else None, "waits": waits})


@router.get("/verify/{link}")
def session_page(link: str, request: Request) -> Response:
    return _page(request, FlowKind.SESSION, Secret(link))


@router.post("/register/{link}")
async def act_in_registration(link: str, request: Request) -> Response:
    return await _act(request, FlowKind.REGISTRATION, Secret(link))


@router.post("/verify/{link}")
async def act_in_session(link: str, request: Request) -> Response:
    return await _act(request, FlowKind.SESSION, Secret(link))


def _page(request: Request, kind: FlowKind, link: Secret[str]) -> Response:
    """Opening a link changes nothing: whoever fetches it to preview it uses nothing up."""
    services: Services = request.app.state.services
    stand = _look(services, kind, link)
    if stand is None or stand.status in {FlowStatus.ABANDONED, FlowStatus.EXPIRED}:
        return _gone(request, stand)
    try:
        visit = services.visits.visit(link, browser_secret(request, cookie_of(link)))
    except BoundElsewhere:
        return _at_the_door(request, services, stand, link)
    return show(request, services, visit, step=_asked_step(request))


async def _act(request: Request, kind: FlowKind, link: Secret[str]) -> Response:
    services: Services = request.app.state.services
    form = await read_form(request)
    stand = await run_in_threadpool(_look, services, kind, link)
    if stand is None or stand.status in {FlowStatus.ABANDONED, FlowStatus.EXPIRED}:
        return await run_in_threadpool(_gone, request, stand)
    try:
        if form.get("act") in {"start", "find", "found"}:
            return await _enter(request, services, stand, link, form)
        secret = browser_secret(request, cookie_of(link))
        visit = await run_in_threadpool(services.visits.visit, link, secret, tag=form.get("tag", ""))
    except StepPassed:
        return RedirectResponse(f"{request.url.path}?notice=elsewhere", HTTPStatus.SEE_OTHER)
    except BoundElsewhere:
        return await run_in_threadpool(_at_the_door, request, services, stand, link, status=HTTPStatus.FORBIDDEN)
    turn = Turn(request, services, visit, form)
    try:
        return await take(turn)
    except ShimingError as error:
        return await answer_refusal(turn, error)


def _look(services: Services, kind: FlowKind, link: Secret[str]) -> Stand | None:
    """None for a link that nobody was given, or of the other kind."""
    try:
        stand = services.visits.look(link)
    except LinkDead:
        return None
    return stand if stand.flow.kind is kind else None


def _gone(request: Request, stand: Stand | None) -> Response:
    if stand is None:
        values: Mapping[str, object] = {"forum": None, "back_to_forum": None, "why": "unknown"}
        return page(request, "pages/flow/gone.html", values, status=HTTPStatus.GONE)
    why = "expired" if stand.status is FlowStatus.EXPIRED else "used"
    return show_link(request, stand, "gone", {"why": why}, HTTPStatus.GONE)


def _at_the_door(
    request: Request, services: Services, stand: Stand, link: Secret[str], *, status: int = HTTPStatus.OK
) -> Response:
    """Before a browser is let in: the notice where nobody began, else the way for the one who did."""
    if stand.flow.bound_digest is None:
        language = language_of(request, stand.flow.language)
        handle = stand.account.handle if stand.account else None
        title = notice_title(services, stand.flow.forum_id, stand.flow.account_id, stand.level)
        values = notice_values(services, language, request.url.path, stand.forum_name, handle, title)
        response = show_link(request, stand, "notice", values, status)
    elif stand.step is Step.DONE:
        return show_link(request, stand, "gone", {"why": "used"}, HTTPStatus.GONE)
    else:
        held = browser_secret(request, cookie_of(link))
        again = held is not None and services.visits.may_click_again(link, held)
        response = elsewhere(request, stand, status=status, again=again)
    if browser_secret(request, cookie_of(link)) is None:
        give_secret(request, response, cookie_of(link), new_browser_secret(), KEPT_SECONDS)
    return response


async def _enter(
    request: Request, services: Services, stand: Stand, link: Secret[str], form: Mapping[str, str]
) -> Response:
    """Binds the flow to this browser: the first that begins, one that it was handed on to, or its person's own.

    Raises `BoundElsewhere`, `StepPassed`.
    """
    entry, fresh = browser_secret(request, cookie_of(link)), new_browser_secret()
    onward = RedirectResponse(request.url.path, HTTPStatus.SEE_OTHER)
    with suppress(BoundElsewhere):
        await run_in_threadpool(services.visits.visit, link, entry)
        return onward
    if stand.status is not FlowStatus.OPEN:
        return await run_in_threadpool(_gone, request, stand)
    if entry is None:
        said = {"path": request.url.path}
        return await run_in_threadpool(show_link, request, stand, "no_cookie", said, HTTPStatus.FORBIDDEN)
    if form["act"] != "start":
        return await find_again(request, services, stand, link, form)
    await run_in_threadpool(services.visits.bind, link, entry, fresh, form.get("on"))
    give_secret(request, onward, cookie_of(link), fresh, KEPT_SECONDS)
    return onward


def _asked_step(request: Request) -> Step | None:
    asked = request.query_params.get("step")
    return Step(asked) if asked in frozenset(Step) else None
