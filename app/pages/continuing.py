"""Where a refusal's button leads: into the flow that mends it, or to what is to be done elsewhere."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from app.accounts.naming import is_placeholder
from app.kernel.actor import Actor, ActorKind
from app.pages.appealing import Appellant, send_own, show_own
from app.pages.flow_finding import enter
from app.pages.flow_view import notice_title, notice_values, unlisted
from app.pages.sent_once import LongForm
from app.posting.domain import OpenedTicket
from app.posting.errors import RemedyPlace
from app.web.language import language_of
from app.web.templating import page
from app.wiring import Services

_FLOWS = frozenset({RemedyPlace.FLOW, RemedyPlace.DOCUMENT})
_ONE_STEP = frozenset({RemedyPlace.AGREEMENT, RemedyPlace.HANDLE})
_STEPS = {RemedyPlace.MODERATOR_AGREEMENT: ("sign_in", "decide")}
_PERSON = Actor(ActorKind.PERSON, "continue")
router = APIRouter(include_in_schema=False)


@router.get("/continue/{ticket}")
def continue_from_refusal(ticket: str, request: Request) -> Response:
    """Opening it changes nothing."""
    services: Services = request.app.state.services
    opened = services.posting.open_ticket(ticket)
    if opened is None:
        return _gone(request)
    if opened.place is RemedyPlace.APPEAL:
        return show_own(_appellant(request, services, opened))
    if opened.place in _FLOWS:
        greeting = services.registrations.greet(opened.forum_id, opened.account_id)
        language, path = language_of(request), request.url.path
        title = notice_title(services, opened.forum_id, opened.account_id, greeting.level)
        values = notice_values(services, language, path, greeting.forum_name, opened.handle, title)
        shown = values | {"back_to_forum": None}
        return unlisted(page(request, "pages/flow/notice.html", shown, forum_id=opened.forum_id))
    if opened.place is RemedyPlace.HANDLE and not is_placeholder(opened.account_id, opened.handle):
        values = {"way": "shown", "steps": ("resend",), "handle": opened.handle, "path": None, "me": None}
        return unlisted(page(request, "pages/continue.html", values, forum_id=opened.forum_id))
    values = {"way": opened.place.name.lower(), "steps": _STEPS.get(opened.place, ()), "handle": opened.handle}
    me = f"/me?forum={opened.forum_id}" if opened.place is RemedyPlace.MODERATOR_AGREEMENT else None
    begins = {"path": request.url.path if opened.place in _ONE_STEP else None, "me": me}
    return unlisted(page(request, "pages/continue.html", values | begins, forum_id=opened.forum_id))


@router.post("/continue/{ticket}")
async def begin_from_refusal(ticket: str, request: Request, form: LongForm) -> Response:
    """Opens a flow in this browser; a second press opens another one, and does no harm. Or takes an appeal, once.

    Raises `TooMany`.
    """
    services: Services = request.app.state.services
    opened = await run_in_threadpool(services.posting.open_ticket, ticket)
    if opened is not None and opened.place is RemedyPlace.APPEAL:
        return await send_own(await run_in_threadpool(_appellant, request, services, opened), form)
    if opened is None or opened.place not in _FLOWS | _ONE_STEP:
        return _gone(request)
    if opened.place is RemedyPlace.HANDLE and not is_placeholder(opened.account_id, opened.handle):
        return RedirectResponse(request.url.path, HTTPStatus.SEE_OTHER)
    return await run_in_threadpool(_begin, request, services, opened)


def _begin(request: Request, services: Services, opened: OpenedTicket) -> Response:
    given = services.registrations.begin_from_refusal(
        _PERSON,
        opened.forum_id,
        opened.account_id,
        agreement=opened.place is RemedyPlace.AGREEMENT,
        document=opened.place is RemedyPlace.DOCUMENT,
        handle=opened.place is RemedyPlace.HANDLE,
    )
    return enter(request, services, given)


def _appellant(request: Request, services: Services, opened: OpenedTicket) -> Appellant:
    forum = services.forums.get(opened.forum_id)
    return Appellant(request, services, forum, opened.account_id, opened.handle)


def _gone(request: Request) -> Response:
    values = {"way": "gone", "steps": ("renew",), "handle": None, "path": None, "me": None}
    return unlisted(page(request, "pages/continue.html", values, status=HTTPStatus.GONE))
