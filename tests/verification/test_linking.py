"""Which person stands behind an account: what a document opens, what only a code opens, and what nothing opens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from app.accounts.domain import Profile
from app.crypto.blind_index import BlindIndex
from app.crypto.keyring import load_keyring
from app.crypto.mac import Mac
from app.db.base import Base
from app.kernel.actor import OPERATOR
from app.kernel.ids import AccountId
from app.settings import Settings
from app.vault.models import DocumentRow, PersonRow, PhoneRow
from app.verification.checks import Budget, Checks
from app.verification.documents import Document
from app.verification.models import VerificationRow
from app.verification.providers.contract import CheckKind, CheckResult
from app.verification.providers.sandbox import SandboxProvider
from app.verification.service import Verifications
from app.verification.sms.sandbox import SandboxSender
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.forum import NAME, PERSON, ForumBackend, Json, sandbox_number
from tests.support.serving import serving

PHONE, ANOTHER_PHONE = "14000001234", "14000005678"
ANOTHER_PERSON = sandbox_number(500)
MISMATCHED, NOT_FOUND, INCONCLUSIVE = "110199199003070033", "110199199003070041", "110199199003070068"
NOBODY_ANSWERS = "110199199003070105"
VERIFIED = ("verified", None, None)
NOT_CONFIRMED = ("rejected", "not-confirmed", "other-method")
UNAVAILABLE = ("pending", "provider-unavailable", "wait")
UNKNOWN = ("pending", "outcome-unknown", "other-method")
NewForum = Callable[[str], ForumBackend]
SAME_REQUEST = "018f3a5c-7d1e-4b2a-9c3d-5e6f70818293"


def check(forum: ForumBackend, account: Json, number: str = PERSON, name: str = NAME) -> Json:
    answer = forum.check_document(account["id"], number, name)
    assert answer.status_code == 201, answer.text
    verification: Json = answer.json()
    return verification


def end_of(verification: Json) -> tuple[str, str | None, str | None]:
    return verification["outcome"], verification["reason"], verification["next"]


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def level(forum: ForumBackend, account: Json) -> str:
    return str(forum.account(account["id"])["identity"]["level"])


def rows(services: Services, table: type[Base]) -> int:
    with services.unit_of_work.read() as tx:
        return tx.session.scalar(select(func.count()).select_from(table)) or 0


def phone_states(services: Services) -> list[str]:
    with services.unit_of_work.read() as tx:
        return sorted(tx.session.scalars(select(PhoneRow.state)))


def owner_of_a_document(forum: ForumBackend, handle: str = "本人", phone: str = PHONE, number: str = PERSON) -> Json:
    """An account whose person has this phone and this document on file."""
    account = forum.register(handle)
    assert end_of(forum.phone_code(account["id"], phone)) == VERIFIED
    assert end_of(check(forum, account, number)) == VERIFIED
    return account


def test_a_document_makes_a_person_of_an_account_that_had_none(services: Services, forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    checked = check(forum, account)
    assert checked == {
        "id": checked["id"],
        "account_id": account["id"],
        "method": "id2",
        "outcome": "verified",
        "reason": None,
        "next": None,
        "level": "document",
        "verified_at": "2026-11-21T00:00:00Z",
        "detail": None,
        "sandbox": True,
    }
    assert forum.get(f"/v1/verifications/{checked['id']}").json() == checked
    shown = forum.account(account["id"])
    assert shown["status"] == "active"
    assert shown["identity"] == {
        "level": "document",
        "method": "id2",
        "verified_at": "2026-11-21T00:00:00Z",
        "expires_at": None,
    }
    assert (rows(services, PersonRow), rows(services, DocumentRow)) == (1, 1)


def test_an_account_is_named_by_any_one_of_its_names(forum: ForumBackend) -> None:
    account = forum.register("山间清风", "42")
    document = {"type": "resident_id", "number": MISMATCHED, "name": NAME}
    for name in ({"account_id": account["id"]}, {"handle": "山间清风"}, {"external_id": "42"}):
        answer = forum.post("/v1/verifications", {**name, "method": "id2", "document": document})
        assert answer.json()["account_id"] == account["id"]
    for names in ({}, {"handle": "山间清风", "external_id": "42"}):
        assert refusal(forum.post("/v1/verifications", {**names, "method": "id2", "document": document})) == (
            422,
            "validation-failed",
        )


def test_a_phone_account_takes_a_document_within_15_minutes_of_a_code(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    forum.phone_code(account["id"], PHONE)
    clock.advance(minutes=14, seconds=59)
    assert end_of(check(forum, account)) == VERIFIED
    assert level(forum, account) == "document"
    assert forum.account(account["id"])["identity"]["method"] == "id2"
    assert (rows(services, PersonRow), rows(services, DocumentRow), phone_states(services)) == (1, 1, ["current"])


def test_a_phone_account_takes_no_document_later_than_15_minutes_after_a_code(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    forum.phone_code(account["id"], PHONE)
    clock.advance(minutes=15, milliseconds=1)
    for number in (PERSON, MISMATCHED):
        assert refusal(forum.check_document(account["id"], number)) == (409, "possession-required")
    assert level(forum, account) == "phone"
    assert rows(services, DocumentRow) == 0
    forum.phone_code(account["id"], PHONE)
    assert end_of(check(forum, account)) == VERIFIED


def test_a_document_account_takes_its_document_again_only_after_a_code(forum: ForumBackend, clock: FakeClock) -> None:
    account = owner_of_a_document(forum)
    clock.advance(minutes=16)
    assert refusal(forum.check_document(account["id"])) == (409, "possession-required")
    clock.advance(days=1)
    forum.log_in()
    forum.phone_code(account["id"], PHONE)
    assert end_of(check(forum, account)) == VERIFIED
    assert forum.account(account["id"])["identity"]["verified_at"] == "2026-11-22T00:00:00Z"


def test_a_code_to_a_phone_that_is_not_on_record_proves_no_possession(forum: ForumBackend, clock: FakeClock) -> None:
    account = owner_of_a_document(forum)
    clock.advance(minutes=16)
    assert end_of(forum.phone_code(account["id"], ANOTHER_PHONE)) == NOT_CONFIRMED
    assert refusal(forum.check_document(account["id"])) == (409, "possession-required")


def test_a_code_on_another_account_of_the_same_person_proves_no_possession_here(
    forum: ForumBackend, clock: FakeClock
) -> None:
    first = owner_of_a_document(forum)
    clock.advance(minutes=16)
    forum.phone_code(forum.register("小号")["id"], PHONE)
    assert refusal(forum.check_document(first["id"])) == (409, "possession-required")


def test_one_person_has_accounts_in_every_forum_after_a_code_to_their_phone(
    services: Services, new_forum: NewForum, clock: FakeClock
) -> None:
    forum, other = new_forum("甲论坛"), new_forum("乙论坛")
    owner_of_a_document(forum)
    for backend in (forum, other):
        clock.advance(minutes=16)
        account = backend.register("小号")
        assert end_of(backend.phone_code(account["id"], PHONE)) == VERIFIED
        assert rows(services, PersonRow) == 2
        assert end_of(check(backend, account)) == VERIFIED
        assert level(backend, account) == "document"
        assert (rows(services, PersonRow), rows(services, DocumentRow), phone_states(services)) == (1, 1, ["current"])


def test_a_code_opens_the_document_on_file_for_15_minutes_only(forum: ForumBackend, clock: FakeClock) -> None:
    owner_of_a_document(forum)
    clock.advance(minutes=1)
    account = forum.register("小号")
    forum.phone_code(account["id"], PHONE)
    clock.advance(minutes=15, milliseconds=1)
    assert refusal(forum.check_document(account["id"])) == (409, "possession-required")
    forum.phone_code(account["id"], PHONE)
    clock.advance(minutes=14, seconds=59)
    assert end_of(check(forum, account)) == VERIFIED


def test_a_stolen_pair_on_a_new_account_looks_exactly_like_a_mismatch(
    services: Services, new_forum: NewForum, clock: FakeClock
) -> None:
    forum, other = new_forum("甲论坛"), new_forum("乙论坛")
    owner_of_a_document(forum)
    clock.advance(minutes=1)
    for backend in (forum, other):
        thief, stranger = backend.register("冒名者"), backend.register("陌生人")
        seen = [
            backend.check_document(account["id"], number)
            for account, number in ((thief, PERSON), (stranger, MISMATCHED))
        ]
        assert end_of(seen[0].json()) == NOT_CONFIRMED
        assert _anonymous(seen[0]) == _anonymous(seen[1])
        assert _account_anonymous(backend, thief) == _account_anonymous(backend, stranger)
    assert rows(services, PersonRow) == 1


def test_a_stolen_pair_on_an_account_with_another_phone_looks_exactly_like_a_mismatch(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    owner_of_a_document(forum)
    clock.advance(minutes=1)
    thief, stranger = forum.register("冒名者"), forum.register("陌生人")
    forum.phone_code(thief["id"], "14000007777")
    forum.phone_code(stranger["id"], "14000008888")
    seen = [
        forum.check_document(account["id"], number) for account, number in ((thief, PERSON), (stranger, MISMATCHED))
    ]
    assert end_of(seen[0].json()) == NOT_CONFIRMED
    assert _anonymous(seen[0]) == _anonymous(seen[1])
    assert _account_anonymous(forum, thief) == _account_anonymous(forum, stranger)
    assert rows(services, PersonRow) == 3


def _anonymous(answer: Any) -> tuple[int, Json, list[str]]:
    """An answer but for what names the attempt and the account."""
    body = {name: value for name, value in answer.json().items() if name not in {"id", "account_id"}}
    return answer.status_code, body, sorted(set(answer.headers))


def _account_anonymous(forum: ForumBackend, account: Json) -> Json:
    return {name: value for name, value in forum.account(account["id"]).items() if name not in {"id", "handle"}}


def test_the_document_of_a_person_without_a_phone_counts_nowhere_else(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    owner = forum.register("本人")
    check(forum, owner)
    other = forum.register("小号")
    assert end_of(check(forum, other)) == NOT_CONFIRMED
    forum.phone_code(other["id"], PHONE)
    assert end_of(check(forum, other)) == NOT_CONFIRMED
    assert level(forum, other) == "phone"
    assert end_of(forum.phone_code(owner["id"], ANOTHER_PHONE)) == NOT_CONFIRMED
    assert refusal(forum.check_document(owner["id"])) == (409, "possession-required")
    clock.advance(days=2)
    forum.log_in()
    forum.phone_code(other["id"], PHONE)
    assert end_of(check(forum, other)) == NOT_CONFIRMED
    assert (rows(services, PersonRow), rows(services, DocumentRow)) == (2, 1)


def test_another_persons_valid_identity_on_a_verified_account_is_not_confirmed(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = owner_of_a_document(forum)
    owner_of_a_document(forum, "另一人", ANOTHER_PHONE, ANOTHER_PERSON)
    clock.advance(minutes=1)
    forum.phone_code(account["id"], PHONE)
    before = forum.account(account["id"])
    for number in (ANOTHER_PERSON, sandbox_number(501)):
        assert end_of(check(forum, account, number)) == NOT_CONFIRMED
    assert forum.account(account["id"]) == before
    assert (rows(services, PersonRow), rows(services, DocumentRow)) == (2, 2)
    assert end_of(check(forum, forum.register("第三人"), sandbox_number(501))) == VERIFIED


def test_a_phone_current_elsewhere_is_claimed_until_a_document_moves_it_here(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    before = owner_of_a_document(forum)
    clock.advance(minutes=1)
    account = forum.register("新机主")
    assert end_of(forum.phone_code(account["id"], PHONE)) == VERIFIED
    assert phone_states(services) == ["claimed", "current"]
    clock.advance(minutes=1)
    assert end_of(forum.phone_code(before["id"], PHONE)) == VERIFIED

    assert end_of(check(forum, account, ANOTHER_PERSON)) == VERIFIED

    assert phone_states(services) == ["current", "frozen"]
    assert refusal(forum.check_document(before["id"])) == (409, "possession-required")
    clock.advance(minutes=1)
    assert end_of(forum.phone_code(before["id"], PHONE)) == NOT_CONFIRMED
    clock.advance(hours=1)
    forum.log_in()
    assert end_of(forum.phone_code(account["id"], PHONE)) == VERIFIED
    assert level(forum, before) == "document"
    assert (rows(services, PersonRow), rows(services, DocumentRow)) == (2, 2)


def test_a_frozen_phone_opens_its_former_holders_document_to_nobody(forum: ForumBackend, clock: FakeClock) -> None:
    owner_of_a_document(forum)
    clock.advance(minutes=1)
    taker = forum.register("新机主")
    forum.phone_code(taker["id"], PHONE)
    assert end_of(check(forum, taker, ANOTHER_PERSON)) == VERIFIED
    clock.advance(minutes=1)
    thief = forum.register("冒名者")
    forum.phone_code(thief["id"], PHONE)
    assert end_of(check(forum, thief, PERSON)) == NOT_CONFIRMED
    assert end_of(check(forum, thief, ANOTHER_PERSON)) == VERIFIED


def test_a_claim_that_no_document_confirms_takes_nothing_from_the_holder(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    owner = owner_of_a_document(forum)
    clock.advance(minutes=1)
    account = forum.register("路人")
    forum.phone_code(account["id"], PHONE)
    for number in (MISMATCHED, NOT_FOUND, INCONCLUSIVE, "110199199003070076", NOBODY_ANSWERS):
        assert end_of(check(forum, account, number)) != VERIFIED
    assert phone_states(services) == ["claimed", "current"]
    clock.advance(minutes=1)
    assert end_of(forum.phone_code(owner["id"], PHONE)) == VERIFIED


def test_a_person_known_by_phone_alone_moves_to_whoever_proves_the_phone_and_the_document(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    first, second = forum.register("旧号"), forum.register("新号")
    forum.phone_code(first["id"], PHONE)
    clock.advance(minutes=1)
    forum.phone_code(second["id"], PHONE)
    assert end_of(check(forum, second)) == VERIFIED
    assert phone_states(services) == ["current", "frozen"]
    clock.advance(minutes=1)
    assert end_of(forum.phone_code(first["id"], PHONE)) == VERIFIED
    assert end_of(check(forum, first)) == VERIFIED
    assert (rows(services, PersonRow), phone_states(services)) == (1, ["current"])


def test_under_14_is_refused_and_on_the_14th_birthday_in_shanghai_is_not(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    birthday_today = sandbox_number(7, birth="20121121")
    birthday_tomorrow = sandbox_number(7, birth="20121122")
    account, younger = forum.register("山间清风"), forum.register("海上明月")
    for number in ("110199201306010011", birthday_tomorrow):
        assert refusal(forum.check_document(younger["id"], number)) == (403, "minor-not-allowed")
    assert end_of(check(forum, account, birthday_today)) == VERIFIED
    clock.advance(hours=11, minutes=59)
    forum.log_in()
    assert refusal(forum.check_document(younger["id"], birthday_tomorrow)) == (403, "minor-not-allowed")
    assert rows(services, VerificationRow) == 1
    clock.advance(minutes=1)
    assert end_of(check(forum, younger, birthday_tomorrow)) == VERIFIED


def test_mismatch_no_record_and_an_unsure_provider_are_one_answer(services: Services, forum: ForumBackend) -> None:
    subjects = [(MISMATCHED, NAME), (NOT_FOUND, NAME), (INCONCLUSIVE, NAME), (PERSON, "不一致")]
    answers = [
        forum.check_document(forum.register(f"用户{place}")["id"], number, name)
        for place, (number, name) in enumerate(subjects)
    ]
    assert end_of(answers[0].json()) == NOT_CONFIRMED
    assert answers[0].json()["level"] == "none"
    assert all(_anonymous(answer) == _anonymous(answers[0]) for answer in answers)
    assert (rows(services, PersonRow), rows(services, DocumentRow)) == (0, 0)


def test_a_provider_that_is_down_verifies_nobody_and_may_be_asked_again(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    for number in ("110199199003070076", "110199199003070084", "110199199003070113"):
        checked = [check(forum, account, number) for _ in range(4)]
        assert [end_of(verification) for verification in checked] == [UNAVAILABLE] * 4
        clock.advance(seconds=31)  # the first of them opened the breaker
    assert level(forum, account) == "none"
    assert end_of(check(forum, account)) == VERIFIED


def test_a_provider_that_is_busy_is_asked_once_more_and_anew_each_time(forum: ForumBackend) -> None:
    for number in ("110199199003070092", "110199199003070121"):
        account = forum.register(f"再试{number[-2:]}")
        assert [end_of(check(forum, account, number)), level(forum, account)] == [VERIFIED, "document"]


def test_an_answer_that_never_came_verifies_nobody(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    checked = check(forum, account, NOBODY_ANSWERS)
    assert end_of(checked) == UNKNOWN
    assert forum.get(f"/v1/verifications/{checked['id']}").json() == checked
    assert level(forum, account) == "none"


class _Interrupted(SandboxProvider):
    """A provider during whose check something else happens."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__(sleep=lambda _seconds: None)
        self._meanwhile = meanwhile

    def check(self, kind: CheckKind, subject: Document, /, *, attempt_id: str, timeout: float) -> CheckResult:
        self._meanwhile()
        return super().check(kind, subject, attempt_id=attempt_id, timeout=timeout)


def test_a_late_verification_never_lifts_a_suspension(services: Services, settings: Settings, clock: FakeClock) -> None:
    credentials = services.forums.add(OPERATOR, "测试论坛")
    account = services.accounts.register(OPERATOR, credentials.forum_id, "山间清风", None, Profile())

    def suspend() -> None:
        services.sanctions.suspend(OPERATOR, credentials.forum_id, account.id, "刷屏", None)

    slow = build(settings, clock=clock, provider=_Interrupted(suspend), sender=SandboxSender(clock))
    with serving(slow) as address:
        forum = ForumBackend(address, credentials)
        assert end_of(forum.check_document(account.id).json()) == VERIFIED
        shown = forum.account(account.id)
        assert (shown["status"], shown["identity"]["level"]) == ("suspended", "document")
        assert "account-suspended" in shown["posting"]["reasons"]
        lifted = forum.post(f"/v1/accounts/{account.id}/reinstate", {"reason": "误判"}).json()
        assert lifted["status"] == "active"
        forum.http.close()


def test_a_malformed_document_costs_no_try_and_is_not_repeated_in_the_refusal(
    services: Services, forum: ForumBackend
) -> None:
    account = forum.register("山间清风")
    cases = [
        ("110199199003070018", NAME, "/document/number", "bad-checksum"),
        ("110199900307001", NAME, "/document/number", "legacy-15-digit"),
        (sandbox_number(1, birth="19000101", address="110101"), NAME, "/document/number", "not-a-sandbox-identity"),
        (PERSON, "试" * 33, "/document/name", "bad-length"),
    ]
    for number, name, pointer, reason in cases * 3:
        answer = forum.check_document(account["id"], number, name)
        assert refusal(answer) == (422, "document-invalid")
        assert [(error["pointer"], error["reason"]) for error in answer.json()["errors"]] == [(pointer, reason)]
        assert number not in answer.text
        assert name not in answer.text
    assert rows(services, VerificationRow) == 0
    assert end_of(check(forum, account)) == VERIFIED


def test_after_3_rejections_of_one_document_on_one_account_it_is_refused_for_a_day(
    forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    for _ in range(3):
        assert end_of(check(forum, account, name="不一致")) == NOT_CONFIRMED
        clock.advance(minutes=10)
    refused = forum.check_document(account["id"])
    assert refusal(refused) == (429, "too-many-attempts")
    wait = int(refused.headers["retry-after"])
    assert wait in {86400 - 1800, 86400 - 1800 + 1}
    assert end_of(check(forum, account, MISMATCHED)) == NOT_CONFIRMED
    assert end_of(check(forum, forum.register("别的账号"), name="不一致")) == NOT_CONFIRMED
    clock.advance(seconds=86400 - 1800, milliseconds=-1)
    forum.log_in()
    assert refusal(forum.check_document(account["id"])) == (429, "too-many-attempts")
    clock.advance(milliseconds=1)
    assert end_of(check(forum, account)) == VERIFIED


def test_an_account_is_refused_for_a_day_after_10_rejections_of_any_documents(
    forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    for sequence in range(10):
        assert end_of(check(forum, account, sandbox_number(600 + sequence), "不一致")) == NOT_CONFIRMED
    refused = forum.check_document(account["id"])
    assert refusal(refused) == (429, "too-many-attempts")
    clock.advance(seconds=int(refused.headers["retry-after"]))
    forum.log_in()
    assert end_of(check(forum, account)) == VERIFIED


def test_a_stolen_pair_runs_out_of_tries_exactly_as_a_mismatch_does(forum: ForumBackend, clock: FakeClock) -> None:
    owner_of_a_document(forum)
    clock.advance(minutes=1)
    thief, stranger = forum.register("冒名者"), forum.register("陌生人")
    for _ in range(3):
        check(forum, thief, PERSON)
        check(forum, stranger, MISMATCHED)
    forum.http.headers["x-request-id"] = SAME_REQUEST
    refused = [forum.check_document(thief["id"], PERSON), forum.check_document(stranger["id"], MISMATCHED)]
    assert refusal(refused[0]) == (429, "too-many-attempts")
    assert refused[0].content == refused[1].content
    assert refused[0].headers["retry-after"] == refused[1].headers["retry-after"]


@contextmanager
def _as_in_production(services: Services, settings: Settings) -> Iterator[str]:
    """The same service where a forum sends no documents unless the operator said why it may."""
    keyring = load_keyring(settings.keys_dir)
    strict = Verifications(
        services.unit_of_work,
        services.vault,
        BlindIndex(keyring),
        Mac(keyring),
        Checks(services.unit_of_work, services.clock, [SandboxProvider(sleep=lambda _seconds: None)], Budget(100, 100)),
        direct_by_default=False,
    )
    with serving(replace(services, verifications=strict)) as address:
        yield address


def test_a_forum_sends_documents_itself_only_where_the_operator_allowed_it(
    services: Services, settings: Settings
) -> None:
    with _as_in_production(services, settings) as address:
        plain = ForumBackend(address, services.forums.add(OPERATOR, "普通论坛"))
        trusted = ForumBackend(address, services.forums.add(OPERATOR, "自验论坛", direct_verification="线下核验"))
        account = plain.register("山间清风")
        for number in (PERSON, MISMATCHED, "110199199003070018"):
            assert refusal(plain.check_document(account["id"], number)) == (403, "direct-verification-off")
        assert end_of(plain.phone_code(account["id"], PHONE)) == VERIFIED
        assert end_of(check(trusted, trusted.register("山间清风"))) == VERIFIED
        for backend in (plain, trusted):
            backend.http.close()


def test_other_documents_verify_their_holders_too(forum: ForumBackend) -> None:
    for handle, kind, number in (
        ("居住证", "hmt_residence_permit", "810000190001010018"),
        ("永居证", "foreign_permanent_resident_id", "911840190001010017"),
    ):
        account = forum.register(handle)
        assert end_of(forum.check_document(account["id"], number, "TEST PERSON", kind).json()) == VERIFIED
        assert level(forum, account) == "document"


def test_every_spelling_of_a_number_finds_the_person_on_file(services: Services, forum: ForumBackend) -> None:
    number = "11019919900307005X"
    check(forum, forum.register("本人"), number)
    wide = "".join(chr(ord(mark) + 0xFEE0) for mark in number)
    for place, spelling in enumerate((number.lower(), wide, f" {number[:6]}-{number[6:]}\u200b")):
        assert end_of(check(forum, forum.register(f"小号{place}"), spelling)) == NOT_CONFIRMED
    assert (rows(services, PersonRow), rows(services, DocumentRow)) == (1, 1)


def test_a_renewed_travel_permit_is_the_same_person_and_only_after_a_code_to_their_phone(
    forum: ForumBackend, services: Services
) -> None:
    first, second = forum.register("山间清风")["id"], forum.register("海上明月")["id"]
    forum.phone_code(first, "14000001234")
    assert forum.check_document(first, "H0000000000", kind="hm_travel_permit").json()["outcome"] == "verified"
    assert forum.check_document(second, "H0000000001", kind="hm_travel_permit").json()["reason"] == "not-confirmed"
    assert services.verifications.person_behind(AccountId(second)) is None
    assert forum.account(first)["identity"]["level"] == "document"
