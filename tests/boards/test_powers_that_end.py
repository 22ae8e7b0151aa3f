"""Whoever has lost the powers of an office gets them back by a re-verification, and by no other way."""

from datetime import timedelta

import pytest

from app.boards.terms import WantedTerms
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, reasons_of, sandbox_number

HOLDER, PHONE = sandbox_number(105), "14000000041"


@pytest.fixture
def founder(forum: ForumBackend) -> Json:
    founder = forum.moderator_to_be("发起人", HOLDER, PHONE, external_id="u-1")
    forum.board(founder["id"])
    return founder


def ask_monthly(services: Services, forum: ForumBackend, clock: FakeClock, **after: float) -> None:
    """A forum's new terms, from a later moment on; whoever lapses may not post either."""
    named = frozenset({"interval_days", "grace_days", "lapse_stops_posting"})
    at = clock.now() + timedelta(**after)
    forum_id = ForumId(forum.credentials.forum_id)
    services.boards.set_forum_terms(OPERATOR, forum_id, WantedTerms(named, 30, 0, True), at, "design")


def filed(forum: ForumBackend, account: Json) -> Json:
    return next(one for one in forum.moderators() if one["account_id"] == account["id"])


def end(forum: ForumBackend, moderator: Json) -> None:
    assert forum.post(f"/v1/moderators/{moderator['id']}/end", {"reason": "卸任"}).status_code == 200


@pytest.mark.usefixtures("founder")
@pytest.mark.parametrize("who", ["filed before", "looked at before", "filed after", "restored after"])
def test_terms_that_were_to_come_bind_everybody_without_a_worker(
    forum: ForumBackend, services: Services, clock: FakeClock, who: str
) -> None:
    manager = forum.moderator_to_be("管理员", sandbox_number(102))
    if who != "filed after":
        forum.manager(manager["id"])
    if who == "restored after":
        path = f"/v1/moderators/{filed(forum, manager)['id']}/sanctions"
        cancelled = forum.post(path, {"step": "cancel", "reason": "违规", "basis": "版主协议"}).json()
    ask_monthly(services, forum, clock, days=10)
    if who == "restored after":
        assert forum.post(f"{path}/{cancelled['id']}/lift", {"reason": "申诉成立"}).status_code == 200
    if who == "filed after":
        forum.manager(manager["id"])
    if who == "looked at before":
        forum.post("/v1/reverifications", {"scope": {"all": True}, "reason": "核验", "due_in_days": 90})
        services.sweeps.look()
    clock.advance(days=41)
    forum.log_in()
    assert {one["handle"] for one in forum.moderators(state="suspended")} == {"发起人", "管理员"}
    assert reasons_of(forum.token(manager["id"])) == ["reverification-overdue"]
    assert reasons_of(forum.moderate(manager["id"])) == ["reverification-overdue", "moderator-suspended"]


@pytest.mark.usefixtures("founder")
def test_the_worker_looks_when_terms_that_were_to_come_have_come(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    ask_monthly(services, forum, clock, days=10)
    manager = forum.moderator_to_be("管理员", sandbox_number(102))
    forum.manager(manager["id"])
    for _ in range(42):
        services.sweeps.look()
        clock.advance(days=1)
    forum.log_in()
    happened = forum.get(f"/v1/moderators/{filed(forum, manager)['id']}/history").json()["items"]
    assert [one["what"] for one in happened] == ["filed", *["reminded"] * 3, "suspended"]


@pytest.mark.parametrize("lapse", ["by time", "by order"])
def test_who_lapsed_is_not_made_good_by_being_filed_anew(
    forum: ForumBackend, founder: Json, services: Services, clock: FakeClock, lapse: str
) -> None:
    if lapse == "by time":
        clock.advance(days=196)
    else:
        clock.advance(seconds=1)
        forum.post("/v1/reverifications", {"scope": {"all": True}, "reason": "核验", "due_in_days": 0})
        clock.advance(days=15)
    forum.log_in()
    body = {"account_id": founder["id"], "role": "founder"}
    for _ in range(2):
        due_at = filed(forum, founder)["due_at"]
        end(forum, filed(forum, founder))
        anew = forum.post("/v1/boards/tea/moderators", body).json()
        assert (anew["state"], anew["powers"], anew["due_at"]) == ("suspended", False, due_at)
        assert reasons_of(forum.moderate(founder["id"])) == ["moderator-suspended"]
    services.sweeps.look()
    forum.phone_code(founder["id"], PHONE)
    assert forum.check_document(founder["id"], HOLDER).json()["outcome"] == "verified"
    assert forum.moderate(founder["id"]).status_code == 201
    end(forum, filed(forum, founder))
    assert forum.post("/v1/boards/tea/moderators", body).json()["state"] == "current"


def test_who_left_in_good_standing_begins_anew_however_long_ago(
    forum: ForumBackend, founder: Json, clock: FakeClock
) -> None:
    end(forum, filed(forum, founder))
    clock.advance(days=400)
    forum.log_in()
    anew = forum.post("/v1/boards/tea/moderators", {"account_id": founder["id"], "role": "founder"}).json()
    assert (anew["state"], anew["powers"]) == ("current", True)


def test_a_founder_is_not_restored_beside_another_and_the_forum_hears_why(forum: ForumBackend, founder: Json) -> None:
    path = f"/v1/moderators/{filed(forum, founder)['id']}/sanctions"
    cancelled = forum.post(path, {"step": "cancel", "reason": "违规", "basis": "版主协议"}).json()
    heir = forum.moderator_to_be("继任", sandbox_number(102))
    assert forum.post("/v1/boards/tea/moderators", {"account_id": heir["id"], "role": "founder"}).status_code == 201
    refused = forum.post(f"{path}/{cancelled['id']}/lift", {"reason": "申诉成立"})
    assert (refused.status_code, refused.json()["code"]) == (409, "state-conflict")
    assert "has a founder" in refused.json()["detail"]
    assert [one["handle"] for one in forum.moderators()] == ["继任"]
