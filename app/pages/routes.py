"""Public pages: `/`, `/problems`, `/problems/{code}`, `/docs`, and in development the texts that were "sent"."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from app.kernel.sentence import Language
from app.pages.continuing import way_to
from app.pages.operations import operations_of
from app.pages.problem_texts import explained_codes, explanation_of, grouped_explanations
from app.web.language import language_of
from app.web.problems import NoSuchAddress, problem_response
from app.web.templating import page

if TYPE_CHECKING:
    from app.wiring import Services

router = APIRouter(include_in_schema=False)
developer_router = APIRouter(include_in_schema=False)


def _page(request: Request, template: str, values: Mapping[str, object]) -> HTMLResponse:
    chinese = language_of(request) is Language.CHINESE
    return page(request, f"pages/{template}", {"chinese": chinese, **values})


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
