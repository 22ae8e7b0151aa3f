"""What a forum may change on an account, and what stays."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.audit.models import StagedEntryRow
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json

PROFILE = {"display_name": "清风", "bio": "一行\n二行", "signature": "山间"}


def change(forum: ForumBackend, account_id: str, body: object) -> Any:
    return forum.http.patch(f"/v1/accounts/{account_id}", json=body)


def changed(forum: ForumBackend, account_id: str, body: object) -> Json:
    answer = change(forum, account_id, body)
    assert answer.status_code == 200, answer.text
    account: Json = answer.json()
    return account


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def account(forum: ForumBackend) -> Json:
    answer = forum.post("/v1/accounts", {"handle": "山间清风", "profile": PROFILE})
    made: Json = answer.json()
    return made


_CHANGES: list[tuple[Json, Json]] = [
    ({"handle": "风来了"}, {"handle": "风来了"}),
    ({"handle": "\uff21lice"}, {"handle": "Alice"}),
    ({"external_id": "42"}, {"external_id": "42"}),
    ({"profile": {"bio": "新"}}, {"profile": {"bio": "新"}}),
    ({"profile": {"bio": None, "signature": ""}}, {"profile": {"bio": None, "signature": ""}}),
    (
        {"handle": "海上明月", "external_id": "42", "profile": {"display_name": None}},
        {"handle": "海上明月", "external_id": "42", "profile": {"display_name": None}},
    ),
]


def test_only_what_is_given_changes(forum: ForumBackend, clock: FakeClock, account: Json) -> None:
    for body, shown in _CHANGES:
        clock.advance(seconds=1)
        moment = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        before = forum.account(account["id"])
        answer = changed(forum, account["id"], body)
        profile = before["profile"] | shown.get("profile", {})
        assert answer == {**before, **shown, "profile": profile, "updated_at": moment}
        assert forum.account(account["id"]) == answer


def test_what_is_already_so_changes_nothing(forum: ForumBackend, clock: FakeClock, account: Json) -> None:
    clock.advance(seconds=1)
    for body in ({"handle": "山间清风"}, {"profile": {"bio": PROFILE["bio"]}}):
        assert changed(forum, account["id"], body) == account


_UNREADABLE: list[tuple[Json, list[tuple[str, str]]]] = [
    ({}, [("", "nothing-given")]),
    ({"profile": {}}, [("", "nothing-given")]),
    ({"handle": None}, [("/handle", "not-allowed")]),
    ({"external_id": None, "profile": None}, [("/external_id", "not-allowed"), ("/profile", "not-allowed")]),
    ({"external_id": ""}, [("/external_id", "too-short")]),
    ({"external_id": "4\u200b2"}, [("/external_id", "bad-character")]),
    (
        {"profile": {"display_name": "一\n二", "bio": "\u202e"}},
        [("/profile/display_name", "bad-character"), ("/profile/bio", "bad-character")],
    ),
    ({"profile": {"bio": "长" * 501}}, [("/profile/bio", "too-long")]),
    ({"profile": {"colour": "红"}}, [("/profile", "unknown-field")]),
    ({"status": "active"}, [("", "unknown-field")]),
]


def test_a_change_is_read_as_strictly_as_a_registration(forum: ForumBackend, account: Json) -> None:
    for body, faults in _UNREADABLE:
        answer = change(forum, account["id"], body)
        assert refusal(answer) == (422, "validation-failed")
        assert [(fault["pointer"], fault["reason"]) for fault in answer.json()["errors"]] == faults
    assert forum.account(account["id"]) == account


def test_an_unusable_handle_changes_nothing(forum: ForumBackend, account: Json) -> None:
    for handle in ("笑脸😀", "a", "_ab"):
        answer = change(forum, account["id"], {"handle": handle, "external_id": "42"})
        assert refusal(answer) == (422, "handle-invalid")
    assert forum.account(account["id"]) == account


def test_an_external_id_is_set_once_and_the_same_one_again_is_fine(forum: ForumBackend, account: Json) -> None:
    forum.register("海上明月", "43")
    assert refusal(change(forum, account["id"], {"external_id": "43"})) == (409, "external-id-taken")
    assert refusal(change(forum, account["id"], {"external_id": "43", "handle": "风来"})) == (409, "external-id-taken")
    assert changed(forum, account["id"], {"external_id": "42"})["external_id"] == "42"
    assert changed(forum, account["id"], {"external_id": "42", "handle": "风来"})["handle"] == "风来"
    assert refusal(change(forum, account["id"], {"external_id": "44"})) == (409, "state-conflict")
    assert forum.account(account["id"])["external_id"] == "42"


def test_a_taken_handle_is_refused_also_to_who_has_an_external_id(forum: ForumBackend) -> None:
    account = forum.register("山间清风", "42")
    forum.register("海上明月")
    assert refusal(change(forum, account["id"], {"handle": "海上明月", "external_id": "42"})) == (409, "handle-taken")


def test_a_handle_changes_its_case(forum: ForumBackend) -> None:
    account = forum.register("mail")
    for handle in ("Mail", "MAIL", "mail"):
        assert changed(forum, account["id"], {"handle": handle})["handle"] == handle
        assert [item["id"] for item in forum.get("/v1/accounts?handle=mAIL").json()["items"]] == [account["id"]]


def test_a_closed_account_changes_no_more_and_accepts_nothing(forum: ForumBackend, account: Json) -> None:
    forum.post(f"/v1/accounts/{account['id']}/close", {}).raise_for_status()
    assert refusal(change(forum, account["id"], {"handle": "海上明月"})) == (409, "state-conflict")
    version = forum.get("/v1/agreements/current?kind=user").json()["version"]
    answer = forum.post(f"/v1/accounts/{account['id']}/agreements", {"kind": "user", "version": version})
    assert refusal(answer) == (409, "state-conflict")
    assert (
        answer.json()["detail"]
        == "This account is closed and cannot be changed; within 30 days of its closing it can be reinstated first."
    )


def test_a_permit_carries_the_handle_of_its_moment_and_stays_good(forum: ForumBackend) -> None:
    account = forum.member("山间清风")
    token = forum.token(account["id"]).json()["token"]
    changed(forum, account["id"], {"handle": "海上明月"})
    verdict = forum.verify_token(token)
    assert (verdict["active"], verdict["handle"]) == (True, "海上明月")


def test_a_change_is_on_record_once_and_without_what_was_written(
    new_forum: Callable[[str], ForumBackend], services: Services
) -> None:
    forum = new_forum("甲论坛")
    account = forum.register("山间清风")
    for _ in range(2):
        changed(forum, account["id"], {"handle": "海上明月", "profile": {"bio": "新的介绍"}})
    with services.unit_of_work.read() as tx:
        entries = [entry for entry in tx.session.scalars(select(StagedEntryRow.entry)) if b"account.changed" in entry]
    assert len(entries) == 1
    assert b'"reason":"handle profile"' in entries[0]
    assert "海上".encode() not in entries[0]
    assert "介绍".encode() not in entries[0]
