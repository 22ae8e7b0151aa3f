"""Suspension, ban, closing and the way back: what each does to the status, to permits, and how many there may be."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from sqlalchemy import event, insert, select

from app.accounts.models import AccountRow, ActRow
from app.audit.models import StagedEntryRow
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json

REVERSIBLE = timedelta(days=30)
CAP = 20


def act(forum: ForumBackend, account_id: str, what: str, **body: str) -> Any:
    return forum.post(f"/v1/accounts/{account_id}/{what}", body if what == "close" else {"reason": "违规", **body})


def done(forum: ForumBackend, account_id: str, what: str, **body: str) -> Json:
    answer = act(forum, account_id, what, **body)
    assert answer.status_code == 200, answer.text
    account: Json = answer.json()
    return account


def outcome(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


def soon(clock: FakeClock, **period: float) -> str:
    return (clock.now() + timedelta(**period)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_ACTS: list[tuple[list[str], str, int, str]] = [
    ([], "ban", 200, "banned"),
    ([], "close", 200, "closed"),
    ([], "reinstate", 409, "unverified"),
    (["suspend"], "ban", 200, "banned"),
    (["suspend"], "close", 200, "closed"),
    (["suspend"], "reinstate", 200, "unverified"),
    (["ban"], "suspend", 409, "banned"),
    (["ban"], "ban", 200, "banned"),
    (["ban"], "close", 200, "closed"),
    (["ban"], "reinstate", 200, "unverified"),
    (["close"], "suspend", 409, "closed"),
    (["close"], "ban", 200, "closed"),
    (["close"], "close", 200, "closed"),
    (["close"], "reinstate", 200, "unverified"),
    (["suspend", "close"], "reinstate", 200, "suspended"),
    (["suspend", "ban"], "reinstate", 200, "unverified"),
    (["ban", "close"], "reinstate", 200, "banned"),
    (["close", "ban"], "reinstate", 200, "banned"),
    (["close", "ban", "reinstate"], "reinstate", 200, "unverified"),
    (["close", "ban", "reinstate"], "suspend", 409, "banned"),
    (["close", "reinstate"], "reinstate", 409, "unverified"),
]
"""What was done before, what is done now, the answer, and the status after it."""


def test_every_act_on_every_state_ends_in_the_state_that_it_should(forum: ForumBackend, services: Services) -> None:
    services.forums.confirm_acts(OPERATOR, forum.credentials.forum_id)
    ended: dict[str, list[str]] = {}
    for number, (before, what, answer, status) in enumerate(_ACTS):
        account = forum.register(f"第{number}个")["id"]
        for earlier in before:
            done(forum, account, earlier)
        given = outcome(act(forum, account, what))
        assert given == ((200, None) if answer == 200 else (409, "state-conflict")), (before, what)
        assert forum.account(account)["status"] == status, (before, what)
        ended.setdefault(status, []).append(account)
    for status, accounts in ended.items():
        listed = [item["id"] for item in forum.get(f"/v1/accounts?status={status}").json()["items"]]
        assert sorted(listed) == sorted(accounts), status


def test_a_ban_and_a_closing_stop_permits_at_once_and_reinstating_lets_them_pass_again(forum: ForumBackend) -> None:
    account = forum.member("山间清风")["id"]
    token = forum.token(account).json()["token"]
    for what, reason, said in (
        ("ban", "account-banned", "This account is banned. Reason: 违规."),
        ("close", "account-closed", "This account is closed."),
    ):
        assert done(forum, account, what)["posting"] == {"allowed": False, "reasons": [reason]}
        assert forum.verify_token(token) == {"active": False, "reason": reason}
        refused = forum.token(account).json()
        assert [(denial["code"], denial["detail"]) for denial in refused["reasons"]] == [(reason, said)]
        assert done(forum, account, "reinstate")["posting"] == {"allowed": True, "reasons": []}
        assert forum.verify_token(token)["active"] is True


def test_every_reason_is_named_and_the_newest_ban_gives_the_sentence(forum: ForumBackend) -> None:
    account = forum.register("山间清风")["id"]
    done(forum, account, "ban", reason="旧原因")
    done(forum, account, "ban", reason="新原因")
    done(forum, account, "close", reason="本人要求")
    reasons = forum.token(account).json()["reasons"]
    assert [denial["code"] for denial in reasons] == [
        "identity-unverified",
        "agreement-not-accepted",
        "account-banned",
        "account-closed",
    ]
    assert "新原因" in reasons[2]["detail"]
    assert "本人" not in str(reasons)


def test_a_ban_does_not_end_with_the_suspension_that_it_replaced(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")["id"]
    done(forum, account, "suspend", until=soon(clock, minutes=1))
    done(forum, account, "ban")
    clock.advance(minutes=2)
    assert forum.account(account)["status"] == "banned"
    assert done(forum, account, "reinstate")["status"] == "unverified"


def test_a_suspension_under_a_closing_runs_out_by_itself(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")["id"]
    done(forum, account, "suspend", until=soon(clock, minutes=1))
    done(forum, account, "close")
    clock.advance(minutes=1)
    assert done(forum, account, "reinstate")["status"] == "unverified"
    assert outcome(act(forum, account, "reinstate")) == (409, "state-conflict")


def test_exactly_after_30_days_a_closing_is_final_and_a_ban_still_possible(
    forum: ForumBackend, clock: FakeClock
) -> None:
    early, late = forum.register("山间清风")["id"], forum.register("海上明月")["id"]
    for account in (early, late):
        done(forum, account, "close")
    clock.advance(days=29)
    forum.log_in()
    assert done(forum, late, "close")["status"] == "closed"
    clock.advance(hours=23, minutes=59, seconds=59.999)
    forum.log_in()
    assert done(forum, early, "reinstate")["status"] == "unverified"
    clock.advance(milliseconds=1)
    refused = act(forum, late, "reinstate")
    assert outcome(refused) == (409, "state-conflict")
    assert refused.json()["detail"] == (
        "This account was closed 30 days ago or earlier and stays closed; register a new one."
    )
    assert done(forum, late, "ban")["status"] == "closed"
    assert outcome(act(forum, late, "reinstate")) == (409, "state-conflict")


def test_closing_twice_changes_nothing(forum: ForumBackend, services: Services, clock: FakeClock) -> None:
    account = forum.register("山间清风")["id"]
    first = done(forum, account, "close")
    clock.advance(seconds=1)
    assert done(forum, account, "close", reason="再关一次") == first
    assert acts(services) == [("close", None)]
    assert entries(services) == [("account.closed", "")]


def test_a_closing_needs_no_reason(forum: ForumBackend) -> None:
    account = forum.register("山间清风")["id"]
    unreadable: list[object] = [{"reason": ""}, {"reason": "长" * 401}, {"reason": "\u200b"}, {"because": "违规"}, []]
    for bad in unreadable:
        assert outcome(forum.post(f"/v1/accounts/{account}/close", bad)) == (422, "validation-failed")
    assert forum.account(account)["status"] == "unverified"
    for body in ({}, {"reason": None}):
        assert outcome(forum.post(f"/v1/accounts/{account}/close", body)) == (200, None)
        done(forum, account, "reinstate")


def test_each_act_is_kept_with_its_reason_and_on_record_without_it(forum: ForumBackend, services: Services) -> None:
    account = forum.register("山间清风")["id"]
    for what in ("suspend", "reinstate", "ban", "reinstate", "ban", "close", "reinstate"):
        done(forum, account, what, reason=f"因为{what}")
    assert acts(services)[:3] == [("suspend", "因为suspend"), ("reinstate", "因为reinstate"), ("ban", "因为ban")]
    assert entries(services) == [
        ("account.banned", ""),
        ("account.banned", ""),
        ("account.closed", ""),
        ("account.reinstated", "ban"),
        ("account.reinstated", "closing"),
        ("account.reinstated", "suspension"),
        ("account.suspended", ""),
    ]


def acts(services: Services) -> list[tuple[str, str | None]]:
    with services.unit_of_work.read() as tx:
        return [(row.kind, row.reason) for row in tx.session.scalars(select(ActRow).order_by(ActRow.id))]


def entries(services: Services) -> list[tuple[str, str]]:
    """Action and reason of what was done to accounts; entries of one moment in any order, so each kind by itself."""
    with services.unit_of_work.read() as tx:
        found = [json.loads(raw) for raw in tx.session.scalars(select(StagedEntryRow.entry))]
    acted = [entry for entry in found if entry["object"]["kind"] == "account" and entry["action"] != "account.created"]
    return sorted((entry["action"], entry["reason"] or "") for entry in acted)


# ---------------------------------------------------------------- the cap


def people(services: Services, forum: ForumBackend, count: int, prefix: str = "acc_p") -> list[str]:
    """Accounts straight into the table: registering two thousand of them over HTTP shows nothing more."""
    now = services.clock.now()
    ids = [f"{prefix}{number:05d}" for number in range(count)]
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(
            insert(AccountRow),
            [
                {
                    "id": account_id,
                    "forum_id": forum.credentials.forum_id,
                    "handle": account_id[4:],
                    "handle_key": account_id[4:],
                    "created_at": now,
                    "updated_at": now,
                    "status_index": place,
                }
                for place, account_id in enumerate(ids)
            ],
        )
    return ids


def client_of(forum: ForumBackend) -> Actor:
    return Actor(ActorKind.CLIENT, forum.credentials.client_id)


def test_the_act_on_a_21st_account_in_an_hour_needs_the_operator(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    accounts = people(services, forum, 30)
    kinds = ("suspend", "ban", "close")
    for number, account in enumerate(accounts[:CAP]):
        done(forum, account, kinds[number % 3])
    for what in kinds:
        refused = act(forum, accounts[CAP], what)
        assert outcome(refused) == (409, "needs-confirmation")
        assert "shiming forum confirm" in refused.json()["detail"]
    assert forum.account(accounts[CAP])["status"] == "unverified"
    done(forum, accounts[0], "ban")
    done(forum, accounts[0], "reinstate")
    done(forum, accounts[0], "suspend")
    clock.advance(minutes=59, seconds=59.999)
    assert outcome(act(forum, accounts[CAP], "ban")) == (409, "needs-confirmation")
    clock.advance(milliseconds=1)
    forum.log_in()
    assert done(forum, accounts[CAP], "ban")["status"] == "banned"


def test_a_confirmation_lifts_the_cap_for_one_hour_and_in_its_forum_only(
    new_forum: Callable[[str], ForumBackend], services: Services, clock: FakeClock
) -> None:
    forum, other = new_forum("甲论坛"), new_forum("乙论坛")
    accounts, theirs = people(services, forum, 50), people(services, other, 21, "acc_q")
    until = services.forums.confirm_acts(OPERATOR, forum.credentials.forum_id)
    assert until == clock.now() + timedelta(hours=1)
    for account in accounts[:40]:
        done(forum, account, "ban")
    for account in theirs[:CAP]:
        done(other, account, "ban")
    assert outcome(act(other, theirs[CAP], "ban")) == (409, "needs-confirmation")
    clock.advance(minutes=59, seconds=59.999)
    done(forum, accounts[40], "ban")
    clock.advance(milliseconds=1)
    forum.log_in()
    for account in accounts[41:]:
        done(forum, account, "ban")  # the first 40 are an hour old by now


def test_one_percent_of_a_large_forum_is_more_than_20(forum: ForumBackend, services: Services) -> None:
    accounts = people(services, forum, 2199)
    for account in accounts[:21]:
        services.sanctions.ban(client_of(forum), forum.credentials.forum_id, account, "违规")
    assert outcome(act(forum, accounts[21], "ban")) == (409, "needs-confirmation")
    forum.register("第两千二百个")
    done(forum, accounts[21], "ban")
    assert outcome(act(forum, accounts[22], "ban")) == (409, "needs-confirmation")


def test_the_operator_is_not_capped(forum: ForumBackend, services: Services) -> None:
    for account in people(services, forum, 25):
        services.sanctions.ban(OPERATOR, forum.credentials.forum_id, account, "违规")
    assert len(forum.get("/v1/accounts?status=banned").json()["items"]) == 25
    done(forum, forum.register("山间清风")["id"], "ban")


def test_of_fifty_suspensions_at_once_exactly_twenty_pass(forum: ForumBackend, services: Services) -> None:
    accounts = people(services, forum, 50)
    with ThreadPoolExecutor(50) as pool:
        answers = Counter(pool.map(lambda account: outcome(act(forum, account, "suspend")), accounts))
    assert answers == {(200, None): CAP, (409, "needs-confirmation"): 30}
    assert len(forum.get("/v1/accounts?status=suspended").json()["items"]) == CAP


def test_below_the_cap_nobody_counts_the_accounts_of_a_forum(forum: ForumBackend, services: Services) -> None:
    accounts = people(services, forum, 21)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    event.listen(services.engine, "before_cursor_execute", note)
    for account in accounts[:CAP]:
        done(forum, account, "ban")
    counted = [statement for statement in statements if "count(*)" in statement]
    act(forum, accounts[CAP], "ban")
    event.remove(services.engine, "before_cursor_execute", note)
    assert counted == []
    assert [statement for statement in statements if "count(*)" in statement]
