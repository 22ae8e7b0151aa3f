"""Routes of the public desk (`docs/api.md` part 8): anybody complains, follows, answers and appeals."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi import Request as HttpRequest

from app.api.complaint_shapes import AppealGiven, CaseFiled, CaseTracked, CodeGiven, ComplaintGiven, MessageGiven
from app.api.dependencies import IN_PROGRESS, LanguageOf, RatesOf, ServicesOf, problems
from app.api.once import Anybody, OnceOf
from app.kernel.secret import Secret
from app.policies import RouteClass
from app.reporting.desk import complainant
from app.web.rates import address_of

router = APIRouter(prefix="/v1/complaints", tags=["complaints"])
_ASKING = {
    400: "malformed-json",
    404: "not-found",
    413: "body-too-large",
    415: "unsupported-media-type",
    422: "validation-failed",
    429: "rate-limited",
    503: "unavailable",
}
PUBLIC_ONCE = {**_ASKING, 409: IN_PROGRESS, 422: "validation-failed, idempotency-key-reused"}
"""What a route that anybody may call refuses with; for appeals as well."""


def whoever_files(request: HttpRequest, rates: RatesOf) -> Anybody:
    """The dependency that counts what comes in from an address. Raises `TooMany`."""
    address = address_of(request.scope)
    rates.admit(RouteClass.COMPLAINTS, address)
    return Anybody(complainant(request.scope["request_id"]), address)


def count_codes(request: HttpRequest, rates: RatesOf) -> None:
    """The dependency that counts tracking codes from an address. Raises `TooMany`."""
    rates.admit(RouteClass.TRACKING, address_of(request.scope))


WhoeverFiles = Annotated[Anybody, Depends(whoever_files)]
"""Of complaints, appeals and messages."""
_COUNTED = [Depends(count_codes)]


@router.post("", status_code=201, response_model=CaseFiled, responses=problems(PUBLIC_ONCE))
def file_complaint(body: ComplaintGiven, caller: WhoeverFiles, services: ServicesOf, once: OnceOf) -> Response:
    """Takes a complaint about content, an account, a board, a moderator or a misused identity; contact is optional."""
    new = body.read()
    return once.answer(caller, 201, lambda: CaseFiled.of(services.complaints.public.file(new, caller.actor.request_id)))


@router.post("/track", responses=problems(_ASKING), dependencies=_COUNTED)
def track_case(body: CodeGiven, services: ServicesOf, language: LanguageOf) -> CaseTracked:
    """What has become of a complaint or an appeal. A wrong code and an erased case answer alike."""
    return CaseTracked.of(services.complaints.public.track(Secret(body.tracking_code)), language)


@router.post(
    "/message",
    response_model=CaseTracked,
    responses=problems({**PUBLIC_ONCE, 409: f"state-conflict, {IN_PROGRESS}"}),
    dependencies=_COUNTED,
)
def add_message(
    body: MessageGiven, caller: WhoeverFiles, services: ServicesOf, language: LanguageOf, once: OnceOf
) -> Response:
    """Adds to an open case; while a question waits this is the answer."""
    code, text = Secret(body.tracking_code), Secret(body.text)

    def work() -> CaseTracked:
        return CaseTracked.of(services.complaints.public.say(code, text, caller.actor.request_id), language)

    return once.answer(caller, 200, work)


@router.post(
    "/appeal",
    response_model=CaseTracked,
    responses=problems({**PUBLIC_ONCE, 409: f"state-conflict, {IN_PROGRESS}"}),
    dependencies=_COUNTED,
)
def appeal_outcome(
    body: AppealGiven, caller: WhoeverFiles, services: ServicesOf, language: LanguageOf, once: OnceOf
) -> Response:
    """Asks for another person, once, against the outcome of a complaint."""
    code, grounds = Secret(body.tracking_code), Secret(body.grounds)

    def work() -> CaseTracked:
        return CaseTracked.of(services.complaints.public.appeal(code, grounds, caller.actor.request_id), language)

    return once.answer(caller, 200, work)
