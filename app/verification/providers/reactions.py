"""What follows from each answer: one more try, other providers, the breaker. Source: design."""

from dataclasses import dataclass
from enum import StrEnum

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


def reaction_to(answer: Answer) -> Reaction:
    """The row of the table; `understood` has turned whatever stands in no row into `OutcomeUnknown`."""
    if isinstance(answer, ProviderError):
        return _AFTER_ERROR[type(answer)]
    others = _OTHERS_AFTER_VERDICT[answer.verdict]
    return Reaction(again=False, others=others, breaker=BreakerEffect.SUCCESS, weight=4, billable=answer.billable)


def understood(provider: str, said: object) -> Answer:
    """What a provider returned or raised, in our words; whatever is not exactly an answer is `OutcomeUnknown`.

    Empty defaults refuse: no answer outside the table verifies anybody.
    """
    if isinstance(said, ProviderError) and type(said) in _AFTER_ERROR:
        return type(said)(provider, _plain(getattr(said, "raw_code", "")))
    if type(said) is not CheckResult or not isinstance(said.verdict, Verdict):
        return OutcomeUnknown(provider, "not an answer")
    billable = said.billable if isinstance(said.billable, bool) else None
    request_id = _plain(said.request_id) or None
    return CheckResult(said.verdict, provider, _plain(said.raw_code), request_id, billable)


def _plain(code: object) -> str:
    """A provider's code as it may be stored: short, printable ASCII; anything else is nobody's code."""
    return "".join(mark for mark in code if " " <= mark <= "~")[:_CODE_LENGTH] if isinstance(code, str) else ""
