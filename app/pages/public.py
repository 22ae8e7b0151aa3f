"""Pages for everybody: `/`, `/problems`, `/problems/{code}` and the API's documentation."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.pages.operations import operations_of
from app.pages.problem_texts import explained_codes, explanation_of, grouped_codes
from app.web.language import language_of
from app.web.problems import NoSuchAddress
from app.web.templating import compressed, page

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(request: Request) -> Response:
    return page(request, "pages/start.html", {})


@router.get("/problems")
async def all_problems(request: Request) -> Response:
    language = language_of(request)
    groups = {name: [explanation_of(code, language) for code in codes] for name, codes in grouped_codes().items()}
    return page(request, "pages/problems.html", {"groups": groups})


@router.get("/problems/{code}")
async def one_problem(code: str, request: Request) -> Response:
    """The page that a problem document's `type` and a refusal's remedy point to. Raises `NoSuchAddress`."""
    if code not in explained_codes():
        raise NoSuchAddress
    return page(request, "pages/problem.html", {"problem": explanation_of(code, language_of(request))})


@router.get("/docs")
async def api_documentation(request: Request) -> Response:
    """The API, read from the served OpenAPI document: no script, nothing from elsewhere."""
    return compressed(request, page(request, "pages/docs.html", {"groups": operations_of(request.app.openapi())}))
