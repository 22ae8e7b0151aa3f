"""Accounts as a forum keeps them: registration, profile, lists, isolation, suspension."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json

NewForum = Callable[[str], ForumBackend]
SAME_REQUEST = "018f3a5c-7d1e-4b2a-9c3d-5e6f70818293"


def stamp(clock: FakeClock, **later: float) -> str:
    moment = clock.now() + timedelta(**later)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def suspend(forum: ForumBackend, account_id: str, **body: Any) -> Json:
    answer = forum.post(f"/v1/accounts/{account_id}/suspend", {"reason": "刷屏", **body})
    assert answer.status_code == 200, answer.text
    account: Json = answer.json()
    return account


def reinstate(forum: ForumBackend, account_id: str) -> Json:
    answer = forum.post(f"/v1/accounts/{account_id}/reinstate", {"reason": "误判"})
    assert answer.status_code == 200, answer.text
    account: Json = answer.json()
    return account


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def faults(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "validation-failed"
    return [(error["pointer"], error["reason"]) for error in answer.json()["errors"]]


def listed(forum: ForumBackend, **filters: str | int) -> list[str]:
    answer = forum.get("/v1/accounts", params=filters)
    assert answer.status_code == 200, answer.text
    return [account["handle"] for account in answer.json()["items"]]


def test_a_new_account_is_unverified_and_holds_nothing_of_a_person(forum: ForumBackend, clock: FakeClock) -> None:
    profile = {"display_name": "清风", "bio": "一行\n二行", "signature": None}
    answer = forum.post("/v1/accounts", {"handle": "山间清风", "external_id": "42", "profile": profile})
    assert answer.status_code == 201
    account = answer.json()
    assert account == {
        "id": account["id"],
        "handle": "山间清风",
        "external_id": "42",
        "status": "unverified",
        "profile": profile,
        "held": [],
        "identity": {"level": "none", "method": None, "verified_at": None, "expires_at": None},
        "organisation": None,
        "agreement": {"accepted_version": None, "accepted_at": None, "current_version": "2026-11", "accept_by": None},
        "posting": {"allowed": False, "reasons": ["identity-unverified", "agreement-not-accepted"]},
        "created_at": stamp(clock),
        "updated_at": stamp(clock),
    }
    assert account["id"].startswith("acc_")
    assert forum.account(account["id"]) == account


def test_an_external_id_belongs_to_one_account_of_a_forum(new_forum: NewForum) -> None:
    forum, other = new_forum("甲论坛"), new_forum("乙论坛")
    forum.register("山间清风", "42")
    assert refusal(forum.post("/v1/accounts", {"handle": "海上明月", "external_id": "42"})) == (
        409,
        "external-id-taken",
    )
    assert other.register("海上明月", "42")["external_id"] == "42"
    assert listed(forum) == ["山间清风"]
    assert [forum.register(handle)["external_id"] for handle in ("无号一", "无号二")] == [None, None]


def test_a_profile_field_is_kept_up_to_its_limit(forum: ForumBackend) -> None:
    longest = {"display_name": "\U00020bb7" * 50, "bio": "\U00020bb7" * 500, "signature": "\U00020bb7" * 200}
    assert forum.post("/v1/accounts", {"handle": "山间清风", "profile": longest}).json()["profile"] == longest
    for field, text in longest.items():
        answer = forum.post("/v1/accounts", {"handle": "海上明月", "profile": {field: text + "长"}})
        assert faults(answer) == [(f"/profile/{field}", "too-long")]


def test_an_external_id_is_kept_up_to_200_characters(forum: ForumBackend) -> None:
    assert forum.register("山间清风", "长" * 200)["external_id"] == "长" * 200
    assert faults(forum.post("/v1/accounts", {"handle": "海上明月", "external_id": "长" * 201})) == [
        ("/external_id", "too-long")
    ]
    assert faults(forum.post("/v1/accounts", {"handle": "海上明月", "external_id": ""})) == [
        ("/external_id", "too-short")
    ]


def test_control_and_invisible_characters_are_kept_out_of_every_text(forum: ForumBackend) -> None:
    for hidden in ("\u0007", "\u200b", "\u202e", "\u2028", "\ue000"):
        text = f"清{hidden}风"
        profile = dict.fromkeys(("display_name", "bio", "signature"), text)
        answer = forum.post("/v1/accounts", {"handle": "山间清风", "external_id": text, "profile": profile})
        assert faults(answer) == [
            ("/external_id", "bad-character"),
            ("/profile/display_name", "bad-character"),
            ("/profile/bio", "bad-character"),
            ("/profile/signature", "bad-character"),
        ]
    assert listed(forum) == []


def test_lines_are_for_bio_and_signature_only(forum: ForumBackend) -> None:
    profile = dict.fromkeys(("display_name", "bio", "signature"), "一行\n二行")
    answer = forum.post("/v1/accounts", {"handle": "山间清风", "profile": profile})
    assert faults(answer) == [("/profile/display_name", "bad-character")]


def test_a_family_emoji_and_a_persian_word_may_stand_in_a_profile(forum: ForumBackend) -> None:
    text = "👨\u200d👩\u200d👧 می\u200cخواهم"
    profile = dict.fromkeys(("display_name", "bio", "signature"), text)
    assert forum.post("/v1/accounts", {"handle": "山间清风", "profile": profile}).json()["profile"] == profile


def test_a_field_that_is_not_in_the_contract_is_refused(forum: ForumBackend) -> None:
    answer = forum.post("/v1/accounts", {"handle": "山间清风", "profile": {"display_nam": "清风"}})
    assert faults(answer) == [("/profile", "unknown-field")]
    assert "display_name" in answer.json()["errors"][0]["detail"]


def test_a_list_is_walked_by_its_cursor_oldest_first_and_ends(forum: ForumBackend, clock: FakeClock) -> None:
    handles = [f"用户{number}" for number in range(5)]
    for handle in handles:
        forum.register(handle)
        clock.advance(seconds=1)
    seen: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = forum.get("/v1/accounts", params={"limit": 2, **cursor}).json()
        seen.append([account["handle"] for account in page["items"]])
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [handles[:2], handles[2:4], handles[4:]]


def test_a_list_that_ends_on_a_full_page_has_no_next_page(forum: ForumBackend) -> None:
    for handle in ("用户一", "用户二"):
        forum.register(handle)
    assert forum.get("/v1/accounts", params={"limit": 2}).json()["next_cursor"] is None
    assert forum.get("/v1/accounts", params={"status": "banned"}).json() == {"items": [], "next_cursor": None}


_UNREADABLE_QUERIES: list[tuple[dict[str, str], tuple[str, str]]] = [
    ({"limit": "0"}, ("/limit", "not-allowed")),
    ({"limit": "201"}, ("/limit", "not-allowed")),
    ({"limit": "many"}, ("/limit", "wrong-type")),
    ({"status": "sleeping"}, ("/status", "not-allowed")),
    ({"cursor": "####"}, ("/cursor", "not-a-cursor")),
    ({"cursor": "YWNj"}, ("/cursor", "not-a-cursor")),
    ({"cursor": "清风"}, ("/cursor", "not-a-cursor")),
    ({"handle": "清\u200b风"}, ("/handle", "bad-character")),
    ({"external_id": "4\u00002"}, ("/external_id", "bad-character")),
]


def test_a_list_refuses_what_it_cannot_read(forum: ForumBackend) -> None:
    for query, fault in _UNREADABLE_QUERIES:
        assert faults(forum.get("/v1/accounts", params=query)) == [fault]


def test_the_filters_of_a_list_narrow_together(forum: ForumBackend) -> None:
    forum.register("山间清风", "42")
    forum.register("海上明月", "43")
    assert listed(forum, handle="山间清风") == ["山间清风"]
    assert listed(forum, external_id="43") == ["海上明月"]
    assert listed(forum, handle="山间清风", external_id="42", status="unverified") == ["山间清风"]
    assert listed(forum, handle="山间清风", external_id="43") == []
    assert listed(forum, handle="山间清风", status="active") == []


def test_a_list_by_status_follows_the_clock_and_not_a_background_job(forum: ForumBackend, clock: FakeClock) -> None:
    forum.register("未验证")
    clock.advance(seconds=1)
    forum.member("已验证")
    clock.advance(seconds=1)
    unverified, verified = forum.register("停一会"), forum.account(forum.register("停到底")["id"])
    suspend(forum, unverified["id"], until=stamp(clock, minutes=5))
    suspend(forum, verified["id"])
    assert sorted(listed(forum, status="suspended")) == ["停一会", "停到底"]
    clock.advance(minutes=4, seconds=59.999)
    assert sorted(listed(forum, status="suspended")) == ["停一会", "停到底"]
    clock.advance(milliseconds=1)
    assert listed(forum, status="suspended") == ["停到底"]
    assert listed(forum, status="unverified") == ["未验证", "停一会"]
    assert listed(forum, status="active") == ["已验证"]
    assert listed(forum, status="closed") == []


def test_a_list_shows_nothing_of_another_forum(new_forum: NewForum) -> None:
    forum, other = new_forum("甲论坛"), new_forum("乙论坛")
    forum.register("山间清风", "42")
    assert listed(other) == []
    assert listed(other, handle="山间清风") == []
    assert listed(other, external_id="42") == []


def test_another_forums_account_and_none_give_the_same_404_byte_for_byte(new_forum: NewForum) -> None:
    forum, other = new_forum("甲论坛"), new_forum("乙论坛")
    theirs, none = other.member("山间清风")["id"], "acc_" + "0" * 32
    version = forum.get("/v1/agreements/current?kind=user").json()["version"]
    calls: list[tuple[str, str, object]] = [
        ("GET", "/v1/accounts/{}", None),
        ("POST", "/v1/accounts/{}/suspend", {"reason": "刷屏"}),
        ("POST", "/v1/accounts/{}/ban", {"reason": "刷屏"}),
        ("POST", "/v1/accounts/{}/close", {}),
        ("POST", "/v1/accounts/{}/reinstate", {"reason": "误判"}),
        ("PATCH", "/v1/accounts/{}", {"handle": "换个名字"}),
        ("POST", "/v1/accounts/{}/agreements", {"kind": "user", "version": version}),
    ]
    for method, path, body in calls:
        answers = [
            forum.http.request(method, path.format(account), json=body, headers={"x-request-id": SAME_REQUEST})
            for account in (theirs, none)
        ]
        assert refusal(answers[0]) == (404, "not-found")
        assert answers[0].content == answers[1].content
        assert _headers(answers[0]) == _headers(answers[1])
    for path, body in (("/v1/tokens", {"scope": "post"}), ("/v1/verifications", _code_to_nobody())):
        answers = [
            forum.post(path, {"account_id": account, **body}, headers={"x-request-id": SAME_REQUEST})
            for account in (theirs, none)
        ]
        assert refusal(answers[0]) == (404, "account-not-found")
        assert answers[0].content == answers[1].content
    assert other.account(theirs)["status"] == "active"


def _headers(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


def _code_to_nobody() -> dict[str, str]:
    return {"method": "phone_code", "phone": "14000001234"}


def test_a_suspension_without_end_stops_posting_until_it_is_lifted(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.member("山间清风")
    suspended = suspend(forum, account["id"])
    assert suspended["status"] == "suspended"
    assert suspended["posting"] == {"allowed": False, "reasons": ["account-suspended"]}
    clock.advance(days=3650)
    forum.log_in()
    assert forum.account(account["id"])["status"] == "suspended"
    lifted = reinstate(forum, account["id"])
    assert lifted["status"] == "active"
    assert lifted["updated_at"] == stamp(clock)


def test_a_reinstated_account_may_be_suspended_again(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    for _ in range(2):
        assert suspend(forum, account["id"])["status"] == "suspended"
        assert reinstate(forum, account["id"])["status"] == "unverified"


def test_a_second_suspension_replaces_the_first(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    suspend(forum, account["id"])
    suspend(forum, account["id"], until=stamp(clock, minutes=1), reason="新原因")
    detail = forum.token(account["id"]).json()["reasons"][-1]
    assert detail["code"] == "account-suspended"
    assert "新原因" in detail["detail"]
    clock.advance(minutes=1)
    assert forum.account(account["id"])["status"] == "unverified"


def test_a_shorter_suspension_that_ran_out_does_not_bring_back_the_one_it_replaced(
    forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    suspend(forum, account["id"])
    suspend(forum, account["id"], until=stamp(clock, minutes=1))
    clock.advance(minutes=2)
    assert forum.account(account["id"])["status"] == "unverified"
    assert suspend(forum, account["id"], until=stamp(clock, minutes=1))["status"] == "suspended"


def test_a_suspension_that_ends_now_or_earlier_is_refused_and_leaves_the_first(
    forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    suspend(forum, account["id"])
    for seconds in (-3600.0, -0.001, 0.0):
        body = {"reason": "刷屏", "until": stamp(clock, seconds=seconds)}
        assert faults(forum.post(f"/v1/accounts/{account['id']}/suspend", body)) == [("/until", "in-the-past")]
    assert forum.account(account["id"])["status"] == "suspended"
    assert suspend(forum, account["id"], until=stamp(clock, milliseconds=1))["status"] == "suspended"


_NO_MOMENTS: list[object] = [
    "2027-01-01",
    "2027-01-01T00:00:00",
    "2027-01-01T00:00:00+00:00",
    "2027-01-01T08:00:00+08:00Z",
    "2027-13-01T00:00:00Z",
    "2027-02-29T00:00:00Z",
    "soon",
    1_800_000_000,
    "",
]


def test_an_end_that_is_not_a_utc_time_is_refused(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    for until in _NO_MOMENTS:
        answer = forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "刷屏", "until": until})
        assert faults(answer) == [("/until", "not-a-time")]


def test_an_end_in_another_form_than_rfc_3339_is_refused(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    for until in ("2027-W01-1T00:00:00Z", "20270101T000000Z", "2027-01-01T00Z"):
        answer = forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "刷屏", "until": until})
        assert faults(answer) == [("/until", "not-a-time")]


def test_a_suspension_to_the_end_of_all_time_leaves_the_account_readable(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    assert suspend(forum, account["id"], until="9999-12-31T23:59:59Z")["status"] == "suspended"
    assert forum.token(account["id"]).status_code == 403
    assert listed(forum) == ["山间清风"]


def test_a_suspension_and_its_end_need_a_reason_of_1_to_400_characters(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    bodies: list[Json] = [{}, {"reason": ""}, {"reason": "长" * 401}, {"reason": None}]
    for act in ("suspend", "ban", "reinstate"):
        for body in bodies:
            answer = forum.post(f"/v1/accounts/{account['id']}/{act}", body)
            assert [pointer for pointer, _ in faults(answer)] == ["/reason"]
    assert forum.account(account["id"])["status"] == "unverified"


def test_an_account_that_is_not_suspended_cannot_be_reinstated(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    path, body = f"/v1/accounts/{account['id']}/reinstate", {"reason": "误判"}
    assert refusal(forum.post(path, body)) == (409, "state-conflict")
    suspend(forum, account["id"])
    reinstate(forum, account["id"])
    assert refusal(forum.post(path, body)) == (409, "state-conflict")
    suspend(forum, account["id"], until=stamp(clock, minutes=1))
    clock.advance(minutes=1)
    assert refusal(forum.post(path, body)) == (409, "state-conflict")


def test_a_registration_that_is_repeated_meets_its_own_user_id_and_not_a_foreign_handle(forum: ForumBackend) -> None:
    body = {"handle": "山间清风", "external_id": "42"}
    assert forum.post("/v1/accounts", body).status_code == 201
    assert refusal(forum.post("/v1/accounts", body)) == (409, "external-id-taken")
    assert refusal(forum.post("/v1/accounts", {"handle": "山间清风", "external_id": "43"})) == (409, "handle-taken")


def test_a_typo_in_a_query_never_widens_the_answer(forum: ForumBackend) -> None:
    forum.register("山间清风", "42")
    for query in ("extrenal_id=42", "handle=a&handle=b", "limit=5&foo=", "%E5%A7%93=1"):
        answer = forum.get(f"/v1/accounts?{query}")
        assert refusal(answer) == (422, "validation-failed")
        assert [fault["reason"] for fault in answer.json()["errors"]] == ["unknown-field"]
    assert refusal(forum.get("/v1/agreements/current?kind=user&version=1")) == (422, "validation-failed")


def test_a_handle_that_cannot_be_used_is_pointed_at(forum: ForumBackend) -> None:
    answer = forum.post("/v1/accounts", {"handle": "a"})
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/handle"]
