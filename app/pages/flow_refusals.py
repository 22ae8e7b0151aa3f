"""How a refusal looks to the person on a page of a flow: beside the field that mends it, or on a page of its own."""

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from markupsafe import Markup

from app.accounts.errors import ExternalIdTaken, HandleTaken
from app.agreements.errors import UnknownAgreementVersion
from app.kernel.errors import Invalid, Later, ShimingError, TooMany, Unavailable
from app.kernel.sentence import Language
from app.pages.flow_acts import Turn
from app.pages.flow_view import Errors, show, show_link
from app.registration.domain import Step
from app.registration.errors import StepPassed
from app.registration.visits import Visit
from app.verification.errors import DocumentInvalid, MinorNotAllowed, PossessionRequired, TooManyAttempts
from app.web.language import language_of
from app.web.problems import status_of
from app.web.words import come_back, text

_PAGES: dict[type[ShimingError], str] = {
    TooManyAttempts: "too-many-attempts",
    MinorNotAllowed: "minor-not-allowed",
    Unavailable: "unavailable",
}
"""What no typing mends has a page of its own."""


async def answer_refusal(turn: Turn, error: ShimingError) -> Response:
    """Raises `error` itself where it is no matter of this page."""
    visits, visit = turn.services.visits, turn.visit
    if isinstance(error, ExternalIdTaken):
        return turn.onward()
    if isinstance(error, PossessionRequired):
        await run_in_threadpool(visits.ask_phone_again, visit)
    now = await run_in_threadpool(visits.visit, visit.link, visit.secret)  # what was refused may have been noted
    moved_on = now.stand.step is not visit.stand.step and not isinstance(error, PossessionRequired)
    if moved_on or isinstance(error, StepPassed):  # another tab, or the same form sent twice, was quicker
        return turn.onward("?notice=elsewhere")
    return await run_in_threadpool(_answer, turn, now, error)


def _answer(turn: Turn, now: Visit, error: ShimingError) -> Response:
    language, status = language_of(turn.request, turn.visit.flow.language), status_of(type(error))
    code = next((code for kind, code in _PAGES.items() if isinstance(error, kind)), None)
    if code is not None:
        values = {"code": code, "until": _until(turn.request, language, error), "path": turn.request.url.path}
        return _timed(show_link(turn.request, turn.stand, "refused", values, status), error)
    errors = errors_of(turn.request, language, error)
    if not errors:
        raise error
    act = turn.form["act"]
    step = Step(act) if act in frozenset(Step) else None
    more: dict[str, object] = {}
    if act == "handle":
        typed, suggest = turn.form.get("handle", ""), turn.services.visits.suggest
        more = {"typed": typed, "suggestions": suggest(now, typed) if isinstance(error, HandleTaken) else ()}
    shown = show(turn.request, turn.services, now, step=step, errors=errors, status=status, more=more)
    return _timed(shown, error)


def errors_of(request: Request, language: Language, error: ShimingError) -> Errors:
    """Field and sentence; none for what is no matter of a field. Never what was typed."""
    if isinstance(error, UnknownAgreementVersion):
        return [("", text(language, "flow.agreement.changed"))]
    if isinstance(error, Invalid) and error.fields:
        found = [(one.pointer.rpartition("/")[2], one.detail.in_language(language)) for one in error.fields]
        if isinstance(error, DocumentInvalid):
            found.append(("", error.sentence.in_language(language)))
        return found
    if isinstance(error, HandleTaken):
        return [("handle", error.detail.in_language(language))]
    if isinstance(error, PossessionRequired):
        return [("phone", text(language, "flow.phone.possession"))]
    if isinstance(error, TooMany):
        return [("", text(language, "flow.error.rate_limited", time=_until(request, language, error)))]
    return []


def _until(request: Request, language: Language, error: ShimingError) -> Markup | None:
    if not isinstance(error, Later):
        return None
    return come_back(language, request.app.state.services.clock.now(), error.retry_after)


def _timed(response: Response, error: ShimingError) -> Response:
    if isinstance(error, Later):
        response.headers["retry-after"] = str(error.retry_after)
    return response
