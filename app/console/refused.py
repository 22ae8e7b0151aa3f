"""A refusal inside the console's own frame: what happened, what to do, and the way back."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.console.access import PAGES, ConsolePage, opened_to
from app.console.role_words import said_roles
from app.console.visits import COOKIE, PLACE, Visit, ask_to_sign_in
from app.kernel.errors import ShimingError
from app.staff.domain import Face, Staff
from app.staff.errors import RoleNotSufficient
from app.web.forms import browser_secret
from app.web.problems import NoSuchAddress, status_of
from app.web.refusals import told

_WORDED = frozenset({400, 405, 408, 413, 415, 429, 500, 503})
_NOBODY_IS_TOLD = frozenset({403, 404, 405, 409, 422})
"""What is so with an address or a record is for members of the staff: whoever else asks is asked to sign in."""


def refused(request: Request, error: ShimingError) -> Response | None:
    """None where there is no session, or no database to find one in, and the status has to be told all the same."""
    status = status_of(type(error))
    try:
        visit = _visit(request)
        if visit is not None:
            return _page(visit, error, status)
    except Exception:  # noqa: BLE001 -- a refusal is told even where its frame cannot be drawn
        return None
    return ask_to_sign_in(request) if status in _NOBODY_IS_TOLD else None


def _visit(request: Request) -> Visit | None:
    services, token = request.app.state.services, browser_secret(request, COOKIE)
    session = services.staff.sessions.find(token, Face.CONSOLE) if token else None
    if session is None or token is None:
        return None
    here = _nearest(session.staff, request.url.path)
    return Visit(request, services, session, token, here.name if here else "")


def _nearest(staff: Staff, path: str) -> ConsolePage | None:
    """The page of the menu at the address or above it, if it is open to them."""
    under = [one for one in PAGES if one.path != PLACE and f"{path}/".startswith(f"{one.path}/")]
    return next((one for one in under if opened_to(staff, one)), None)


def _page(visit: Visit, error: ShimingError, status: int) -> Response:
    said = told(visit.request, error)
    kind = _kind(error, status)
    back, name = _way_back(visit)
    return visit.show(
        "refused",
        status=status,
        title=visit.say(f"console.refused.{kind}.title", said=said["said"]),
        text=visit.say(
            f"console.refused.{kind}.text", detail=said["detail"], roles=said_roles(visit, visit.staff.roles)
        ),
        back=back,
        back_said=visit.say("console.refused.back", name=name),
        told=said,
    )


def _kind(error: ShimingError, status: int) -> str:
    if isinstance(error, RoleNotSufficient):
        return "role"
    if isinstance(error, NoSuchAddress):
        return "address"
    if status == HTTPStatus.NOT_FOUND:
        return "record"
    return str(status) if status in _WORDED else "other"


def _way_back(visit: Visit) -> tuple[str, str]:
    """To the page above, else to the first that is open to them, else to their own."""
    opened = [one for one in PAGES if opened_to(visit.staff, one)]
    above = next((one for one in opened if one.name == visit.name), opened[0] if opened else None)
    return (
        (above.path, visit.say(f"console.menu.{above.name}")) if above else (f"{PLACE}/me", visit.say("own.page.title"))
    )
