"""The pages of the demo forum, in development only: boards, signing up, coming back, posting."""

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from sqlite3 import OperationalError
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from app.demo.backend import Call, CredentialsRefused, ServiceFailed
from app.demo.forum import BOARDS, NAME, DemoForum, NotYours, Pinning, Visitor
from app.demo.offline import Json, TokenRefused
from app.demo.seed import PEOPLE
from app.demo.store import Post, Session, User
from app.kernel.sentence import Language
from app.web.forms import browser_secret, give_secret, new_browser_secret, read_form
from app.web.language import language_of
from app.web.templating import page
from app.web.words import text as words

router = APIRouter(prefix="/demo", include_in_schema=False)
MAX_TITLE, MAX_TEXT = 60, 2000
_COOKIE, _COOKIE_SECONDS = "shiming-demo", 30 * 24 * 3600
_SEE_OTHER, _FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE, _UNAVAILABLE = 303, 403, 404, 422, 503
_STATES = ("phone", "document", "identity-unverified", "agreement-not-accepted", "account-suspended")
_TO_REVERIFY = ("due", "overdue", "suspended")
_FOUNDER = "founder"
_PIN_ACTS = ("pin", "unpin")
_SOON = "2"
"""Seconds until a page that waits looks again."""
_FORM_BYTES, _FORM = 16, re.compile(r"[0-9a-f]{32}")
_SORRY: dict[type[Exception], tuple[str, int]] = {
    TimeoutError: ("preparing", _UNAVAILABLE),
    NotYours: ("not_yours", _FORBIDDEN),
    CredentialsRefused: ("forgotten", _UNAVAILABLE),  # first of the family that it belongs to
    ServiceFailed: ("silent", _UNAVAILABLE),
    TokenRefused: ("silent", _UNAVAILABLE),
    OperationalError: ("silent", _UNAVAILABLE),
    OSError: ("silent", _UNAVAILABLE),
}
Fields = Mapping[str, str]
Work = Callable[[DemoForum, Visitor, Fields], Response]


@dataclass(frozen=True, slots=True)
class _Refused:
    """What the service does not permit now, and its reasons."""

    act: str
    reasons: Sequence[Json]


@router.get("")
async def front(request: Request) -> Response:
    return await _answer(request, partial(_board, request, BOARDS[0]))


@router.get("/boards/{board}")
async def one_board(request: Request, board: str) -> Response:
    return await _answer(request, partial(_board, request, board))


@router.post("/boards/{board}")
async def post(request: Request, board: str) -> Response:
    return await _answer(request, partial(_post, request, board))


@router.post("/boards/{board}/pin")
async def pin(request: Request, board: str) -> Response:
    return await _answer(request, partial(_pin, request, board))


@router.post("/boards/{board}/order")
async def order(request: Request, board: str) -> Response:
    return await _answer(request, partial(_order, request, board))


@router.post("/as")
async def act_as(request: Request) -> Response:
    return await _answer(request, _act_as)


@router.post("/sign-up")
async def sign_up(request: Request) -> Response:
    return await _answer(request, _sign_up, renew=True)


@router.get("/return")
async def come_back(request: Request) -> Response:
    return await _answer(request, partial(_come_back, request))


async def _answer(request: Request, work: Work, *, renew: bool = False) -> Response:
    """Does the work in a thread of the demo's own, for a browser that its first form gives a session.

    `renew` gives it another one: whoever planted the old one stays outside (session fixation).
    """
    forum: DemoForum = request.app.state.demo
    fields: Fields = await read_form(request) if request.method == "POST" else {}
    if urlsplit(forum.issuer).netloc != request.headers.get("host"):
        return RedirectResponse(f"{forum.issuer}/demo", _SEE_OTHER)  # one name for this place, so that cookies hold
    work_here = partial(_work, request, forum, fields, work, renew=renew)
    return await asyncio.get_running_loop().run_in_executor(forum.threads, work_here)


def _work(request: Request, forum: DemoForum, fields: Fields, work: Work, *, renew: bool) -> Response:
    fresh = None
    try:
        forum.prepare()
        session = forum.store.session(browser_secret(request, _COOKIE))
        if request.method == "POST" and (renew or session is None):
            fresh = new_browser_secret()
            session = forum.store.renew_session(session or Session(""), fresh)
        response = work(forum, Visitor(session or Session(""), language_of(request)), fields)
    except tuple(_SORRY) as error:
        if isinstance(error, CredentialsRefused):
            forum.forget()
        response = _sorry(request, *next(said for kind, said in _SORRY.items() if isinstance(error, kind)))
        if isinstance(error, TimeoutError):
            response.headers["refresh"] = _SOON
    if fresh:
        give_secret(request, response, _COOKIE, fresh, _COOKIE_SECONDS)
    return response


def _board(request: Request, board: str, forum: DemoForum, visitor: Visitor, _fields: Fields) -> Response:
    if board not in BOARDS:
        return _sorry(request, "no_board", _NOT_FOUND)
    return _show(request, forum, visitor, board)


def _act_as(forum: DemoForum, visitor: Visitor, fields: Fields) -> Response:
    user = _user(forum, visitor.session, fields.get("user", ""))
    forum.store.save_session(replace(visitor.session, user=user.id if user else ""))
    return _to_board(fields.get("board", ""))


def _sign_up(forum: DemoForum, visitor: Visitor, fields: Fields) -> Response:
    return RedirectResponse(forum.sign_up(visitor, _form(fields)), _SEE_OTHER)


def _come_back(request: Request, forum: DemoForum, visitor: Visitor, _fields: Fields) -> Response:
    """From a registration of this browser, or from a refusal's link, which has none."""
    query = request.query_params
    if "registration" not in query:
        user = _user(forum, visitor.session, visitor.session.user)
        restored = user is not None and forum.look_again(visitor, user)
        return _to_board(visitor.session.board, "?arrived=restored" if restored else "")
    user = forum.come_back(visitor, query["registration"], query.get("state", ""))
    if user is None:
        return RedirectResponse("/demo?arrived=abandoned", _SEE_OTHER)
    forum.store.save_session(replace(visitor.session, user=user.id))
    return RedirectResponse("/demo?arrived=completed", _SEE_OTHER)


def _pin(request: Request, board: str, forum: DemoForum, visitor: Visitor, fields: Fields) -> Response:
    """Whoever sends it: whether they may is the service's to say."""
    post, act = fields.get("post", ""), fields.get("act", "")
    if board not in BOARDS or act not in _PIN_ACTS or not forum.store.has_post(board, post):
        return _sorry(request, "no_board" if board not in BOARDS else "no_post", _NOT_FOUND)
    user = _user(forum, visitor.session, visitor.session.user)
    if user is None:
        return _show(request, forum, visitor, board, status=_UNPROCESSABLE)
    reasons = forum.pin(visitor, user, Pinning(_form(fields), board, post, up=act == "pin"))
    if reasons:
        forum.store.save_session(replace(visitor.session, board=board))
        return _show(request, forum, visitor, board, refused=_Refused("pin", reasons), status=_FORBIDDEN)
    return _to_board(board, f"?arrived={act}")


def _order(request: Request, board: str, forum: DemoForum, visitor: Visitor, fields: Fields) -> Response:
    """So that somebody's time runs out whenever it is wanted: here the founder of a board may ask for it."""
    roll = forum.store.roll(board) if board in BOARDS else None
    own = roll.office_of(visitor.session.user) if roll else None
    office = roll.office_of(fields.get("user", "")) if roll else None
    if own is None or own.role != _FOUNDER or office is None or office == own:
        return _sorry(request, "no_moderator", _NOT_FOUND)
    forum.order(visitor, board, office, _form(fields))
    return _to_board(board, "?arrived=ordered")


def _post(request: Request, board: str, forum: DemoForum, visitor: Visitor, fields: Fields) -> Response:
    if board not in BOARDS:
        return _sorry(request, "no_board", _NOT_FOUND)
    title, text = fields.get("title", "").strip(), fields.get("text", "").strip()
    visitor = replace(visitor, session=replace(visitor.session, title=title, text=text))
    user = _user(forum, visitor.session, visitor.session.user)
    wrong = _faults(visitor.language, title, text)
    if user is None or wrong:
        forum.store.save_session(visitor.session)
        return _show(request, forum, visitor, board, wrong=wrong, status=_UNPROCESSABLE)
    written = Post(_form(fields), user.handle, title, text, forum.now())
    reasons = forum.publish(visitor, user, board, written)
    if reasons:
        forum.store.save_session(replace(visitor.session, board=board))
        return _show(request, forum, visitor, board, refused=_Refused("post", reasons), status=_FORBIDDEN)
    forum.store.save_session(replace(visitor.session, title="", text=""))
    return _to_board(board, "?arrived=posted")


def _form(fields: Fields) -> str:
    """What names a form that we gave out; whatever else comes is a form of its own."""
    given = fields.get("form", "")
    return given if _FORM.fullmatch(given) else secrets.token_hex(_FORM_BYTES)


def _faults(language: Language, title: str, text: str) -> dict[str, Markup]:
    """What to say at each field that has to be mended."""
    given = (("title", title, MAX_TITLE), ("text", text, MAX_TEXT))
    empty = {name: words(language, f"demo.empty.{name}") for name, said, _ in given if not said}
    return empty | {name: words(language, "demo.post.long", n=most) for name, said, most in given if len(said) > most}


def _user(forum: DemoForum, session: Session, user_id: str) -> User | None:
    return next((user for user in forum.store.users(session) if user.id == user_id), None)


def _to_board(board: str, query: str = "") -> Response:
    return RedirectResponse(f"/demo/boards/{board if board in BOARDS else BOARDS[0]}{query}", _SEE_OTHER)


def _listed(forum: DemoForum, user: User) -> tuple[str, str, str, str | None]:
    """Id, handle, how they stand, and how the office stands that they hold."""
    office = forum.office_of(user)
    return user.id, user.handle, user.state if user.state in _STATES else "other", office.state if office else None


def _sorry(request: Request, what: str, status: int) -> Response:
    return page(request, "demo/sorry.html", {"what": what}, status=status)


def _show(
    request: Request,
    forum: DemoForum,
    visitor: Visitor,
    board: str,
    *,
    refused: _Refused | None = None,
    wrong: Mapping[str, Markup] | None = None,
    status: int = 200,
) -> Response:
    roll = forum.roll(visitor, board)  # first: it is a call, and may tell of somebody's office
    users, calls = forum.store.users(visitor.session), forum.store.calls(visitor.session)
    acting = next((user for user in users if user.id == visitor.session.user), None)
    office = forum.office_of(acting) if acting else None
    values = {
        "forum": NAME,
        "board": board,
        "boards": BOARDS,
        "posts": [
            asdict(post) | {"at": datetime.fromisoformat(post.at)}
            for post in forum.store.posts(board, visitor.language)
        ],
        "users": [_listed(forum, user) for user in users],
        "acting": acting,
        "offices": roll.offices if roll else (),
        "own": roll.office_of(acting.id) if acting and roll else None,
        "person": PEOPLE.get(acting.id) if acting and office and office.state in _TO_REVERIFY else None,
        "draft": visitor.session,
        "form": secrets.token_hex(_FORM_BYTES),
        "max_title": MAX_TITLE,
        "max_text": MAX_TEXT,
        "refused": refused,
        "wrong": {"title": None, "text": None, **(wrong or {})},
        "errors": list((wrong or {}).items()),
        "arrived": request.query_params.get("arrived"),
        "calls": [_shown(call) for call in calls],
        "identity_fields": sum(call.identity_fields for call in calls),
    }
    return page(request, "demo/board.html", values, status=status, forum_id=forum.id)


def _shown(call: Call) -> Json:
    """With bodies as text; a check that needed no call has claims instead."""
    bodies = {
        name: json.dumps(body, ensure_ascii=False, indent=2) if body else ""
        for name, body in asdict(call).items()
        if name in {"sent", "received", "claims"}
    }
    expires = datetime.fromtimestamp(call.claims["exp"], UTC) if call.claims else None
    return asdict(call) | bodies | {"expires": expires}
