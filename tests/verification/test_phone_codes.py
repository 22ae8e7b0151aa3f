"""Codes to a phone as a forum and its users meet them: sent, entered, expired, exhausted, too many."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import delete

from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.settings import Settings
from app.vault.models import HeldPhoneRow
from app.verification.providers.sandbox import SandboxProvider
from app.verification.sms.contract import CodeText, SmsOutcomeUnknown
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.serving import serving

PHONE = "14000001234"
ANOTHER_PHONE = "14000005678"
LOST, NO_QUOTA = "14000000003", "14000000004"
NewForum = Callable[[str], ForumBackend]
SAME_REQUEST = "018f3a5c-7d1e-4b2a-9c3d-5e6f70818293"


def ask(forum: ForumBackend, account_id: str, phone: str = PHONE) -> Json:
    answer = forum.ask_code(account_id, phone)
    assert answer.status_code == 201, answer.text
    verification: Json = answer.json()
    return verification


def enter(forum: ForumBackend, verification: Json, code: str) -> Json:
    answer = forum.enter_code(verification["id"], code)
    assert answer.status_code == 200, answer.text
    judged: Json = answer.json()
    return judged


def end_of(verification: Json) -> tuple[str, str | None, str | None]:
    return verification["outcome"], verification["reason"], verification["next"]


def level(forum: ForumBackend, account_id: str) -> str:
    return str(forum.account(account_id)["identity"]["level"])


def other_than(code: str, step: int = 1) -> str:
    return f"{(int(code) + step) % 1_000_000:06d}"


def wait_told(answer: Any) -> int:
    """How many seconds a refusal for too many texts tells its caller to wait."""
    assert (answer.status_code, answer.json()["code"]) == (429, "rate-limited")
    return int(answer.headers["retry-after"])


def advance(forum: ForumBackend, clock: FakeClock, **period: float) -> None:
    clock.advance(**period)
    forum.log_in()


WAITS_FOR_CODE = ("pending", None, "code")
WRONG = ("pending", "code-wrong", "code")
EXHAUSTED = ("rejected", "code-exhausted", None)
EXPIRED = ("rejected", "code-expired", None)
VERIFIED = ("verified", None, None)
NOT_CONFIRMED = ("rejected", "not-confirmed", "other-method")
UNAVAILABLE = ("pending", "provider-unavailable", "wait")


def test_a_right_code_gives_the_phone_level_for_180_days_cut_to_the_day(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    asked = ask(forum, account["id"])
    assert asked == {
        "id": asked["id"],
        "account_id": account["id"],
        "method": "phone_code",
        "outcome": "pending",
        "reason": None,
        "next": "code",
        "level": "none",
        "verified_at": None,
        "detail": None,
        "sandbox": True,
    }
    assert level(forum, account["id"]) == "none"

    judged = enter(forum, asked, forum.read_code(PHONE))

    assert judged == asked | {
        "outcome": "verified",
        "next": None,
        "level": "phone",
        "verified_at": "2026-11-21T00:00:00Z",
    }
    assert forum.get(f"/v1/verifications/{asked['id']}").json() == judged
    shown = forum.account(account["id"])
    assert shown["status"] == "active"
    assert shown["identity"] == {
        "level": "phone",
        "method": "phone_code",
        "verified_at": "2026-11-21T00:00:00Z",
        "expires_at": "2027-05-20T00:00:00Z",
    }


def test_the_text_holds_the_code_and_names_our_host_and_the_answer_holds_neither(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    answer = forum.ask_code(account["id"], PHONE)
    [text] = forum.get("/dev/outbox.json").json()
    assert text["to"] == PHONE
    assert len(text["code"]) == 6
    assert text["text"].splitlines()[-1] == f"@127.0.0.1 #{text['code']}"
    assert text["code"] in text["text"].splitlines()[0]
    assert text["code"] not in answer.text.replace(answer.json()["id"], "").replace(account["id"], "")
    assert PHONE not in answer.text


def test_a_wrong_code_leaves_the_code_good(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    asked = ask(forum, account["id"])
    code = forum.read_code(PHONE)
    for step in range(1, 5):
        assert end_of(enter(forum, asked, other_than(code, step))) == WRONG
        assert level(forum, account["id"]) == "none"
    assert end_of(enter(forum, asked, code)) == VERIFIED


def test_after_5_wrong_codes_the_right_one_is_worth_nothing(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    asked = ask(forum, account["id"])
    code = forum.read_code(PHONE)
    ends = [end_of(enter(forum, asked, other_than(code, step))) for step in range(1, 6)]
    assert ends == [WRONG] * 4 + [EXHAUSTED]
    assert end_of(enter(forum, asked, code)) == EXHAUSTED
    assert end_of(forum.get(f"/v1/verifications/{asked['id']}").json()) == EXHAUSTED
    assert level(forum, account["id"]) == "none"


def test_a_code_is_good_until_10_minutes_and_not_at_10_minutes(forum: ForumBackend, clock: FakeClock) -> None:
    in_time, late = forum.register("山间清风"), forum.register("海上明月")
    first, second = ask(forum, in_time["id"], PHONE), ask(forum, late["id"], ANOTHER_PHONE)
    clock.advance(minutes=10, milliseconds=-1)
    assert end_of(forum.get(f"/v1/verifications/{second['id']}").json()) == WAITS_FOR_CODE
    assert end_of(enter(forum, first, forum.read_code(PHONE))) == VERIFIED
    clock.advance(milliseconds=1)
    assert end_of(forum.get(f"/v1/verifications/{second['id']}").json()) == EXPIRED
    assert end_of(enter(forum, second, forum.read_code(ANOTHER_PHONE))) == EXPIRED
    assert level(forum, late["id"]) == "none"


def test_a_code_entered_wrong_expires_like_any_other(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    asked = ask(forum, account["id"])
    code = forum.read_code(PHONE)
    enter(forum, asked, other_than(code))
    clock.advance(minutes=10)
    assert end_of(forum.get(f"/v1/verifications/{asked['id']}").json()) == EXPIRED
    assert [end_of(enter(forum, asked, code)) for _ in range(2)] == [EXPIRED] * 2


def test_a_code_serves_once(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    asked = ask(forum, account["id"])
    code = forum.read_code(PHONE)
    enter(forum, asked, code)
    for again in (code, other_than(code)):
        answer = forum.enter_code(asked["id"], again)
        assert (answer.status_code, answer.json()["code"]) == (409, "state-conflict")
    clock.advance(minutes=10)
    assert forum.enter_code(asked["id"], code).status_code == 409
    assert end_of(forum.get(f"/v1/verifications/{asked['id']}").json()) == VERIFIED


def test_a_code_is_good_for_its_own_verification_only(forum: ForumBackend) -> None:
    mine, theirs = forum.register("山间清风"), forum.register("海上明月")
    asked = ask(forum, mine["id"], PHONE)
    ask(forum, theirs["id"], ANOTHER_PHONE)
    code, stranger = forum.read_code(PHONE), forum.read_code(ANOTHER_PHONE)
    assert end_of(enter(forum, asked, stranger)) == (VERIFIED if stranger == code else WRONG)


def test_a_code_may_be_typed_in_full_width_and_with_spaces(forum: ForumBackend) -> None:
    wide = str.maketrans("0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")
    typings: list[Callable[[str], str]] = [
        lambda code: code.translate(wide),
        lambda code: f" {code[:3]} {code[3:]}\n",
        "\u3000".join,
        lambda code: f"{code[:3]}\u00a0{code[3:]}",
    ]
    for number, typed in enumerate(typings):
        phone = f"1400000{1000 + number}"
        account = forum.register(f"用户{number}")
        asked = ask(forum, account["id"], phone)
        assert end_of(enter(forum, asked, typed(forum.read_code(phone)))) == VERIFIED


def test_what_is_no_code_of_6_digits_is_refused_and_costs_no_try(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    asked = ask(forum, account["id"])
    for typed in ("12345", "1234567", "12345a", "\u0661\u0662\u0663\u0664\u0665\u0666", "      ", "½23456"):
        answer = forum.enter_code(asked["id"], typed)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/code"]
    assert end_of(enter(forum, asked, forum.read_code(PHONE))) == VERIFIED


def test_a_second_text_waits_60_seconds(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    ask(forum, account["id"])
    assert wait_told(forum.ask_code(account["id"], PHONE)) == 60
    clock.advance(seconds=59.5)
    assert wait_told(forum.ask_code(account["id"], PHONE)) == 60
    clock.advance(seconds=0.5)
    ask(forum, account["id"])
    assert len(forum.get("/dev/outbox.json").json()) == 2


def test_a_phone_gets_4_texts_an_hour(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    for _ in range(4):
        ask(forum, account["id"])
        clock.advance(minutes=2)
    assert wait_told(forum.ask_code(account["id"], PHONE)) == 52 * 60
    ask(forum, account["id"], ANOTHER_PHONE)
    advance(forum, clock, minutes=52, milliseconds=-1)
    assert wait_told(forum.ask_code(account["id"], PHONE)) == 60
    clock.advance(milliseconds=1)
    ask(forum, account["id"])
    clock.advance(minutes=1)
    assert wait_told(forum.ask_code(account["id"], PHONE)) == 60


def test_a_phone_gets_8_texts_a_day(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    for _ in range(8):
        ask(forum, account["id"])
        advance(forum, clock, hours=2)
    assert wait_told(forum.ask_code(account["id"], PHONE)) == 8 * 3600
    advance(forum, clock, hours=8, milliseconds=-1)
    assert wait_told(forum.ask_code(account["id"], PHONE)) == 60
    clock.advance(milliseconds=1)
    ask(forum, account["id"])


def test_the_limits_are_the_phones_whoever_asks_and_however_it_is_written(new_forum: NewForum) -> None:
    forum, other = new_forum("甲论坛"), new_forum("乙论坛")
    ask(forum, forum.register("山间清风")["id"])
    for backend in (forum, other):
        account = backend.register("海上明月")
        for spelling in (PHONE, f"+86 {PHONE}", "140-0000-1234"):
            wait_told(backend.ask_code(account["id"], spelling))
    assert len(forum.get("/dev/outbox.json").json()) == 1


def test_a_sender_that_is_down_ends_the_verification_without_a_verdict(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    asked = ask(forum, account["id"], NO_QUOTA)
    assert end_of(asked) == UNAVAILABLE
    assert end_of(enter(forum, asked, "000000")) == UNAVAILABLE
    assert level(forum, account["id"]) == "none"
    assert forum.get("/dev/outbox.json").json() == []


def test_a_text_that_may_have_arrived_leaves_its_code_open(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    asked = ask(forum, account["id"], LOST)
    assert end_of(asked) == WAITS_FOR_CODE
    assert forum.get("/dev/outbox.json").json() == []
    ends = [end_of(enter(forum, asked, f"{guess:06d}")) for guess in range(2)]
    assert WRONG in ends  # the code is unknown here; two guesses cannot both be right


class _LosesTheAnswer:
    """A sender whose texts arrive and whose answers do not."""

    name = "loses-the-answer"
    sandbox = True

    def __init__(self) -> None:
        self.codes: list[str] = []

    def refuses(self, _phone: Secret[str]) -> str | None:
        return None

    def send_code(self, _phone: Secret[str], message: CodeText, *, message_id: str) -> None:
        self.codes.append(message.code.reveal())
        raise SmsOutcomeUnknown(self.name, message_id)

    def send_notice(self, _phone: Secret[str], _text: Secret[str], *, message_id: str) -> None:
        raise SmsOutcomeUnknown(self.name, message_id)


def test_a_code_that_arrived_though_the_sender_never_said_so_is_accepted(settings: Settings, clock: FakeClock) -> None:
    sender = _LosesTheAnswer()
    services = build(settings, clock=clock, provider=SandboxProvider(sleep=lambda _seconds: None), sender=sender)
    with serving(services) as address:
        forum = ForumBackend(address, services.forums.add(OPERATOR, "测试论坛"))
        account = forum.register("山间清风")
        asked = ask(forum, account["id"])
        assert len(sender.codes) == 1
        assert end_of(enter(forum, asked, sender.codes[0])) == VERIFIED
        assert level(forum, account["id"]) == "phone"
        forum.http.close()


def test_a_phone_that_the_sender_limits_or_cannot_reach_is_told_so(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    assert wait_told(forum.ask_code(account["id"], "14000000001")) > 0
    unreachable = forum.ask_code(account["id"], "14000000002")
    assert (unreachable.status_code, unreachable.json()["code"]) == (422, "validation-failed")
    assert [error["pointer"] for error in unreachable.json()["errors"]] == ["/phone"]
    assert level(forum, account["id"]) == "none"


def test_a_phone_that_is_none_or_not_the_sandboxs_is_refused_and_gets_no_text(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    for phone, reason in (
        ("10000000000", "bad-format"),
        ("1400000123", "bad-format"),
        ("14100001234", "not-a-sandbox-identity"),
    ):
        answer = forum.ask_code(account["id"], phone)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
        assert [(error["pointer"], error["reason"]) for error in answer.json()["errors"]] == [("/phone", reason)]
        assert phone not in answer.text
    assert forum.get("/dev/outbox.json").json() == []


def test_a_linked_account_is_asked_alike_for_any_phone_and_only_the_one_on_record_counts(
    forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    forum.phone_code(account["id"], PHONE)
    clock.advance(minutes=1)
    own, strange = ask(forum, account["id"], PHONE), ask(forum, account["id"], ANOTHER_PHONE)
    assert strange | {"id": own["id"]} == own
    code = forum.read_code(ANOTHER_PHONE)
    assert end_of(enter(forum, strange, other_than(code))) == WRONG
    assert end_of(enter(forum, strange, code)) == NOT_CONFIRMED
    assert end_of(enter(forum, strange, code)) == NOT_CONFIRMED
    assert end_of(enter(forum, own, forum.read_code(PHONE))) == VERIFIED
    assert level(forum, account["id"]) == "phone"


def test_the_phone_level_ends_after_180_days_and_a_new_code_renews_it(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    forum.accept_agreement(account["id"])
    forum.phone_code(account["id"], PHONE)
    advance(forum, clock, days=180, milliseconds=-1)
    assert forum.token(account["id"]).status_code == 201
    clock.advance(milliseconds=1)
    refused = forum.token(account["id"])
    assert refused.status_code == 403
    assert [reason["code"] for reason in refused.json()["reasons"]] == ["identity-expired"]
    assert forum.account(account["id"])["posting"] == {"allowed": False, "reasons": ["identity-expired"]}

    assert end_of(forum.phone_code(account["id"], PHONE)) == VERIFIED

    assert forum.token(account["id"]).status_code == 201
    assert forum.account(account["id"])["identity"]["expires_at"] == "2027-11-16T00:00:00Z"


def test_a_new_code_pushes_the_end_of_the_phone_level_out(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    forum.phone_code(account["id"], PHONE)
    advance(forum, clock, days=10)
    forum.phone_code(account["id"], PHONE)
    identity = forum.account(account["id"])["identity"]
    assert (identity["verified_at"], identity["expires_at"]) == ("2026-12-01T00:00:00Z", "2027-05-30T00:00:00Z")


def test_a_code_on_a_document_account_proves_possession_and_changes_no_level(
    forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    forum.phone_code(account["id"], PHONE)
    assert forum.check_document(account["id"]).json()["outcome"] == "verified"
    before = forum.account(account["id"])["identity"]
    advance(forum, clock, days=3)
    assert forum.phone_code(account["id"], PHONE)["level"] == "document"
    assert forum.account(account["id"])["identity"] == before


def test_another_forums_verification_and_none_give_the_same_404(new_forum: NewForum) -> None:
    forum, other = new_forum("甲论坛"), new_forum("乙论坛")
    theirs = ask(other, other.register("山间清风")["id"])
    none = "vrf_" + "0" * 32
    code = forum.read_code(PHONE)
    for body in (None, {"code": code}):
        answers = [
            forum.http.request(
                "POST" if body else "GET",
                f"/v1/verifications/{verification}" + ("/code" if body else ""),
                json=body,
                headers={"x-request-id": SAME_REQUEST},
            )
            for verification in (theirs["id"], none)
        ]
        assert (answers[0].status_code, answers[0].json()["code"]) == (404, "not-found")
        assert answers[0].content == answers[1].content
    assert end_of(enter(other, theirs, code)) == VERIFIED


def test_a_document_check_has_no_code_to_enter(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    checked = forum.check_document(account["id"]).json()
    answer = forum.enter_code(checked["id"], "000000")
    assert (answer.status_code, answer.json()["code"]) == (409, "state-conflict")


def test_an_unknown_account_gets_no_text(forum: ForumBackend) -> None:
    answer = forum.ask_code("acc_" + "0" * 32, PHONE)
    assert (answer.status_code, answer.json()["code"]) == (404, "account-not-found")
    assert forum.get("/dev/outbox.json").json() == []


def test_a_code_whose_phone_was_cleared_away_meanwhile_has_expired(services: Services, forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    asked = ask(forum, account["id"])
    code = forum.read_code(PHONE)
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(delete(HeldPhoneRow))
    answer = forum.enter_code(asked["id"], code)
    assert (answer.status_code, answer.json()["outcome"], answer.json()["reason"]) == (200, "rejected", "code-expired")


def test_one_account_cannot_be_used_to_write_to_a_list_of_phones(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    for number in range(20):
        ask(forum, account["id"], f"1400000{2000 + number}")
    assert wait_told(forum.ask_code(account["id"], "14000002999")) == 3600
    assert len(forum.get("/dev/outbox.json").json()) == 20
