"""`/complaints/track`: whoever has a tracking code follows their case, answers, adds to it and appeals.

The code travels in forms alone, and every answer comes by POST: it stands in no address, no history and no log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from app.kernel.errors import NotFound
from app.kernel.secret import Secret
from app.kernel.sentence import Language
from app.pages.complaint_draft import Errors, text_faults
from app.pages.complaints import ServicesOf, unlisted
from app.pages.sent_once import LongForm, form_key, new_form_key, take_once
from app.policies import RouteClass
from app.reporting.desk import Happening, Tracked
from app.reporting.domain import CaseState
from app.reporting.errors import (
    CaseIsOver,
    NoSuchTrackingCode,
    NotAboutMisuse,
    NotAppealable,
    TooManyMessages,
    TrackingCodeMistyped,
)
from app.reporting.outcomes import OUTCOMES, REASONS
from app.web.language import language_of
from app.web.problems import status_of
from app.web.rates import address_of
from app.web.templating import page
from app.web.words import text
from app.wiring import Services

router = APIRouter(prefix="/complaints/track", include_in_schema=False)
_REFUSED = {CaseIsOver: "over", NotAppealable: "not_appealable", TooManyMessages: "full"}


@dataclass(frozen=True, slots=True)
class Coded:
    """One request that came with a tracking code."""

    request: Request
    services: Services
    code: Secret[str]

    @property
    def language(self) -> Language:
        return language_of(self.request)

    def say(self, key: str) -> str:
        return text(self.language, key)


@router.get("")
def ask(request: Request) -> Response:
    """Where the code is typed."""
    return _asked(request)


@router.post("")
def show(request: Request, services: ServicesOf, form: LongForm) -> Response:
    """What has become of it. Raises `TooMany`."""
    coded = coded_of(request, services, form)
    return on_its_code(coded, lambda: show_case(coded, services.complaints.public.track(coded.code)))


@router.post("/message")
async def add(request: Request, services: ServicesOf, form: LongForm) -> Response:
    """An answer where a question waits, else something to add. Raises `TooMany`."""
    coded, typed = coded_of(request, services, form), form.get("text", "")
    empty = "complaints.error.answer" if form.get("asked") else "complaints.error.message"
    public, request_id = services.complaints.public, request.scope["request_id"]
    done = "done_answer" if form.get("asked") else "done_message"

    def work() -> Tracked:
        return public.say(coded.code, Secret(typed), request_id)

    return await _write(coded, form, work, text_faults("text", typed, empty, coded.language), done)


@router.post("/appeal")
async def appeal(request: Request, services: ServicesOf, form: LongForm) -> Response:
    """Once, against the outcome of a complaint. Raises `TooMany`."""
    coded, typed = coded_of(request, services, form), form.get("grounds", "")
    public, request_id = services.complaints.public, request.scope["request_id"]

    def work() -> Tracked:
        return public.appeal(coded.code, Secret(typed), request_id)

    faults = text_faults("grounds", typed, "complaints.error.grounds", coded.language)
    return await _write(coded, form, work, faults, "done_appeal")


async def _write(
    coded: Coded, form: Mapping[str, str], work: Callable[[], Tracked], errors: Errors, done: str
) -> Response:
    """A form that comes twice is one message, and its page says the same."""
    public = coded.services.complaints.public

    def shown(said: str = "", found: Errors | None = None, typed: Mapping[str, str] | None = None) -> Response:
        return on_its_code(
            coded, lambda: show_case(coded, public.track(coded.code), said=said, errors=found, typed=typed)
        )

    if errors:
        return await run_in_threadpool(shown, "", errors, form)
    coded.request.app.state.rates.admit(RouteClass.COMPLAINTS, address_of(coded.request.scope))
    sent = {name: form.get(name, "") for name in ("code", "text", "grounds")}

    def take() -> bytes:
        work()
        return b""

    try:
        await take_once(coded.services, coded.request.url.path, form_key(form), sent, take)
    except (CaseIsOver, NotAppealable, TooManyMessages) as refusal:
        found = [("", coded.say(f"complaints.case.{_REFUSED[type(refusal)]}"))]
        return await run_in_threadpool(shown, "", found)
    except (TrackingCodeMistyped, NoSuchTrackingCode):
        return await run_in_threadpool(shown)
    return await run_in_threadpool(shown, done)


def coded_of(request: Request, services: Services, form: Mapping[str, str]) -> Coded:
    """Counts it among the codes of this address. Raises `TooMany`."""
    request.app.state.rates.admit(RouteClass.TRACKING, address_of(request.scope))
    return Coded(request, services, Secret(form.get("code", "").strip()))


def on_its_code(coded: Coded, answer: Callable[[], Response]) -> Response:
    """The answer, or the page where the code is typed: a wrong code and one whose case was erased are alike there."""
    if not coded.code:
        return _asked(coded.request, "code_empty", HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        return answer()
    except TrackingCodeMistyped:
        return _asked(coded.request, "mistyped", HTTPStatus.UNPROCESSABLE_ENTITY, coded.code)
    except NoSuchTrackingCode:
        return _asked(coded.request, "no_such_code", status_of(NotFound), coded.code)


def _asked(request: Request, error: str = "", status: int = HTTPStatus.OK, code: Secret[str] | None = None) -> Response:
    """What was typed stays in its box: it has to be compared."""
    said = [("code", text(language_of(request), f"complaints.error.{error}"))] if error else []
    values = {"errors": said, "typed": code.reveal()[:80] if code else ""}
    return unlisted(page(request, "pages/complaints/track.html", values, status=status))


def show_case(
    coded: Coded,
    tracked: Tracked,
    *,
    said: str = "",
    errors: Errors | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page of one case. `said` is what has just arrived, `typed` what has to be mended."""
    ended, language = tracked.outcome, coded.language
    asked = [one for one in tracked.timeline if one.what is Happening.QUESTION]
    values = {
        "code": coded.code.reveal(),
        "key": new_form_key(),
        "case": tracked,
        "lines": [(one.at, one.what.value, one.text.reveal() if one.text else None) for one in tracked.timeline],
        "question": asked[-1].text.reveal() if tracked.question and asked and asked[-1].text else None,
        "open": tracked.state is not CaseState.DECIDED,
        "outcome": OUTCOMES[ended.outcome].in_language(language) if ended else None,
        "reason": REASONS[ended.reason].sentence.in_language(language) if ended else None,
        "written": ended.text.reveal() if ended and ended.text else None,
        "proof": _asks_for_proof(coded),
        "said": said,
        "errors": errors or [],
        "typed": typed or {},
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if typed else HTTPStatus.CONFLICT if errors else HTTPStatus.OK
    return unlisted(page(coded.request, "pages/complaints/case.html", values, status=status))


def _asks_for_proof(coded: Coded) -> bool:
    """Whether this is a complaint of a misused identity that can still be proved."""
    try:
        coded.services.complaints.misuse.begin(coded.code)
    except NotAboutMisuse:
        return False
    return True
