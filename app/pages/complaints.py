"""`/complaints`: one question a page, without a login and without a script, and a tracking code at the end.

What was typed travels in the form alone: nothing of it is kept until it is sent, and nothing stands in an address.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from app.forums.domain import Forum, ForumStatus
from app.pages.complaint_draft import (
    CATEGORY,
    CHECK,
    STEPS,
    TARGET,
    YES,
    Draft,
    Errors,
    begun,
    faults_of,
    first_fault,
    hidden,
    new_complaint,
    read_draft,
)
from app.pages.sent_once import LongForm, packed, take_once, unpacked
from app.policies import RouteClass
from app.reporting.domain import Category, TargetKind
from app.reporting.errors import NoSuchForumToComplainOf
from app.web.language import language_of
from app.web.rates import address_of
from app.web.templating import page
from app.web.words import text
from app.wiring import Services

router = APIRouter(prefix="/complaints", include_in_schema=False)
_LONGEST_ID = 60
_MANY = 12
"""Forums from here on are chosen from a list that unfolds."""


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(services_of)]


@router.get("")
def begin(request: Request, services: ServicesOf) -> Response:
    """The first question, about the forum that the address names; without one, which forum it is about."""
    forum = known_forum(services, request.query_params.get("forum", ""))
    if forum is None:
        return choose_forum(request, services, "complaints", missed=was_asked(request))
    draft = begun(forum.id, request.query_params)
    return _show(request, forum, draft, TARGET if draft.category else CATEGORY)


@router.post("")
async def go_on(request: Request, services: ServicesOf, form: LongForm) -> Response:
    """The next page, or the one that was asked for; from the last one the complaint is sent. Raises `TooMany`."""
    draft, language = read_draft(form), language_of(request)
    forum = await run_in_threadpool(known_forum, services, draft.forum)
    if forum is None:
        return await run_in_threadpool(choose_forum, request, services, "complaints", missed=True)
    step, wanted = form.get("step", ""), form.get("go", "")
    if wanted in STEPS or step not in STEPS:
        return _show(request, forum, draft, wanted if wanted in STEPS else CATEGORY)
    errors = faults_of(step, draft, language)
    if errors:
        return _show(request, forum, draft, step, errors)
    if step != CHECK:
        return _show(request, forum, draft, _after(step, draft))
    missing = first_fault(draft, language)
    if missing is not None:
        return _show(request, forum, draft, *missing)
    return await _send(request, services, forum, draft)


def _after(step: str, draft: Draft) -> str:
    return CHECK if draft.checked else STEPS[STEPS.index(step) + 1]


async def _send(request: Request, services: Services, forum: Forum, draft: Draft) -> Response:
    request.app.state.rates.admit(RouteClass.COMPLAINTS, address_of(request.scope))
    new, request_id = new_complaint(draft), request.scope["request_id"]
    work = services.complaints.public.file
    try:
        answer = await take_once(services, "/complaints", draft.key, draft.said, lambda: packed(work(new, request_id)))
    except NoSuchForumToComplainOf:
        return await run_in_threadpool(choose_forum, request, services, "complaints", missed=True)
    return code_page(request, forum, answer, misused=new.target.kind is TargetKind.IDENTITY_MISUSE)


def code_page(
    request: Request, forum: Forum, answer: bytes, *, appeal: bool = False, misused: bool = False
) -> Response:
    """The tracking code, as it was told when the form came first. `answer` is from `packed`."""
    code, respond_by = unpacked(answer)
    values = {
        "forum": forum.name,
        "code": code.reveal(),
        "respond_by": respond_by,
        "appeal": appeal,
        "track_at": f"{services_of(request).issuer}/complaints/track",
        "misused": misused,
    }
    return unlisted(page(request, "pages/complaints/code.html", values, forum_id=forum.id))


def _show(request: Request, forum: Forum, draft: Draft, step: str, errors: Errors | None = None) -> Response:
    if step == CHECK:
        draft = read_draft({**draft.said, "key": draft.key, "checked": YES})
    language, place = language_of(request), STEPS.index(step)
    values = {
        "forum": forum.name,
        "draft": draft,
        "step": step,
        "place": (place + 1, len(STEPS)),
        "before": STEPS[place - 1] if place else None,
        "hidden": hidden(draft, step),
        "errors": errors or [],
        "categories": [(word.value, text(language, f"complaints.category.{word}"), None) for word in Category],
        "kinds": [(word.value, text(language, f"complaints.kind.{word}"), None) for word in TargetKind],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return unlisted(page(request, f"pages/complaints/{step}.html", values, status=status, forum_id=forum.id))


def known_forum(services: Services, asked: str) -> Forum | None:
    """Also one that is cut off: what stands there may be complained of all the same."""
    return services.forums.find(asked) if 0 < len(asked) <= _LONGEST_ID and "\0" not in asked else None


def was_asked(request: Request) -> bool:
    """Whether somebody chose no forum, or one that there is not."""
    return not request.query_params.keys().isdisjoint({"forum", "asked"})


def choose_forum(request: Request, services: Services, where: str, *, missed: bool = False) -> Response:
    """Which forum it is about; the answer stands in the address of the first page, and nothing else does."""
    language = language_of(request)
    active = [one.forum for one in services.forums.list_all() if one.forum.status is ForumStatus.ACTIVE]
    values = {
        "where": where,
        "forums": [(one.id, one.name, None) for one in active],
        "named": [(one.id, one.name) for one in active],
        "many": len(active) >= _MANY,
        "errors": [("forum", text(language, "complaints.error.forum"))] if missed and active else [],
    }
    return page(request, "pages/complaints/forum.html", values, status=_status(missed and bool(active)))


def _status(missed: bool) -> int:  # noqa: FBT001 -- read beside its name
    return HTTPStatus.UNPROCESSABLE_ENTITY if missed else HTTPStatus.OK


def unlisted(response: Response) -> Response:
    response.headers["x-robots-tag"] = "noindex"
    return response
