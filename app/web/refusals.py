"""A refusal to whoever asked: a page where a browser asks for one of our pages, a problem document everywhere else."""

from starlette.requests import Request
from starlette.responses import Response

from app.kernel.errors import Later, ShimingError
from app.web.language import language_of
from app.web.problems import problem_response, status_of, title_of
from app.web.templating import page

_FOR_PROGRAMS = ("/v1/", "/oauth/")
_WORDED = frozenset({400, 404, 405, 408, 413, 415, 429, 500, 503})
_INTO_THE_PAGE = {"hx-retarget": "#content", "hx-reselect": "#content", "hx-reswap": "outerHTML"}
"""What a script swaps in is a page's middle, whatever it asked for."""


def refusal_response(request: Request, error: ShimingError) -> Response:
    """Status and headers are the same either way. Nothing that was sent is repeated."""
    document = problem_response(request, error)
    if request.url.path.startswith(_FOR_PROGRAMS) or "text/html" not in request.headers.get("accept", ""):
        return document
    status, language = status_of(type(error)), language_of(request)
    said = {
        "kind": str(status) if status in _WORDED else "other",
        "said": title_of(error.code).in_language(language),
        "detail": error.detail.in_language(language),
        "seconds": error.retry_after if isinstance(error, Later) else 0,
        "code": error.code,
        "request_id": request.scope["told_id"],
    }
    response = page(request, "refusal.html", said, status=status)
    response.headers.update(_INTO_THE_PAGE)
    if "retry-after" in document.headers:
        response.headers["retry-after"] = document.headers["retry-after"]
    return response
