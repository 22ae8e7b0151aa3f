"""A browser that lost its secret: a code to a phone on record shows whose flow it is, alike for every number."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from app.accounts.domain import AccountName
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import ShimingError
from app.kernel.secret import Secret
from app.pages.flow_refusals import errors_of
from app.pages.flow_view import Errors, show_link
from app.policies import RouteClass
from app.registration.domain import Stand
from app.registration.errors import BoundElsewhere
from app.registration.service import GivenLink
from app.verification.domain import IdentityLevel, Outcome, Verification
from app.web.checking import Applicant, Checking
from app.web.forms import give_secret, new_browser_secret
from app.web.language import language_of
from app.web.problems import status_of
from app.web.rates import address_of
from app.web.words import text
from app.wiring import Services

KEPT_SECONDS = 24 * 3600
_NAME_LENGTH = 12
_NOTHING: Errors = ()


def cookie_of(link: Secret[str]) -> str:
    """Each flow has a secret of its own, so that two in one browser do not disturb each other."""
    return f"flow-{link.reveal()[:_NAME_LENGTH]}"


def enter(request: Request, services: Services, given: GivenLink) -> Response:
    """Leads into a flow that was just made, and gives it to this browser."""
    path = given.url.reveal().removeprefix(services.issuer)
    link, secret = Secret(path.rpartition("/")[2]), new_browser_secret()
    services.visits.bind(link, secret, secret)
    response = RedirectResponse(path, HTTPStatus.SEE_OTHER)
    give_secret(request, response, cookie_of(link), secret, KEPT_SECONDS)
    return response


def is_findable(stand: Stand) -> bool:
    """Only once somebody stands behind the account is there a phone on record."""
    return stand.level is not IdentityLevel.NONE


def elsewhere(
    request: Request,
    stand: Stand,
    *,
    attempt: str | None = None,
    errors: Errors = _NOTHING,
    status: int = HTTPStatus.OK,
    again: bool = False,
) -> Response:
    """The page for any browser but the one that began, or to which it was handed on."""
    values = {
        "path": request.url.path,
        "again": again,
        "handed_on": request.query_params.get("on"),
        "findable": is_findable(stand),
        "attempt": attempt,
        "errors": errors,
    }
    return show_link(request, stand, "elsewhere", values, status)


async def find_again(
    request: Request, services: Services, stand: Stand, link: Secret[str], form: Mapping[str, str]
) -> Response:
    """Raises `BoundElsewhere`, and what is no matter of this page."""
    if not is_findable(stand):
        raise BoundElsewhere
    try:
        if form["act"] == "find":
            sent = await _send(request, services, stand, form)
            return await run_in_threadpool(elsewhere, request, stand, attempt=sent.id)
        return await _enter_code(request, services, stand, link, form)
    except BoundElsewhere:
        raise
    except ShimingError as error:
        errors = errors_of(request, language_of(request, stand.flow.language), error)
        if not errors:
            raise
        attempt, status = form.get("attempt"), status_of(type(error))
        return await run_in_threadpool(elsewhere, request, stand, attempt=attempt, errors=errors, status=status)


async def _send(request: Request, services: Services, stand: Stand, form: Mapping[str, str]) -> Verification:
    checking = Checking(services.verifications, services.codes, request.app.state.seats)
    applicant = Applicant(_actor(stand), stand.flow.forum_id, AccountName(account_id=stand.flow.account_id))
    request.app.state.rates.admit(RouteClass.TEXTS, address_of(request.scope))
    return await checking.send_code(applicant, Secret(form.get("phone", "")), lambda _tx, _id: None)


async def _enter_code(
    request: Request, services: Services, stand: Stand, link: Secret[str], form: Mapping[str, str]
) -> Response:
    flow, attempt, typed = stand.flow, form.get("attempt", ""), Secret(form.get("code", ""))
    proof = await run_in_threadpool(services.codes.confirm, _actor(stand), flow.forum_id, attempt, typed)
    if proof.outcome is Outcome.VERIFIED:
        fresh, onward = new_browser_secret(), RedirectResponse(request.url.path, HTTPStatus.SEE_OTHER)
        await run_in_threadpool(services.visits.find_again, link, fresh, proof)
        give_secret(request, onward, cookie_of(link), fresh, KEPT_SECONDS)
        return onward
    progress = await run_in_threadpool(services.visits.progress, flow, proof.id)
    said = text(language_of(request, flow.language), f"flow.code.{proof.reason}", n=progress.tries_left)
    waits = proof.outcome is Outcome.PENDING
    return await run_in_threadpool(
        elsewhere,
        request,
        stand,
        attempt=proof.id if waits else None,
        errors=[("code" if waits else "phone", said)],
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
    )


def _actor(stand: Stand) -> Actor:
    return Actor(ActorKind.PERSON, stand.flow.id)
