"""What each method takes, and what it leaves behind: passports, `phone3`, marks of organisations, lost checks."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
import pytest
from sqlalchemy import func, select

from app.crypto.envelope import Envelope, Place, unseal
from app.crypto.keyring import load_keyring
from app.db.base import Base
from app.kernel.actor import OPERATOR
from app.kernel.ids import AccountId
from app.settings import Settings
from app.vault.domain import IdentityField
from app.vault.models import DocumentRow, OrganisationRow, PersonRow, PhoneRow
from app.verification.models import CodeRow, OrganisationMarkRow, ProviderAttemptRow, VerificationRow
from app.verification.providers.contract import (
    CheckResult,
    InvalidInput,
    OutcomeUnknown,
    ProviderUnavailable,
    Unsupported,
    Verdict,
)
from app.verification.sms.sandbox import SandboxSender
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.forum import NAME, ORGANISATION, PERSON, ForumBackend, Json, organisation_code, sandbox_number
from tests.support.opening import read_identity
from tests.support.providers import Line, ScriptedProvider
from tests.support.serving import serving

PHONE = "14000001234"
VERIFIED = ("verified", None, None)
NOT_CONFIRMED = ("rejected", "not-confirmed", "other-method")
UNAVAILABLE = ("pending", "provider-unavailable", "wait")
UNKNOWN = ("pending", "outcome-unknown", "other-method")
PATIENCE = 60.0


def end_of(verification: Json) -> tuple[str, str | None, str | None]:
    return verification["outcome"], verification["reason"], verification["next"]


def send(forum: ForumBackend, account_id: str, method: str, document: Json | None, **more: str) -> Json:
    body = {"account_id": account_id, "method": method, **more} | ({"document": document} if document else {})
    answer: Json = forum.post("/v1/verifications", body).json()
    return answer


def faults(problem: Json) -> list[tuple[str, str]]:
    return [(error["pointer"], error["reason"]) for error in problem["errors"]]


def document(kind: str = "resident_id", number: str = PERSON, name: str = NAME, **more: str) -> Json:
    return {"type": kind, "number": number, "name": name, **more}


PASSPORT = document("passport", "L898902C3", "ERIKSSON ANNA", country="UTO")
COMPANY = document("uscc", ORGANISATION, "测试公司")


def rows(services: Services, table: type[Base]) -> int:
    with services.unit_of_work.read() as tx:
        return tx.session.scalar(select(func.count()).select_from(table)) or 0


def test_a_passport_verifies_its_holder_and_is_kept_with_its_country(services: Services, forum: ForumBackend) -> None:
    account = forum.register("旅人")["id"]
    assert end_of(send(forum, account, "id2", PASSPORT)) == VERIFIED
    person = services.verifications.person_behind(AccountId(account))
    assert person is not None
    opened = read_identity(services, OPERATOR, person)
    assert opened.fields[IdentityField.DOCUMENT_TYPE].reveal() == "passport"
    assert opened.fields[IdentityField.DOCUMENT_NUMBER].reveal() == "UTO L898902C3"
    assert opened.fields[IdentityField.NAME].reveal() == "ERIKSSON ANNA"


_NOT_TAKEN: list[tuple[str, Json | None, dict[str, str], tuple[str, str]]] = [
    ("id2", None, {}, ("/document", "missing")),
    ("phone3", None, {"phone": PHONE}, ("/document", "missing")),
    ("id2", document(), {"phone": PHONE}, ("/phone", "unwanted")),
    ("organisation", COMPANY, {"phone": PHONE}, ("/phone", "unwanted")),
    ("phone3", document(), {}, ("/phone", "missing")),
    ("phone3", document(), {"phone": "10000000000"}, ("/phone", "bad-format")),
    ("phone3", document(), {"phone": "13800000000"}, ("/phone", "not-a-sandbox-identity")),
    ("id2", COMPANY, {}, ("/document/type", "type-mismatch")),
    ("phone3", COMPANY, {"phone": PHONE}, ("/document/type", "type-mismatch")),
    ("organisation", document(), {}, ("/document/type", "type-mismatch")),
    ("organisation", PASSPORT, {}, ("/document/type", "type-mismatch")),
    ("id2", document("passport", "L898902C3"), {}, ("/document/country", "missing")),
    ("id2", document(country="CHN"), {}, ("/document/country", "unwanted")),
    ("organisation", COMPANY | {"country": "CHN"}, {}, ("/document/country", "unwanted")),
    ("id2", PASSPORT | {"country": "QQQ"}, {}, ("/document/country", "bad-country")),
    ("id2", PASSPORT | {"country": "CHN", "number": "EI0000000"}, {}, ("/document/number", "suspect-letter")),
    ("id2", PASSPORT | {"country": "JPN"}, {}, ("/document/number", "not-a-sandbox-identity")),
    ("id2", PASSPORT | {"number": "L898902C4"}, {}, ("/document/number", "not-a-sandbox-identity")),
    ("organisation", COMPANY | {"number": "91110000MA000000XB"}, {}, ("/document/number", "not-a-sandbox-identity")),
]


def test_what_a_method_does_not_take_is_refused_by_its_place(services: Services, forum: ForumBackend) -> None:
    account = forum.register("山间清风")["id"]
    for method, given, more, found in _NOT_TAKEN:
        assert faults(send(forum, account, method, given, **more)) == [found], (method, found)
    assert rows(services, VerificationRow) == 0


@contextmanager
def scripted_service(
    settings: Settings, clock: FakeClock, *providers: ScriptedProvider
) -> Iterator[tuple[Services, ForumBackend]]:
    for provider in providers:
        provider.sandbox = True
    services = build(settings, clock=clock, provider=providers, sender=SandboxSender(clock))
    with serving(services) as address:
        forum = ForumBackend(address, services.forums.add(OPERATOR, "测试论坛"))
        yield services, forum
        forum.http.close()
    services.engine.dispose()


def test_phone3_tells_the_phone_to_the_provider_and_binds_it_to_nobody(settings: Settings, clock: FakeClock) -> None:
    provider = ScriptedProvider("first", [Verdict.MATCH])
    with scripted_service(settings, clock, provider) as (services, forum):
        account = forum.register("山间清风")["id"]
        checked = send(forum, account, "phone3", document(), phone="+86 140-0000-1234")
        assert (end_of(checked), checked["method"], checked["level"]) == (VERIFIED, "phone3", "document")
        assert [phone and phone.reveal() for phone in provider.phones] == [PHONE]
        assert forum.account(account)["identity"]["method"] == "phone3"
        assert (rows(services, PersonRow), rows(services, PhoneRow)) == (1, 0)


def test_phone3_has_the_limits_of_other_documents(forum: ForumBackend) -> None:
    account = forum.register("山间清风")["id"]
    for method, more in (("id2", {}), ("phone3", {"phone": PHONE}), ("phone3", {"phone": PHONE})):
        assert end_of(send(forum, account, method, document(name="不一致"), **more)) == NOT_CONFIRMED
    assert send(forum, account, "phone3", document(), phone=PHONE)["code"] == "too-many-attempts"


def test_providers_are_asked_one_after_another_and_the_forum_hears_the_end(
    settings: Settings, clock: FakeClock
) -> None:
    down, up = ScriptedProvider("down", [ProviderUnavailable]), ScriptedProvider("up", [Verdict.MATCH])
    with scripted_service(settings, clock, down, up) as (services, forum):
        account = forum.register("山间清风")["id"]
        assert end_of(send(forum, account, "id2", document())) == VERIFIED
        assert (len(down.asked), len(up.asked), rows(services, ProviderAttemptRow)) == (2, 1, 2)


_ENDS: list[tuple[Line, tuple[str, str, str]]] = [
    (InvalidInput, NOT_CONFIRMED),
    (Unsupported, NOT_CONFIRMED),
    (Verdict.INCONCLUSIVE, NOT_CONFIRMED),
    (Verdict.NOT_FOUND, NOT_CONFIRMED),
    (OutcomeUnknown, UNKNOWN),
    (ProviderUnavailable, UNAVAILABLE),
    (lambda: "match", UNKNOWN),
    (lambda: CheckResult("match", "x", "0"), UNKNOWN),  # type: ignore[arg-type] # a provider that breaks its promise
    (lambda: CheckResult(Verdict.MISMATCH, "x", "\x00\ud800" * 99, "\x00" * 999), NOT_CONFIRMED),
]


def test_a_forum_hears_one_end_for_each_answer_and_nobody_is_verified(settings: Settings, clock: FakeClock) -> None:
    provider = ScriptedProvider("first", [])
    with scripted_service(settings, clock, provider) as (services, forum):
        for place, (line, end) in enumerate(_ENDS):
            provider.script, provider.asked = [line], []
            checked = send(forum, forum.register(f"第{place}个")["id"], "id2", document())
            assert end_of(checked) == end, place
            assert forum.get(f"/v1/verifications/{checked['id']}").json() == checked
            clock.advance(seconds=31)  # whatever opened the breaker
        assert rows(services, PersonRow) == 0


def test_while_its_breaker_is_open_a_check_ends_at_once_and_asks_nobody(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account, down = forum.register("山间清风")["id"], "110199199003070076"
    for _ in range(3):
        assert end_of(send(forum, account, "id2", document(number=down))) == UNAVAILABLE
    asked = rows(services, ProviderAttemptRow)
    checked = send(forum, account, "id2", document())
    assert end_of(checked) == UNAVAILABLE
    assert forum.get(f"/v1/verifications/{checked['id']}").json() == checked
    assert rows(services, ProviderAttemptRow) == asked
    clock.advance(seconds=30)
    assert end_of(send(forum, account, "id2", document())) == VERIFIED


def test_a_name_with_private_characters_is_not_confirmed_and_asks_nobody(
    services: Services, forum: ForumBackend
) -> None:
    account = forum.register("山间清风")["id"]
    assert end_of(send(forum, account, "id2", document(name="测\ue000试"))) == NOT_CONFIRMED
    assert (rows(services, ProviderAttemptRow), rows(services, PersonRow)) == (0, 0)


def responsible(forum: ForumBackend, handle: str = "机构号", phone: str = PHONE, number: str = PERSON) -> str:
    """An account at `document`, minutes after a code to its phone."""
    account = str(forum.register(handle)["id"])
    forum.phone_code(account, phone)
    assert end_of(send(forum, account, "id2", document(number=number))) == VERIFIED
    return account


def test_an_organisation_marks_an_account_whose_person_is_verified(services: Services, forum: ForumBackend) -> None:
    account = responsible(forum)
    assert forum.account(account)["organisation"] is None
    marked = send(forum, account, "organisation", COMPANY)
    assert (end_of(marked), marked["method"], marked["level"]) == (VERIFIED, "organisation", "document")
    shown = forum.account(account)
    assert shown["organisation"] == {"name_verified": True}
    assert (shown["identity"]["level"], shown["identity"]["method"]) == ("document", "id2")
    assert (rows(services, DocumentRow), rows(services, OrganisationRow)) == (1, 1)


def test_an_organisation_is_sealed_under_a_key_of_its_own(
    services: Services, settings: Settings, forum: ForumBackend
) -> None:
    send(forum, responsible(forum), "organisation", COMPANY)
    with services.unit_of_work.read() as tx:
        row = tx.session.scalars(select(OrganisationRow)).one()
    for sealed in (row.sealed_number, row.sealed_name):
        assert ORGANISATION.encode() not in sealed
        assert "测试公司".encode() not in sealed
    envelope = Envelope(load_keyring(settings.keys_dir))
    key = envelope.unwrap(row.wrapped_key, Place("organisations", row.id, "data_key"))
    assert unseal(key, row.sealed_number, Place("organisations", row.id, "number")).reveal() == ORGANISATION
    assert unseal(key, row.sealed_name, Place("organisations", row.id, "name")).reveal() == "测试公司"


def test_an_organisation_without_a_verified_person_is_refused(forum: ForumBackend) -> None:
    account = forum.register("机构号")["id"]
    refused = [forum.mark_organisation(account)]
    forum.phone_code(account, PHONE)
    refused.append(forum.mark_organisation(account))
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (409, "state-conflict")
        assert "natural person responsible" in answer.json()["detail"]
    assert forum.account(account)["organisation"] is None


def test_an_organisation_needs_a_code_of_the_last_15_minutes(forum: ForumBackend, clock: FakeClock) -> None:
    account = responsible(forum)
    clock.advance(minutes=15, milliseconds=1)
    assert forum.mark_organisation(account).json()["code"] == "possession-required"


def test_an_organisation_that_does_not_match_marks_nobody(settings: Settings, clock: FakeClock) -> None:
    provider = ScriptedProvider("first", [Verdict.MATCH, Verdict.MISMATCH, Verdict.NOT_FOUND, OutcomeUnknown])
    with scripted_service(settings, clock, provider) as (services, forum):
        account = responsible(forum)
        ends = [end_of(send(forum, account, "organisation", COMPANY)) for _ in range(3)]
        assert ends == [NOT_CONFIRMED, NOT_CONFIRMED, UNKNOWN]
        assert forum.account(account)["organisation"] is None
        assert rows(services, OrganisationRow) == 0


def test_a_new_mark_replaces_the_old_one_and_one_organisation_may_stand_behind_many(
    services: Services, forum: ForumBackend
) -> None:
    first, other = responsible(forum), responsible(forum, "另一个", "14000005678", sandbox_number(31))
    for account, number in ((first, ORGANISATION), (other, ORGANISATION), (first, organisation_code("12"))):
        assert forum.mark_organisation(account, number).json()["outcome"] == "verified"
    with services.unit_of_work.read() as tx:
        marks = set(tx.session.scalars(select(OrganisationMarkRow.organisation_id)))
        sealed = set(tx.session.scalars(select(OrganisationRow.id)))
    assert len(marks) == 2
    assert marks == sealed


@dataclass(frozen=True)
class Hanging:
    """A service whose provider hangs until it is let go, and then matches."""

    services: Services
    forum: ForumBackend
    provider: ScriptedProvider
    arrived: threading.Semaphore
    let_go: threading.Event

    @contextmanager
    def one_check(self, account: str) -> Iterator[Future[httpx2.Response]]:
        """A check that has reached the provider."""
        with ThreadPoolExecutor(1) as pool:
            try:
                first = pool.submit(self.forum.check_document, account)
                assert self.arrived.acquire(timeout=PATIENCE)
                yield first
            finally:
                self.let_go.set()


@pytest.fixture
def hanging(settings: Settings, clock: FakeClock) -> Iterator[Hanging]:
    arrived, let_go = threading.Semaphore(0), threading.Event()

    def hang() -> object:
        arrived.release()
        assert let_go.wait(PATIENCE)
        return CheckResult(Verdict.MATCH, "slow", "0")

    provider = ScriptedProvider("slow", [hang])
    with scripted_service(settings, clock, provider) as (services, forum):
        yield Hanging(services, forum, provider, arrived, let_go)


def test_one_document_is_in_flight_once_for_an_account(hanging: Hanging) -> None:
    account = hanging.forum.register("山间清风")["id"]
    with hanging.one_check(account) as first, ThreadPoolExecutor(6) as pool:
        for refused in pool.map(lambda _: hanging.forum.check_document(account), range(6)):
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        hanging.let_go.set()
        assert first.result().json()["outcome"] == "verified"
    assert len(hanging.provider.asked) == 1


def test_a_check_that_was_given_up_stays_so_when_its_answer_comes(hanging: Hanging, clock: FakeClock) -> None:
    services, account = hanging.services, hanging.forum.register("山间清风")["id"]
    with hanging.one_check(account) as first:
        clock.advance(seconds=60, milliseconds=-1)
        assert services.verifications.close_lost() == 0
        clock.advance(milliseconds=1)
        assert services.verifications.close_lost() == 1
        hanging.let_go.set()
        assert end_of(first.result().json()) == UNKNOWN
    assert services.verifications.person_behind(AccountId(account)) is None
    assert rows(services, PersonRow) == 0


def test_an_answer_of_the_60th_second_verifies_nobody_though_no_job_has_looked(
    hanging: Hanging, clock: FakeClock
) -> None:
    account = hanging.forum.register("山间清风")["id"]
    with hanging.one_check(account) as first:
        clock.advance(seconds=60)
        hanging.let_go.set()
        assert end_of(first.result().json()) == UNKNOWN
    assert hanging.services.verifications.person_behind(AccountId(account)) is None


def test_nobody_is_put_behind_an_account_that_was_closed_while_the_provider_was_asked(hanging: Hanging) -> None:
    account = hanging.forum.register("山间清风")["id"]
    with hanging.one_check(account) as first:
        assert hanging.forum.post(f"/v1/accounts/{account}/close", {}).status_code == 200
        hanging.let_go.set()
        assert end_of(first.result().json()) == ("rejected", "not-confirmed", "other-method")
    assert hanging.services.verifications.person_behind(AccountId(account)) is None


def test_a_closed_account_takes_no_document_no_text_and_no_code(services: Services, forum: ForumBackend) -> None:
    account = forum.register("山间清风")["id"]
    sent = forum.ask_code(account, PHONE).json()
    assert forum.post(f"/v1/accounts/{account}/close", {}).status_code == 200
    code = forum.read_code(PHONE)
    answers = forum.check_document(account), forum.ask_code(account, PHONE), forum.enter_code(sent["id"], code)
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "state-conflict")] * 3
    assert services.verifications.person_behind(AccountId(account)) is None
    assert forum.post(f"/v1/accounts/{account}/reinstate", {"reason": "误关"}).status_code == 200
    assert forum.enter_code(sent["id"], code).json()["outcome"] == "verified"


def test_a_check_without_an_answer_is_lost_after_60_seconds_whoever_asks(hanging: Hanging, clock: FakeClock) -> None:
    account = hanging.forum.register("山间清风")["id"]
    with hanging.one_check(account):
        with hanging.services.unit_of_work.read() as tx:
            path = f"/v1/verifications/{tx.session.scalars(select(VerificationRow.id)).one()}"
        clock.advance(seconds=60, milliseconds=-1)
        assert end_of(hanging.forum.get(path).json()) == ("pending", None, "wait")
        clock.advance(milliseconds=1)
        assert end_of(hanging.forum.get(path).json()) == UNKNOWN


def test_a_lost_check_blocks_no_other(hanging: Hanging, clock: FakeClock) -> None:
    account = hanging.forum.register("山间清风")["id"]
    with hanging.one_check(account):
        clock.advance(seconds=60)
        with hanging.one_check(account) as second:
            hanging.let_go.set()
            assert end_of(second.result().json()) == VERIFIED


def test_texts_stop_when_the_money_of_the_day_is_spent(settings: Settings, clock: FakeClock) -> None:
    poor = settings.model_copy(update={"daily_texts": 2})
    services = build(poor, clock=clock, sender=SandboxSender(clock))
    with serving(services) as address:
        forum = ForumBackend(address, services.forums.add(OPERATOR, "测试论坛"))
        account = forum.register("山间清风")["id"]
        asked = [forum.ask_code(account, f"1400000{number:04d}").json() for number in range(1000, 1004)]
        assert [end_of(verification) for verification in asked] == [("pending", None, "code")] * 2 + [UNAVAILABLE] * 2
        assert len(forum.get("/dev/outbox.json").json()) == 2
        assert rows(services, CodeRow) == 2
        clock.advance(hours=12)  # midnight in Shanghai
        forum.log_in()
        assert end_of(forum.ask_code(account, PHONE).json()) == ("pending", None, "code")
        forum.http.close()
    services.engine.dispose()
