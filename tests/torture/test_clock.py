"""The clock jumps an hour, back or ahead and back, under a service that goes on: nothing fails open, nobody waits."""

from collections.abc import Callable

import httpx2
import pytest

from app.idempotency.domain import Claim, KeyedRequest
from app.jobs.timetable import TIMETABLE
from app.jobs.worker import Worker
from app.kernel.actor import OPERATOR
from app.verification.providers.breaker import Breaker
from app.verification.providers.reactions import BreakerEffect
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, sandbox_number

Jump = Callable[[], None]
_PHONE, _SILENT_PHONE = "14000000000", "14000000100"
_KEY = {"idempotency-key": "before-the-clock-jumped"}
_EXPIRED = 401


@pytest.fixture(params=[(-1,), (1, -1)], ids=["back", "ahead and back"])
def jump(request: pytest.FixtureRequest, services: Services, forum: ForumBackend, clock: FakeClock) -> Jump:
    """Moves the clock; after each move the jobs run, and the forum revokes a token, which forgets expired ones."""

    def move() -> None:
        for hours in request.param:
            clock.advance(hours=hours)
            assert set(Worker(services).run_due()) == {job.name for job in TIMETABLE}
            _revoke(forum, forum.log_in()["access_token"])
            forum.log_in()

    return move


def _revoke(forum: ForumBackend, token: str) -> None:
    basic = (forum.credentials.client_id, forum.credentials.client_secret.reveal())
    assert forum.http.post("/oauth/revoke", data={"token": token}, auth=basic).status_code == httpx2.codes.OK


def test_a_token_that_was_revoked_is_good_for_nothing_ever_again(forum: ForumBackend, jump: Jump) -> None:
    account = forum.member("山间清风")["id"]
    permit = forum.token(account).json()["token"]
    access = {"authorization": str(forum.http.headers["authorization"])}
    _revoke(forum, permit)
    _revoke(forum, access["authorization"].removeprefix("Bearer "))
    jump()
    assert forum.verify_token(permit)["active"] is False
    assert forum.get("/v1/accounts", headers=access).status_code == _EXPIRED
    assert forum.verify_token(forum.token(account).json()["token"])["active"] is True


def test_a_secret_that_was_ended_opens_nothing_ever_again(services: Services, forum: ForumBackend, jump: Jump) -> None:
    lost = forum.credentials
    services.forums.rotate_secret(OPERATOR, lost.forum_id)
    forum.credentials = services.forums.rotate_secret(OPERATOR, lost.forum_id)
    jump()
    basic = (lost.client_id, lost.client_secret.reveal())
    answer = forum.http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=basic)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_codes_that_were_used_or_guessed_at_and_what_was_decided_stay_so(forum: ForumBackend, jump: Jump) -> None:
    used = forum.ask_code(forum.register("山间清风")["id"], _PHONE).json()
    code = forum.read_code(_PHONE)
    assert forum.enter_code(used["id"], code).status_code == httpx2.codes.OK
    guessed = forum.ask_code(forum.register("静水流深")["id"], _SILENT_PHONE).json()
    right = forum.read_code(_SILENT_PHONE)
    for _ in range(5):
        wrong = forum.enter_code(guessed["id"], f"{(int(right) + 1) % 1_000_000:06}")
    assert wrong.json()["reason"] == "code-exhausted"
    banned, closed = (forum.member(name, sandbox_number(number))["id"] for number, name in enumerate(["大漠", "孤烟"]))
    assert forum.post(f"/v1/accounts/{banned}/ban", {"reason": "刷屏"}).status_code == httpx2.codes.OK
    assert forum.post(f"/v1/accounts/{closed}/close", {"reason": "本人要求"}).status_code == httpx2.codes.OK
    jump()
    assert forum.enter_code(used["id"], code).status_code == httpx2.codes.CONFLICT
    assert forum.enter_code(guessed["id"], right).json()["reason"] == "code-exhausted"
    assert [forum.account(account)["status"] for account in (banned, closed)] == ["banned", "closed"]
    assert [forum.token(account).status_code for account in (banned, closed)] == [403, 403]


def _questions(forum: ForumBackend, account: str, name: str, phone: str) -> list[httpx2.Response]:
    """One of every kind."""
    newcomer = forum.register(name)["id"]
    forum_id = forum.credentials.forum_id
    reads = ["/readyz", "/v1/accounts", f"/v1/accounts/{account}", f"/v1/status-lists/{forum_id}", "/metrics"]
    return [
        *(forum.get(path) for path in [*reads, "/.well-known/jwks.json", "/v1/agreements/current?kind=user"]),
        forum.judge(forum.token(account).json()["token"]),
        forum.check_document(newcomer, sandbox_number(500)),
        forum.ask_code(newcomer, phone),
        forum.post(f"/v1/accounts/{newcomer}/suspend", {"reason": "刷屏"}),
        forum.post(f"/v1/accounts/{newcomer}/reinstate", {"reason": "误判"}),
    ]


def test_every_question_has_its_usual_answer_and_a_repetition_the_first_one(forum: ForumBackend, jump: Jump) -> None:
    account = forum.member("山间清风")["id"]
    first = forum.post("/v1/accounts", {"handle": "静水流深"}, headers=_KEY)
    asked = forum.ask_code(account, _PHONE).json()
    before = [answer.status_code for answer in _questions(forum, account, "大漠孤烟", "14000000200")]
    jump()
    again = forum.post("/v1/accounts", {"handle": "静水流深"}, headers=_KEY)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert forum.enter_code(asked["id"], "000000").status_code == httpx2.codes.OK
    assert forum.ask_code(account, _PHONE).status_code in {201, 429}
    assert [answer.status_code for answer in _questions(forum, account, "长河落日", "14000000300")] == before


def test_who_is_suspended_after_the_jump_is_on_the_list_within_5_seconds(
    services: Services, forum: ForumBackend, clock: FakeClock, jump: Jump
) -> None:
    account = forum.member("山间清风")["id"]
    path = f"/v1/status-lists/{forum.credentials.forum_id}"
    before = forum.get(path)
    jump()
    assert forum.post(f"/v1/accounts/{account}/suspend", {"reason": "刷屏"}).status_code == httpx2.codes.OK
    clock.advance(seconds=5)
    after = forum.get(path)
    assert after.headers["etag"] != before.headers["etag"]
    assert services.status_lists.get(forum.credentials.forum_id, clock.now()).max_age == 15


def test_a_claim_whose_holder_died_is_taken_over_within_two_minutes(
    services: Services, forum: ForumBackend, clock: FakeClock, jump: Jump
) -> None:
    request = KeyedRequest(forum.credentials.client_id, "/v1/accounts", "/v1/accounts", "k" * 16, b'{"handle":"x"}')
    holder = services.idempotency.claim(request)
    jump()
    clock.advance(minutes=2)
    taken = services.idempotency.claim(request)
    assert isinstance(holder, Claim)
    assert isinstance(taken, Claim)
    assert taken.owner != holder.owner


@pytest.mark.parametrize("effect", [BreakerEffect.FAILURE, BreakerEffect.OPENS])
def test_a_provider_is_asked_again_within_ten_minutes_and_old_failures_are_forgotten(effect: BreakerEffect) -> None:
    clock = FakeClock()
    breaker = Breaker(clock)
    while not breaker.note(effect):
        pass
    clock.advance(hours=-1)
    assert not breaker.is_open()
    assert breaker.admits()
    breaker.note(BreakerEffect.SUCCESS)
    for _ in range(4):
        assert not breaker.note(BreakerEffect.FAILURE)
    clock.advance(hours=-1)
    for _ in range(4):
        assert not breaker.note(BreakerEffect.FAILURE)
