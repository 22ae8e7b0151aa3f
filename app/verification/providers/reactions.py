"""What follows from each answer: one more try, other providers, the breaker. Source: design."""

from dataclasses import dataclass
from enum import StrEnum

from app.verification.documents import Document
from app.verification.providers.contract import (
    CheckResult,
    InvalidInput,
    Misconfigured,
    OutcomeUnknown,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    SubjectLimited,
    Throttled,
    Unsupported,
    Verdict,
)

Answer = CheckResult | ProviderError
ANY = 1_000
"""As many other providers as there are."""


class BreakerEffect(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    OPENS = "opens"
    """Nothing but an operator can mend it."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Reaction:
    again: bool
    """Whether the same provider may be asked once more: only where the question cannot have been answered."""
    others: int
    """How many other providers may still be asked."""
    breaker: BreakerEffect
    weight: int
    """Of the answers of several providers the weightiest counts, the last among equals."""
    billable: bool | None = False
    """None: perhaps."""


_AFTER_ERROR: dict[type[ProviderError], Reaction] = {
    InvalidInput: Reaction(again=False, others=0, breaker=BreakerEffect.SUCCESS, weight=2),
    SubjectLimited: Reaction(again=False, others=1, breaker=BreakerEffect.SUCCESS, weight=1),
    Throttled: Reaction(again=True, others=ANY, breaker=BreakerEffect.NONE, weight=1),
    QuotaExhausted: Reaction(again=False, others=ANY, breaker=BreakerEffect.OPENS, weight=1),
    Misconfigured: Reaction(again=False, others=ANY, breaker=BreakerEffect.OPENS, weight=1),
    ProviderUnavailable: Reaction(again=True, others=ANY, breaker=BreakerEffect.FAILURE, weight=1),
    OutcomeUnknown: Reaction(again=False, others=1, breaker=BreakerEffect.FAILURE, weight=3, billable=None),
    Unsupported: Reaction(again=False, others=ANY, breaker=BreakerEffect.NONE, weight=0),
}
_OTHERS_AFTER_VERDICT = {Verdict.MATCH: 0, Verdict.MISMATCH: 0, Verdict.NOT_FOUND: 1, Verdict.INCONCLUSIVE: 0}
_CODE_LENGTH = 80
_ECHO = "echo"


def reaction_to(answer: Answer) -> Reaction:
    """The row of the table; `understood` has turned whatever stands in no row into `OutcomeUnknown`."""
    if isinstance(answer, ProviderError):
        return _AFTER_ERROR[type(answer)]
    others = _OTHERS_AFTER_VERDICT[answer.verdict]
    return Reaction(again=False, others=others, breaker=BreakerEffect.SUCCESS, weight=4, billable=answer.billable)


def understood(provider: str, said: object, subject: Document) -> Answer:
    """What a provider returned or raised, in our words; whatever is not exactly an answer is `OutcomeUnknown`.

    Empty defaults refuse: no answer outside the table verifies anybody. A code that repeats the question is dropped.
    """
    if isinstance(said, ProviderError) and type(said) in _AFTER_ERROR:
        return type(said)(provider, _plain(getattr(said, "raw_code", ""), subject))
    if type(said) is not CheckResult or not isinstance(said.verdict, Verdict):
        return OutcomeUnknown(provider, "not an answer")
    billable = said.billable if isinstance(said.billable, bool) else None
    request_id = _plain(said.request_id, subject) or None
    return CheckResult(said.verdict, provider, _plain(said.raw_code, subject), request_id, billable)


def _plain(code: object, subject: Document) -> str:
    """A provider's code as it may be stored: short, printable ASCII, and nothing of whom it was asked about."""
    if not isinstance(code, str):
        return ""
    plain = "".join(mark for mark in code if " " <= mark <= "~")
    return _ECHO if subject.is_named_in(plain) else plain[:_CODE_LENGTH]
