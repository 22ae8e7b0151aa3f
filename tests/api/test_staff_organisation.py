"""The operator's own house over HTTP: who may read it, who may keep it, and that nothing of it is ever lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from app.kernel.actor import OPERATOR
from app.organisation.domain import Duty, Rank
from app.organisation.models import OfficerRow
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.staff import make_staff

HOUSE = "/v1/staff/organisation"
OFFICER = {
    "duty": "content_security",
    "rank": "principal",
    "title": "内容安全部主任",
    "contact": "010-00000000",
    "paper": "任命 2026-1 号",
    "appointed_on": "2026-11-01",
}
FILING = {
    "icp_filing": "京ICP备00000000号-1",
    "ps_filing": "京公网安备11000000000000号",
    "responsible_unit": "测试单位",
    "reviewed_on": "2026-11-21",
}
AUTHORITY = {
    "name": "测试市网信办",
    "kind": "cac_local",
    "region": "测试市",
    "channel": "https://cac.example/report",
    "reviewed_on": "2026-11-01",
}
Caller = httpx2.Client


@pytest.fixture
def admin(services: Services, address: str) -> Iterator[Caller]:
    with make_staff(services, "admin").http(address) as http:
        yield http


@pytest.fixture
def compliance(services: Services, address: str) -> Iterator[Caller]:
    with make_staff(services, "compliance").http(address) as http:
        yield http


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def faults(answer: Any) -> list[tuple[str, str]]:
    assert refusal(answer) == (422, "validation-failed"), answer.text
    return [(error["pointer"], error["reason"]) for error in answer.json()["errors"]]


def made(answer: Any, status: int = 201) -> Json:
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


def appoint(admin: Caller, **instead: object) -> Any:
    return admin.post(f"{HOUSE}/officers", json={**OFFICER, **instead})


def end(admin: Caller, officer: Json) -> Any:
    return admin.post(f"{HOUSE}/officers/{officer['id']}/end", json={"reason": "调任"})


def test_an_empty_house_says_everything_that_is_missing(admin: Caller, forum: ForumBackend) -> None:
    state = made(admin.get(HOUSE), 200)
    assert state == {
        "vacancies": [{"duty": duty, "rank": rank} for duty in Duty for rank in Rank],
        "forums": 1,
        "forums_to_review": 1,
        "authorities": 0,
        "authorities_to_review": 0,
        "kinds_missing": ["cac_national", "cac_local", "ps_local"],
    }
    appoint(admin)
    made(admin.post(f"{HOUSE}/forums", json={**FILING, "forum_id": forum.credentials.forum_id}))
    made(admin.post(f"{HOUSE}/authorities", json=AUTHORITY))
    state = made(admin.get(HOUSE), 200)
    assert {"duty": "content_security", "rank": "principal"} not in state["vacancies"]
    assert {"duty": "content_security", "rank": "deputy"} in state["vacancies"]
    assert (state["forums_to_review"], state["authorities"]) == (0, 1)
    assert state["kinds_missing"] == ["cac_national", "ps_local"]


def test_the_last_officer_of_a_duty_cannot_be_ended_and_whoever_ended_stays_on_record(admin: Caller) -> None:
    first = made(appoint(admin))
    assert first == {"id": first["id"], **OFFICER, "ended_at": None, "ended_because": None}
    assert refusal(end(admin, first)) == (409, "state-conflict")
    appoint(admin, duty="complaints")  # of another duty: no help
    assert refusal(end(admin, first)) == (409, "state-conflict")
    deputy = made(appoint(admin, rank="deputy", paper=None))
    ended = made(end(admin, first), 200)
    assert (ended["ended_because"], ended["title"]) == ("调任", OFFICER["title"])
    assert refusal(end(admin, first)) == (409, "state-conflict")
    assert refusal(end(admin, deputy)) == (409, "state-conflict")
    current = [one["id"] for one in admin.get(f"{HOUSE}/officers").json()["items"]]
    assert first["id"] not in current
    assert deputy["id"] in current
    every = admin.get(f"{HOUSE}/officers?current=false").json()["items"]
    assert ended in every


def test_two_that_are_ended_at_once_leave_one(admin: Caller) -> None:
    both = [made(appoint(admin)), made(appoint(admin, rank="deputy"))]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda officer: end(admin, officer).status_code, both))
    assert sorted(answers) == [200, 409]
    assert len(admin.get(f"{HOUSE}/officers").json()["items"]) == 1


def test_whoever_is_named_is_sealed_in_the_database(admin: Caller, services: Services) -> None:
    made(appoint(admin))
    with services.unit_of_work.read() as tx:
        row = tx.session.scalars(select(OfficerRow)).one()
    kept = b"".join(value for value in vars(row).values() if isinstance(value, bytes))
    for named in (OFFICER["title"], OFFICER["contact"], OFFICER["paper"]):
        assert named.encode() not in kept
        assert named not in repr(vars(row))


def test_a_forums_filing_is_recorded_anew_and_what_was_recorded_stays(
    admin: Caller, compliance: Caller, forum: ForumBackend
) -> None:
    here = {"forum_id": forum.credentials.forum_id}
    (unfiled,) = compliance.get(f"{HOUSE}/forums").json()["items"]
    assert unfiled == {**here, "name": "测试论坛", "status": "active", "filing": None, "review_due": True}
    first = made(admin.post(f"{HOUSE}/forums", json={**FILING, **here, "ps_filing": None}))
    assert first["filing"]["ps_filing"] is None
    assert (first["filing"]["review_due_on"], first["review_due"]) == ("2027-11-21", False)
    second = made(admin.post(f"{HOUSE}/forums", json={**FILING, **here}))
    assert compliance.get(f"{HOUSE}/forums").json() == {"items": [second], "next_cursor": None}
    history = compliance.get(f"{HOUSE}/forums/{here['forum_id']}").json()["items"]
    assert history == [second["filing"], first["filing"]]


def test_a_review_is_due_on_its_day_in_shanghai_and_not_before(
    services: Services, admin: Caller, clock: FakeClock, address: str, forum: ForumBackend
) -> None:
    made(admin.post(f"{HOUSE}/forums", json={**FILING, "forum_id": forum.credentials.forum_id}))
    made(admin.post(f"{HOUSE}/authorities", json={**AUTHORITY, "reviewed_on": "2026-11-21"}))
    clock.advance(seconds=(datetime(2027, 11, 20, 15, 59, 59, tzinfo=UTC) - clock.now()).total_seconds())
    with make_staff(services, "compliance").http(address) as then:
        before = then.get(HOUSE).json()
        clock.advance(seconds=1)
        after = then.get(HOUSE).json()
    assert (before["forums_to_review"], before["authorities_to_review"]) == (0, 0)
    assert (after["forums_to_review"], after["authorities_to_review"]) == (1, 1)


def test_an_authority_is_revised_and_ended_and_all_that_was_said_stays(admin: Caller) -> None:
    first = made(admin.post(f"{HOUSE}/authorities", json=AUTHORITY))
    at = f"{HOUSE}/authorities/{first['id']}"
    revised = made(admin.post(f"{at}/revise", json={**AUTHORITY, "channel": "12377"}), 200)
    assert (revised["id"], revised["channel"]) == (first["id"], "12377")
    assert admin.get(f"{HOUSE}/authorities").json()["items"] == [revised]
    ended = made(admin.post(f"{at}/end", json={"reason": "并入上级"}), 200)
    assert admin.get(f"{HOUSE}/authorities").json()["items"] == []
    assert admin.get(f"{HOUSE}/authorities?current=false").json()["items"] == [ended]
    assert admin.get(at).json()["items"] == [ended, revised, first]
    for act, body in (("revise", AUTHORITY), ("end", {"reason": "再来"})):
        assert refusal(admin.post(f"{at}/{act}", json=body)) == (409, "state-conflict")


def test_an_authority_that_is_ended_while_others_revise_it_stays_ended(admin: Caller) -> None:
    at = f"{HOUSE}/authorities/{made(admin.post(f'{HOUSE}/authorities', json=AUTHORITY))['id']}"
    asked = [("revise", AUTHORITY)] * 4 + [("end", {"reason": "停用"})]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda act: admin.post(f"{at}/{act[0]}", json=act[1]).status_code, asked))
    assert set(answers) <= {200, 409}
    assert answers[-1] == 200
    history = admin.get(at).json()["items"]
    assert history[0]["ended_because"] == "停用"
    assert len(history) == 1 + answers.count(200)


def test_lists_come_in_pages(admin: Caller, services: Services) -> None:
    for number in range(3):
        made(appoint(admin, rank="deputy"))
        made(admin.post(f"{HOUSE}/authorities", json={**AUTHORITY, "name": f"部门{number}"}))
        services.forums.add(OPERATOR, f"论坛{number}")
    for name, key in (("officers", "id"), ("authorities", "id"), ("forums", "forum_id")):
        whole = [one[key] for one in admin.get(f"{HOUSE}/{name}").json()["items"]]
        first = admin.get(f"{HOUSE}/{name}?limit=2").json()
        second = admin.get(f"{HOUSE}/{name}", params={"limit": 2, "cursor": first["next_cursor"]}).json()
        assert [one[key] for one in first["items"] + second["items"]] == whole
        assert (len(second["items"]), second["next_cursor"]) == (1, None)
        assert faults(admin.get(f"{HOUSE}/{name}?cursor=bad")) == [("/cursor", "not-a-cursor")]


_WRONG: tuple[tuple[str, Json, str, object, str], ...] = (
    ("officers", OFFICER, "title", " \n ", "too-short"),
    ("officers", OFFICER, "contact", "电\u202e话", "bad-character"),
    ("officers", OFFICER, "paper", "一" * 121, "too-long"),
    ("officers", OFFICER, "duty", "everything", "not-allowed"),
    ("officers", OFFICER, "appointed_on", "2026-11-22", "out-of-range"),
    ("officers", OFFICER, "appointed_on", "2026-02-30", "not-a-day"),
    ("officers", OFFICER, "appointed_on", "２０２６-11-01", "not-a-day"),
    ("officers", OFFICER, "appointed_on", 20261101, "not-a-day"),
    ("forums", FILING, "icp_filing", "", "too-short"),
    ("forums", FILING, "responsible_unit", "\u2028", "bad-character"),
    ("forums", FILING, "reviewed_on", "2026-12-01", "out-of-range"),
    ("authorities", AUTHORITY, "kind", "cac", "not-allowed"),
    ("authorities", AUTHORITY, "channel", " ", "too-short"),
    ("authorities", AUTHORITY, "reviewed_on", "9999-12-31", "out-of-range"),
    ("authorities", AUTHORITY, "phone", "1", "unknown-field"),
)


def test_what_cannot_be_is_refused_field_by_field(admin: Caller, forum: ForumBackend) -> None:
    for path, body, field, value, reason in _WRONG:
        whole = {**body, "forum_id": forum.credentials.forum_id} if path == "forums" else body
        refused = admin.post(f"{HOUSE}/{path}", json={**whole, field: value})
        assert faults(refused) == [("" if reason == "unknown-field" else f"/{field}", reason)], (path, field, value)


def test_what_is_not_there_is_not_found(admin: Caller) -> None:
    for path, body in (
        ("officers/ofr_1/end", {"reason": "调任"}),
        ("officers/é/end", {"reason": "调任"}),
        ("forums", {**FILING, "forum_id": "frm_1"}),
        ("authorities/aut_1/revise", AUTHORITY),
        ("authorities/aut_1/end", {"reason": "停用"}),
    ):
        assert refusal(admin.post(f"{HOUSE}/{path}", json=body)) == (404, "not-found"), path
    for path in ("forums/frm_1", "authorities/aut_1", "authorities/é"):
        assert refusal(admin.get(f"{HOUSE}/{path}")) == (404, "not-found"), path


def test_compliance_reads_the_house_and_only_admins_keep_it(
    services: Services, address: str, compliance: Caller, forum: ForumBackend
) -> None:
    reads = ("", "/officers", "/forums", f"/forums/{forum.credentials.forum_id}", "/authorities")
    for path in reads:
        assert compliance.get(f"{HOUSE}{path}").status_code == 200, path
    writes = (("officers", OFFICER), ("forums", FILING), ("authorities", AUTHORITY))
    with ExitStack() as stack:
        others = [
            stack.enter_context(make_staff(services, role).http(address)) for role in ("reviewer", "privacy", "auditor")
        ]
        for caller in (compliance, *others):
            for path, body in writes:
                whole = {**body, "forum_id": forum.credentials.forum_id} if path == "forums" else body
                assert refusal(caller.post(f"{HOUSE}/{path}", json=whole)) == (403, "role-not-sufficient")
        for caller in others:
            for path in reads:
                assert refusal(caller.get(f"{HOUSE}{path}")) == (403, "role-not-sufficient")
    assert refusal(forum.get(HOUSE)) == (403, "insufficient-scope")


def test_the_same_request_again_takes_effect_once(admin: Caller) -> None:
    key = {"idempotency-key": "one-appointment-only"}
    first, again = (admin.post(f"{HOUSE}/officers", json=OFFICER, headers=key) for _ in range(2))
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert len(admin.get(f"{HOUSE}/officers").json()["items"]) == 1
