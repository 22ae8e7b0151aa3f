"""A refusal to whoever asked: a page where a browser asks for one of our pages, a problem document everywhere else."""

from collections.abc import Callable, Mapping
from functools import partial

from anyio import move_on_after, to_thread
from starlette.requests import Request
from starlette.responses import Response

from app.kernel.errors import Later, ShimingError
from app.web.language import language_of
from app.web.problems import problem_response, status_of, title_of
from app.web.templating import page

Framed = Callable[[Request, ShimingError], Response | None]
"""Says a refusal in the frame of its own pages; None where it cannot, as without a session."""

_FOR_PROGRAMS = ("/v1/", "/oauth/")
_WORDED = frozenset({400, 404, 405, 408, 413, 415, 429, 500, 503})
_INTO_THE_PAGE = {"hx-retarget": "#content", "hx-reselect": "#content", "hx-reswap": "outerHTML"}
"""What a script swaps in is a page's middle, whatever it asked for."""
_FRAME_SECONDS = 2.0
"""A frame may have to ask the database, and that may be what is away."""


async def refusal_response(request: Request, error: ShimingError) -> Response:
    """Status and headers are the same either way. Nothing that was sent is repeated."""
    document = problem_response(request, error)
    if request.url.path.startswith(_FOR_PROGRAMS) or "text/html" not in request.headers.get("accept", ""):
        return document
    response = await _in_its_frame(request, error) or _plain(request, error)
    response.headers.update(_INTO_THE_PAGE)
    if "retry-after" in document.headers:
        response.headers["retry-after"] = document.headers["retry-after"]
    return response


async def _in_its_frame(request: Request, error: ShimingError) -> Response | None:
    frames: Mapping[str, Framed] = request.app.state.frames
    path = request.url.path
    framed = next((made for place, made in frames.items() if path == place or path.startswith(f"{place}/")), None)
    if framed is None:
        return None
    with move_on_after(_FRAME_SECONDS):
        return await to_thread.run_sync(partial(framed, request, error), abandon_on_cancel=True)
    return None


def _plain(request: Request, error: ShimingError) -> Response:
    status = status_of(type(error))
    kind = str(status) if status in _WORDED else "other"
    return page(request, "refusal.html", {"kind": kind, **told(request, error)}, status=status)


def told(request: Request, error: ShimingError) -> dict[str, object]:
    """What a page about a refusal says of it, in the language that is asked for."""
    language = language_of(request)
    return {
        "said": title_of(error.code).in_language(language),
        "detail": error.detail.in_language(language),
        "seconds": error.retry_after if isinstance(error, Later) else 0,
        "code": error.code,
        "request_id": request.scope["told_id"],
    }
