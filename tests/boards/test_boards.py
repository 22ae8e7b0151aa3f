"""Boards over HTTP: who may found one, what each act does to permits at once, and that a forum sees its own alone."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import func, select

from app.boards.models import TermsRow
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, reasons_of, sandbox_number

NewForum = Callable[[str], ForumBackend]
PHONE = "14000000031"
REASON = {"reason": "整顿"}


@pytest.fixture
def founder(forum: ForumBackend) -> Json:
    return forum.moderator_to_be("发起人", external_id="u-1")


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def faults(answer: httpx2.Response) -> list[tuple[str, str]]:
    assert refusal(answer) == (422, "validation-failed"), answer.text
    return [(fault["pointer"], fault["reason"]) for fault in answer.json()["errors"]]


def create(forum: ForumBackend, founder: Json, **more: object) -> httpx2.Response:
    body = {"slug": "tea", "name": "茶馆", "description": "", "founder": {"account_id": founder["id"]}, **more}
    return forum.post("/v1/boards", body)


def change(forum: ForumBackend, board: str, **wanted: object) -> httpx2.Response:
    return forum.http.patch(f"/v1/boards/{board}", json=wanted)


def act(forum: ForumBackend, board: str, kind: str, reason: str = "整顿") -> httpx2.Response:
    return forum.post(f"/v1/boards/{board}/{kind}", {"reason": reason})


def claims(forum: ForumBackend, issued: httpx2.Response) -> dict[str, Any]:
    assert issued.status_code == 201, issued.text
    keys = KeySet.import_key_set(forum.get("/.well-known/jwks.json").json())
    return dict(jwt.decode(issued.json()["token"], keys, algorithms=["ES256"]).claims)


def test_a_board_is_what_was_asked_for_and_its_founder_is_on_record_before_any_power(
    forum: ForumBackend, founder: Json
) -> None:
    assert reasons_of(forum.moderate(founder["id"])) == ["board-not-found"]
    board = forum.board(founder["id"], interval_days=90, grace_days=3, minimum_level="document")
    assert board == {
        "id": board["id"],
        "slug": "tea",
        "name": "茶馆",
        "description": "喝茶聊天",
        "status": "active",
        "status_reason": None,
        "founder": {"account_id": founder["id"], "handle": "发起人"},
        "interval_days": 90,
        "minimum_level": "document",
        "attended_until": "2027-02-22T16:00:00.000Z",  # filed on 21 November, 90 days, then 3 of grace
        "held": [],
        "created_at": "2026-11-21T04:00:00.000Z",
    }
    assert forum.get("/v1/boards/tea").json() == forum.get(f"/v1/boards/{board['id']}").json() == board
    (filed,) = forum.moderators()
    assert filed == {
        "id": filed["id"],
        "board_id": board["id"],
        "account_id": founder["id"],
        "handle": "发起人",
        "external_id": "u-1",
        "role": "founder",
        "state": "current",
        "powers": True,
        "filed_at": "2026-11-21T04:00:00.000Z",
        "last_verified_at": "2026-11-21T00:00:00Z",
        "due_at": "2027-02-19T16:00:00.000Z",
        "suspends_at": "2027-02-22T16:00:00.000Z",
        "interval_days": 90,
        "ended_at": None,
    }
    for named in ("tea", board["id"]):
        issued = forum.moderate(founder["id"], named)
        assert (claims(forum, issued)["board"], claims(forum, issued)["scope"]) == (board["id"], "moderate")
        assert forum.verify_token(issued.json()["token"], scope="moderate", board=named)["board"] == board["id"]


def test_moderating_is_a_matter_of_one_board(forum: ForumBackend, founder: Json) -> None:
    forum.board(founder["id"])
    somebody = forum.member("路人", sandbox_number(102))
    for scope in ("moderate", "post moderate"):
        assert faults(forum.token(founder["id"], scope)) == [("/board", "missing")]
    assert reasons_of(forum.moderate(somebody["id"])) == ["not-a-moderator"]
    token = forum.post("/v1/tokens", {"account_id": founder["id"], "scope": "post", "board": "tea"}).json()["token"]
    assert forum.verify_token(token, scope="moderate", board="tea")["reason"] == "scope-not-granted"
    without = forum.token(founder["id"]).json()["token"]
    assert forum.verify_token(without, board="tea")["reason"] == "wrong-board"


def _unfit(forum: ForumBackend) -> dict[str, tuple[Json, tuple[int, str]]]:
    """Who cannot be put on record, and what the forum hears."""
    at_phone, unbound = forum.register("手机级"), forum.member("没同意", sandbox_number(103))
    forum.accept_agreement(at_phone["id"], "moderator")
    forum.phone_code(at_phone["id"], PHONE)
    found = {
        "phone": (at_phone, (403, "identity-level-too-low")),
        "unbound": (unbound, (403, "agreement-not-accepted")),
    }
    for age, birth in (("16", "20101121"), ("18 this year", "20080101")):
        found[age] = (forum.moderator_to_be(f"少年{age[:2]}", sandbox_number(104, birth)), (403, "minor-not-allowed"))
    unknown = forum.register("护照")
    forum.accept_agreement(unknown["id"], "moderator")
    passport = {"type": "passport", "number": "L898902C3", "name": "TEST ALPHA", "country": "UTO"}
    forum.post("/v1/verifications", {"account_id": unknown["id"], "method": "id2", "document": passport})
    found["passport"] = (unknown, (403, "minor-not-allowed"))
    for number, (kind, code) in enumerate({"suspend": "suspended", "ban": "banned", "close": "closed"}.items(), 30):
        stopped = forum.moderator_to_be(f"停用{number}", sandbox_number(number))
        assert forum.post(f"/v1/accounts/{stopped['id']}/{kind}", REASON).status_code == 200
        found[kind] = (stopped, (409, "state-conflict") if kind == "close" else (403, f"account-{code}"))
    found["nobody"] = ({"id": "acc_nobody"}, (404, "account-not-found"))
    return found


def test_nobody_is_put_on_record_who_is_unverified_unbound_too_young_or_stopped(
    forum: ForumBackend, founder: Json
) -> None:
    forum.board(founder["id"])
    for who, (account, expected) in _unfit(forum).items():
        assert refusal(create(forum, account, slug="unfit")) == expected, who
        body = {"account_id": account["id"], "role": "manager"}
        assert refusal(forum.post("/v1/boards/tea/moderators", body)) == expected, who
    assert [board["slug"] for board in forum.get("/v1/boards").json()["items"]] == ["tea"]  # nothing was left behind
    assert [one["role"] for one in forum.moderators()] == ["founder"]
    grown = forum.moderator_to_be("成年", sandbox_number(120, "20071231"))
    assert create(forum, grown, slug="unfit").status_code == 201


def test_a_slug_is_plain_and_never_looks_like_an_id(forum: ForumBackend, founder: Json) -> None:
    for good in ("a", "0", "brd", "brd-1", "a-b_c", "z" * 64):
        assert create(forum, founder, slug=good).json()["slug"] == good
    for bad in ("A", "-a", "_a", "茶馆", "brd_1", "a b", "ａ", "a\n", "é", "a.b", "a/b", "٣"):
        assert [place for place, _ in faults(create(forum, founder, slug=bad))] == ["/slug"], bad
        assert [place for place, _ in faults(change(forum, "a", slug=bad))] == ["/slug"], bad
    for bad in ("", "z" * 65):
        assert [place for place, _ in faults(create(forum, founder, slug=bad))] == ["/slug"], bad
    assert refusal(create(forum, founder, slug="a")) == (409, "slug-taken")
    assert refusal(change(forum, "0", slug="a")) == (409, "slug-taken")
    assert change(forum, "a", slug="a").status_code == 200


def test_what_cannot_be_a_board_is_refused_field_by_field(forum: ForumBackend, founder: Json) -> None:
    forum.board(founder["id"])
    good = {"slug": "other", "name": "茶馆", "description": "", "founder": {"account_id": founder["id"]}}
    cases: tuple[tuple[str, object], ...] = (
        *(("name", text) for text in ("", " ", "\u200d", "长" * 51, "a\x07", "a\nb", "\u202e倒", 7)),
        *(("description", text) for text in ("长" * 2001, "\u202e倒", None)),
        *(("interval_days", days) for days in (29, 366, 0, -1, 90.5, "90", True, 10**30)),
        *(("grace_days", days) for days in (-1, 91, 10**30)),
        *(("minimum_level", level) for level in ("none", "Document", None)),
        *(("founder", named) for named in ({}, None, {"account_id": founder["id"], "handle": "发起人"})),
    )
    for field, value in cases:
        refused = faults(forum.post("/v1/boards", {**good, field: value}))
        assert all(place.startswith(f"/{field}") for place, _ in refused), (field, value, refused)
        if field != "founder":
            assert [place for place, _ in faults(change(forum, "tea", **{field: value}))] == [f"/{field}"], (
                field,
                value,
            )
    assert refusal(create(forum, founder, slug="other", name="a\x00b")) == (400, "malformed-json")
    assert faults(change(forum, "tea")) == [("", "nothing-given")]
    assert faults(change(forum, "tea", owner="x")) == [("", "unknown-field")]
    assert len(forum.get("/v1/boards").json()["items"]) == 1


def test_a_change_changes_what_it_names_and_null_gives_the_interval_back(forum: ForumBackend, founder: Json) -> None:
    before = forum.board(founder["id"], interval_days=90)
    assert change(forum, "tea", description="").json() == before | {"description": ""}
    renamed = change(forum, "tea", slug="cha", name="茶楼", minimum_level="document").json()
    assert renamed == before | {"description": "", "slug": "cha", "name": "茶楼", "minimum_level": "document"}
    assert refusal(forum.get("/v1/boards/tea")) == (404, "not-found")
    assert change(forum, "cha", interval_days=None).json()["interval_days"] == 180
    assert create(forum, founder, slug="tea").status_code == 201  # an old slug is free


def test_the_same_terms_said_again_are_no_change(forum: ForumBackend, founder: Json, services: Services) -> None:
    forum.board(founder["id"], interval_days=90)
    for interval, changes in ((90, 1), (90, 1), (60, 2), (60, 2), (90, 3)):
        assert change(forum, "tea", interval_days=interval).json()["interval_days"] == interval
        with services.unit_of_work.read() as tx:
            assert tx.session.scalar(select(func.count()).select_from(TermsRow)) == changes


def test_a_permit_goes_by_the_boards_id_whatever_it_is_called_now(forum: ForumBackend, founder: Json) -> None:
    forum.board(founder["id"])
    token = forum.moderate(founder["id"]).json()["token"]
    change(forum, "tea", slug="cha")
    assert forum.verify_token(token, scope="moderate", board="cha")["active"]
    assert forum.verify_token(token, scope="moderate", board="tea")["reason"] == "wrong-board"
    assert reasons_of(forum.moderate(founder["id"], "tea")) == ["board-not-found"]
    other = create(forum, founder, slug="tea").json()["id"]
    assert forum.verify_token(token, scope="moderate", board=other)["reason"] == "wrong-board"


@pytest.mark.parametrize("act_name", ["freeze", "close"])
def test_a_board_that_is_not_open_gets_no_permit_and_reopening_brings_back_exactly_what_was(
    forum: ForumBackend, founder: Json, act_name: str
) -> None:
    before, moderators = forum.board(founder["id"]), forum.moderators()
    post = {"account_id": founder["id"], "scope": "post", "board": "tea"}
    posting, moderating = forum.post("/v1/tokens", post).json()["token"], forum.moderate(founder["id"]).json()["token"]
    code, status = {"freeze": ("board-frozen", "frozen"), "close": ("board-closed", "closed")}[act_name]
    stopped = act(forum, "tea", act_name, "涉嫌赌博")
    assert stopped.json() == before | {"status": status, "status_reason": "涉嫌赌博"}
    for token in (posting, moderating):
        assert forum.verify_token(token)["reason"] == code
        assert forum.verify_token(token, board="tea")["reason"] == code
    refused = forum.post("/v1/tokens", post)
    assert reasons_of(refused) == reasons_of(forum.moderate(founder["id"])) == [code]
    if act_name == "freeze":
        assert "涉嫌赌博" in refused.json()["reasons"][0]["detail"]
    assert forum.token(founder["id"]).status_code == 201  # elsewhere they post on
    assert [(one["state"], one["powers"]) for one in forum.moderators()] == [("current", False)]
    assert act(forum, "tea", act_name, "再查").json()["status_reason"] == "再查"
    assert act(forum, "tea", "reopen").json() == before
    assert forum.moderators() == moderators
    for token in (posting, moderating):
        assert forum.verify_token(token)["active"]


def test_a_closed_board_is_not_frozen_and_files_nobody_and_an_open_one_is_not_reopened(
    forum: ForumBackend, founder: Json
) -> None:
    forum.board(founder["id"])
    other = forum.moderator_to_be("管理员", sandbox_number(102))
    assert refusal(act(forum, "tea", "reopen")) == (409, "state-conflict")
    act(forum, "tea", "freeze")
    assert forum.manager(other["id"])["powers"] is False  # filed while frozen: on record, and no power yet
    act(forum, "tea", "close")
    assert refusal(act(forum, "tea", "freeze")) == (409, "state-conflict")
    third = forum.moderator_to_be("第三人", sandbox_number(103))
    body = {"account_id": third["id"], "role": "manager"}
    assert refusal(forum.post("/v1/boards/tea/moderators", body)) == (409, "state-conflict")
    for kind in ("freeze", "reopen", "close"):
        assert faults(forum.post(f"/v1/boards/tea/{kind}", {})) == [("/reason", "missing")]
        assert faults(act(forum, "tea", kind, "")) == [("/reason", "too-short")]


def test_what_a_board_asks_of_an_identity_holds_at_issue_and_at_the_check(forum: ForumBackend, founder: Json) -> None:
    forum.board(founder["id"])
    at_phone = forum.register("手机级")
    forum.accept_agreement(at_phone["id"])
    forum.phone_code(at_phone["id"], PHONE)
    body = {"account_id": at_phone["id"], "scope": "post", "board": "tea"}
    token = forum.post("/v1/tokens", body).json()["token"]
    assert forum.verify_token(token)["active"]
    change(forum, "tea", minimum_level="document")
    assert reasons_of(forum.post("/v1/tokens", body)) == ["identity-level-too-low"]
    assert forum.verify_token(token) == {"active": False, "reason": "identity-level-too-low"}
    assert forum.token(at_phone["id"]).status_code == 201


def test_a_refusal_names_every_reason_at_once(forum: ForumBackend, founder: Json) -> None:
    forum.board(founder["id"], minimum_level="document")
    act(forum, "tea", "freeze")
    at_phone = forum.register("手机级")
    forum.phone_code(at_phone["id"], PHONE)
    forum.post(f"/v1/accounts/{at_phone['id']}/suspend", REASON)
    body = {"account_id": at_phone["id"], "scope": "post moderate board_create", "board": "tea"}
    everything = {"identity-level-too-low", "not-a-moderator", "agreement-not-accepted", "account-suspended"}
    found = reasons_of(forum.post("/v1/tokens", body))
    assert set(found) == everything | {"board-frozen", "minor-not-allowed"}
    assert len(found) == len(set(found))
    nobody = forum.register("未验证")
    assert "identity-unverified" in reasons_of(forum.moderate(nobody["id"]))


def test_a_board_has_one_founder_and_may_be_given_one_when_it_has_none(forum: ForumBackend, founder: Json) -> None:
    forum.board(founder["id"])
    heir = forum.moderator_to_be("继任", sandbox_number(102))
    body = {"account_id": heir["id"], "role": "founder"}
    assert refusal(forum.post("/v1/boards/tea/moderators", body)) == (409, "state-conflict")
    (filed,) = forum.moderators()
    assert forum.post(f"/v1/moderators/{filed['id']}/end", {"reason": "卸任"}).status_code == 200
    orphaned = forum.get("/v1/boards/tea").json()
    assert (orphaned["founder"], orphaned["attended_until"]) == (None, None)
    candidates = [heir, forum.moderator_to_be("另一人", sandbox_number(103))]
    answers = at_once(
        [
            lambda account=account: forum.post(  # type: ignore[misc] # bound at once
                "/v1/boards/tea/moderators", {"account_id": account["id"], "role": "founder"}
            )
            for account in candidates
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert [one["role"] for one in forum.moderators()] == ["founder"]
    assert forum.get("/v1/boards/tea").json()["founder"]["handle"] in {"继任", "另一人"}


def test_of_two_boards_created_at_once_with_one_slug_one_is_there(forum: ForumBackend, founder: Json) -> None:
    answers = at_once([lambda: create(forum, founder)] * 6)
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
    assert {refusal(answer) for answer in answers if answer.status_code != 201} == {(409, "slug-taken")}
    assert len(forum.get("/v1/boards").json()["items"]) == len(forum.moderators()) == 1


def test_a_forum_cannot_tell_another_forums_board_from_none(
    forum: ForumBackend, founder: Json, new_forum: NewForum
) -> None:
    other = new_forum("另一个论坛")
    theirs = other.board(other.moderator_to_be("别家", sandbox_number(105))["id"], "theirs")["id"]
    forum.board(founder["id"])
    manager = {"account_id": founder["id"], "role": "manager"}
    asks: tuple[Callable[[str], httpx2.Response], ...] = (
        lambda board: forum.get(f"/v1/boards/{board}"),
        lambda board: change(forum, board, name="占领"),
        lambda board: act(forum, board, "freeze"),
        lambda board: act(forum, board, "reopen"),
        lambda board: act(forum, board, "close"),
        lambda board: forum.get(f"/v1/boards/{board}/moderators"),
        lambda board: forum.post(f"/v1/boards/{board}/moderators", manager),
        lambda board: forum.post(f"/v1/boards/{board}/moderators/reconcile", {"external_ids": []}),
        lambda board: forum.get("/v1/moderators", params={"board": board}),
        lambda board: forum.post("/v1/reverifications", {"scope": {"board": board}, "due_in_days": 1, **REASON}),
    )
    for ask in asks:
        heard = [
            ask(board).json() | {"instance": "", "request_id": ""} for board in (theirs, "theirs", "brd_none", "none")
        ]
        assert heard[0]["status"] == 404
        assert heard == heard[:1] * 4
    refused = [forum.moderate(founder["id"], board).json()["reasons"][0] for board in (theirs, "theirs", "none")]
    assert [one["code"] for one in refused] == ["board-not-found"] * 3
    assert len({one["detail"] for one in refused}) == 1
    assert other.get("/v1/boards/theirs").json()["status"] == "active"
    mine, its = ([board["id"] for board in one.get("/v1/boards").json()["items"]] for one in (forum, other))
    assert not set(mine) & set(its)
    assert create(forum, founder, slug="theirs").status_code == 201  # a slug is a forum's own


def test_the_list_of_boards_comes_in_pages_and_misses_none(
    forum: ForumBackend, founder: Json, clock: FakeClock
) -> None:
    slugs = [f"b{number}" for number in range(5)]
    for slug in slugs:
        clock.advance(seconds=1)
        forum.board(founder["id"], slug)
    found, cursor = [], None
    while True:
        page = forum.get("/v1/boards", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        found += [board["slug"] for board in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == slugs
    for bad in ("x", "bW9kXzE", "\u202e", "a" * 101):
        assert refusal(forum.get("/v1/boards", params={"cursor": bad})) == (422, "validation-failed"), bad
    for limit in (0, 201, "x"):
        assert refusal(forum.get("/v1/boards", params={"limit": limit})) == (422, "validation-failed")


def test_a_name_that_the_database_cannot_hold_names_no_board(forum: ForumBackend, founder: Json) -> None:
    forum.board(founder["id"])
    for named in ("%00", "tea%00", "%ff", "a%2Fb", "长" * 500, "brd_%00", "..%2Ftea"):
        for answer in (forum.get(f"/v1/boards/{named}"), act(forum, named, "freeze"), change(forum, named, name="x")):
            assert answer.status_code in {400, 404, 422}, (named, answer.text)
        assert forum.get(f"/v1/moderators?board={named}").status_code in {404, 422}, named
    assert forum.get("/v1/boards/tea").json()["status"] == "active"


def test_a_repeated_creation_makes_one_board(forum: ForumBackend, founder: Json) -> None:
    body = {"slug": "tea", "name": "茶馆", "description": "", "founder": {"account_id": founder["id"]}}
    key = {"idempotency-key": "create-the-tea-board"}
    first, again = (forum.post("/v1/boards", body, headers=key) for _ in range(2))
    assert (first.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert first.content == again.content
    changed = forum.post("/v1/boards", body | {"name": "x"}, headers=key)
    assert refusal(changed) == (422, "idempotency-key-reused")
    frozen = [forum.post("/v1/boards/tea/freeze", REASON, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in frozen] == [200, 200]
    assert frozen[0].content == frozen[1].content


def test_a_token_of_another_scope_opens_nothing_of_boards(forum: ForumBackend) -> None:
    forum.log_in("accounts verifications tokens webhooks")
    for path in ("/v1/boards", "/v1/moderators", "/v1/reverifications", "/v1/reverifications/forecast"):
        assert refusal(forum.get(path)) == (403, "insufficient-scope")
