"""The policy around providers: how often each is asked, who is asked next, and what of it is on record."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from app import policies
from app.accounts.domain import Profile
from app.kernel.actor import OPERATOR
from app.kernel.ids import VerificationId, new_id
from app.kernel.secret import Secret
from app.verification import repository
from app.verification.checks import Budget, Checks, Pace, end_after
from app.verification.documents import Document, DocumentType, read_document
from app.verification.domain import Ending, Method, Outcome, Reason
from app.verification.errors import DocumentFault, DocumentInvalid
from app.verification.models import ProviderAttemptRow
from app.verification.providers.contract import (
    CheckKind,
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
from app.verification.providers.reactions import Answer, understood
from app.web import gate
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import NAME, PERSON
from tests.support.providers import Line, ScriptedProvider

MATCH, MISMATCH, NOT_FOUND, INCONCLUSIVE = Verdict
ID2 = CheckKind.ID2
TODAY = date(2026, 11, 21)
ROOMY = Budget(1_000, 1_000)


def person(name: str = NAME) -> Document:
    return read_document(DocumentType.RESIDENT_ID, Secret(PERSON), Secret(name), TODAY)


SUBJECT = person()


@dataclass
class Watch:
    """Time that passes only when somebody sleeps."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def pace(self, jitter: float = 0.4) -> Pace:
        return Pace(seconds=lambda: self.at, sleep=self.sleep, jitter=lambda: jitter)


@dataclass
class Desk:
    """Providers behind the policy, and a verification to ask about."""

    services: Services
    clock: FakeClock
    watch: Watch = field(default_factory=Watch)

    def checks(self, *providers: ScriptedProvider, budget: Budget = ROOMY) -> Checks:
        return Checks(self.services.unit_of_work, self.clock, providers, budget, self.watch.pace())

    def ask(self, checks: Checks, kind: CheckKind = ID2, document: Document | None = None) -> Answer:
        return checks.ask(self.verification(), kind, document or person())

    def says(self, *providers: ScriptedProvider) -> str:
        """What comes out in the end, in one word."""
        answer = self.ask(self.checks(*providers))
        return answer.verdict if isinstance(answer, CheckResult) else type(answer).__name__

    def verification(self) -> VerificationId:
        forum_id = self.services.forums.add(OPERATOR, "测试论坛").forum_id
        account = self.services.accounts.register(OPERATOR, forum_id, "山间清风", None, Profile())
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            made = VerificationId(new_id("vrf", tx.now))
            attempt = repository.Attempt(made, forum_id, account.id, Method.ID2, "scripted", sandbox=False)
            repository.add_attempt(tx.session, attempt, tx.now)
        return made

    def attempts(self) -> list[tuple[str, str, bool | None]]:
        with self.services.unit_of_work.read() as tx:
            found = tx.session.scalars(select(ProviderAttemptRow).order_by(ProviderAttemptRow.provider))
            return [(row.provider, row.answer, row.billable) for row in found]


@pytest.fixture
def desk(services: Services, clock: FakeClock) -> Desk:
    return Desk(services, clock)


def scripted(*script: Line, name: str = "first", source: str = "registry") -> ScriptedProvider:
    return ScriptedProvider(name, list(script), data_source=source)


def second(*script: Line, source: str = "other") -> ScriptedProvider:
    return scripted(*script, name="second", source=source)


_SENDS: list[tuple[Line, int]] = [
    (MATCH, 1),
    (MISMATCH, 1),
    (NOT_FOUND, 1),
    (INCONCLUSIVE, 1),
    (InvalidInput, 1),
    (SubjectLimited, 1),
    (Throttled, 2),
    (QuotaExhausted, 1),
    (Misconfigured, 1),
    (ProviderUnavailable, 2),
    (OutcomeUnknown, 1),
    (Unsupported, 1),
    (lambda: 1 / 0, 1),
]


def test_only_a_question_that_cannot_have_been_answered_is_sent_twice(desk: Desk) -> None:
    for line, sends in _SENDS:
        provider = scripted(line)
        desk.says(provider)
        assert len(provider.asked) == sends, line
        assert len(set(provider.asked)) == 1, line  # both sends are one attempt


@pytest.mark.parametrize("error", [Throttled, ProviderUnavailable])
def test_a_second_send_that_is_answered_counts(desk: Desk, error: type[ProviderError]) -> None:
    provider = scripted(error, MATCH)
    assert desk.says(provider) == MATCH
    assert len(provider.asked) == 2
    assert desk.watch.slept == [0.4]
    assert desk.attempts() == [("first", "match", None)]


_OTHERS: list[tuple[Line, int]] = [
    (MATCH, 0),
    (MISMATCH, 0),
    (NOT_FOUND, 1),
    (INCONCLUSIVE, 0),
    (InvalidInput, 0),
    (SubjectLimited, 1),
    (Throttled, 3),
    (QuotaExhausted, 3),
    (Misconfigured, 3),
    (ProviderUnavailable, 3),
    (OutcomeUnknown, 1),
    (Unsupported, 3),
]


def test_the_first_answer_decides_how_many_others_are_asked(desk: Desk) -> None:
    for line, others in _OTHERS:
        rest = [scripted(ProviderUnavailable, name=f"other{number}", source=f"source{number}") for number in range(3)]
        desk.says(scripted(line), *rest)
        assert sum(bool(provider.asked) for provider in rest) == others, line


def test_providers_are_asked_in_their_order_and_only_for_what_they_can(desk: Desk) -> None:
    unable, first, last = scripted(MATCH, name="unable"), scripted(Misconfigured), second(MATCH)
    unable.capabilities = frozenset({(CheckKind.PHONE3, DocumentType.RESIDENT_ID)})
    assert desk.says(unable, first, last) == MATCH
    assert unable.asked == []
    assert [answer for _, answer, _ in desk.attempts()] == ["Misconfigured", "match"]


def test_who_is_not_found_is_looked_for_in_other_records_only(desk: Desk) -> None:
    same, other = scripted(MATCH, name="same"), second(MATCH)
    assert desk.says(scripted(NOT_FOUND), same, other) == MATCH
    assert (len(same.asked), len(other.asked)) == (0, 1)
    assert desk.says(scripted(NOT_FOUND), same) == NOT_FOUND
    assert same.asked == []


_WEIGHTS: list[tuple[Line, Line, str]] = [
    (NOT_FOUND, ProviderUnavailable, "not_found"),
    (NOT_FOUND, MISMATCH, "mismatch"),
    (OutcomeUnknown, MATCH, "match"),
    (OutcomeUnknown, ProviderUnavailable, "OutcomeUnknown"),
    (OutcomeUnknown, InvalidInput, "OutcomeUnknown"),
    (ProviderUnavailable, OutcomeUnknown, "OutcomeUnknown"),
    (ProviderUnavailable, InvalidInput, "InvalidInput"),
    (SubjectLimited, MATCH, "match"),
    (Unsupported, Throttled, "Throttled"),
    (Throttled, Unsupported, "Throttled"),
]


def test_of_two_answers_the_weightier_counts(desk: Desk) -> None:
    for first, then, end in _WEIGHTS:
        assert desk.says(scripted(first), second(then)) == end, (first, then)


def test_an_unknown_outcome_is_marked_as_perhaps_billed_and_a_refused_connection_as_free(desk: Desk) -> None:
    desk.says(scripted(ProviderUnavailable), second(OutcomeUnknown), scripted(MISMATCH, name="third", source="third"))
    assert desk.attempts() == [
        ("first", "ProviderUnavailable", False),
        ("second", "OutcomeUnknown", None),
        ("third", "mismatch", None),
    ]


def test_an_attempt_is_committed_before_the_call_and_no_transaction_is_open_during_it(desk: Desk) -> None:
    seen: list[object] = []

    def look() -> object:
        with desk.services.unit_of_work.begin(OPERATOR):  # on SQLite this would wait for any open transaction
            seen.extend(desk.attempts())
        return CheckResult(MATCH, "first", "0", billable=True)

    assert desk.says(scripted(look)) == MATCH
    assert seen == [("first", "sent", None)]
    assert desk.attempts() == [("first", "match", True)]


def test_all_providers_together_take_8_seconds_at_most(desk: Desk) -> None:
    def takes(seconds: float, error: type[ProviderError]) -> Callable[[], object]:
        def line() -> object:
            desk.watch.at += seconds
            raise error("slow")

        return line

    first, last = scripted(takes(6.0, OutcomeUnknown)), second(takes(2.0, Throttled))
    assert desk.says(first, last) == "OutcomeUnknown"
    assert (first.timeouts, last.timeouts) == ([6.0], [2.0])
    late = Desk(desk.services, desk.clock)
    slow, never = scripted(lambda: setattr(late.watch, "at", 7.5)), second(MATCH)
    assert late.says(slow, never) == "OutcomeUnknown"
    assert never.asked == []


def test_the_slowest_check_that_found_a_seat_ends_while_the_caller_still_listens_and_nobody_listens_10_seconds() -> (
    None
):
    assert policies.PROVIDER_BUDGET.value + 1 < gate._LONG_DEADLINE < 10


def test_a_breaker_spares_a_provider_that_fails_and_the_next_one_is_asked(desk: Desk) -> None:
    failing, healthy = scripted(ProviderUnavailable), second(MATCH)
    checks = desk.checks(failing, healthy)
    for _ in range(5):
        desk.ask(checks)
    assert (len(failing.asked), len(healthy.asked)) == (5, 5)  # two, two, one: then it is open
    desk.clock.advance(seconds=30)
    desk.ask(checks)
    assert len(failing.asked) == 6  # one probe, and no second send


def test_each_kind_of_check_has_a_breaker_of_its_own(desk: Desk) -> None:
    provider = scripted(Misconfigured, MATCH)
    checks = desk.checks(provider)
    desk.ask(checks)
    assert isinstance(desk.ask(checks), ProviderUnavailable)
    assert isinstance(desk.ask(checks, CheckKind.PHONE3), CheckResult)


def test_the_sandbox_that_plays_an_empty_package_stays_open_to_the_others(desk: Desk) -> None:
    provider = scripted(QuotaExhausted, MATCH)
    provider.sandbox = True
    checks = desk.checks(provider)
    assert isinstance(desk.ask(checks), QuotaExhausted)
    assert isinstance(desk.ask(checks), CheckResult)


@pytest.mark.parametrize(("a_day", "a_month"), [(3, 100), (100, 3)])
def test_a_budget_stops_exactly_where_it_ends_and_warns_once_before(
    desk: Desk, caplog: pytest.LogCaptureFixture, a_day: int, a_month: int
) -> None:
    provider, other = scripted(MATCH), second(MISMATCH)
    checks = desk.checks(provider, other, budget=Budget(a_day, a_month))
    answers = [desk.ask(checks) for _ in range(5)]
    assert [answer.provider for answer in answers] == ["first"] * 3 + ["second"] * 2
    assert len(provider.asked) == 3
    alerts = [json.loads(record.message) for record in caplog.records if "nearly-spent" in record.message]
    assert [(alert["provider"], alert["why"]) for alert in alerts] == [("first", "3 of 3")]


def test_a_budget_is_anew_each_day_of_shanghai_and_each_month(desk: Desk) -> None:
    provider = scripted(MATCH)
    checks = desk.checks(provider, budget=Budget(1, 2))
    assert isinstance(desk.ask(checks), CheckResult)
    desk.clock.advance(hours=11, minutes=59)  # 23:59 in Shanghai
    assert isinstance(desk.ask(checks), QuotaExhausted)
    desk.clock.advance(minutes=1)
    assert isinstance(desk.ask(checks), CheckResult)
    desk.clock.advance(days=8, hours=23, minutes=59)  # the last minute of November
    assert isinstance(desk.ask(checks), QuotaExhausted)
    desk.clock.advance(minutes=1)
    assert isinstance(desk.ask(checks), CheckResult)


def test_what_was_surely_not_billed_costs_no_budget(desk: Desk) -> None:
    provider = scripted(Unsupported, Unsupported, MATCH)
    provider.billable = False
    checks = desk.checks(provider, budget=Budget(1, 1))
    assert [type(desk.ask(checks)) for _ in range(4)] == [Unsupported, Unsupported, CheckResult, CheckResult]


def test_a_name_with_private_characters_asks_nobody(desk: Desk) -> None:
    provider = scripted(MATCH)
    answer = desk.ask(desk.checks(provider), document=person("测\ue000试"))
    assert isinstance(answer, CheckResult)
    assert answer.verdict is INCONCLUSIVE
    assert (provider.asked, desk.attempts()) == ([], [])


def test_where_identities_are_real_a_test_identity_is_refused_before_any_call(desk: Desk) -> None:
    with pytest.raises(DocumentInvalid) as refused:
        desk.checks(scripted(MATCH)).refuse(ID2, person())
    assert refused.value.fault is DocumentFault.TEST_IDENTITY


def test_a_document_that_no_provider_can_check_is_refused(desk: Desk) -> None:
    unable = scripted(MATCH)
    unable.capabilities = frozenset()
    with pytest.raises(DocumentInvalid) as refused:
        desk.checks(unable).refuse(ID2, person())
    assert [(field.pointer, field.reason) for field in refused.value.fields] == [("/document/type", "not-available")]


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (InvalidInput, (Outcome.REJECTED, Reason.NOT_CONFIRMED)),
        (Unsupported, (Outcome.REJECTED, Reason.NOT_CONFIRMED)),
        (SubjectLimited, (Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE)),
        (Throttled, (Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE)),
        (QuotaExhausted, (Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE)),
        (Misconfigured, (Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE)),
        (ProviderUnavailable, (Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE)),
        (OutcomeUnknown, (Outcome.PENDING, Reason.OUTCOME_UNKNOWN)),
    ],
)
def test_every_error_has_its_end(error: type[ProviderError], end: tuple[Outcome, Reason]) -> None:
    assert end_after(error("provider")) == Ending(*end)


class _Lookalike(str):
    """Equal to a verdict and none."""

    __slots__ = ()


class _OwnError(ProviderError):
    """Stands in no table."""


@dataclass(frozen=True)
class _OwnResult(CheckResult):
    """Looks like an answer."""


_CODES = st.none() | st.text() | st.integers() | st.binary() | st.just("\x00\ud800")
_GARBAGE = st.one_of(
    st.none(),
    st.booleans(),
    st.text(),
    st.integers(),
    st.sampled_from([*Verdict, "match", True, CheckResult, Verdict, _Lookalike("match"), _OwnError("p"), _OwnError]),
    st.builds(_OwnResult, st.sampled_from(Verdict), st.text(), st.text()),
    st.builds(
        CheckResult,
        st.sampled_from(["match", "MATCH", "0", _Lookalike("match")]) | _CODES,
        _CODES,
        _CODES,
        _CODES,
        _CODES,
    ),
    st.builds(OutcomeUnknown, st.text(), _CODES),
    st.sampled_from([ValueError("match"), KeyError(), TimeoutError(), SystemExit(0), BaseException()]),
)


@given(_GARBAGE)
@hypothesis_settings(deadline=None, database=None)
def test_nothing_outside_the_table_is_understood_as_a_verdict(said: object) -> None:
    answer = understood("provider", said, SUBJECT)
    assert isinstance(answer, ProviderError)
    assert answer.raw_code.isprintable()
    assert len(answer.raw_code) <= 80


@given(st.sampled_from(Verdict), _CODES, _CODES, _CODES)
@hypothesis_settings(deadline=None, database=None)
def test_a_verdict_is_kept_and_what_is_told_beside_it_is_cleaned(
    verdict: Verdict, raw_code: object, request_id: object, billable: object
) -> None:
    answer = understood("provider", CheckResult(verdict, "x", raw_code, request_id, billable), SUBJECT)  # type: ignore[arg-type] # a provider that breaks its promise
    assert isinstance(answer, CheckResult)
    assert (answer.verdict, answer.provider) == (verdict, "provider")
    for code in (answer.raw_code, answer.request_id or ""):
        assert code.isascii()
        assert code.isprintable()
    assert answer.billable is None or isinstance(answer.billable, bool)


@pytest.mark.parametrize(
    "code",
    [
        f'500 {{"number": "{PERSON}"}}',
        f"{PERSON[:6]} {PERSON[6:14]}-{PERSON[14:]}",
        "é".join(PERSON),
        "no Person for smith",
        "x" * 80 + PERSON,
        "+86 140 0000 7100",
    ],
)
def test_a_code_in_which_a_provider_repeats_whom_it_was_asked_about_is_not_kept(code: str) -> None:
    told = replace(person("SMITH"), phone=Secret("14000007100"))
    match = understood("provider", CheckResult(MATCH, "x", code, code), told)
    failure = understood("provider", Misconfigured("x", code), told)
    assert isinstance(match, CheckResult)
    assert {match.raw_code, match.request_id, failure.raw_code} == {"echo"}


def test_a_name_without_a_letter_is_in_no_code() -> None:
    assert understood("provider", Misconfigured("x", "401"), person("··")).raw_code == "401"


def test_whatever_a_provider_returns_or_raises_ends_as_an_outcome_that_nobody_knows(desk: Desk) -> None:
    def raises(error: BaseException) -> Callable[[], object]:
        def line() -> object:
            raise error

        return line

    odd: list[Line] = [
        lambda: None,
        lambda: "match",
        lambda: True,
        lambda: CheckResult("match", "first", "0"),  # type: ignore[arg-type] # a provider that breaks its promise
        raises(SystemExit(1)),
        raises(KeyboardInterrupt()),
        raises(ConnectionResetError()),
        raises(_OwnError("first", "match")),
    ]
    for line in odd:
        assert desk.says(scripted(line)) == "OutcomeUnknown"
    assert {answer for _, answer, _ in desk.attempts()} == {"OutcomeUnknown"}
