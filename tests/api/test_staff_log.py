"""Staff search the log, and see how all does: over HTTP, and with what they did on record."""

from collections.abc import Iterator

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.staff import make_staff

ENTRIES = "/v1/staff/audit/entries"


@pytest.fixture
def staff(services: Services, address: str) -> Iterator[httpx2.Client]:
    with make_staff(services, "admin").http(address) as http:
        yield http


def entries(staff: httpx2.Client, **query: str) -> list[Json]:
    answer = staff.get(ENTRIES, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_entries_are_found_by_act_actor_object_and_time(
    staff: httpx2.Client, services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    clock.advance(minutes=2)
    forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "刷屏"})
    services.audit.sequencer.catch_up()
    found = entries(staff, object=account["id"])
    assert [one["action"] for one in found] == ["account.suspended", "account.created"]
    assert [one["index"] for one in found] == sorted((one["index"] for one in found), reverse=True)
    assert found[0]["actor"] == {"kind": "client", "id": forum.credentials.client_id}
    assert entries(staff, action="account.suspended") == found[:1]
    assert entries(staff, actor=forum.credentials.client_id)[:2] == found
    assert entries(staff, object=account["id"], after="2026-11-21T04:01:00Z") == found[:1]
    assert entries(staff, object=account["id"], before="2026-11-21T04:01:00Z") == found[1:]
    proof = staff.get("/v1/audit/proofs/inclusion", params={"id": found[0]["id"]}).json()
    assert proof["index"] == found[0]["index"]


def test_a_search_is_an_entry_itself_whatever_it_found(staff: httpx2.Client, services: Services) -> None:
    assert entries(staff, action="nothing.of-the-kind") == []
    services.audit.sequencer.catch_up()
    (searched,) = entries(staff, action="audit.searched")
    assert (searched["actor"]["kind"], searched["object"]) == ("staff", {"kind": "log", "id": "shiming"})


def test_the_search_goes_on_page_by_page(staff: httpx2.Client, services: Services) -> None:
    for number in range(5):
        services.forums.add(OPERATOR, f"论坛{number}")
    services.audit.sequencer.catch_up()
    found, query = list[Json](), {"action": "forum.added", "limit": "2"}
    while True:
        page = staff.get(ENTRIES, params=query).json()
        found += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == entries(staff, action="forum.added")
    assert len(found) == 5
    for wrong in ("after=yesterday", "cursor=ZW50cnkgMQ", "cursor=ZW50cnkgLTEgMQ", "who=me", "limit=0"):
        assert refusal(staff.get(f"{ENTRIES}?{wrong}")) == (422, "validation-failed"), wrong


def test_the_overview_says_what_fails_in_the_language_asked_for_and_with_the_worst_first(
    staff: httpx2.Client, forum: ForumBackend
) -> None:
    forum.member("山间清风")
    shown = staff.get("/v1/staff/overview").json()
    states = [check["state"] for check in shown["checks"]]
    assert states == sorted(states, key=["failing", "no-data", "ok"].index)
    assert shown["failing"] == sum(state != "ok" for state in states)
    verified = next(check for check in shown["checks"] if check["id"] == "posters-verified")
    assert (verified["state"], verified["sentence"]) == ("ok", "Accounts that may post: 1, all verified.")
    assert (shown["posters"]["may_post"], shown["posters"]["oldest_verification"]) == (1, "2026-11-21T00:00:00Z")
    assert [queue["name"] for queue in shown["queues"]] == ["reviews", "webhook-deliveries"]
    assert (len(shown["moderators"]["due_by_week"]), len(shown["verifications_by_day"])) == (12, 30)
    chinese = staff.get("/v1/staff/overview", headers={"accept-language": "zh"})
    assert "能发布的 1 个账号全部验证过真实身份。" in chinese.text
    assert chinese.headers["content-language"] == "zh"


def test_jobs_and_endpoints_are_shown_without_a_secret(
    staff: httpx2.Client, services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    services.job_runs.expect({"patrol": 5.0})
    made = forum.post("/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/hooks", "events": ["*"]}).json()
    clock.advance(minutes=5)
    (job,) = staff.get("/v1/staff/jobs").json()["items"]
    assert (job["name"], job["period_ms"], job["late_seconds"], job["failing"]) == ("patrol", 5000, 290, False)
    answer = staff.get("/v1/staff/webhook-endpoints")
    (endpoint,) = answer.json()["items"]
    assert (endpoint["id"], endpoint["forum_id"]) == (made["id"], forum.credentials.forum_id)
    assert made["secret"] not in answer.text
