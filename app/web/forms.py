"""What a browser sends: one strict form, from one of our own pages, and the secret that tells browsers apart."""

import os
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from app.kernel.secret import Secret
from app.kernel.sentence import Sentence
from app.web.problems import MalformedRequest, UnsupportedMediaType

_MEDIA_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS, _MAX_VALUE = 30, 4000
_OWN_PAGES = frozenset({"same-origin", "none"})
_SECRET_BYTES = 16


class FormMalformed(MalformedRequest):
    sentence = Sentence(
        "表单读不懂。回到页面，重新填写后再提交。",
        "The form cannot be read. Go back to the page, fill it in and send it.",
    )


class ForeignForm(MalformedRequest):
    sentence = Sentence(
        "这个表单不是从本站页面提交的。回到页面再提交一次。",
        "This form was not sent from a page of this service. Go back to the page and send it again.",
    )


async def read_form(request: Request, longest: int = _MAX_VALUE) -> Mapping[str, str]:
    """The fields, each once and of at most `longest` characters, with NUL and broken UTF-8 refused.

    Raises `UnsupportedMediaType`, `FormMalformed`, `ForeignForm`.
    """
    _refuse_foreign(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise UnsupportedMediaType
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            strict_parsing=False,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise FormMalformed from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or any("\x00" in value or len(value) > longest for value in fields.values()):
        raise FormMalformed
    return fields


def _refuse_foreign(request: Request) -> None:
    """Raises `ForeignForm` for what a browser says comes from another site. Cookies are `SameSite` besides.

    Our own site is the issuer, or whatever name the browser called us by: a proxy may forward either.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site is not None and site not in _OWN_PAGES:
        raise ForeignForm
    if origin in {None, request.scope["issuer"]}:
        return
    try:
        host = urlsplit(str(origin)).netloc
    except ValueError:
        raise ForeignForm from None
    if host != request.headers.get("host"):
        raise ForeignForm


def browser_secret(request: Request, name: str) -> Secret[str] | None:
    """The secret that this browser was given under that name, if it still has it."""
    value = request.cookies.get(_cookie(request, name))
    return Secret(value) if value else None


def new_browser_secret() -> Secret[str]:
    """Always ours: nothing that a browser brings along is ever taken for one (session fixation)."""
    return Secret(os.urandom(_SECRET_BYTES).hex())


def give_secret(
    request: Request, response: Response, name: str, secret: Secret[str], seconds: int, *, strict: bool = False
) -> None:
    """Has the browser keep it, out of reach of scripts and of other sites; `strict`: links from there bring none."""
    response.set_cookie(
        _cookie(request, name),
        secret.reveal(),
        max_age=seconds,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="strict" if strict else "lax",
    )


def take_secret(request: Request, response: Response, name: str, *, strict: bool = False) -> None:
    """With the flags that it was given."""
    response.delete_cookie(
        _cookie(request, name), path="/", secure=_secure(request), httponly=True, samesite="strict" if strict else "lax"
    )


def _secure(request: Request) -> bool:
    return str(request.scope["issuer"]).startswith("https://")


def _cookie(request: Request, name: str) -> str:
    return f"__Host-{name}" if _secure(request) else name
