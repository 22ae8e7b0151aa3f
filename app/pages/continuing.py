"""Where a refusal's button leads: what is to be done, and how to go on."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.posting.errors import RemedyPlace
from app.web.templating import page

if TYPE_CHECKING:
    from app.wiring import Services

_GONE = "gone"
_STEPS = {
    RemedyPlace.FLOW: ("verify", "phone", "resend"),
    RemedyPlace.AGREEMENT: ("agreement", "resend"),
    RemedyPlace.APPEAL: ("appeal", "unnamed"),
    None: ("renew",),
}
router = APIRouter(include_in_schema=False)


@router.get("/continue/{ticket}")
def continue_from_refusal(ticket: str, request: Request) -> Response:
    """Opening it changes nothing."""
    services: Services = request.app.state.services
    opened = services.posting.open_ticket(ticket)
    place = opened.place if opened else None
    response = page(
        request,
        "pages/continue.html",
        {"way": place.name.lower() if place else _GONE, "steps": _STEPS[place], "handle": opened and opened.handle},
        status=HTTPStatus.OK if opened else HTTPStatus.GONE,
    )
    response.headers["x-robots-tag"] = "noindex"
    return response
