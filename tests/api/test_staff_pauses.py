"""The emergency switch and its drills over HTTP: who may, what is said, and that one person never lifts alone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.staff.access import Role
from app.staff.domain import Face
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, reasons_of
from tests.support.staff import make_staff, open_session

SPREADS = {"scope": {"all": True}, "reason": "违规信息扩散"}
HELD = {"held_on": "2026-11-21", "scenario": "全站暂停", "outcome": "2 分钟停下\n第二人 5 分钟到位"}
Opened = Callable[..., httpx2.Client]


@pytest.fixture
def opened(services: Services, address: str) -> Iterator[Opened]:
    """A client of a member with these roles."""
    with ExitStack() as stack:
        yield lambda *roles: stack.enter_context(make_staff(services, *roles).http(address))


@pytest.fixture
def first(opened: Opened) -> httpx2.Client:
    return opened(Role.COMPLIANCE)


@pytest.fixture
def second(opened: Opened) -> httpx2.Client:
    return opened(Role.COMPLIANCE)


def outcome(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"] if answer.content else ""


def made(answer: httpx2.Response) -> Json:
    assert answer.status_code == 201, answer.text
    told: Json = answer.json()
    return told


def test_one_person_stops_posting_and_a_second_one_lets_it_go_on(
    forum: ForumBackend, first: httpx2.Client, second: httpx2.Client
) -> None:
    account = forum.member("山间清风")
    scope = {"forum_id": forum.credentials.forum_id}
    pause = made(first.post("/v1/staff/pauses", json={"scope": scope, "reason": "违规信息扩散"}))
    assert (pause["scope"], pause["reason"], pause["ended_at"], pause["ended_by"]) == (
        scope,
        "违规信息扩散",
        None,
        None,
    )
    assert pause["began_at"] == "2026-11-21T04:00:00.000Z"
    assert reasons_of(forum.token(account["id"])) == ["posting-paused"]
    assert outcome(first.delete(f"/v1/staff/pauses/{pause['id']}")) == (403, "needs-second-person")
    assert reasons_of(forum.token(account["id"])) == ["posting-paused"]
    assert outcome(second.delete(f"/v1/staff/pauses/{pause['id']}")) == (204, "")
    assert forum.token(account["id"]).status_code == 201
    (listed,) = first.get("/v1/staff/pauses").json()["items"]
    assert listed == {**pause, "ended_at": "2026-11-21T04:00:00.000Z", "ended_by": listed["ended_by"]}
    assert listed["ended_by"] not in {None, pause["began_by"]}
    assert outcome(second.delete(f"/v1/staff/pauses/{pause['id']}")) == (409, "state-conflict")


def test_the_same_person_with_two_sessions_is_one_person(services: Services, address: str) -> None:
    member = make_staff(services, Role.COMPLIANCE)
    with services.unit_of_work.begin(OPERATOR) as tx:
        another = open_session(services, tx, member.staff_id, Face.API)
    headers = {"authorization": f"Bearer {another}"}
    with member.http(address) as here:
        pause = made(here.post("/v1/staff/pauses", json=SPREADS))
    with httpx2.Client(base_url=address, headers=headers) as there:
        assert outcome(there.delete(f"/v1/staff/pauses/{pause['id']}")) == (403, "needs-second-person")


def test_only_compliance_throws_lifts_and_sees_the_switch(opened: Opened, forum: ForumBackend, address: str) -> None:
    def asked(client: httpx2.Client) -> list[tuple[int, str]]:
        return [
            outcome(answer)
            for answer in (
                client.post("/v1/staff/pauses", json=SPREADS),
                client.get("/v1/staff/pauses"),
                client.delete(f"/v1/staff/pauses/pau_{'0' * 32}"),
                client.post("/v1/staff/drills", json=HELD),
                client.get("/v1/staff/drills"),
            )
        ]

    for role in set(Role) - {Role.COMPLIANCE}:
        assert asked(opened(role)) == [(403, "role-not-sufficient")] * 5, role
    assert asked(forum.http) == [(403, "insufficient-scope")] * 5
    with httpx2.Client(base_url=address) as nobody:
        assert asked(nobody) == [(401, "invalid-token")] * 5


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "理由"}, "/scope"),
        ({"scope": {}, "reason": "理由"}, "/scope"),
        ({"scope": {"all": False}, "reason": "理由"}, "/scope/all"),
        ({"scope": {"all": 1}, "reason": "理由"}, "/scope/all"),
        ({"scope": {"all": True, "forum_id": "frm_1"}, "reason": "理由"}, "/scope"),
        ({"scope": {"forum_id": "frm_1", "board_id": "brd_1"}, "reason": "理由"}, "/scope"),
        ({"scope": {"forum_id": ["frm_1"]}, "reason": "理由"}, "/scope/forum_id"),
        ({"scope": {"forum_id": ""}, "reason": "理由"}, "/scope/forum_id"),
        ({"scope": {"board": "tea"}, "reason": "理由"}, "/scope"),
        ({"scope": "all", "reason": "理由"}, "/scope"),
        ({"scope": {"all": True}}, "/reason"),
        ({"scope": {"all": True}, "reason": ""}, "/reason"),
        ({"scope": {"all": True}, "reason": "字" * 401}, "/reason"),
        ({**SPREADS, "began_by": "stf_1"}, ""),
        ({**SPREADS, "ended_at": "2026-11-21T04:00:00Z"}, ""),
    ],
)
def test_what_is_no_pause_is_refused_field_by_field(first: httpx2.Client, body: Json, pointer: str) -> None:
    refused = first.post("/v1/staff/pauses", json=body)
    assert outcome(refused) == (422, "validation-failed")
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert first.get("/v1/staff/pauses").json()["items"] == []


def test_a_reason_that_nobody_sees_and_a_place_that_there_is_not_are_refused(first: httpx2.Client) -> None:
    for reason in ("\t", "\u200b\u200b"):
        refused = first.post("/v1/staff/pauses", json={"scope": {"all": True}, "reason": reason})
        assert outcome(refused) == (422, "validation-failed")
    for scope in ({"forum_id": "frm_1"}, {"forum_id": "论坛"}, {"board_id": "brd_1"}, {"board_id": "tea"}):
        assert outcome(first.post("/v1/staff/pauses", json={"scope": scope, "reason": "理由"})) == (404, "not-found")
    for unknown in ("pau_1", "暂停", "x" * 500):
        assert outcome(first.delete(f"/v1/staff/pauses/{unknown}")) == (404, "not-found")


def test_a_second_pause_of_a_place_is_refused_and_a_repetition_by_key_hears_the_first_answer(
    first: httpx2.Client, second: httpx2.Client
) -> None:
    key = {"idempotency-key": "switch-thrown-once"}
    pause = first.post("/v1/staff/pauses", json=SPREADS, headers=key)
    again = first.post("/v1/staff/pauses", json=SPREADS, headers=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (pause.content, "true")
    assert outcome(first.post("/v1/staff/pauses", json=SPREADS)) == (409, "state-conflict")
    assert outcome(second.post("/v1/staff/pauses", json=SPREADS, headers=key)) == (409, "state-conflict")
    assert len(first.get("/v1/staff/pauses").json()["items"]) == 1


def test_pauses_and_drills_come_in_pages_the_newest_first(
    first: httpx2.Client, second: httpx2.Client, forum: ForumBackend, clock: FakeClock
) -> None:
    board = forum.board(forum.moderator_to_be("山间清风")["id"])["id"]
    scopes: list[Json] = [{"all": True}, {"forum_id": forum.credentials.forum_id}, {"board_id": board}]
    for scope in scopes:
        made(first.post("/v1/staff/pauses", json={"scope": scope, "reason": "理由"}))
        made(first.post("/v1/staff/drills", json=HELD))
        clock.advance(seconds=1)
    pauses = first.get("/v1/staff/pauses").json()["items"]
    assert [pause["scope"] for pause in pauses] == scopes[::-1]
    for path in ("/v1/staff/pauses", "/v1/staff/drills"):
        whole = first.get(path).json()
        ids = [item["id"] for item in whole["items"]]
        assert all(newer > older for newer, older in pairwise(ids))
        page = first.get(path, params={"limit": 2}).json()
        rest = first.get(path, params={"limit": 2, "cursor": page["next_cursor"]}).json()
        assert ([item["id"] for item in page["items"] + rest["items"]], rest["next_cursor"]) == (ids, None)
        for wrong in ({"cursor": "x"}, {"limit": "0"}, {"limit": "201"}, {"unknown": "1"}):
            assert outcome(first.get(path, params=wrong)) == (422, "validation-failed")
    second.delete(f"/v1/staff/pauses/{pauses[1]['id']}")
    states = {state: first.get("/v1/staff/pauses", params={"state": state}).json() for state in ("in_force", "ended")}
    assert {state: [one["scope"] for one in page["items"]] for state, page in states.items()} == {
        "in_force": [scopes[2], scopes[0]],
        "ended": [scopes[1]],
    }
    assert outcome(first.get("/v1/staff/pauses", params={"state": "open"})) == (422, "validation-failed")


def test_a_drill_is_recorded_as_it_was_told_by_whoever_told_it(first: httpx2.Client) -> None:
    drill = made(first.post("/v1/staff/drills", json=HELD))
    assert {name: drill[name] for name in HELD} == HELD
    assert drill["recorded_at"] == "2026-11-21T04:00:00.000Z"
    assert first.get("/v1/staff/drills").json() == {"items": [drill], "next_cursor": None}
    for wrong, pointer in (
        ({"held_on": "2026-11-22"}, "/held_on"),
        ({"held_on": "2026-02-30"}, "/held_on"),
        ({"held_on": 20261121}, "/held_on"),
        ({"scenario": "\u200b"}, "/scenario"),
        ({"outcome": "字" * 2001}, "/outcome"),
        ({"recorded_by": "stf_1"}, ""),
    ):
        refused = first.post("/v1/staff/drills", json={**HELD, **wrong})
        assert outcome(refused) == (422, "validation-failed"), wrong
        assert refused.json()["errors"][0]["pointer"] == pointer


def test_there_is_no_way_to_change_or_take_away_a_drill(first: httpx2.Client) -> None:
    drill = made(first.post("/v1/staff/drills", json=HELD))
    for method in ("PUT", "PATCH", "DELETE"):
        answer = first.request(method, f"/v1/staff/drills/{drill['id']}", json=HELD)
        assert answer.status_code in {404, 405}
    assert first.get("/v1/staff/drills").json()["items"] == [drill]
