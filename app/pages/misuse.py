"""`/complaints/track/proof`: whoever complains that their identity is used proves who they are, and learns no more.

The tracking code opens the way; a code to their own phone comes before any question to a provider. Source: N5.
"""

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from app.kernel.errors import Invalid, Later, ShimingError, TooMany, Unavailable
from app.kernel.secret import Secret
from app.pages.complaint_draft import Errors
from app.pages.complaints import ServicesOf, unlisted
from app.pages.sent_once import LongForm
from app.pages.tracking import Coded, coded_of, on_its_code, show_case
from app.policies import RouteClass
from app.reporting.desk import complainant
from app.reporting.errors import NoSuchTrackingCode, NotAboutMisuse, TrackingCodeMistyped
from app.verification.documents import DocumentType
from app.verification.domain import Reason
from app.verification.service import GivenDocument
from app.web.problems import status_of
from app.web.rates import address_of
from app.web.seats import AllSeats
from app.web.templating import page
from app.web.words import come_back, text

router = APIRouter(prefix="/complaints/track/proof", include_in_schema=False)
_ELSEWHERE = (NotAboutMisuse, NoSuchTrackingCode, TrackingCodeMistyped)
_BEGIN_ANEW = frozenset({Reason.CODE_EXPIRED, Reason.CODE_EXHAUSTED, Reason.NOT_CONFIRMED})
_WORDED = _BEGIN_ANEW | {Reason.CODE_WRONG, Reason.PROVIDER_UNAVAILABLE, Reason.OUTCOME_UNKNOWN}
_BOXES = ("sms", "name", "number")


@router.post("")
def show(request: Request, services: ServicesOf, form: LongForm) -> Response:
    """Where somebody stands: a phone is asked for, or the code and the document. Raises `TooMany`."""
    coded = coded_of(request, services, form)
    return on_its_code(coded, lambda: _shown(coded, again=bool(form.get("again"))))


@router.post("/phone")
async def send_code(request: Request, services: ServicesOf, form: LongForm) -> Response:
    """Sends a code to any phone. Raises `TooMany`."""
    coded, typed = coded_of(request, services, form), form.get("phone", "").strip()
    if not typed:
        return await _again(coded, [("phone", coded.say("me.error.phone_empty"))], ask_phone=True)
    proofs, seats = services.complaints.misuse.proofs, _seats(request)
    try:
        flow = await run_in_threadpool(services.complaints.misuse.begin, coded.code)
        phone = proofs.read_phone(Secret(typed))
        request.app.state.rates.admit(RouteClass.TEXTS, address_of(request.scope))
        async with seats.sms.take():
            async with seats.index.take():
                to = await run_in_threadpool(proofs.index_phone, phone)
            await run_in_threadpool(proofs.send, complainant(request.scope["request_id"]), flow.case, to)
    except _ELSEWHERE:
        return await _again(coded)
    except (Invalid, TooMany, Unavailable) as refusal:
        return await _again(coded, _said(coded, refusal, "phone"), ask_phone=True, refusal=refusal)
    return await _again(coded)


@router.post("/document")
async def prove(request: Request, services: ServicesOf, form: LongForm) -> Response:
    """Judges the code, and has the document checked once it is right. Raises `TooMany`."""
    coded = coded_of(request, services, form)
    typed = {name: form.get(name, "").strip() for name in _BOXES}
    empty = [(name, coded.say(f"complaints.proof.empty_{name}")) for name in _BOXES if not typed[name]]
    if empty:
        return await _again(coded, empty)
    given = GivenDocument(DocumentType.RESIDENT_ID, Secret(typed["number"]), Secret(typed["name"]))
    try:
        reason, left = await _proved(coded, Secret(typed["sms"]), given)
    except _ELSEWHERE:
        return await _again(coded)
    except (Invalid, TooMany, Unavailable) as refusal:
        return await _again(coded, _said(coded, refusal, ""), refusal=refusal)
    if reason is None:
        return unlisted(page(request, "pages/complaints/proved.html", {"code": coded.code.reveal()}))
    said = text(coded.language, f"complaints.proof.{reason if reason in _WORDED else 'stale'}", n=left)
    return await _again(coded, [("sms" if reason is Reason.CODE_WRONG else "", said)], ask_phone=reason in _BEGIN_ANEW)


async def _proved(coded: Coded, typed: Secret[str], given: GivenDocument) -> tuple[Reason | None, int]:
    """None for whoever is who they say; else why not, and how many tries a code has left."""
    misuse, seats = coded.services.complaints.misuse, _seats(coded.request)
    actor, proofs = complainant(coded.request.scope["request_id"]), misuse.proofs
    flow = await run_in_threadpool(misuse.begin, coded.code)
    document = await run_in_threadpool(proofs.prepare, given)
    async with seats.provider.take():
        begun = await run_in_threadpool(proofs.begin, actor, flow.case, typed, document)
        if begun is None:
            return Reason.CODE_EXPIRED, 0
        if begun.reason is not None:
            return begun.reason, begun.tries_left
        asked = await run_in_threadpool(proofs.ask, begun)
        index = None
        if asked.needs_index:
            async with seats.index.take(patient=True):
                index = await run_in_threadpool(proofs.index, asked)
        return await run_in_threadpool(proofs.settle, actor, asked, index), begun.tries_left


async def _again(
    coded: Coded, errors: Errors | None = None, *, ask_phone: bool = False, refusal: ShimingError | None = None
) -> Response:
    status = status_of(type(refusal)) if refusal else HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK

    def shown() -> Response:
        response = _shown(coded, again=ask_phone, errors=errors, status=status)
        if isinstance(refusal, Later):
            response.headers["retry-after"] = str(refusal.retry_after)
        return response

    return await run_in_threadpool(on_its_code, coded, shown)


def _shown(coded: Coded, *, again: bool, errors: Errors | None = None, status: int = HTTPStatus.OK) -> Response:
    """Nothing that was typed of a person stands in it. Raises `TrackingCodeMistyped`, `NoSuchTrackingCode`."""
    services = coded.services
    try:
        flow = services.complaints.misuse.begin(coded.code)
    except NotAboutMisuse:
        return show_case(coded, services.complaints.public.track(coded.code))
    awaited = None if again else flow.awaited
    values = {
        "code": coded.code.reveal(),
        "awaited": awaited,
        "errors": errors or [],
        "sandbox": services.checks.sandbox,
        "provider": coded.say("flow.notice.sandbox") if services.checks.sandbox else services.checks.name,
    }
    step = "proof_document" if awaited else "proof_phone"
    return unlisted(page(coded.request, f"pages/complaints/{step}.html", values, status=status))


def _said(coded: Coded, refusal: ShimingError, where: str) -> Errors:
    if isinstance(refusal, Invalid):
        names = {"code": "sms"}
        found = [(one.pointer.rpartition("/")[2], one.detail.in_language(coded.language)) for one in refusal.fields]
        return [(names.get(name, name), said) for name, said in found]
    wait = refusal.retry_after if isinstance(refusal, Later) else 0
    key = "me.error.too_fast" if isinstance(refusal, TooMany) else "me.error.unavailable"
    return [(where, text(coded.language, key, time=come_back(coded.language, coded.services.clock.now(), wait)))]


def _seats(request: Request) -> AllSeats:
    seats: AllSeats = request.app.state.seats
    return seats
