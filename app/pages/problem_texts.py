"""What the page of every problem says: what happened, what to do, and what a developer needs."""

import json
from dataclasses import dataclass

from app.kernel.sentence import Language
from app.posting.denials import DENIALS
from app.posting.errors import ReasonCode
from app.verification.denials import SENTENCES
from app.verification.domain import Reason
from app.web.problems import problem_codes, status_by_code, title_of
from app.web.words import text

_WHAT_TO_DO: dict[str, str] = {
    "invalid-token": "credentials",
    "invalid-client": "invalid_client",
    "insufficient-scope": "credentials",
    "return-url-not-registered": "return_url",
    "account-not-found": "account_not_found",
    "malformed-request": "malformed_request",
    "idempotency-key-reused": "idempotency_key_reused",
    "idempotency-in-progress": "wait",
    "needs-confirmation": "needs_confirmation",
    "needs-second-person": "second_person",
    "needs-another-person": "second_person",
    "rate-limited": "wait",
    "too-many-attempts": "wait",
    "unavailable": "wait",
    "internal-error": "internal_error",
    "possession-required": "possession_required",
    "direct-verification-off": "direct_verification_off",
    "minor-not-allowed": "forum",
    "posting-denied": "posting_denied",
    "screening-blocked": "screening_blocked",
    "already-decided": "already_decided",
    Reason.NOT_CONFIRMED: "not_confirmed",
    Reason.CODE_WRONG: "code_wrong",
    Reason.CODE_EXPIRED: "new_code",
    Reason.CODE_EXHAUSTED: "new_code",
    Reason.PROVIDER_UNAVAILABLE: "provider_unavailable",
    Reason.OUTCOME_UNKNOWN: "outcome_unknown",
    Reason.REVIEW: "review",
    ReasonCode.IDENTITY_UNVERIFIED: "verify",
    ReasonCode.IDENTITY_LEVEL_TOO_LOW: "identity_level_too_low",
    ReasonCode.IDENTITY_EXPIRED: "verify",
    ReasonCode.REVERIFICATION_OVERDUE: "verify",
    ReasonCode.MODERATOR_SUSPENDED: "verify",
    ReasonCode.AGREEMENT_NOT_ACCEPTED: "agreement_not_accepted",
    ReasonCode.ACCOUNT_SUSPENDED: "appeal",
    ReasonCode.ACCOUNT_BANNED: "appeal",
    ReasonCode.HANDLE_UNDER_REVIEW: "handle_under_review",
    ReasonCode.CONTENT_BLOCKED: "content_blocked",
    ReasonCode.CONTENT_UNDER_REVIEW: "content_under_review",
    ReasonCode.TOKEN_EXPIRED: "resend",
    ReasonCode.TOKEN_REVOKED: "resend",
    ReasonCode.TOKEN_INVALID: "resend",
    ReasonCode.WRONG_AUDIENCE: "resend",
    ReasonCode.SCOPE_NOT_GRANTED: "resend",
    ReasonCode.WRONG_BOARD: "resend",
}
"""Code to the last word of its key in the catalogue."""
_WAIT, _ASK_FORUM, _READ_AGAIN = "wait", "forum", "change"


@dataclass(frozen=True, slots=True)
class Explanation:
    code: str
    title: str
    happened: str
    to_do: str
    status: int
    retry: bool
    example: str


def explained_codes() -> list[str]:
    """Problem codes, the reasons for which posting is refused, the outcomes of a verification."""
    return list(dict.fromkeys([*problem_codes(), *(code.value for code in (*ReasonCode, *SENTENCES))]))


def grouped_codes() -> dict[str, list[str]]:
    """What people meet when they post and when they verify, then what programs meet at the API."""
    people, verifying = [code.value for code in ReasonCode], [reason.value for reason in SENTENCES]
    return {
        "posting": people,
        "verifying": verifying,
        "calling": [code for code in problem_codes() if code not in people],
    }


def explanation_of(code: str, language: Language) -> Explanation:
    """`code` is one of `explained_codes`."""
    happened = _said_to_people(code, language)
    title = happened or title_of(code).in_language(language)
    status, sentence = (200, SENTENCES[Reason(code)]) if code in frozenset(Reason) else status_by_code(code)
    to_do = _WHAT_TO_DO.get(code) or (_ASK_FORUM if happened else _READ_AGAIN)
    return Explanation(
        code=code,
        title=_capital(title).rstrip("。."),
        happened=_capital(happened or sentence.in_language(language)),
        to_do=text(language, f"problems.to_do.{to_do}"),
        status=status,
        retry=to_do == _WAIT,
        example=json.dumps(_example(code, title, status), ensure_ascii=False, indent=2),
    )


def _said_to_people(code: str, language: Language) -> str | None:
    if code in frozenset(ReasonCode):
        unnamed = {name: text(language, f"problems.unnamed.{name}") for name in ("board", "category")}
        return DENIALS[ReasonCode(code)].detail.with_values(**unnamed).in_language(language)
    return SENTENCES[Reason(code)].in_language(language) if code in SENTENCES else None


def _example(code: str, title: str, status: int) -> dict[str, object]:
    """The part of the answer by which a program knows this outcome."""
    if code in frozenset(Reason):
        return {"reason": code, "detail": title}
    if code in frozenset(ReasonCode):
        return {"code": "posting-denied", "status": status, "reasons": [{"code": code, "detail": title}]}
    return {"code": code, "status": status, "title": title}


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
