"""Public pages: `/`, `/problems`, `/problems/{code}`, `/docs`, and in development the texts that were "sent"."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.kernel.sentence import Language
from app.pages.continuing import way_to
from app.pages.operations import operations_of
from app.pages.problem_texts import explained_codes, explanation_of, grouped_explanations
from app.web.language import language_of
from app.web.problems import NoSuchAddress, problem_response

if TYPE_CHECKING:
    from app.wiring import Services

_HERE = Path(__file__).parent
_STYLE_CACHED = "public, max-age=3600"
router = APIRouter(include_in_schema=False)
developer_router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of the frame around every page."""

    skip: str
    name: str
    other_language: str
    other_code: str
    sandbox: str


_WORDS = {
    Language.CHINESE: _Words("跳到正文", "实名", "English", "en", "沙箱"),
    Language.ENGLISH: _Words("Skip to content", "Shiming", "中文", "zh", "Sandbox"),
}


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


TEMPLATES = _templates()


def _page(request: Request, template: str, values: Mapping[str, Any]) -> HTMLResponse:
    language = language_of(request)
    services: Services = request.app.state.services
    html = TEMPLATES.get_template(template).render(
        language=language.value,
        chinese=language is Language.CHINESE,
        words=_WORDS[language],
        sandbox=services.development,
        **values,
    )
    return HTMLResponse(html, headers={"content-language": language.value, "vary": "accept-language"})


@router.get("/")
async def start(request: Request) -> Response:
    return _page(request, "start.html", {})


@router.get("/problems")
async def all_problems(request: Request) -> Response:
    language = language_of(request)
    return _page(request, "problems.html", {"groups": grouped_explanations(language)})


@router.get("/problems/{code}")
async def one_problem(code: str, request: Request) -> Response:
    """The page that a problem document's `type` and a refusal's remedy point to."""
    if code not in explained_codes():
        return problem_response(request, NoSuchAddress())
    return _page(request, "problem.html", {"problem": explanation_of(code, language_of(request))})


@router.get("/continue/{ticket}")
def continue_from_refusal(ticket: str, request: Request) -> Response:
    """Where a refusal's button leads; opening it changes nothing."""
    services: Services = request.app.state.services
    opened = services.posting.open_ticket(ticket)
    way = way_to(opened.place if opened else None, language_of(request))
    response = _page(request, "continue.html", {"way": way, "handle": opened.handle if opened else None})
    response.status_code = HTTPStatus.OK if opened else HTTPStatus.GONE
    response.headers["x-robots-tag"] = "noindex"
    return response


@router.get("/docs")
async def api_documentation(request: Request) -> Response:
    """The API, read from the served OpenAPI document: no script, nothing from elsewhere."""
    return _page(request, "docs.html", {"groups": operations_of(request.app.openapi())})


@router.get("/static/style.css")
async def style() -> Response:
    css = (_HERE / "static" / "style.css").read_text(encoding="utf-8")
    return Response(css, media_type="text/css", headers={"cache-control": _STYLE_CACHED})


@developer_router.get("/dev/outbox.json")
async def outbox(request: Request) -> JSONResponse:
    """Development only: the texts that the sandbox sender "sent" in this process, newest last."""
    services: Services = request.app.state.services
    sent = services.sandbox_sender.outbox() if services.sandbox_sender else []
    return JSONResponse(
        [
            {
                "to": text.to.reveal(),
                "text": text.text.reveal(),
                "code": text.code.reveal(),
                "sent_at": text.sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            }
            for text in sent
        ]
    )
