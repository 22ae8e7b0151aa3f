"""Staff look at forums, moderators, boards and accounts over HTTP: over all forums, and never at who is behind."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import NAME, PERSON, ForumBackend, Json, sandbox_number
from tests.support.staff import make_staff

NewForum = Callable[[str], ForumBackend]
PHONE = "14000000061"
ORDERS = "/v1/staff/reverifications"


@pytest.fixture
def staff(services: Services, address: str) -> Iterator[httpx2.Client]:
    with make_staff(services, "admin", "compliance", "reviewer").http(address) as http:
        yield http


@pytest.fixture
def other(new_forum: NewForum) -> ForumBackend:
    return new_forum("水乡论坛")


def items(staff: httpx2.Client, path: str, **query: str) -> list[Json]:
    answer = staff.get(f"/v1/staff/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def all_pages(staff: httpx2.Client, path: str, limit: int) -> list[Json]:
    found, query = list[Json](), {"limit": str(limit)}
    while True:
        page = staff.get(path, params=query).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def office(forum: ForumBackend, handle: str, number: str, slug: str = "tea") -> Json:
    """A founder on a new board; the filing."""
    board = forum.board(forum.moderator_to_be(handle, number)["id"], slug)
    return forum.moderators(board=board["id"])[0]


# ---------------------------------------------------------------- forums


def test_a_forum_that_an_admin_adds_logs_in_until_it_is_disabled(staff: httpx2.Client, address: str) -> None:
    asked = {"name": "山城论坛", "return_urls": ["https://forum.example/back"]}
    key = {"idempotency-key": "one-forum-and-no-more"}
    made = staff.post("/v1/staff/forums", json=asked, headers=key)
    assert made.status_code == 201, made.text
    again = staff.post("/v1/staff/forums", json=asked, headers=key).json()
    assert again == {**made.json(), "client_secret": None}
    credentials = made.json()
    pair = (credentials["client_id"], credentials["client_secret"])
    form = {"grant_type": "client_credentials"}
    assert httpx2.post(f"{address}/oauth/token", data=form, auth=pair).status_code == 200
    (shown,) = items(staff, "forums")
    assert (shown["name"], shown["status"], shown["return_urls"]) == ("山城论坛", "active", asked["return_urls"])
    assert credentials["client_secret"] not in staff.get(f"/v1/staff/forums/{shown['id']}").text
    disabled = staff.post(f"/v1/staff/forums/{shown['id']}/disable")
    assert (disabled.status_code, disabled.json()["status"]) == (200, "disabled")
    assert httpx2.post(f"{address}/oauth/token", data=form, auth=pair).status_code == 401
    assert refusal(staff.post(f"/v1/staff/forums/{shown['id']}/rotate-secret")) == (409, "state-conflict")


def test_what_staff_do_to_a_forum_is_on_record_in_their_name(
    staff: httpx2.Client, services: Services, forum: ForumBackend
) -> None:
    at = f"/v1/staff/forums/{forum.credentials.forum_id}"
    assert staff.post(f"{at}/confirm").json()["forum_id"] == forum.credentials.forum_id
    rotated = staff.post(f"{at}/rotate-secret").json()
    assert rotated["client_id"] == forum.credentials.client_id
    services.audit.sequencer.catch_up()
    for action in ("forum.acts-confirmed", "client.secret-rotated"):
        (entry,) = items(staff, "audit/entries", action=action)
        assert entry["actor"]["kind"] == "staff", entry


def test_a_forum_with_a_name_or_an_address_of_no_use_is_refused(staff: httpx2.Client) -> None:
    for wrong in (
        {"name": "\u200b"},
        {"name": "论坛", "return_urls": ["ftp://forum.example/"]},
        {"name": "论坛", "direct_verification": " "},
        {"name": "论坛", "secret": "mine"},
        {"name": "长" * 81},
    ):
        assert refusal(staff.post("/v1/staff/forums", json=wrong)) == (422, "validation-failed"), wrong
    assert items(staff, "forums") == []


def test_lists_go_on_page_by_page(staff: httpx2.Client, services: Services) -> None:
    made = [services.forums.add(OPERATOR, f"论坛{number}").forum_id for number in range(3)]
    found = [one["id"] for one in all_pages(staff, "/v1/staff/forums", 2)]
    assert found == sorted(made)
    wrong = staff.get("/v1/staff/forums", params={"cursor": "YWNjXw"})
    assert refusal(wrong) == (422, "validation-failed")


# ---------------------------------------------------------------- moderators, orders


def test_moderators_and_boards_of_all_forums_are_in_one_list(
    staff: httpx2.Client, forum: ForumBackend, other: ForumBackend, clock: FakeClock
) -> None:
    here = office(forum, "山城发起人", sandbox_number(180))
    clock.advance(minutes=1)
    there = office(other, "水乡发起人", sandbox_number(181))
    found = items(staff, "moderators")
    assert [one["id"] for one in found] == [here["id"], there["id"]]
    of_its_forum = {"forum_id": forum.credentials.forum_id, "board": "tea", "board_name": "茶馆"}
    assert found[0] == {**here, **of_its_forum}
    assert [one["id"] for one in items(staff, "moderators", forum=other.credentials.forum_id)] == [there["id"]]
    assert [one["id"] for one in items(staff, "moderators", board=here["board_id"])] == [here["id"]]
    assert items(staff, "moderators", state="overdue") == []
    assert [one["id"] for one in items(staff, "boards")] == [here["board_id"], there["board_id"]]
    assert [one["id"] for one in items(staff, "boards", forum=other.credentials.forum_id)] == [there["board_id"]]
    assert refusal(staff.get("/v1/staff/moderators?board=tea")) == (404, "not-found")


def test_who_is_overdue_on_a_board_is_found_ordered_to_reverify_and_seen_to_do_so(
    services: Services, address: str, forum: ForumBackend, clock: FakeClock
) -> None:
    founder = forum.moderator_to_be("发起人", phone=PHONE)
    board = forum.board(founder["id"])
    clock.advance(days=185)
    forum.log_in()
    with make_staff(services, "compliance").http(address) as staff:
        (late,) = items(staff, "moderators", state="overdue", board=board["id"])
        scope = {"moderator_ids": [late["id"]]}
        placed = staff.post(ORDERS, json={"scope": scope, "reason": "逾期", "due_in_days": 3})
        assert placed.status_code == 201, placed.text
        assert (placed.json()["affected"], placed.json()["completed"]) == (1, 0)
        clock.advance(minutes=1)
        assert forum.phone_code(founder["id"], PHONE)["outcome"] == "verified"
        assert forum.check_document(founder["id"]).json()["outcome"] == "verified"
        done = staff.get(f"{ORDERS}/{placed.json()['id']}").json()
        assert (done["status"], done["completed"], done["scope"]["kind"]) == ("completed", 1, "moderators")
        assert items(staff, "moderators", state="overdue") == []


def test_a_preview_says_whom_an_order_touches_and_who_is_left_out_and_writes_nothing(
    staff: httpx2.Client, forum: ForumBackend, other: ForumBackend
) -> None:
    here, there = office(forum, "山城发起人", sandbox_number(180)), office(other, "水乡发起人", sandbox_number(181))
    ended = forum.manager(forum.moderator_to_be("卸任的", sandbox_number(182))["id"])
    assert forum.post(f"/v1/moderators/{ended['id']}/end", {"reason": "卸任"}).status_code == 200
    scope = {"moderator_ids": [here["id"], there["id"], ended["id"], "mod_nobody", here["id"]]}
    seen = staff.post(f"{ORDERS}/preview", json={"scope": scope, "due_in_days": 7}).json()
    assert (seen["affected"], seen["due_at"][:10]) == (2, "2026-11-28")
    touched = {(one["moderator"]["id"], one["due_at"], one["nearer"]) for one in seen["touched"]}
    assert touched == {(here["id"], seen["due_at"], True), (there["id"], seen["due_at"], True)}
    left = {one["moderator_id"]: one["why"] for one in seen["left_out"]}
    assert left == {ended["id"]: "ended", "mod_nobody": "unknown"}
    assert items(staff, "reverifications") == []
    assert {one["due_at"] for one in items(staff, "moderators")} == {here["due_at"], there["due_at"]}
    late = staff.post(f"{ORDERS}/preview", json={"scope": {"all": True}, "due_in_days": 365}).json()
    assert [one["nearer"] for one in late["touched"]] == [False, False]


@pytest.mark.parametrize("named", ["moderator_id", "moderator_ids", "board", "account_id", "forum_id", "all"])
def test_an_order_of_staff_reaches_exactly_its_scope(
    staff: httpx2.Client, forum: ForumBackend, other: ForumBackend, clock: FakeClock, named: str
) -> None:
    here, there = office(forum, "山城发起人", sandbox_number(180)), office(other, "水乡发起人", sandbox_number(181))
    clock.advance(minutes=1)
    scope = {
        "moderator_id": here["id"],
        "moderator_ids": [here["id"], there["id"]],
        "board": here["board_id"],
        "account_id": here["account_id"],
        "forum_id": forum.credentials.forum_id,
        "all": True,
    }[named]
    order = {"scope": {named: scope}, "reason": "抽查", "due_in_days": 7}
    placed = staff.post(ORDERS, json=order).json()
    both = named in {"moderator_ids", "all"}
    assert placed["affected"] == 1 + both
    assert placed["forum_id"] == (None if both else forum.credentials.forum_id)
    due = {one["id"]: one["due_at"] == placed["due_at"] for one in items(staff, "moderators")}
    assert due == {here["id"]: True, there["id"]: both}
    assert [one["affected"] for one in forum.get("/v1/reverifications").json()["items"]] == [1]
    assert len(other.get("/v1/reverifications").json()["items"]) == both
    ahead = staff.get(f"{ORDERS}/forecast", params={"weeks": 2}).json()["weeks"]
    assert sum(week["due"] for week in ahead) == 1 + both


def test_an_order_names_exactly_one_scope_and_somebody_whom_there_is(staff: httpx2.Client) -> None:
    def ordered(**scope: object) -> tuple[int, str]:
        return refusal(staff.post(ORDERS, json={"scope": scope, "reason": "抽查", "due_in_days": 7}))

    assert ordered() == ordered(all=True, board="brd_1") == ordered(all=1) == (422, "validation-failed")
    assert ordered(moderator_ids=[]) == ordered(moderator_ids=["mod_1"] * 901) == (422, "validation-failed")
    assert ordered(board="tea") == ordered(moderator_id="mod_1") == ordered(moderator_ids=["mod_1"])
    assert ordered(moderator_id="mod_1") == ordered(forum_id="frm_1") == (404, "not-found")
    assert ordered(account_id="acc_1") == (404, "account-not-found")


# ---------------------------------------------------------------- accounts


def test_an_account_is_found_by_its_whole_name_and_by_nothing_less(
    staff: httpx2.Client, forum: ForumBackend, other: ForumBackend
) -> None:
    here, there = forum.register("山间清风", "42"), other.register("山间清风", "42")
    forum.register("山间清")
    for query in ({"handle": "山间清风"}, {"external_id": "42"}):
        assert {one["id"] for one in items(staff, "accounts", **query)} == {here["id"], there["id"]}
        within = items(staff, "accounts", **query, forum_id=forum.credentials.forum_id)
        assert [one["id"] for one in within] == [here["id"]]
    (found,) = items(staff, "accounts", account_id=there["id"])
    assert found == {**other.account(there["id"]), "forum_id": other.credentials.forum_id}
    for query in (
        {"handle": "山间"},
        {"handle": "%"},
        {"handle": NAME},
        {"external_id": PERSON},
        {"account_id": "acc_"},
    ):
        assert items(staff, "accounts", **query) == []
    for asked in ("", "handle=a&external_id=42", f"name={NAME}", "status=active", "handle=a&handle=b"):
        assert refusal(staff.get(f"/v1/staff/accounts?{asked}")) == (422, "validation-failed"), asked


def test_a_timeline_tells_all_that_happened_to_an_account_and_nothing_of_the_person(
    staff: httpx2.Client, services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.moderator_to_be("发起人")
    board = forum.board(account["id"])
    (filed,) = forum.moderators(board=board["id"])
    clock.advance(minutes=1)
    forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "刷屏三次"})
    clock.advance(minutes=1)
    staff.post(ORDERS, json={"scope": {"moderator_id": filed["id"]}, "reason": "抽查", "due_in_days": 7})
    services.audit.sequencer.catch_up()
    answer = staff.get(f"/v1/staff/accounts/{account['id']}/timeline")
    events = answer.json()["items"]
    assert [event["what"] for event in events[:2]] == ["moderator.ordered", "account.suspended"]
    assert {
        *("account.created", "agreement.accepted", "verification.started", "verification.completed"),
        *("account.linked", "moderator.filed"),
    } <= {event["what"] for event in events}
    suspended = events[1]
    assert (suspended["reason"], suspended["actor"]["id"]) == ("刷屏三次", forum.credentials.client_id)
    proof = staff.get("/v1/audit/proofs/inclusion", params={"id": suspended["entry_id"]})
    assert proof.status_code == 200, proof.text
    for secret in (NAME, PERSON, "per_"):
        assert secret not in answer.text
    assert all_pages(staff, f"/v1/staff/accounts/{account['id']}/timeline", 3) == events


def test_nothing_is_told_of_an_account_that_there_is_not(staff: httpx2.Client) -> None:
    for named in ("acc_nobody", "%00", "账号", "acc_1 OR 1=1"):
        assert staff.get(f"/v1/staff/accounts/{named}/timeline").status_code == 404


def test_the_log_is_longer_after_every_act_and_staff_are_told_how_long(
    staff: httpx2.Client, services: Services, forum: ForumBackend
) -> None:
    services.audit.sequencer.catch_up()
    before = staff.get("/v1/staff/forums").headers["audit-checkpoint"]
    services.forums.confirm_acts(OPERATOR, ForumId(forum.credentials.forum_id))
    services.audit.sequencer.catch_up()
    after = staff.get("/v1/staff/forums").headers["audit-checkpoint"]
    assert int(after.partition(":")[0]) == int(before.partition(":")[0]) + 1
