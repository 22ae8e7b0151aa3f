"""Pages: one way to write HTML, with the words of one language, safe against what people typed."""

import gzip
import re
from collections.abc import Mapping
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.kernel.sentence import Language
from app.web.headers import policy
from app.web.language import keep_choice, language_of
from app.web.static import static_address, takes_gzip
from app.web.words import clock, day, moment, text

_APP = Path(__file__).parent.parent
_FACES = ("pages", "console", "demo")
_OTHER = {Language.CHINESE: Language.ENGLISH, Language.ENGLISH: Language.CHINESE}
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9._~=&-]{1,200}", re.ASCII)


def page(
    request: Request,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = HTTPStatus.OK,
    language: Language | None = None,
    returns_to: str | None = None,
    forum_id: str | None = None,
) -> HTMLResponse:
    """The template, `<face>/<file>` or one of the frame's, in the language that is asked for, else in `language`.

    `returns_to` is a forum's registered address: a form of this page may lead there by a redirect. `forum_id` is the
    forum that the page is about: its frame says so while posting is paused there.
    """
    spoken, state = language_of(request, language), request.app.state
    frame = {
        "development": state.services.development,
        "switch": _switched(request, spoken),
        "paused": state.pause_banner.concerning(forum_id),
        "complain_at": complain_at(forum_id),
    }
    html = environment(spoken).get_template(template).render(**frame, **values)
    response = HTMLResponse(html, status, {"content-language": spoken, "vary": "accept-language, cookie"})
    if returns_to is not None:
        response.headers["content-security-policy"] = policy(returns_to)
    keep_choice(request, response)
    return response


def compressed(request: Request, response: HTMLResponse) -> HTMLResponse:
    """For a long page that holds nothing of anybody: beside a secret, lengths tell (BREACH)."""
    if takes_gzip(request):
        response.body = gzip.compress(bytes(response.body))
        response.headers["content-length"] = str(len(response.body))
        response.headers["content-encoding"] = "gzip"
    response.headers.add_vary_header("accept-encoding")
    return response


@cache
def environment(language: Language) -> Environment:
    """Every template of every face, speaking this language."""
    found = Environment(
        loader=ChoiceLoader(
            [
                FileSystemLoader(_APP / "web" / "templates"),
                PrefixLoader({face: FileSystemLoader(_APP / face / "templates") for face in _FACES}),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {
        "language": language.value,
        "t": partial(text, language),
        "moment": partial(moment, language),
        "clock": partial(clock, language),
        "day": partial(day, language),
        "static": static_address,
        "attributes": _attributes,
    }
    return found


def complain_at(forum_id: str | None) -> str:
    """Where anybody complains of what stands in this forum. Source: L11b."""
    return f"/complaints?{urlencode({'forum': forum_id})}" if forum_id else "/complaints"


def snippet(language: Language, issuer: str, forum_id: str) -> str:
    """What a forum puts on each of its pages: plain HTML, good also while this service is away. Source: L11b."""
    return str(Markup("<p>{}</p>").format(text(language, "web.foot.complaints", at=issuer + complain_at(forum_id))))


def post_snippet(language: Language, issuer: str, forum_id: str) -> str:
    """The same beside a post, where the forum fills in which one it is and whose."""
    at = f"{issuer}{complain_at(forum_id)}&kind=content&ref=POST&account=ACCOUNT&board=BOARD"
    return str(Markup('<a href="{}">{}</a>').format(at, text(language, "web.foot.complain")))


def _switched(request: Request, spoken: Language) -> str:
    """The same address in the other language; a query that is not plain words is dropped, never repeated."""
    query = request.url.query
    kept = parse_qsl(query) if _PLAIN_QUERY.fullmatch(query) else []
    return "?" + urlencode([*((name, value) for name, value in kept if name != "lang"), ("lang", _OTHER[spoken])])


def _attributes(given: Mapping[str, object]) -> Markup:
    """HTML attributes: `hx_get="/x"` is ` hx-get="/x"`, True is the bare name, None and False are left out."""
    said = ((name.replace("_", "-"), value) for name, value in given.items() if value not in (None, False))
    return Markup("").join(
        Markup(" {}").format(name) if value is True else Markup(' {}="{}"').format(name, value) for name, value in said
    )
