"""Whenever the service dies, the request that is sent again has taken effect once."""

import signal

import httpx2
import pytest
from sqlalchemy import select

from app.accounts.models import AccountRow
from app.audit.models import StagedEntryRow
from app.settings import Settings
from app.verification.models import CodeRow, VerificationRow
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.crashing import crashing
from tests.support.forum import NAME, PERSON, ForumBackend, Json

KEY = {"idempotency-key": "order-000000000001"}
PHONE = "14000007001"


def _crash(settings: Settings, forum: ForumBackend, point: str, path: str, body: Json) -> None:
    """The same request at another process, which dies of it."""
    with crashing(settings, point) as (address, process):
        headers = {**KEY, "authorization": forum.http.headers["authorization"]}
        with pytest.raises(httpx2.TransportError):
            httpx2.post(address + path, json=body, headers=headers, timeout=30)
        assert process.wait(timeout=30) == -signal.SIGKILL


def _acts(services: Services, action: str) -> int:
    with services.unit_of_work.read() as tx:
        return sum(f'"{action}"'.encode() in entry for entry in tx.session.scalars(select(StagedEntryRow.entry)))


def _rows(services: Services, table: type) -> int:
    with services.unit_of_work.read() as tx:
        return len(tx.session.scalars(select(table)).all())


@pytest.mark.parametrize("point", ["claimed", "before-commit"])
def test_a_crash_before_the_commit_leaves_nothing_and_the_request_runs_again_after_the_lease(
    settings: Settings, forum: ForumBackend, services: Services, clock: FakeClock, point: str
) -> None:
    _crash(settings, forum, point, "/v1/accounts", {"handle": "山间清风"})
    assert _rows(services, AccountRow) == 0
    waiting = forum.post("/v1/accounts", {"handle": "山间清风"}, headers=KEY)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency-in-progress")
    clock.advance(seconds=60)
    answer = forum.post("/v1/accounts", {"handle": "山间清风"}, headers=KEY)
    assert (answer.status_code, answer.json()["handle"]) == (201, "山间清风")
    assert "idempotency-replayed" not in answer.headers
    assert _rows(services, AccountRow) == _acts(services, "account.created") == 1


def test_a_crash_between_commit_and_answer_loses_nothing_the_repetition_is_answered_at_once(
    settings: Settings, forum: ForumBackend, services: Services
) -> None:
    _crash(settings, forum, "committed", "/v1/accounts", {"handle": "山间清风"})
    answer = forum.post("/v1/accounts", {"handle": "山间清风"}, headers=KEY)
    assert (answer.status_code, answer.headers["idempotency-replayed"]) == (201, "true")
    assert answer.json() == forum.account(answer.json()["id"])
    assert _rows(services, AccountRow) == _acts(services, "account.created") == 1


@pytest.mark.parametrize("point", ["asked", "before-commit"])
def test_a_crash_after_the_provider_was_asked_is_an_unknown_outcome_and_nobody_is_asked_again(
    settings: Settings, forum: ForumBackend, services: Services, clock: FakeClock, point: str
) -> None:
    account = forum.register("山间清风")["id"]
    document = {"type": "resident_id", "number": PERSON, "name": NAME}
    body = {"account_id": account, "method": "id2", "document": document}
    _crash(settings, forum, point, "/v1/verifications", body)
    waiting = forum.post("/v1/verifications", body, headers=KEY)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency-in-progress")
    clock.advance(seconds=60)
    first, again = (forum.post("/v1/verifications", body, headers=KEY) for _ in range(2))
    assert (first.status_code, again.content) == (201, first.content)
    shown = {name: first.json()[name] for name in ("outcome", "reason", "next", "level")}
    assert shown == {"outcome": "pending", "reason": "outcome-unknown", "next": "other-method", "level": "none"}
    assert _rows(services, VerificationRow) == _acts(services, "verification.started") == 1
    assert forum.get(f"/v1/verifications/{first.json()['id']}").json() == first.json()
    assert forum.account(account)["identity"]["level"] == "none"


def test_a_crash_while_a_text_goes_out_sends_no_second_one(
    settings: Settings, forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    body = {"account_id": forum.register("山间清风")["id"], "method": "phone_code", "phone": PHONE}
    _crash(settings, forum, "texted", "/v1/verifications", body)
    clock.advance(seconds=60)
    answer = forum.post("/v1/verifications", body, headers=KEY)
    assert (answer.status_code, answer.json()["outcome"], answer.json()["next"]) == (201, "pending", "code")
    assert _rows(services, CodeRow) == _rows(services, VerificationRow) == 1
    assert forum.get("/dev/outbox.json").json() == []
