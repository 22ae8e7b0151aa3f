"""Re-verification out of turn over HTTP: whom an order reaches, how far it is, and what the coming weeks ask."""

from collections.abc import Callable

import httpx2
import pytest

from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, reasons_of, sandbox_number
from tests.support.told import listen, told

NewForum = Callable[[str], ForumBackend]
PHONE = "14000000051"
REASON = "身份冒用投诉"


@pytest.fixture
def founder(forum: ForumBackend, clock: FakeClock) -> Json:
    """Of `tea` and `coffee`; a manager serves on `tea`. A day has passed since they were verified."""
    account = forum.moderator_to_be("发起人", phone=PHONE)
    forum.board(account["id"])
    forum.board(account["id"], "coffee")
    forum.manager(forum.moderator_to_be("管理员", sandbox_number(180))["id"])
    clock.advance(days=1)
    forum.log_in()
    return account


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def order(forum: ForumBackend, days: int = 7, **scope: object) -> Json:
    answer = forum.post("/v1/reverifications", {"scope": scope, "reason": REASON, "due_in_days": days})
    assert answer.status_code == 201, answer.text
    placed: Json = answer.json()
    return placed


def reverify(forum: ForumBackend, clock: FakeClock, account: Json) -> None:
    clock.advance(minutes=1)
    assert forum.phone_code(account["id"], PHONE)["outcome"] == "verified"
    assert forum.check_document(account["id"]).json()["outcome"] == "verified"


def due(forum: ForumBackend) -> list[tuple[str, str, str]]:
    """Handle, role and due day of everybody in office."""
    return sorted((one["handle"], one["role"], one["due_at"][:10]) for one in forum.moderators())


GRID, ORDERED = "2027-05-20", "2026-11-29"  # the first moment after the day, in UTC still the same day
FOUNDER, MANAGER = ("发起人", "founder"), ("管理员", "manager")


def test_an_order_reaches_exactly_its_scope(forum: ForumBackend, founder: Json) -> None:
    everybody = forum.moderators()
    manager = next(one for one in everybody if one["role"] == "manager")
    tea = manager["board_id"]
    before = due(forum)
    assert before == [(*FOUNDER, GRID), (*FOUNDER, GRID), (*MANAGER, GRID)]
    cases: tuple[tuple[Json, list[str]], ...] = (
        ({"moderator_id": manager["id"]}, [GRID, GRID, ORDERED]),
        ({"board": "coffee"}, [GRID, ORDERED, ORDERED]),
        ({"account_id": founder["id"]}, [ORDERED, ORDERED, ORDERED]),
    )
    for scope, expected in cases:
        placed = order(forum, **scope)
        assert placed["affected"] == (2 if "account_id" in scope else 1)
        assert sorted(day for *_, day in due(forum)) == sorted(expected), scope
    assert order(forum, board=tea)["affected"] == order(forum, board="tea")["affected"] == 2
    assert order(forum, all=True)["affected"] == 3
    assert [one["affected"] for one in forum.get("/v1/reverifications").json()["items"]].count(3) == 1


def test_an_order_names_one_scope_and_nothing_else(forum: ForumBackend, founder: Json) -> None:
    (coffee,) = [one for one in forum.moderators() if one["role"] == "manager"]
    scopes: tuple[object, ...] = (
        *({}, None, [], "all", {"all": False}, {"all": None}, {"all": "true"}, {"all": 1}),
        {"all": True, "board": "tea"},
        {"board": "tea", "account_id": founder["id"]},
        {"moderator_id": coffee["id"], "account_id": founder["id"]},
        *({"handle": "发起人"}, {"board": ""}, {"board": 7}, {"moderator_id": "m" * 61}),
    )
    for scope in scopes:
        refused = forum.post("/v1/reverifications", {"scope": scope, "reason": REASON, "due_in_days": 7})
        assert refusal(refused) == (422, "validation-failed"), scope
    faults: tuple[Json, ...] = (
        *({"due_in_days": days} for days in (-1, 366, 7.5, "7", None, True, 10**30)),
        *({"reason": reason} for reason in ("", None, "\u202e", "长" * 2001)),
        {"cause": "whim"},
        {"due_at": "2027-01-01T00:00:00Z"},
    )
    for more in faults:
        body = {"scope": {"all": True}, "reason": REASON, "due_in_days": 7, **more}
        assert refusal(forum.post("/v1/reverifications", body)) == (422, "validation-failed"), more
    for scope, code in (
        ({"moderator_id": "mod_none"}, "not-found"),
        ({"board": "none"}, "not-found"),
        ({"account_id": "acc_none"}, "account-not-found"),
    ):
        refused = forum.post("/v1/reverifications", {"scope": scope, "reason": REASON, "due_in_days": 7})
        assert refusal(refused) == (404, code)
    forum.post(f"/v1/moderators/{coffee['id']}/end", {"reason": "卸任"})
    ended = {"scope": {"moderator_id": coffee["id"]}, "reason": REASON, "due_in_days": 7}
    assert refusal(forum.post("/v1/reverifications", ended)) == (409, "state-conflict")
    assert forum.get("/v1/reverifications").json()["items"] == []


def test_an_order_brings_forward_and_never_back(forum: ForumBackend, founder: Json) -> None:
    order(forum, 7, all=True)
    order(forum, 365, all=True)
    order(forum, 30, account_id=founder["id"])
    assert {day for *_, day in due(forum)} == {ORDERED}
    order(forum, 3, all=True)
    assert {day for *_, day in due(forum)} == {"2026-11-25"}


def test_an_order_for_today_is_overdue_at_once_and_then_takes_the_powers(
    forum: ForumBackend, founder: Json, clock: FakeClock, services: Services
) -> None:
    listen(forum)
    placed = order(forum, 0, board="coffee")
    assert (placed["status"], placed["overdue"], placed["due_at"]) == ("overdue", 1, "2026-11-22T04:00:00.000Z")
    (late,) = forum.moderators(state="overdue")
    assert (late["powers"], late["due_at"], late["suspends_at"]) == (
        True,
        "2026-11-22T04:00:00.000Z",
        "2026-12-06T04:00:00.000Z",
    )
    assert forum.moderate(founder["id"], "coffee").status_code == 201
    services.sweeps.look()
    (event,) = told(services, "moderator.overdue")
    assert REASON in event["data"]["notice"]["zh"]
    clock.advance(days=14)
    forum.log_in()
    assert reasons_of(forum.moderate(founder["id"], "coffee")) == ["moderator-suspended"]
    assert forum.moderate(founder["id"]).status_code == 201  # that board alone
    reverify(forum, clock, founder)
    assert forum.moderate(founder["id"], "coffee").status_code == 201
    assert forum.get(f"/v1/reverifications/{placed['id']}").json()["status"] == "completed"
    assert forum.get(f"/v1/moderators/{late['id']}").json()["due_at"][:10] == GRID  # before its window: only the order


def test_progress_counts_who_has_done_it_and_who_has_left(forum: ForumBackend, founder: Json, clock: FakeClock) -> None:
    placed = order(forum, 7, all=True)
    path = f"/v1/reverifications/{placed['id']}"
    assert forum.get(path).json() == placed
    assert (placed["affected"], placed["completed"], placed["overdue"], placed["status"]) == (3, 0, 0, "open")
    assert (placed["cause"], placed["reason"], placed["due_at"]) == ("order", REASON, "2026-11-29T16:00:00.000Z")
    forum.board(founder["id"], "latecomer")
    reverify(forum, clock, founder)
    assert forum.get(path).json() == placed | {"completed": 2}  # who came after the order is not in its scope
    clock.advance(days=7, hours=12, minutes=-1)
    forum.log_in()
    late = forum.get(path).json()
    assert late == placed | {"completed": 2, "overdue": 1, "status": "overdue"}
    (left,) = forum.moderators(state="overdue")
    forum.post(f"/v1/moderators/{left['id']}/end", {"reason": "卸任"})
    assert forum.get(path).json() == placed | {"completed": 3, "status": "completed"}
    assert forum.get("/v1/reverifications").json()["items"] == [forum.get(path).json()]
    nobody = order(forum, 7, account_id=forum.register("路人")["id"])
    assert (nobody["affected"], nobody["status"]) == (0, "completed")


def test_an_order_that_is_done_stands_in_no_later_ones_way(
    forum: ForumBackend, founder: Json, clock: FakeClock
) -> None:
    first = order(forum, 7, account_id=founder["id"])
    reverify(forum, clock, founder)
    assert {day for handle, _, day in due(forum) if handle == "发起人"} == {GRID}
    clock.advance(days=1)
    forum.log_in()
    second = order(forum, 20, account_id=founder["id"])
    assert {day for handle, _, day in due(forum) if handle == "发起人"} == {"2026-12-13"}
    done = [forum.get(f"/v1/reverifications/{one['id']}").json()["completed"] for one in (first, second)]
    assert done == [2, 0]
    reverify(forum, clock, founder)
    assert forum.get(f"/v1/reverifications/{second['id']}").json()["status"] == "completed"


def test_an_order_is_a_forums_own_and_a_repeated_one_is_placed_once(
    forum: ForumBackend, founder: Json, new_forum: NewForum
) -> None:
    other = new_forum("另一个论坛")
    other.board(other.moderator_to_be("别家", sandbox_number(181))["id"])
    (theirs,) = other.moderators()
    body = {"scope": {"all": True}, "reason": REASON, "due_in_days": 7}
    key = {"idempotency-key": "everybody-once-more"}
    first, again = (forum.post("/v1/reverifications", body, headers=key) for _ in range(2))
    assert (first.content, again.headers["idempotency-replayed"]) == (again.content, "true")
    (placed,) = forum.get("/v1/reverifications").json()["items"]
    assert (placed["id"], placed["affected"]) == (first.json()["id"], 3)
    assert other.moderators() == [theirs]
    assert other.get("/v1/reverifications").json() == {"items": [], "next_cursor": None}
    heard = [
        other.get(f"/v1/reverifications/{one}").json() | {"instance": "", "request_id": ""}
        for one in (placed["id"], "rvo_none")
    ]
    assert (heard[0], heard[0]["status"]) == (heard[1], 404)
    for scope in ({"account_id": founder["id"]}, {"board": forum.moderators()[0]["board_id"]}):
        assert other.post("/v1/reverifications", {**body, "scope": scope}).status_code == 404


def test_the_list_of_orders_comes_newest_first_in_pages(forum: ForumBackend, founder: Json, clock: FakeClock) -> None:
    placed = []
    for days in (5, 4, 3):
        clock.advance(seconds=1)
        placed.append(order(forum, days, account_id=founder["id"])["id"])
    page = forum.get("/v1/reverifications", params={"limit": 2}).json()
    rest = forum.get("/v1/reverifications", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [one["id"] for one in (*page["items"], *rest["items"])] == placed[::-1]
    assert rest["next_cursor"] is None
    for query in ({"cursor": "x"}, {"limit": "0"}, {"state": "open"}):
        assert refusal(forum.get("/v1/reverifications", params=query)) == (422, "validation-failed"), query


@pytest.mark.usefixtures("founder")
def test_the_forecast_counts_each_coming_week_and_writes_nothing(forum: ForumBackend, services: Services) -> None:
    before, events = forum.moderators(), len(told(services))
    found = forum.get("/v1/reverifications/forecast", params={"weeks": 30}).json()
    assert (found["interval_days"], len(found["weeks"])) == (None, 30)
    assert found["weeks"][0] == {"starts_on": "2026-11-22", "due": 0, "due_under_interval": None}
    starts = [week["starts_on"] for week in found["weeks"]]
    assert starts[1:3] == ["2026-11-23", "2026-11-30"]  # a Sunday, then Mondays
    assert {week["starts_on"]: week["due"] for week in found["weeks"] if week["due"]} == {"2027-05-17": 3}
    asked = forum.get("/v1/reverifications/forecast", params={"weeks": 52, "interval_days": 90}).json()
    monthly = {week["starts_on"]: week["due_under_interval"] for week in asked["weeks"] if week["due_under_interval"]}
    assert monthly == {"2027-02-15": 3, "2027-05-17": 3, "2027-08-16": 3}
    assert [week["due"] for week in asked["weeks"][:30]] == [week["due"] for week in found["weeks"]]
    assert forum.moderators() == before
    assert len(told(services)) == events
    for query in ({"weeks": "0"}, {"weeks": "53"}, {"interval_days": "29"}, {"interval_days": "366"}, {"days": "7"}):
        assert refusal(forum.get("/v1/reverifications/forecast", params=query)) == (422, "validation-failed"), query
