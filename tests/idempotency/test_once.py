"""The same request twice takes effect once, and hears the same answer byte for byte."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx2
import pytest
from sqlalchemy import func, select

from app.accounts.domain import Profile
from app.accounts.models import AccountRow
from app.idempotency.domain import Claim, KeyedRequest, StoredAnswer
from app.idempotency.errors import InProgress, KeyReused
from app.idempotency.models import ClaimRow
from app.kernel.actor import OPERATOR
from app.kernel.errors import Unavailable
from app.kernel.secret import Secret
from app.settings import Settings
from app.verification.models import CodeRow, VerificationRow
from app.verification.sms.contract import CodeText
from app.verification.sms.sandbox import SandboxSender
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.forum import NAME, PERSON, ForumBackend, Json
from tests.support.serving import serving

KEY = "order-000000000001"
PHONE = "14000007001"
ACCOUNTS = "/v1/accounts"
_REPLAYED = "idempotency-replayed"
_PATIENCE = 60


def _post(
    forum: ForumBackend, body: object, key: str | bytes = KEY, path: str = ACCOUNTS, **headers: str
) -> httpx2.Response:
    return forum.post(path, body, headers={"idempotency-key": key, **headers})


def _code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code"))


def _count(services: Services, table: type = AccountRow) -> int:
    with services.unit_of_work.read() as tx:
        return tx.session.scalar(select(func.count()).select_from(table)) or 0


def _request(forum: ForumBackend, body: bytes = b'{"handle":"x"}', key: str = KEY) -> KeyedRequest:
    return KeyedRequest(forum.credentials.client_id, ACCOUNTS, ACCOUNTS, key, body)


def _claimed(services: Services, request: KeyedRequest) -> Claim:
    claim = services.idempotency.claim(request)
    assert isinstance(claim, Claim)
    return claim


# ---------------------------------------------------------------- the same again


def _document(account: str) -> Json:
    document = {"type": "resident_id", "number": PERSON, "name": NAME}
    return {"account_id": account, "method": "id2", "document": document}


def _every_route(forum: ForumBackend) -> Iterator[tuple[str, Json]]:
    """A request that succeeds, for every route that takes a key; sent in this order."""
    yield ACCOUNTS, {"handle": "山间清风", "external_id": "42"}
    account = forum.get(f"{ACCOUNTS}?external_id=42").json()["items"][0]["id"]
    version = forum.get("/v1/agreements/current?kind=user").json()["version"]
    yield f"{ACCOUNTS}/{account}/agreements", {"kind": "user", "version": version}
    yield f"{ACCOUNTS}/{account}/suspend", {"reason": "广告"}
    yield f"{ACCOUNTS}/{account}/reinstate", {"reason": "申诉成立"}
    yield "/v1/verifications", {"account_id": account, "method": "phone_code", "phone": PHONE}
    asked = forum.get("/dev/outbox.json").json()[-1]
    verification = _post(
        forum, {"account_id": account, "method": "phone_code", "phone": PHONE}, path="/v1/verifications"
    )
    yield f"/v1/verifications/{verification.json()['id']}/code", {"code": asked["code"]}
    yield "/v1/verifications", _document(account) | {"account_id": None, "external_id": "42"}


def test_every_route_answers_a_repetition_with_the_same_bytes(forum: ForumBackend) -> None:
    for number, (path, body) in enumerate(_every_route(forum)):
        key = KEY if number < 6 else KEY + "-document"
        first = _post(forum, body, key, path)
        assert first.is_success, first.text
        assert _REPLAYED not in first.headers
        again = _post(forum, body, key, path, **{"accept-language": "zh"})
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers[_REPLAYED] == "true"
        assert again.headers["content-type"] == first.headers["content-type"]
        assert again.headers["x-request-id"] != first.headers["x-request-id"]


def test_a_keyed_answer_is_the_one_that_is_given_without_a_key(forum: ForumBackend) -> None:
    keyed = _post(forum, {"handle": "山间清风"})
    plain = forum.post(ACCOUNTS, {"handle": "江上明月"})
    assert keyed.headers["content-type"] == plain.headers["content-type"]
    assert list(keyed.json()) == list(plain.json())
    assert forum.account(keyed.json()["id"]) == keyed.json()


def test_fifty_at_once_take_effect_once_and_all_hear_the_same(forum: ForumBackend, services: Services) -> None:
    def insist(_: int) -> httpx2.Response:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            answer = _post(forum, {"handle": "山间清风"})
            if answer.status_code not in {409, 503}:
                return answer
            assert _code(answer)[1] in {"idempotency-in-progress", "unavailable"}
            assert int(answer.headers["retry-after"]) > 0
            time.sleep(0.02)
        raise AssertionError("never answered")

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(insist, range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Counter(_REPLAYED in answer.headers for answer in answers) == {False: 1, True: 49}
    assert _count(services) == 1


def test_the_same_content_in_another_spelling_is_the_same_body(forum: ForumBackend, services: Services) -> None:
    first = _post(forum, {"handle": "山间清风", "external_id": "42"})
    spelled = ' { "external_id" : "42", "handle": "\\u5c71\\u95f4\\u6e05\\u98ce" } '
    headers = {"idempotency-key": KEY, "content-type": "application/json"}
    again = forum.http.post(ACCOUNTS, content=spelled.encode(), headers=headers)
    assert again.content == first.content
    assert _count(services) == 1


@pytest.mark.parametrize("other", [{"handle": "江上明月"}, {"handle": "山间清风", "external_id": "42"}])
def test_another_body_under_the_same_key_is_refused(forum: ForumBackend, services: Services, other: Json) -> None:
    first = _post(forum, {"handle": "山间清风"})
    assert _code(_post(forum, other)) == (422, "idempotency-key-reused")
    assert _post(forum, {"handle": "山间清风"}).content == first.content
    assert _count(services) == 1


def test_a_key_counts_for_one_client_route_and_path_alone(
    new_forum: Callable[[str], ForumBackend], services: Services
) -> None:
    one, two = new_forum("甲论坛"), new_forum("乙论坛")
    accounts = [_post(forum, {"handle": "山间清风"}).json()["id"] for forum in (one, two)]
    other = _post(one, {"handle": "江上明月"}, KEY + "2").json()["id"]
    assert _count(services) == 3
    for account in (accounts[0], other):
        for act in ("suspend", "reinstate"):
            answer = _post(one, {"reason": "广告"}, path=f"{ACCOUNTS}/{account}/{act}")
            assert answer.status_code == 200
            assert answer.json()["id"] == account
            assert _REPLAYED not in answer.headers
    assert _code(_post(two, {"reason": "广告"}, path=f"{ACCOUNTS}/{accounts[0]}/suspend")) == (404, "not-found")


@pytest.mark.parametrize(
    "key", ["", "x" * 15, "x" * 129, "x" * 15 + " y", "x" * 15 + "\ty", "钥匙".encode() * 8, b"\xff" * 20]
)
def test_a_key_that_cannot_be_one_is_refused(forum: ForumBackend, services: Services, key: str | bytes) -> None:
    answer = _post(forum, {"handle": "山间清风"}, key)
    assert _code(answer) == (422, "validation-failed")
    assert answer.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert _count(services) == _count(services, ClaimRow) == 0


@pytest.mark.parametrize("key", ["x" * 16, "~" * 128, "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}", "' OR 1=1;--'%00\\u0000"])
def test_a_key_of_visible_ascii_is_taken_as_it_is(forum: ForumBackend, key: str) -> None:
    key = key.replace(" ", "_")
    assert _post(forum, {"handle": "山间清风"}, key).content == _post(forum, {"handle": "山间清风"}, key).content


def test_two_keys_are_none(forum: ForumBackend) -> None:
    headers = [("idempotency-key", KEY), ("idempotency-key", KEY + "2")]
    answer = forum.http.post(ACCOUNTS, json={"handle": "山间清风"}, headers=headers)
    assert _code(answer) == (422, "validation-failed")


def test_tokens_and_the_login_ignore_the_header(forum: ForumBackend) -> None:
    account = forum.member("山间清风")["id"]
    tokens = [_post(forum, {"account_id": account, "scope": "post"}, key, "/v1/tokens") for key in ("x", KEY, KEY)]
    assert [token.status_code for token in tokens] == [201, 201, 201]
    assert len({token.json()["jti"] for token in tokens}) == 3
    verdict = _post(forum, {"token": tokens[0].json()["token"]}, "x", "/v1/tokens/verify")
    assert verdict.json()["active"] is True


# ---------------------------------------------------------------- what is final


def test_a_refusal_by_rule_is_heard_again_even_when_it_would_be_allowed_now(forum: ForumBackend) -> None:
    account = forum.register("山间清风")["id"]
    path = f"{ACCOUNTS}/{account}/reinstate"
    first = _post(forum, {"reason": "申诉成立"}, path=path)
    assert _code(first) == (409, "state-conflict")
    forum.post(f"{ACCOUNTS}/{account}/suspend", {"reason": "广告"})
    again = _post(forum, {"reason": "申诉成立"}, path=path, **{"accept-language": "zh"})
    assert (again.status_code, again.content) == (409, first.content)
    assert again.headers[_REPLAYED] == "true"
    assert again.headers["content-language"] == first.headers["content-language"] == "en"
    assert again.headers["content-type"] == "application/problem+json"
    assert forum.account(account)["status"] == "suspended"


def test_who_may_not_ask_and_what_is_no_request_uses_up_no_key(forum: ForumBackend) -> None:
    assert _code(_post(forum, {"handle": "山间清风"}, authorization="Bearer x")) == (401, "invalid-token")
    assert _code(_post(forum, {"handle": "山间清风", "unknown": 1})) == (422, "validation-failed")
    assert _post(forum, {"handle": "山间清风"}).status_code == 201


def test_too_many_is_not_final(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")["id"]
    body = {"account_id": account, "method": "phone_code", "phone": PHONE}
    assert forum.post("/v1/verifications", body).status_code == 201
    assert _code(_post(forum, body, path="/v1/verifications")) == (429, "rate-limited")
    clock.advance(seconds=60)
    assert _post(forum, body, path="/v1/verifications").status_code == 201


class _Line(SandboxSender):
    """Fails as it is told to: before anything has begun, or after the text has gone out."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.before: list[Exception] = []
        self.after: list[Exception] = []

    def refuses(self, phone: Secret[str]) -> str | None:
        if self.before:
            raise self.before.pop()
        return super().refuses(phone)

    def send_code(self, phone: Secret[str], message: CodeText, *, message_id: str) -> None:
        super().send_code(phone, message, message_id=message_id)
        if self.after:
            raise self.after.pop()


@pytest.fixture
def line(clock: FakeClock) -> _Line:
    return _Line(clock)


@pytest.fixture
def shaky(settings: Settings, clock: FakeClock, line: _Line) -> Iterator[ForumBackend]:
    """A forum at a service whose sender is `line`."""
    services = build(settings, clock=clock, sender=line)
    with serving(services) as address:
        forum = ForumBackend(address, services.forums.add(OPERATOR, "测试论坛"))
        yield forum
        forum.http.close()
    services.engine.dispose()


@pytest.mark.parametrize(("error", "status"), [(Unavailable(), 503), (RuntimeError("unforeseen"), 500)])
def test_what_failed_before_it_began_may_be_tried_again_at_once(
    shaky: ForumBackend, services: Services, line: _Line, error: Exception, status: int
) -> None:
    body = {"account_id": shaky.register("山间清风")["id"], "method": "phone_code", "phone": PHONE}
    line.before = [error]
    assert _post(shaky, body, path="/v1/verifications").status_code == status
    assert _count(services, ClaimRow) == 0
    assert _post(shaky, body, path="/v1/verifications").status_code == 201


@pytest.mark.parametrize(("error", "status"), [(Unavailable(), 503), (RuntimeError("unforeseen"), 500)])
def test_what_failed_after_a_text_may_have_gone_out_sends_no_second_one(
    shaky: ForumBackend, services: Services, line: _Line, clock: FakeClock, error: Exception, status: int
) -> None:
    body = {"account_id": shaky.register("山间清风")["id"], "method": "phone_code", "phone": PHONE}
    line.after = [error]
    assert _post(shaky, body, path="/v1/verifications").status_code == status
    assert _code(_post(shaky, body, path="/v1/verifications")) == (409, "idempotency-in-progress")
    clock.advance(seconds=60)
    answer = _post(shaky, body, path="/v1/verifications")
    assert (answer.status_code, answer.json()["outcome"], answer.json()["next"]) == (201, "pending", "code")
    assert len(line.outbox()) == _count(services, CodeRow) == _count(services, VerificationRow) == 1
    assert (sent := line.outbox()[0].code) is not None
    assert shaky.enter_code(answer.json()["id"], sent.reveal()).json()["outcome"] == "verified"


# ---------------------------------------------------------------- claims and their time


def test_a_claim_is_open_for_sixty_seconds_and_then_the_request_runs_again(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    body = {"handle": "山间清风"}
    _claimed(services, _request(forum, '{"handle":"山间清风"}'.encode()))
    for wait in (0.0, 59.999):
        clock.advance(seconds=wait)
        answer = _post(forum, body)
        assert _code(answer) == (409, "idempotency-in-progress")
        assert answer.headers["retry-after"] == "2"
    assert _code(_post(forum, {"handle": "江上明月"})) == (422, "idempotency-key-reused")
    clock.advance(seconds=0.001)
    answer = _post(forum, body)
    assert answer.status_code == 201
    assert _REPLAYED not in answer.headers
    assert _post(forum, body).content == answer.content


def test_a_verification_that_was_claimed_and_never_began_runs_after_the_lease(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    body, path = _document(forum.register("山间清风")["id"]), "/v1/verifications"
    asked = KeyedRequest(forum.credentials.client_id, path, path, KEY, json.dumps(body).encode())
    _claimed(services, asked)
    assert _code(_post(forum, body, path=path)) == (409, "idempotency-in-progress")
    assert _count(services, VerificationRow) == 0
    clock.advance(seconds=60)
    assert _post(forum, body, path=path).json()["outcome"] == "verified"


def test_who_finishes_after_the_lease_was_taken_over_has_done_nothing(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    late = _claimed(services, _request(forum, '{"handle":"山间清风"}'.encode()))
    forum_id = forum.credentials.forum_id

    def work() -> StoredAnswer:
        services.accounts.register(OPERATOR, forum_id, "迟到的人", None, Profile(None, None, None))
        return StoredAnswer(201, {}, b"{}")

    clock.advance(seconds=60)
    second = _claimed(services, _request(forum, '{"handle":"山间清风"}'.encode()))
    for _ in ("while the second is at work", "after it has answered"):
        with pytest.raises(InProgress):
            services.idempotency.complete(late, work)
        services.idempotency.release(late)
        with suppress(InProgress):
            services.idempotency.complete(second, lambda: StoredAnswer(200, {}, b"{}"))
    assert _count(services) == 0
    assert _post(forum, {"handle": "山间清风"}).status_code == 200, "the second one's answer stands"


def test_a_late_holder_begins_nothing_outside(forum: ForumBackend, services: Services, clock: FakeClock) -> None:
    late = _claimed(services, _request(forum))
    clock.advance(seconds=60)
    assert _claimed(services, _request(forum)).owner != late.owner
    with pytest.raises(InProgress), services.unit_of_work.begin(OPERATOR) as tx:
        services.idempotency.note_subject(tx, late, "vrf_1")


def test_what_was_begun_renews_the_lease_and_is_told_to_who_takes_over(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    claim = _claimed(services, _request(forum))
    clock.advance(seconds=30)
    with services.unit_of_work.begin(OPERATOR) as tx:
        services.idempotency.note_subject(tx, claim, "vrf_1")
    services.idempotency.release(claim)
    clock.advance(seconds=59.999)
    with pytest.raises(InProgress):
        services.idempotency.claim(_request(forum))
    clock.advance(seconds=0.001)
    assert _claimed(services, _request(forum)).subject == "vrf_1"


def test_an_answer_is_heard_again_for_a_day_and_then_the_request_is_a_new_one(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    first = _post(forum, {"handle": "山间清风"})
    clock.advance(hours=24, milliseconds=-1)
    forum.log_in()
    assert _post(forum, {"handle": "山间清风"}).content == first.content
    clock.advance(milliseconds=1)
    assert _code(_post(forum, {"handle": "山间清风"})) == (409, "handle-taken")
    assert _count(services, ClaimRow) == 1


def test_old_rows_are_forgotten_by_the_next_claim_and_by_the_purge(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    for number in range(60):
        claim = _claimed(services, _request(forum, key=f"{KEY}-{number}"))
        services.idempotency.complete(claim, lambda: StoredAnswer(200, {}, b"{}"))
    clock.advance(hours=24, milliseconds=-1)
    assert services.idempotency.purge() == 0
    open_claim = _claimed(services, _request(forum, key=f"{KEY}-open"))
    clock.advance(milliseconds=1)
    _claimed(services, _request(forum, key=f"{KEY}-next"))
    assert _count(services, ClaimRow) == 60 - 50 + 2
    assert services.idempotency.purge() == 10
    assert services.idempotency.purge() == 0
    assert services.idempotency.complete(open_claim, lambda: StoredAnswer(200, {}, b"{}")).status == 200


# ---------------------------------------------------------------- what is stored


def test_numbers_and_names_of_a_body_are_compared_as_they_are(forum: ForumBackend, services: Services) -> None:
    _claimed(services, _request(forum, b'{"a": 1, "b": [12345678901234567890, "x"]}'))
    with pytest.raises(InProgress):
        services.idempotency.claim(_request(forum, b'{"b":[12345678901234567890,"\\u0078"],"a":1}'))
    for other in (
        b'{"a": 1.0, "b": [12345678901234567890, "x"]}',
        b'{"a": 1, "b": [12345678901234567891, "x"]}',
        b'{"a": true, "b": [12345678901234567890, "x"]}',
        b'{"a": 1, "b": ["x", 12345678901234567890]}',
    ):
        with pytest.raises(KeyReused):
            services.idempotency.claim(_request(forum, other))
