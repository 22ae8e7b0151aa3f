"""A request of somebody who is signed in at the console: who they are, what they may open, and how it is shown."""

import hmac
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from app.boards.errors import NoSuchBoard
from app.console.access import GROUPS, PAGES, opened_to, page_of
from app.console.sent_forms import SentForm
from app.forums.domain import Pause, PausedPlace
from app.idempotency.errors import InProgress
from app.kernel.actor import Actor
from app.kernel.errors import Denied, Invalid, Later, ShimingError
from app.kernel.secret import Secret
from app.kernel.sentence import Sentence
from app.policies import RouteClass
from app.staff.access import Permission
from app.staff.domain import Face, Staff, StaffSession
from app.staff.errors import CodeNotRight, RoleNotSufficient, SecondFactorNeeded, SessionOver
from app.web.forms import browser_secret, give_secret, read_form
from app.web.language import language_of
from app.web.problems import status_of
from app.web.templating import page
from app.web.words import text
from app.wiring import Services

COOKIE = "staff"
_COOKIE_SECONDS = 12 * 3600
_THEME, _THEMES, _THEME_SECONDS = "theme", {"light": "dark", "dark": "light"}, 365 * 24 * 3600
_ROUTES = "/console"
_READING = {"GET", "HEAD"}
PLACE = "/console"
LONGEST_TEXT = 100_000
"""Characters of one field, where a whole text is typed."""
_DIGITS, _KEY_BYTES = 6, 16
_PAUSES = "pauses in force"
_RENEWED = "renewed console session"
"""In the scope of a request: what it goes on as once a second factor has given it another token."""
Fields = Mapping[str, str]
Again = Callable[[Sequence[tuple[str, str]], int], Response]
"""Shows the page that a form came from once more, with what is wrong (field or empty, sentence), and its status."""


class StaleForm(Denied):
    """Also what a form is that was made for another session."""

    code = "form-stale"
    sentence = Sentence("页面放太久，再提交一次。", "This page was open too long; send it again.")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. `token` is this session's, `services.clock` the time of the request."""

    request: Request
    services: Services
    session: StaffSession
    token: Secret[str]
    name: str

    @property
    def staff(self) -> Staff:
        return self.session.staff

    @property
    def actor(self) -> Actor:
        return self.staff.as_actor(self.request.scope["request_id"])

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    @property
    def is_fresh(self) -> bool:
        """Whether an act that asks for a second factor may go on without another code."""
        return self.session.is_fresh(self.now)

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def pauses(self) -> Sequence[Pause]:
        """In force; looked up once for a request."""
        known: Sequence[Pause] | None = self.request.scope.get(_PAUSES)
        if known is None:
            known = self.request.scope[_PAUSES] = self.services.emergency.pauses.list_in_force()
        return known

    def may(self, permission: Permission) -> bool:
        return self.staff.may(permission, self.now)

    def say(self, key: str, /, **values: object) -> str:
        return text(language_of(self.request), key, **values)

    def sentence(self, said: Sentence) -> str:
        return said.in_language(language_of(self.request))

    def go(self, path: str, done: str | None = None, **values: object) -> Response:
        """Another page, which says what was done: `console.done.<done>`."""
        query = {"done": done, **values} if done else values
        return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, HTTPStatus.SEE_OTHER)

    def show(
        self, template: str, *, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK, **values: object
    ) -> Response:
        theme, current = _theme_of(self.request), self.request.scope.get(_RENEWED, self)
        given = {
            "staff": self.staff,
            "menu": self._menu(),
            "here": page_of(self.name).path if self.name else "",
            "theme": theme or "",
            "switch_theme": f"?{_THEME}={_THEMES.get(theme or 'light')}",
            "pauses": [(pause, self.place_of(pause.place)) for pause in self.pauses],
            "form_token": FormMark(form_token(current.token), secrets.token_urlsafe(_KEY_BYTES)),
            "fresh": current.is_fresh,
            "may_search": opened_to(self.staff, page_of("accounts")),
            "errors": errors,
            "said": self._done(),
            "may": self.may,
            "P": Permission,
            **values,
        }
        response = page(self.request, f"console/{template}.html", given, status=status)
        _keep_theme(self.request, response)
        return response

    def place_of(self, place: PausedPlace) -> str:
        """In words: everything, a forum by its name, or a board by its own."""
        if place.board_id is not None and place.forum_id is not None:
            with suppress(NoSuchBoard):
                name = self.services.boards.get(place.forum_id, place.board_id).board.name
                return self.say("switch.place.board", board=name)
            return str(place.board_id)
        forum = self.services.forums.find(place.forum_id) if place.forum_id else None
        return self.say("switch.place.forum", forum=forum.name) if forum else self.say("switch.place.all")

    def _menu(self) -> list[tuple[str, list[dict[str, object]]]]:
        opened = [page for page in PAGES if opened_to(self.staff, page)]
        watch = self.services.watch
        watched = (
            watch.look() if self.name == "reviews" else watch.recall()
        )  # beside the queue it says what the queue says
        waiting = {"reviews": watched.reviews.open, "disclosures": self._disclosures_waiting()}
        waiting["complaints"] = self._complaints_waiting()
        groups = [
            (
                group,
                [
                    {"name": page.name, "path": page.path, "waiting": waiting.get(page.name, 0)}
                    for page in opened
                    if page.group == group
                ],
            )
            for group in GROUPS
        ]
        return [(group, items) for group, items in groups if items]

    def _complaints_waiting(self) -> int:
        """Without those that concern who looks."""
        if not self.may(Permission.COMPLAINTS):
            return 0
        return sum(one.open for one in self.services.complaints.handling.count_open(self.actor))

    def _disclosures_waiting(self) -> int:
        """None for whom the requests are closed: a menu never stands in the way of a page."""
        with suppress(ShimingError):
            if self.may(Permission.DISCLOSURE_REQUEST):
                return self.services.disclosures.requests.waiting(self.actor)
        return 0

    def _done(self) -> str:
        """What the address says was done, with a number at most: who made an address up says nothing of their own."""
        number = self.query.get("n", "")
        values = {"n": number} if number.isascii() and number.isdigit() and len(number) <= _DIGITS else {}
        with suppress(KeyError):
            return self.say(f"console.done.{self.query['done']}", **values)
        return ""


@dataclass(frozen=True, slots=True)
class FormMark:
    """What stands hidden in the forms of one page: `once` is made anew for each page that is shown."""

    token: str
    once: str


def form_token(token: Secret[str]) -> str:
    """What every form of this session holds: only who knows the session's token can make one."""
    return sha256(b"shiming console form\0" + token.reveal().encode()).hexdigest()


def visit_of(request: Request) -> Visit:
    """Whoever is signed in, whatever their roles. Raises `SessionOver`."""
    services: Services = request.app.state.services
    token = browser_secret(request, COOKIE)
    session = services.staff.sessions.find(token, Face.CONSOLE) if token else None
    if session is None or token is None:
        raise SessionOver
    request.app.state.rates.admit(RouteClass.READS if request.method == "GET" else RouteClass.WRITES, session.staff.id)
    request.scope["client_id"] = session.staff.id
    return Visit(request, services, session, token, "")


def visit_at(name: str, permission: Permission | None = None) -> Callable[[Request], Visit]:
    """The dependency that admits whom the table lets open this page, or who may do this act of it.

    Raises `SessionOver`, `RoleNotSufficient`.
    """
    opens = page_of(name).opens if permission is None else (permission,)

    def visit(request: Request) -> Visit:
        found = visit_of(request)
        if not any(found.may(wanted) for wanted in opens):
            raise RoleNotSufficient
        return Visit(request, found.services, found.session, found.token, name)

    return visit


async def form_of(request: Request) -> Fields:
    """A form that one of this session's pages made. Raises `StaleForm` and what `read_form` raises."""
    return _own(request, await read_form(request))


async def long_form_of(request: Request) -> Fields:
    """The same where a whole text is typed; the gate says how large the body may be."""
    return _own(request, await read_form(request, LONGEST_TEXT))


def _own(request: Request, fields: Fields) -> Fields:
    token = browser_secret(request, COOKIE)
    if token is None:
        raise SessionOver
    if not hmac.compare_digest(fields.get("form", "").encode(), form_token(token).encode()):
        raise StaleForm
    return fields


FormOf = Annotated[Fields, Depends(form_of)]
LongFormOf = Annotated[Fields, Depends(long_form_of)]
VisitOf = Annotated[Visit, Depends(visit_of)]


def act(
    visit: Visit,
    form: Fields,
    work: Callable[[Visit], Response],
    again: Again,
    *,
    fresh: bool = False,
    each_time: bool = False,
) -> Response:
    """Does what a form asks for, once; what is refused is said on the page that it came from, with what was typed.

    `fresh`: the second factor must be recent, or its code stands in the form. `each_time`: sent twice it answers twice,
    as where a file may have been lost on its way.
    """
    if each_time:
        return _act(visit, form, work, again, fresh=fresh)
    try:
        return _sent(visit, form).once(lambda: _act(visit, form, work, again, fresh=fresh))
    except InProgress as refusal:
        return again(_errors(visit, refusal), status_of(InProgress))


def _sent(visit: Visit, form: Fields) -> SentForm:
    return SentForm(visit.services.idempotency, visit.staff.id, visit.request.url.path, form)


def _act(visit: Visit, form: Fields, work: Callable[[Visit], Response], again: Again, *, fresh: bool) -> Response:
    try:
        renewed = _renewed(visit, form) if fresh and not visit.is_fresh else None
    except (CodeNotRight, SecondFactorNeeded) as refusal:
        return again([("code", visit.sentence(refusal.detail))], status_of(type(refusal)))
    now = renewed or visit
    try:
        response = work(now)
    except SessionOver:
        raise
    except ShimingError as refusal:
        response = again(_errors(now, refusal), status_of(type(refusal)))
        if isinstance(refusal, Later):
            response.headers["retry-after"] = str(refusal.retry_after)
    if renewed is not None:
        give_secret(visit.request, response, COOKIE, renewed.token, _COOKIE_SECONDS, strict=True)
    return response


def _renewed(visit: Visit, form: Fields) -> Visit:
    code = form.get("code", "").strip()
    if not code:
        raise SecondFactorNeeded
    stepped = visit.services.staff.sessions.step_up(visit.session, Secret(code), visit.request.scope["request_id"])
    renewed = Visit(visit.request, visit.services, stepped.session, stepped.token or visit.token, visit.name)
    visit.request.scope[_RENEWED] = renewed
    return renewed


def _errors(visit: Visit, refusal: ShimingError) -> list[tuple[str, str]]:
    if isinstance(refusal, Invalid) and refusal.fields:
        return [(field.pointer.strip("/").replace("/", "-"), visit.sentence(field.detail)) for field in refusal.fields]
    return [("", visit.sentence(refusal.detail))]


def keep_signed_in(request: Request, response: Response, token: Secret[str]) -> None:
    give_secret(request, response, COOKIE, token, _COOKIE_SECONDS, strict=True)


async def _led(request: Request) -> Response | None:
    """Where a form led that was sent before its session got another token. Raises `SessionOver`."""
    fields = await read_form(request, LONGEST_TEXT)
    return await run_in_threadpool(lambda: _sent(visit_of(request), fields).led())


def ask_to_sign_in(request: Request) -> Response:
    """And to come back to what was asked for."""
    asked = request.url.path if request.method == "GET" else PLACE
    query = urlencode({"to": asked}) if asked != PLACE else ""
    return RedirectResponse(f"{PLACE}/sign-in{'?' if query else ''}{query}", HTTPStatus.SEE_OTHER)


class _ConsoleRoute(APIRoute):
    """Whoever is signed in no more is asked to sign in, and comes back to where they were.

    An address that only takes forms leads to the page above it: what was refused is shown at such an address,
    and people reload that.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in _READING and not _READING & (self.methods or set()):
            await RedirectResponse(_above(scope), HTTPStatus.SEE_OTHER)(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer: Callable[[Request], Any] = super().get_route_handler()

        async def answer_or_ask(request: Request) -> Response:
            try:
                try:
                    response: Response = await answer(request)
                except StaleForm:
                    led = await _led(request)
                    if led is None:
                        raise
                    return led
            except SessionOver:
                return ask_to_sign_in(request)
            return response

        return answer_or_ask


def _above(scope: Scope) -> str:
    """The nearest address above that can be read."""
    path, routes = scope["path"], scope["app"].router.routes
    while len(path := path.rpartition("/")[0]) > len(_ROUTES):
        if any(route.matches({**scope, "path": path, "method": "GET"})[0] is Match.FULL for route in routes):
            return str(path)
    return _ROUTES


def console_router() -> APIRouter:
    return APIRouter(prefix=PLACE, include_in_schema=False, route_class=_ConsoleRoute)


def _theme_of(request: Request) -> str | None:
    """As the address asks, else as this browser chose, else None: as the system has it."""
    return next(
        (theme for theme in (request.query_params.get(_THEME), request.cookies.get(_THEME)) if theme in _THEMES), None
    )


def _keep_theme(request: Request, response: Response) -> None:
    asked = request.query_params.get(_THEME)
    if asked in _THEMES:
        secure = str(request.scope["issuer"]).startswith("https://")
        response.set_cookie(
            _THEME, asked, max_age=_THEME_SECONDS, path=PLACE, secure=secure, httponly=True, samesite="lax"
        )
