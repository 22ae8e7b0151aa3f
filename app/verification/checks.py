"""Asks the providers about one document, in the configured order; each question is on record before it leaves."""

import hashlib
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from app import policies
from app.db.unit_of_work import UnitOfWork, hold_key
from app.kernel.actor import SYSTEM
from app.kernel.clock import SHANGHAI, Clock
from app.kernel.ids import VerificationId, new_id
from app.verification import attempts
from app.verification.documents import Document
from app.verification.domain import Ending, Outcome, Reason
from app.verification.errors import DocumentFault, DocumentInvalid, PhoneInvalid
from app.verification.providers.breaker import Breaker
from app.verification.providers.contract import (
    CheckKind,
    CheckResult,
    InvalidInput,
    OutcomeUnknown,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    RecordCheckProvider,
    Unsupported,
    Verdict,
)
from app.verification.providers.reactions import ANY, Answer, BreakerEffect, reaction_to, understood
from app.verification.providers.sandbox import is_test_identity

_READ, _LEAST = float(policies.PROVIDER_READ.value), float(policies.PROVIDER_LEAST.value)
_JITTER = policies.PROVIDER_JITTER.value / 1000


@dataclass(frozen=True, slots=True)
class Budget:
    """How many perhaps billed questions one provider may be asked, by the calendar of Shanghai."""

    a_day: int
    a_month: int


@dataclass(frozen=True, slots=True)
class Pace:
    """What the policy waits by; a test hands in its own."""

    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = lambda: random.uniform(0, _JITTER)  # noqa: S311 -- spreads load, guards nothing


class Checks:
    """One question in, one answer out: retry, breakers, other providers and money are settled in here."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        clock: Clock,
        providers: Sequence[RecordCheckProvider],
        budget: Budget,
        pace: Pace | None = None,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._providers = tuple(providers)
        self._budget = budget
        self._pace = pace or Pace()
        self._breakers = {(one.name, kind): Breaker(clock) for one in self._providers for kind in CheckKind}
        self.name = self._providers[0].name
        self.sandbox = any(one.sandbox for one in self._providers)

    def refuse(self, kind: CheckKind, document: Document) -> None:
        """What no provider may be asked. Raises `DocumentInvalid`, `PhoneInvalid`."""
        capable = self._capable(kind, document)
        if not capable:
            raise DocumentInvalid("/document/type", DocumentFault.NOT_AVAILABLE)
        if not self.sandbox and is_test_identity(document):
            raise DocumentInvalid("/document/number", DocumentFault.TEST_IDENTITY)
        for provider in capable:
            fault = provider.refuses(document)
            if fault is not None:
                raise DocumentInvalid("/document/number", fault)
            refusal = provider.refuses_phone(document.phone) if document.phone else None
            if refusal is not None:
                raise PhoneInvalid(refusal)

    def can_ask(self, kind: CheckKind, document: Document) -> bool:
        """Whether anybody is there to be asked, or nobody needs to be."""
        breakers = (self._breakers[provider.name, kind] for provider in self._capable(kind, document))
        return document.unspeakable or not all(breaker.is_open() for breaker in breakers)

    def open_breakers(self) -> dict[tuple[str, CheckKind], bool]:
        """For each provider and kind of check, whether nobody is let through to it in this process."""
        return {each: breaker.is_open() for each, breaker in self._breakers.items()}

    def ask(self, verification_id: VerificationId, kind: CheckKind, document: Document) -> Answer:
        """What the providers have to say, within 8 seconds; a verdict outweighs an error. Nothing is raised by them.

        Nobody goes on to another provider after a match, a mismatch or an inconclusive answer; after "not found" one
        other is asked if it reads other records. A name with private-use characters is inconclusive by itself.
        """
        if document.unspeakable:
            return CheckResult(Verdict.INCONCLUSIVE, self.name, "private-use-name", billable=False)
        deadline = self._pace.seconds() + policies.PROVIDER_BUDGET.value
        others, searched = ANY, set[str]()
        weightiest: Answer | None = None
        for provider in self._capable(kind, document):
            breaker = self._breakers[provider.name, kind]
            if not others or self._left(deadline) < _LEAST or provider.data_source in searched or not breaker.admits():
                continue
            attempt_id = self._put_on_record(provider.name, kind, verification_id)
            if attempt_id is None:
                answer: Answer = QuotaExhausted(provider.name, "own-budget")
            else:
                answer = self._ask_one(provider, kind, document, attempt_id, deadline)
                others = min(others - 1, reaction_to(answer).others)
            if isinstance(answer, CheckResult):
                searched.add(provider.data_source)
            if weightiest is None or reaction_to(answer).weight >= reaction_to(weightiest).weight:
                weightiest = answer
        return weightiest or ProviderUnavailable(self.name, "nobody-could-be-asked")

    def _capable(self, kind: CheckKind, document: Document) -> list[RecordCheckProvider]:
        return [one for one in self._providers if (kind, document.type) in one.capabilities]

    def _left(self, deadline: float) -> float:
        return deadline - self._pace.seconds()

    def _ask_one(
        self, provider: RecordCheckProvider, kind: CheckKind, document: Document, attempt_id: str, deadline: float
    ) -> Answer:
        answer = self._send(provider, kind, document, attempt_id, deadline)
        if reaction_to(answer).again and self._left(deadline) >= _LEAST + _JITTER:
            self._pace.sleep(self._pace.jitter())
            if self._breakers[provider.name, kind].admits():
                answer = self._send(provider, kind, document, attempt_id, deadline)
        self._settle(attempt_id, answer)
        return answer

    def _send(
        self, provider: RecordCheckProvider, kind: CheckKind, document: Document, attempt_id: str, deadline: float
    ) -> Answer:
        timeout = min(_READ, self._left(deadline))
        try:
            said: object = provider.check(kind, document, attempt_id=attempt_id, timeout=timeout)
        except BaseException as error:  # noqa: BLE001 -- whatever a provider does, the question may have left
            said = error
        answer = understood(provider.name, said, document)
        effect = reaction_to(answer).breaker
        if provider.sandbox and effect is BreakerEffect.OPENS:
            effect = BreakerEffect.NONE  # one test identity's empty package must not close the sandbox to the others
        if self._breakers[provider.name, kind].note(effect):
            _log("provider-breaker-opened", provider.name, kind, type(answer).__name__)
        return answer

    def _put_on_record(self, provider: str, kind: CheckKind, verification_id: VerificationId) -> str | None:
        """The name of the attempt, committed before anything is sent; None when its budget is used up."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            hold_key(tx, hashlib.sha256(provider.encode()).digest())  # one at a time, so that the stop is exact
            day = tx.now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
            spent = attempts.spent(tx.session, provider, day, day.replace(day=1))
            if spent.today >= self._budget.a_day or spent.this_month >= self._budget.a_month:
                return None
            attempt_id = new_id("vpa", tx.now)
            attempts.add(tx.session, attempt_id, verification_id, provider, kind, tx.now)
        for used, limit in ((spent.today + 1, self._budget.a_day), (spent.this_month + 1, self._budget.a_month)):
            if used == math.ceil(limit * policies.BUDGET_ALERT.value / 100):
                _log("provider-budget-nearly-spent", provider, kind, f"{used} of {limit}")
        return attempt_id

    def _settle(self, attempt_id: str, answer: Answer) -> None:
        name, request_id = type(answer).__name__, None
        if isinstance(answer, CheckResult):
            name, request_id = answer.verdict.value, answer.request_id
        with self._unit_of_work.begin(SYSTEM) as tx:
            billable = reaction_to(answer).billable
            attempts.settle(tx.session, attempt_id, name, answer.raw_code, request_id, tx.now, billable=billable)


def end_after(error: ProviderError) -> Ending:
    """What a forum hears when nobody said anything about the person."""
    if isinstance(error, OutcomeUnknown):
        return Ending(Outcome.PENDING, Reason.OUTCOME_UNKNOWN)
    if isinstance(error, InvalidInput | Unsupported):
        return Ending(Outcome.REJECTED, Reason.NOT_CONFIRMED)
    return Ending(Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE)


def _log(event: str, provider: str, kind: CheckKind, why: str) -> None:
    """One line for the operator; a metric may be made of it."""
    structlog.get_logger("shiming").warning(event, provider=provider, kind=kind.value, why=why)
