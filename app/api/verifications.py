"""Routes of verification (`docs/api.md` part 4): the real identity goes in, a result comes out."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from app.api.account_shapes import NamesAccount
from app.api.dependencies import (
    IN_PROGRESS,
    ONCE,
    READING,
    LanguageOf,
    MetricsOf,
    SeatsOf,
    ServicesOf,
    VerificationsCaller,
    problems,
)
from app.api.once import Begun, OnceOf
from app.api.shapes import Answer, Day, Request
from app.kernel.errors import FieldError, Invalid
from app.kernel.secret import Secret
from app.kernel.sentence import Language, Sentence
from app.verification.denials import SENTENCES
from app.verification.documents import PERSONAL_DOCUMENTS, DocumentType
from app.verification.domain import IdentityLevel, Method, NextStep, Outcome, Reason, Verification
from app.verification.service import GivenDocument
from app.web.checking import Applicant, Checking

router = APIRouter(prefix="/v1/verifications", tags=["verifications"])
_NOT_FOUND = {404: "not-found"}
_DOCUMENTS = {
    Method.ID2: PERSONAL_DOCUMENTS,
    Method.PHONE3: PERSONAL_DOCUMENTS,
    Method.ORGANISATION: frozenset({DocumentType.USCC}),
}
"""Which documents each method takes."""
_OTHER_METHOD = Sentence(
    "个人证件用 id2 或 phone3，统一社会信用代码用 organisation。",
    "A person's document takes `id2` or `phone3`; `uscc` takes `organisation`.",
)
_MISSING = Sentence("这种验证方式需要这个字段。", "This method needs this field.")
_UNWANTED = Sentence("这种验证方式不用这个字段。", "This method does not take this field.")


class DocumentGiven(Request):
    type: Literal[
        "resident_id",
        "hmt_residence_permit",
        "hm_travel_permit",
        "tw_travel_permit",
        "foreign_permanent_resident_id",
        "passport",
        "uscc",
    ]
    number: Annotated[str, Field(min_length=1, max_length=200)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    country: Annotated[str, Field(min_length=1, max_length=10)] | None = None


class NewVerification(NamesAccount):
    method: Literal["id2", "phone3", "organisation", "phone_code"]
    document: DocumentGiven | None = None
    phone: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class CodeGiven(Request):
    code: Annotated[str, Field(min_length=1, max_length=40)]


class VerificationShown(Answer):
    id: str
    account_id: str
    method: Method
    outcome: Outcome
    reason: Reason | None
    next: NextStep | None
    detail: str | None
    level: IdentityLevel
    verified_at: Day | None
    sandbox: bool


async def _refuse_if_crowded(request: HttpRequest, seats: SeatsOf) -> None:
    """On the event loop and before anything else: a provider that hangs must not slow the rest of the service.

    A look at the bytes is enough to know whose queue to ask about; the body is read properly afterwards.
    """
    asks_for_text = b"phone_code" in await request.body()
    (seats.sms if asks_for_text else seats.provider).refuse_if_crowded()


@router.post(
    "",
    status_code=201,
    response_model=VerificationShown,
    dependencies=[Depends(_refuse_if_crowded)],
    responses=problems(
        {
            **ONCE,
            403: "insufficient-scope, direct-verification-off, minor-not-allowed",
            404: "account-not-found",
            409: f"possession-required, state-conflict, {IN_PROGRESS}",
            422: f"{ONCE[422]}, document-invalid",
            429: "rate-limited, too-many-attempts",
        }
    ),
)
async def verify(
    body: NewVerification,
    caller: VerificationsCaller,
    services: ServicesOf,
    seats: SeatsOf,
    metrics: MetricsOf,
    language: LanguageOf,
    once: OnceOf,
) -> Response:
    """Checks a document, or sends a code to a phone.

    `id2` takes `document` with a person's document, `phone3` the same and `phone`, `organisation` a `uscc`, and
    `phone_code` takes `phone` alone. A `passport` also takes `country`. The account is named by exactly one of
    account_id, handle, external_id.
    """

    def show(verification: Verification) -> VerificationShown:
        return _shown(verification, language)

    def count(checked: Verification) -> VerificationShown:
        metrics.verified(checked.method, checked.outcome)
        return show(checked)

    async def work(begun: Begun) -> Response:
        applicant = Applicant(caller.actor, caller.forum_id, body.account_name(), direct=True)
        checking = Checking(services.verifications, services.codes, seats)
        if body.method == "phone_code":
            sent = await checking.send_code(applicant, _phone(body), begun.note)
            metrics.texted(sent.outcome)
            return await run_in_threadpool(begun.end, lambda: show(sent))
        return await checking.check_document(
            applicant, Method(body.method), _given(body), begun.note, lambda end: begun.end(lambda: count(end()))
        )

    return await once.answer_in_steps(
        caller, 201, work, lambda attempt: show(services.verifications.get(caller.forum_id, attempt))
    )


@router.get("/{verification_id}", responses=problems({**READING, **_NOT_FOUND}))
def get_verification(
    verification_id: str, caller: VerificationsCaller, services: ServicesOf, language: LanguageOf
) -> VerificationShown:
    return _shown(services.verifications.get(caller.forum_id, verification_id), language)


@router.post(
    "/{verification_id}/code",
    response_model=VerificationShown,
    responses=problems({**ONCE, **_NOT_FOUND, 409: f"state-conflict, {IN_PROGRESS}"}),
)
def enter_code(
    verification_id: str,
    body: CodeGiven,
    caller: VerificationsCaller,
    services: ServicesOf,
    metrics: MetricsOf,
    language: LanguageOf,
    once: OnceOf,
) -> Response:
    """Judges a code: at most 5 tries, 10 minutes, single use."""

    def work() -> VerificationShown:
        judged = services.codes.confirm(caller.actor, caller.forum_id, verification_id, Secret(body.code))
        metrics.verified(judged.method, judged.outcome)
        return _shown(judged, language)

    return once.answer(caller, 200, work)


def _given(body: NewVerification) -> GivenDocument:
    """The document of a method that takes one. Raises `Invalid` for a field that is missing, or not wanted."""
    document = body.document
    if document is None:
        raise Invalid([FieldError("/document", "missing", _MISSING)])
    document_type = DocumentType(document.type)
    if document_type not in _DOCUMENTS[Method(body.method)]:
        raise Invalid([FieldError("/document/type", "type-mismatch", _OTHER_METHOD)])
    _refuse_presence("/phone", body.phone, wanted=body.method == "phone3")
    _refuse_presence("/document/country", document.country, wanted=document_type is DocumentType.PASSPORT)
    phone = None if body.phone is None else Secret(body.phone)
    return GivenDocument(document_type, Secret(document.number), Secret(document.name), document.country, phone)


def _refuse_presence(pointer: str, value: object | None, *, wanted: bool) -> None:
    if wanted and value is None:
        raise Invalid([FieldError(pointer, "missing", _MISSING)])
    if value is not None and not wanted:
        raise Invalid([FieldError(pointer, "unwanted", _UNWANTED)])


def _phone(body: NewVerification) -> Secret[str]:
    """The phone of `phone_code`, which takes nothing else. Raises `Invalid`."""
    _refuse_presence("/document", body.document, wanted=False)
    if body.phone is None:
        raise Invalid([FieldError("/phone", "missing", _MISSING)])
    return Secret(body.phone)


def _shown(verification: Verification, language: Language) -> VerificationShown:
    return VerificationShown(
        id=verification.id,
        account_id=verification.account_id,
        method=verification.method,
        outcome=verification.outcome,
        reason=verification.reason,
        next=verification.next,
        detail=SENTENCES[verification.reason].in_language(language) if verification.reason else None,
        level=verification.level,
        verified_at=verification.verified_at,
        sandbox=verification.sandbox,
    )
