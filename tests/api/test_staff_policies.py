"""Policies over HTTP: every number has a source; what staff change is on record first, and reaches whom it must."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from app import policies
from app.audit.search import Question
from app.boards.schedules import Terms, day_of, end_of
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.desk import Desk
from tests.support.forum import ForumBackend, Json, sandbox_number
from tests.support.record import unpublished
from tests.support.staff import make_staff

POLICIES = "/v1/staff/policies"
Caller = httpx2.Client


@pytest.fixture
def admin(services: Services, address: str) -> Iterator[Caller]:
    with make_staff(services, "admin").http(address) as http:
        yield http


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def faults(answer: Any) -> list[tuple[str, str]]:
    assert refusal(answer) == (422, "validation-failed"), answer.text
    return [(error["pointer"], error["reason"]) for error in answer.json()["errors"]]


def change(admin: Caller, name: str = "reverification_interval", value: int | None = 90, **more: object) -> Any:
    return admin.post(POLICIES, json={"name": name, "value": value, "reason": "年度评估", **more})


def in_force(admin: Caller, **query: str) -> dict[str, int]:
    found = admin.get(POLICIES, params={"limit": 200, **query}).json()["items"]
    return {one["name"]: one["in_force"] for one in found if one["in_force"] is not None}


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_every_number_is_shown_with_its_unit_and_its_source(admin: Caller) -> None:
    found: list[Json] = []
    cursor = None
    while not found or cursor:
        page = admin.get(POLICIES, params={"limit": 60} | ({"cursor": cursor} if cursor else {})).json()
        found, cursor = found + page["items"], page["next_cursor"]
    every = dict(policies.every_number())
    assert [one["name"] for one in found] == list(every)
    assert len(found) == len(every) > 150
    for one in found:
        policy = every[one["name"]]
        assert (one["value"], one["unit"], one["source"]) == (policy.value, policy.unit, policy.source)
        assert one["unit"]
        assert one["source"]
    rows = {name for name, value in vars(policies).items() if isinstance(value, policies.Policy)}
    assert {name.lower() for name in rows} <= set(every)
    assert {"rate_tokens", "reverification_reminders_2", "event_retries_9"} <= set(every)
    settable = {one["name"]: one["in_force"] for one in found if one["in_force"] is not None}
    assert settable == {"reverification_interval": 180, "reverification_grace": 14}
    assert every["sms_pause"].setting == "SHIMING_SMS_PAUSE_SECONDS"
    assert faults(admin.get(f"{POLICIES}?cursor=cG9sX25vdGhpbmc")) == [("/cursor", "not-a-cursor")]


def test_what_is_asked_of_all_forums_holds_where_a_forum_says_nothing_itself(
    admin: Caller, services: Services, forum: ForumBackend
) -> None:
    other = services.forums.add(OPERATOR, "另一个论坛").forum_id
    here = forum.credentials.forum_id
    assert change(admin).status_code == 201
    assert change(admin, "reverification_grace", 7, forum_id=here).status_code == 201
    assert in_force(admin) == {"reverification_interval": 90, "reverification_grace": 14}
    assert in_force(admin, forum_id=here) == {"reverification_interval": 90, "reverification_grace": 7}
    change(admin, value=60, forum_id=here)
    change(admin, value=45)
    assert in_force(admin, forum_id=here)["reverification_interval"] == 60
    assert in_force(admin, forum_id=other)["reverification_interval"] == 45
    change(admin, value=None, forum_id=here)
    assert in_force(admin, forum_id=here) == {"reverification_interval": 45, "reverification_grace": 7}


def test_a_change_reaches_every_board_and_gives_thirty_days(
    admin: Caller, forum: ForumBackend, clock: FakeClock
) -> None:
    founder = forum.moderator_to_be("发起人")
    forum.board(founder["id"])
    filed_on = day_of(clock.now())
    at = clock.now() + timedelta(days=10)
    assert change(admin, value=30, effective_at=stamp(at)).status_code == 201
    (before,) = forum.moderators()
    clock.advance(days=10)
    forum.log_in()
    (after,) = forum.moderators()
    assert (before["interval_days"], after["interval_days"]) == (180, 30)
    assert after["due_at"] == stamp(end_of(filed_on + 10 + 30))


def test_a_number_that_is_set_today_stays_when_the_other_one_changes_as_announced(
    services: Services, address: str, admin: Caller, clock: FakeClock
) -> None:
    ahead = stamp(clock.now() + timedelta(days=30))
    assert change(admin, value=90, effective_at=ahead).status_code == 201
    assert change(admin, "reverification_grace", 7).status_code == 201
    assert in_force(admin) == {"reverification_interval": 180, "reverification_grace": 7}
    clock.advance(days=30)
    with make_staff(services, "admin").http(address) as then:
        assert in_force(then) == {"reverification_interval": 90, "reverification_grace": 7}


def test_changes_at_once_for_all_and_for_one_are_all_made(admin: Caller, forum: ForumBackend) -> None:
    founder, here = forum.moderator_to_be("发起人"), forum.credentials.forum_id
    forum.board(founder["id"])
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda number: change(admin, value=40 + number, forum_id=(None, here)[number % 2]), range(8))
    assert [answer.status_code for answer in answers] == [201] * 8
    made = admin.get(f"{POLICIES}/changes").json()["items"]
    assert sorted(one["interval_days"] for one in made) == list(range(40, 48))
    of_forum = next(one for one in made if one["forum_id"] == here)
    assert in_force(admin, forum_id=here)["reverification_interval"] == of_forum["interval_days"]
    (moderator,) = forum.moderators()
    assert moderator["interval_days"] == of_forum["interval_days"]


def test_the_change_stands_on_record_before_it_is_made_and_its_answer_proves_it(
    admin: Caller, services: Services
) -> None:
    changed = change(admin, source="L8d", effective_at=None).json()
    entry = json.loads(changed["receipt"]["entry"])
    assert (entry["action"], entry["object"], entry["outcome"]) == (
        "terms.changed",
        {"kind": "forum", "id": "all"},
        "begun",
    )
    assert entry["actor"]["kind"] == "staff"
    services.audit.sequencer.catch_up()
    proved = services.audit.proofs.inclusion(entry["id"])
    assert proved.entry == changed["receipt"]["entry"]
    (shown,) = admin.get(f"{POLICIES}/changes").json()["items"]
    assert shown == {
        "number": changed["number"],
        "forum_id": None,
        "board_id": None,
        "effective_at": changed["effective_at"],
        "interval_days": 90,
        "grace_days": None,
        "lapse_stops_posting": None,
        "source": "L8d",
        "reason": "年度评估",
        "changed_by": entry["actor"]["id"],
        "made_at": changed["effective_at"],
    }


def test_what_cannot_be_put_on_record_does_not_change(admin: Caller, services: Services) -> None:
    services.term_changes._receipts._patience = 0.2
    with unpublished(services):
        assert refusal(change(admin)) == (503, "unavailable")
    assert in_force(admin)["reverification_interval"] == 180
    assert admin.get(f"{POLICIES}/changes").json()["items"] == []
    assert change(admin).status_code == 201


def test_a_repeated_change_is_one_change_and_one_attempt(admin: Caller, services: Services) -> None:
    key = {"idempotency-key": "one-change-and-no-more"}
    body = {"name": "reverification_grace", "value": 3, "reason": "收紧"}
    first, again = (admin.post(POLICIES, json=body, headers=key) for _ in range(2))
    assert first.status_code == 201
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    services.audit.sequencer.catch_up()
    found = [one.entry for one in services.audit.search.find(Question(action="terms.changed"), 100) if one.entry]
    assert {one["outcome"] for one in found} == {"begun", "done"}
    assert len(found) == 2
    said = change(admin, "reverification_grace", 3).json()
    assert said["number"] is None  # it was so already
    assert len(admin.get(f"{POLICIES}/changes").json()["items"]) == 1


def test_the_history_comes_newest_first_in_pages_and_by_forum(
    admin: Caller, services: Services, forum: ForumBackend
) -> None:
    other = services.forums.add(OPERATOR, "另一个论坛").forum_id
    for value, forum_id in ((90, None), (60, forum.credentials.forum_id), (45, other)):
        assert change(admin, value=value, forum_id=forum_id).status_code == 201
    whole = admin.get(f"{POLICIES}/changes").json()["items"]
    assert [one["interval_days"] for one in whole] == [45, 60, 90]
    first = admin.get(f"{POLICIES}/changes?limit=2").json()
    second = admin.get(f"{POLICIES}/changes", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert first["items"] + second["items"] == whole
    of_one = admin.get(f"{POLICIES}/changes", params={"forum_id": other}).json()["items"]
    assert [one["interval_days"] for one in of_one] == [45, 90]
    for path in (POLICIES, f"{POLICIES}/changes"):
        assert refusal(admin.get(path, params={"forum_id": "frm_1"})) == (404, "not-found")


def test_a_rehearsal_shows_what_would_come_and_changes_nothing(
    admin: Caller, services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    desk = Desk(services, forum.credentials.forum_id)
    for number in range(3):
        desk.board(desk.moderator_to_be(f"版主{number}号", sandbox_number(200 + number)), f"board-{number}")
    asked = {"name": "reverification_interval", "value": 60, "weeks": 30}
    found = admin.post(f"{POLICIES}/rehearse", json=asked).json()
    assert (found["moderators"], found["concerned"]) == (3, 3)
    due = {
        week["starts_on"]: (week["due"], week["due_then"]) for week in found["weeks"] if week["due"] + week["due_then"]
    }
    assert sum(now for now, _ in due.values()) == 3  # after 180 days
    assert sum(then for _, then in due.values()) == 9  # after 60, 120 and 180
    off = {week["starts_on"]: (week["powers_off"], week["powers_off_then"]) for week in found["weeks"]}
    assert sum(now for now, _ in off.values()) == sum(then for _, then in off.values()) == 3
    grace = admin.post(f"{POLICIES}/rehearse", json={**asked, "name": "reverification_grace", "value": 0}).json()
    assert [week["due"] for week in grace["weeks"]] == [week["due_then"] for week in grace["weeks"]]
    assert [week["powers_off"] for week in grace["weeks"]] != [week["powers_off_then"] for week in grace["weeks"]]
    ahead = stamp(clock.now() + timedelta(days=200))
    later = admin.post(f"{POLICIES}/rehearse", json={**asked, "weeks": 26, "effective_at": ahead}).json()
    assert [week["due"] for week in later["weeks"]] == [week["due_then"] for week in later["weeks"]]
    assert admin.get(f"{POLICIES}/changes").json()["items"] == []
    assert services.term_changes.in_force(None) == Terms(180, 14)


def test_a_rehearsal_counts_whom_it_concerns(admin: Caller, services: Services, forum: ForumBackend) -> None:
    desk = Desk(services, forum.credentials.forum_id)
    desk.board(desk.moderator_to_be("版主一号", sandbox_number(210)), "board-1")
    strict = desk.board(desk.moderator_to_be("版主二号", sandbox_number(211)), "board-2")
    assert forum.http.patch(f"/v1/boards/{strict.board.id}", json={"interval_days": 30}).status_code == 200
    other = services.forums.add(OPERATOR, "另一个论坛").forum_id
    asked = {"name": "reverification_interval", "value": 60}
    assert admin.post(f"{POLICIES}/rehearse", json=asked).json()["concerned"] == 1
    found = admin.post(f"{POLICIES}/rehearse", json={**asked, "forum_id": other}).json()
    assert (found["moderators"], found["concerned"]) == (0, 0)


def test_what_cannot_be_is_refused_field_by_field(admin: Caller, clock: FakeClock) -> None:
    past, far = stamp(clock.now() - timedelta(seconds=1)), stamp(clock.now() + timedelta(days=366))
    for wrong, fault in (
        ({"value": 29}, ("/value", "out-of-range")),
        ({"value": 366}, ("/value", "not-allowed")),
        ({"name": "reverification_grace", "value": 91}, ("/value", "out-of-range")),
        ({"value": True}, ("/value", "wrong-type")),
        ({"value": "90"}, ("/value", "wrong-type")),
        ({"name": "adult_age"}, ("/name", "not-allowed")),
        ({"effective_at": past}, ("/effective_at", "out-of-range")),
        ({"effective_at": far}, ("/effective_at", "out-of-range")),
        ({"reason": " "}, ("/reason", "too-short")),
        ({"source": "a\u202eb"}, ("/source", "bad-character")),
        ({"board_id": "brd_1"}, ("", "unknown-field")),
    ):
        body = {"name": "reverification_interval", "value": 90, "reason": "评估", **wrong}
        assert faults(admin.post(POLICIES, json=body)) == [fault], wrong
    assert refusal(change(admin, forum_id="frm_1")) == (404, "not-found")
    assert admin.get(f"{POLICIES}/changes").json()["items"] == []


def test_only_admins_set_policies_and_only_with_a_fresh_second_factor(
    services: Services, address: str, forum: ForumBackend, clock: FakeClock
) -> None:
    for role in ("compliance", "reviewer", "privacy", "auditor"):
        with make_staff(services, role).http(address) as caller:
            assert refusal(caller.get(POLICIES)) == (403, "role-not-sufficient")
            assert refusal(change(caller)) == (403, "role-not-sufficient")
    member = make_staff(services, "admin")
    with member.http(address) as admin:
        clock.advance(minutes=6)
        assert refusal(change(admin)) == (403, "second-factor-needed")
        assert member.step_up(address).status_code == 200
        assert change(admin).status_code == 201
    assert refusal(forum.get(POLICIES)) == (403, "insufficient-scope")
