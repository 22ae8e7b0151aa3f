"""Forums and the clients that speak for them: who is connected, a new one, and what is done about one. Source: L2b."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.console.credentials import told_to_forum
from app.console.lists import PAGE, Cell, Column, Listing, address, chips, csv_response
from app.console.moments import age, plain, said_day, said_moment
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.forums.domain import ForumStatus, Registration
from app.forums.errors import ForumNameUnusable, ForumNotFound, ReasonUnusable, ReturnUrlUnusable
from app.kernel.ids import ForumId
from app.web.language import language_of
from app.web.problems import status_of
from app.web.templating import post_snippet, snippet

router = console_router()
HERE = "/console/forums"
_STATES = tuple(ForumStatus)
_WRONG = {ForumNameUnusable: "name", ReturnUrlUnusable: "return_urls", ReasonUnusable: "direct_verification"}
_COUNTED, _RETURN_URLS, _LONGEST_REASON = 500, 20, 400
Errors = Sequence[tuple[str, str]]
VisitOf = Annotated[Visit, Depends(visit_at("forums"))]


@router.get("/forums")
def forums(visit: VisitOf) -> Response:
    """Oldest first; never a secret, only how old it is."""
    return _list_page(visit)


def _list_page(visit: Visit, errors: Errors = (), status: int = HTTPStatus.OK) -> Response:
    wanted, after = visit.query.get("state", ""), visit.query.get("cursor", "")
    everybody = visit.services.forums.list_all()
    matching = [one for one in everybody if wanted not in _STATES or one.forum.status == wanted]
    if "csv" in visit.query:
        return csv_response("forums", _columns(visit), [_cells(visit, one) for one in matching])
    later = [one for one in matching if one.forum.id > after]
    shown = later[:PAGE]
    states = [(state.value, visit.say(f"forums.state.{state}")) for state in _STATES]
    listing = Listing(
        visit.say("forums.list.caption", n=len(matching)),
        _columns(visit),
        [_cells(visit, one) for one in shown],
        visit.say("forums.list.nobody"),
        chips(visit.request, "state", states, visit.say("console.list.all")),
        clear=HERE if wanted else None,
        first=address(visit.request) if after else None,
        next=address(visit.request, cursor=shown[-1].forum.id) if len(later) > PAGE else None,
        csv=address(visit.request, csv="1") if shown else None,
    )
    return visit.show("forums", errors=errors, status=status, listing=listing)


def _columns(visit: Visit) -> list[Column]:
    return [Column(visit.say(f"forums.list.{name}")) for name in ("name", "state", "client", "secret", "since")]


def _cells(visit: Visit, one: Registration) -> list[Cell]:
    newest = one.secrets[-1].created_at if one.secrets else None
    return [
        Cell(one.forum.name, f"{HERE}/{one.forum.id}"),
        Cell(visit.say(f"forums.state.{one.forum.status}")),
        Cell(one.client_id),
        Cell(_age(visit, one), plain=plain(newest)) if newest else Cell("–"),
        Cell(said_day(visit, one.forum.created_at), plain=plain(one.forum.created_at)),
    ]


def _age(visit: Visit, one: Registration) -> str:
    """Of the newest secret, and that another one still opens."""
    said = visit.say("forums.list.age", age=age(visit, visit.now - one.secrets[-1].created_at))
    return said if len(one.secrets) == 1 else f"{said} · {visit.say('forums.list.another')}"


@router.get("/forums/new")
def new_forum(visit: VisitOf) -> Response:
    """What a forum is called, and where people may be sent back to."""
    return _new_page(visit, {})


def _new_page(visit: Visit, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK) -> Response:
    return visit.show("forum_new", errors=errors, status=status, typed=typed)


@router.post("/forums")
def add_forum(visit: VisitOf, form: FormOf) -> Response:
    """Credentials on the page that answers, once."""
    urls, direct = form.get("return_urls", "").split(), form.get("direct_verification", "").strip()
    if len(urls) > _RETURN_URLS:
        said = [("return_urls", visit.say("forums.error.return_urls", n=_RETURN_URLS))]
        return _new_page(visit, form, said, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        try:
            made = now.services.forums.add(now.actor, form.get("name", ""), urls, direct or None)
        except (ForumNameUnusable, ReturnUrlUnusable, ReasonUnusable) as refusal:
            kind = type(refusal)
            return _new_page(now, form, [(_WRONG[kind], now.sentence(refusal.detail))], status_of(kind))
        return now.show(
            "forum_credentials", said=now.say("console.done.forum_added"), rotated="", told=told_to_forum(made)
        )

    return act(visit, form, work, lambda errors, status: _new_page(visit, form, errors, status), fresh=True)


@router.get("/forums/{forum_id}")
def forum(visit: VisitOf, forum_id: str) -> Response:
    """One, with when its secrets were made, and what may be done about it."""
    try:
        found = visit.services.forums.show(forum_id)
    except ForumNotFound as refusal:
        return _list_page(visit, [("", visit.sentence(refusal.detail))], status_of(ForumNotFound))
    secrets = [
        (
            said_moment(visit, one.created_at),
            age(visit, visit.now - one.created_at),
            said_moment(visit, one.expires_at) if one.expires_at else "",
        )
        for one in reversed(found.secrets)
    ]
    language, issuer = language_of(visit.request), visit.services.issuer
    snippets = snippet(language, issuer, found.forum.id), post_snippet(language, issuer, found.forum.id)
    return visit.show(
        "forum", found=found, forum=found.forum, secrets=secrets, active=_is_active(found), snippets=snippets
    )


def _is_active(found: Registration) -> bool:
    return found.forum.status is ForumStatus.ACTIVE


_Do = Callable[[Visit, str, str], Response]


def _rotate(visit: Visit, forum_id: str, reason: str) -> Response:
    made = visit.services.forums.rotate_secret(visit.actor, forum_id, reason)
    said, hours = visit.say("console.done.secret_rotated"), policies.CLIENT_SECRET_OVERLAP.value
    rotated = visit.say("forums.told.overlap", n=hours)
    return visit.show("forum_credentials", said=said, rotated=rotated, told=told_to_forum(made))


def _disable(visit: Visit, forum_id: str, reason: str) -> Response:
    visit.services.forums.disable(visit.actor, forum_id, reason)
    return visit.go(f"{HERE}/{forum_id}", "forum_disabled")


def _confirm(visit: Visit, forum_id: str, reason: str) -> Response:
    visit.services.forums.confirm_acts(visit.actor, forum_id, reason)
    return visit.go(f"{HERE}/{forum_id}", "acts_confirmed", n=policies.CONFIRMATION_LIFETIME.value)


@dataclass(frozen=True, slots=True)
class _ForumAct:
    """`irreversible`: the name is typed once more."""

    name: str
    do: _Do
    irreversible: bool = False


_ACTS = {
    one.name: one
    for one in (
        _ForumAct("rotate", _rotate),
        _ForumAct("disable", _disable, irreversible=True),
        _ForumAct("confirm", _confirm),
    )
}


@router.get("/forums/{forum_id}/{named}")
def act_page(visit: VisitOf, forum_id: str, named: str) -> Response:
    """What it does, and to how many, before it is done."""
    return _act_page(visit, forum_id, _ACTS[named], {}) if named in _ACTS else visit.go(f"{HERE}/{forum_id}")


def _act_page(
    visit: Visit, forum_id: str, asked: _ForumAct, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        found = visit.services.forums.show(forum_id)
    except ForumNotFound as refusal:
        return _list_page(visit, [("", visit.sentence(refusal.detail))], status_of(ForumNotFound))
    if not errors and not _is_active(found):
        return visit.go(f"{HERE}/{forum_id}")
    return visit.show(
        "forum_act",
        errors=errors,
        status=status,
        typed=typed,
        forum=found.forum,
        asked=asked,
        hours=policies.CONFIRMATION_LIFETIME.value if asked.name == "confirm" else policies.CLIENT_SECRET_OVERLAP.value,
        older=len(found.secrets) > 1,
        touched=_touched(visit, found.forum.id) if asked.irreversible else (),
    )


def _touched(visit: Visit, forum_id: ForumId) -> list[tuple[str, str]]:
    """What hangs on a forum, counted."""
    boards = visit.services.boards.list_all(forum_id, None, _COUNTED)
    endpoints = visit.services.webhooks.list(forum_id, None, _COUNTED)
    more = "+" if len(boards) == _COUNTED else ""
    return [
        (visit.say("forums.touched.boards"), f"{len(boards)}{more}"),
        (visit.say("forums.touched.moderators"), f"{sum(view.in_office for view in boards)}{more}"),
        (visit.say("forums.touched.endpoints"), str(len(endpoints))),
    ]


@router.post("/forums/{forum_id}/{named}")
def carry_out(visit: VisitOf, form: FormOf, forum_id: str, named: str) -> Response:
    """A forum that is cut off is named once more, by who does it."""
    if named not in _ACTS:
        return visit.go(f"{HERE}/{forum_id}")
    asked = _ACTS[named]

    def again(errors: Errors, status: int) -> Response:
        return _act_page(visit, forum_id, asked, form, errors, status)

    forum, reason, wrong = visit.services.forums.find(forum_id), form.get("reason", "").strip(), list[tuple[str, str]]()
    if asked.irreversible and forum is not None and form.get("name", "").strip() != forum.name:
        wrong.append(("name", visit.say("forums.error.name", name=forum.name)))
    if not 0 < len(reason) <= _LONGEST_REASON:
        wrong.append(("reason", visit.say("console.error.reason", n=_LONGEST_REASON)))
    if wrong:
        return again(wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    return act(visit, form, lambda now: asked.do(now, forum_id, reason), again, fresh=True)
