"""The sandbox provider's table: one outcome for each test identity, the same on every machine."""

from datetime import date

import pytest

from app.kernel.secret import Secret
from app.verification.documents import Document, DocumentType, age_on, read_document
from app.verification.errors import DocumentFault
from app.verification.providers.contract import (
    CheckKind,
    OutcomeUnknown,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    RecordCheckProvider,
    SubjectLimited,
    Throttled,
    Verdict,
)
from app.verification.providers.sandbox import SandboxProvider, is_test_identity
from tests.support.forum import NAME, PERSON, organisation_code, sandbox_number

TODAY = date(2026, 11, 21)
RESIDENT = DocumentType.RESIDENT_ID
PERMIT = DocumentType.HMT_RESIDENCE_PERMIT
FOREIGNER = DocumentType.FOREIGN_PERMANENT_RESIDENT_ID
ATTEMPT = "vrf_1"
TIMEOUT = 6.0


@pytest.fixture
def waits() -> list[float]:
    """How long the sandbox would have slept."""
    return []


@pytest.fixture
def provider(waits: list[float]) -> RecordCheckProvider:
    return SandboxProvider(sleep=waits.append)


def subject(number: str, name: str = NAME, kind: DocumentType = RESIDENT, country: str | None = None) -> Document:
    return read_document(kind, Secret(number), Secret(name), TODAY, country)


def verdict(provider: RecordCheckProvider, document: Document, attempt_id: str = ATTEMPT) -> Verdict:
    return provider.check(CheckKind.ID2, document, attempt_id=attempt_id, timeout=TIMEOUT).verdict


def error(provider: RecordCheckProvider, number: str) -> type[ProviderError]:
    with pytest.raises(ProviderError) as raised:
        verdict(provider, subject(number))
    return raised.type


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("110199199003070017", Verdict.MATCH),
        ("110199199003070025", Verdict.MATCH),
        ("11019919900307005X", Verdict.MATCH),
        ("110199199003070033", Verdict.MISMATCH),
        ("110199199003070041", Verdict.NOT_FOUND),
        ("110199199003070068", Verdict.INCONCLUSIVE),
        ("110199201306010011", Verdict.MATCH),
        ("110199201106010017", Verdict.MATCH),
        ("110199200906010010", Verdict.MATCH),
        ("110199194901010013", Verdict.MATCH),
        (sandbox_number(321, birth="19000101"), Verdict.MATCH),
    ],
)
def test_the_number_alone_decides_the_verdict(provider: RecordCheckProvider, number: str, expected: Verdict) -> None:
    assert provider.refuses(subject(number)) is None
    assert [verdict(provider, subject(number)) for _ in range(3)] == [expected] * 3


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (PERMIT, "810000190001010018"),
        (PERMIT, "82000019000101001X"),
        (PERMIT, "830000190001010011"),
        (FOREIGNER, "911840190001010017"),
    ],
)
def test_other_document_types_have_test_identities_that_match(
    provider: RecordCheckProvider, kind: DocumentType, number: str
) -> None:
    document = subject(number, kind=kind)
    assert (CheckKind.ID2, kind) in provider.capabilities
    assert provider.refuses(document) is None
    assert verdict(provider, document) is Verdict.MATCH


@pytest.mark.parametrize(
    ("kind", "number", "country"),
    [
        (DocumentType.HM_TRAVEL_PERMIT, "H00000000", None),
        (DocumentType.HM_TRAVEL_PERMIT, "H0000000001", None),
        (DocumentType.HM_TRAVEL_PERMIT, "M00000000", None),
        (DocumentType.HM_TRAVEL_PERMIT, "HA0000000", None),
        (DocumentType.TW_TRAVEL_PERMIT, "00000000", None),
        (DocumentType.PASSPORT, "L898902C3", "UTO"),
    ],
)
@pytest.mark.parametrize("check", [CheckKind.ID2, CheckKind.PHONE3])
def test_documents_without_a_checksum_have_test_identities_that_match(
    provider: RecordCheckProvider, kind: DocumentType, number: str, country: str | None, check: CheckKind
) -> None:
    document = subject(number, kind=kind, country=country)
    assert (check, kind) in provider.capabilities
    assert provider.refuses(document) is None
    assert provider.check(check, document, attempt_id=ATTEMPT, timeout=TIMEOUT).verdict is Verdict.MATCH


def test_every_code_with_the_sandbox_address_is_an_organisation_that_matches(provider: RecordCheckProvider) -> None:
    for authority in ("91", "12", "51", "92", "Y1", "A1", "N2"):
        document = subject(organisation_code(authority), "测试公司", DocumentType.USCC)
        assert provider.refuses(document) is None
        result = provider.check(CheckKind.ORGANISATION, document, attempt_id=ATTEMPT, timeout=TIMEOUT)
        assert result.verdict is Verdict.MATCH
    assert (CheckKind.ID2, DocumentType.USCC) not in provider.capabilities
    assert (CheckKind.ORGANISATION, DocumentType.RESIDENT_ID) not in provider.capabilities


def test_only_phones_of_the_sandbox_reach_it(provider: RecordCheckProvider) -> None:
    assert provider.refuses_phone(Secret("14000001234")) is None
    assert provider.refuses_phone(Secret("14000011234")) == DocumentFault.NOT_A_SANDBOX_IDENTITY


@pytest.mark.parametrize(
    ("kind", "number", "country", "only_here"),
    [
        (RESIDENT, "110199199003070017", None, True),
        (PERMIT, "810000190001010018", None, True),
        (DocumentType.PASSPORT, "L898902C3", "UTO", True),
        (DocumentType.USCC, "91110199MA00TEXT15", None, True),
        (RESIDENT, "440524188001010014", None, False),
        (DocumentType.PASSPORT, "E00000000", "CHN", False),
        (DocumentType.USCC, "91110000MA000000XB", None, False),
    ],
)
def test_a_test_identity_is_known_as_one_and_nobody_else_is(
    kind: DocumentType, number: str, country: str | None, *, only_here: bool
) -> None:
    assert is_test_identity(subject(number, kind=kind, country=country)) is only_here


@pytest.mark.parametrize(
    ("number", "age"),
    [("110199201306010011", 13), ("110199201106010017", 15), ("110199200906010010", 17), ("110199194901010013", 77)],
)
def test_the_identities_of_stated_age_have_that_age(number: str, age: int) -> None:
    birth = subject(number).birth
    assert birth is not None
    assert age_on(birth, TODAY) == age


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("110199199003070076", ProviderUnavailable),
        ("110199199003070084", QuotaExhausted),
        ("110199199003070105", OutcomeUnknown),
        ("110199199003070113", SubjectLimited),
    ],
)
def test_an_error_identity_fails_every_time(
    provider: RecordCheckProvider, number: str, expected: type[ProviderError]
) -> None:
    assert provider.refuses(subject(number)) is None
    assert [error(provider, number) for _ in range(3)] == [expected] * 3


@pytest.mark.parametrize(
    ("number", "expected"), [("110199199003070092", Throttled), ("110199199003070121", ProviderUnavailable)]
)
def test_a_passing_error_is_forgotten_with_its_attempt(
    provider: RecordCheckProvider, number: str, expected: type[ProviderError]
) -> None:
    for attempt_id in ("vpa_1", "vpa_2"):
        with pytest.raises(expected):
            verdict(provider, subject(number), attempt_id)
        assert verdict(provider, subject(number), attempt_id) is Verdict.MATCH


@pytest.mark.parametrize(
    ("number", "expected"), [("110199199003070092", Throttled), ("110199199003070121", ProviderUnavailable)]
)
def test_a_passing_error_gives_way_to_a_match(
    provider: RecordCheckProvider, number: str, expected: type[ProviderError]
) -> None:
    assert error(provider, number) is expected
    assert [verdict(provider, subject(number)) for _ in range(2)] == [Verdict.MATCH] * 2


def test_an_identity_that_never_answers_uses_up_the_time_it_was_given(
    provider: RecordCheckProvider, waits: list[float]
) -> None:
    assert error(provider, "110199199003070105") is OutcomeUnknown
    assert waits == [TIMEOUT]


def test_nobody_else_makes_anybody_wait(provider: RecordCheckProvider, waits: list[float]) -> None:
    verdict(provider, subject(PERSON))
    error(provider, "110199199003070076")
    assert waits == []


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (RESIDENT, "110199199003070017"),
        (RESIDENT, "110199199003070025"),
        (RESIDENT, "11019919900307005X"),
        (RESIDENT, "110199194901010013"),
        (RESIDENT, sandbox_number(321)),
        (PERMIT, "810000190001010018"),
        (FOREIGNER, "911840190001010017"),
    ],
)
def test_the_name_buyizhi_matches_nobody(provider: RecordCheckProvider, kind: DocumentType, number: str) -> None:
    assert verdict(provider, subject(number, name="不一致", kind=kind)) is Verdict.MISMATCH
    assert verdict(provider, subject(number, name="测试乙", kind=kind)) is Verdict.MATCH


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (RESIDENT, sandbox_number(1, birth="19000101", address="110101")),
        (RESIDENT, sandbox_number(1, birth="19000101", address="110198")),
        (PERMIT, "810000190001010026"),
        (PERMIT, "820000190001010028"),
        (PERMIT, "83000019000101002X"),
        (FOREIGNER, "931392190001010028"),
        (DocumentType.HM_TRAVEL_PERMIT, "H12345678"),
        (DocumentType.TW_TRAVEL_PERMIT, "12345678"),
        (DocumentType.USCC, "91110000MA000000XB"),
    ],
)
def test_whoever_is_not_a_test_identity_is_refused_before_any_check(
    provider: RecordCheckProvider, kind: DocumentType, number: str
) -> None:
    assert provider.refuses(subject(number, kind=kind)) is DocumentFault.NOT_A_SANDBOX_IDENTITY


def test_a_verdict_names_the_attempt_and_costs_nothing_and_holds_nothing_of_the_person(
    provider: RecordCheckProvider,
) -> None:
    result = provider.check(CheckKind.ID2, subject(PERSON), attempt_id=ATTEMPT, timeout=TIMEOUT)
    assert (result.provider, result.request_id, result.billable) == ("sandbox", ATTEMPT, False)
    assert provider.sandbox is True
    assert PERSON not in repr(result)
    assert NAME not in repr(result)


def test_an_error_says_nothing_of_the_person(provider: RecordCheckProvider) -> None:
    with pytest.raises(ProviderUnavailable) as raised:
        verdict(provider, subject("110199199003070076"))
    assert "110199199003070076" not in f"{raised.value!r} {raised.value.raw_code}"
