"""Agreements over HTTP: a draft binds nobody; what is published shows every clause, is on record, and gives time."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from app.agreements.domain import AgreementKind
from app.agreements.service import default_draft
from app.audit.search import Question
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.record import unpublished
from tests.support.staff import make_staff

AGREEMENTS = "/v1/staff/agreements"
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


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_draft(**instead: object) -> Json:
    zh, en = default_draft(AgreementKind.USER).without_marks()
    text = {"zh": f"{zh}\n## 13 新的一条\n\n从此如此。\n", "en": f"{en}\n## 13 Something new\n\nSo from now on.\n"}
    return {"kind": "user", "version": "2026-12", "title": "用户协议", "text": text, **instead}


def write(admin: Caller, **instead: object) -> Json:
    answer = admin.post(AGREEMENTS, json=new_draft(**instead))
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def publish(admin: Caller, draft: Json, effective_at: datetime, **more: object) -> Any:
    body = {"revision": draft["revision"], "effective_at": stamp(effective_at), **more}
    return admin.post(f"{AGREEMENTS}/{draft['id']}/publish", json=body)


def test_a_draft_shows_what_it_changes_and_binds_nobody(admin: Caller, forum: ForumBackend) -> None:
    draft = write(admin)
    assert (draft["status"], draft["revision"], draft["missing"], draft["against"]) == ("draft", 1, [], "2026-11")
    changed = [line for line in draft["differences"]["zh"] if line["change"] != "same"]
    assert changed == [{"change": "added", "text": "## 13 新的一条"}, {"change": "added", "text": "从此如此。"}]
    assert [line["text"] for line in draft["differences"]["en"]][-1] == "So from now on."
    assert admin.get(f"{AGREEMENTS}/{draft['id']}").json() == draft
    (listed,) = admin.get(AGREEMENTS).json()["items"]
    assert listed == {name: draft[name] for name in listed}
    assert forum.get("/v1/agreements/current?kind=user").json()["version"] == "2026-11"


def test_a_published_version_binds_from_its_day_and_whoever_accepted_before_has_until_accept_by(
    admin: Caller, forum: ForumBackend, clock: FakeClock
) -> None:
    account, draft, at = forum.member("山间清风"), write(admin), clock.now() + timedelta(minutes=5)
    published = publish(admin, draft, at)
    assert published.status_code == 201, published.text
    said = published.json()
    assert (said["version"], said["effective_at"]) == ("2026-12", stamp(at))
    assert said["accept_by"] == stamp(at + timedelta(days=7))
    assert said["sha256"] == sha256(new_draft()["text"]["zh"].encode()).hexdigest()
    assert forum.get("/v1/agreements/current?kind=user").json()["version"] == "2026-11"
    assert [one["in_force"] for one in _versions(admin)] == [False, True, True]
    clock.advance(minutes=5)
    current = forum.get("/v1/agreements/current?kind=user").json()
    assert (current["version"], current["text"]) == ("2026-12", new_draft()["text"])
    assert [one["in_force"] for one in _versions(admin)] == [True, False, True]
    assert forum.token(account["id"]).status_code == 201
    assert forum.account(account["id"])["agreement"]["accept_by"] == said["accept_by"]
    clock.advance(days=7)
    forum.log_in()
    assert forum.account(account["id"])["posting"]["reasons"] == ["agreement-not-accepted"]


def _versions(admin: Caller) -> list[Json]:
    """Newest first: the new one, then the two that an installation begins with."""
    found: list[Json] = admin.get(f"{AGREEMENTS}/versions").json()["items"]
    assert len(found) == 3
    return sorted(found, key=lambda one: (one["version"], one["kind"]), reverse=True)


def test_the_publication_stands_on_record_before_it_happens_and_forums_hear_of_it(
    admin: Caller, services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    hook = {"url": "http://127.0.0.1:9/hook", "events": ["agreement.published"]}
    endpoint = forum.post("/v1/webhook-endpoints", hook).json()["id"]
    draft = write(admin)
    entry = json.loads(publish(admin, draft, clock.now()).json()["receipt"]["entry"])
    assert (entry["action"], entry["object"]["id"], entry["case"]) == (
        "agreement.published",
        "user/2026-12",
        draft["id"],
    )
    assert (entry["outcome"], entry["actor"]["kind"]) == ("begun", "staff")
    services.audit.sequencer.catch_up()
    found = services.audit.search.find(Question(action="agreement.published", object="user/2026-12"), 10)
    cases = {one.entry["outcome"]: one.entry["case"] for one in found if one.entry}
    assert cases == {"begun": draft["id"], "done": entry["id"]}
    told = forum.get(f"/v1/webhook-endpoints/{endpoint}/deliveries").json()["items"]
    assert [one["type"] for one in told] == ["agreement.published"]


def test_a_draft_that_lacks_a_clause_is_told_which_and_is_not_published(
    admin: Caller, services: Services, clock: FakeClock
) -> None:
    text = new_draft()["text"]
    draft = write(admin, text={**text, "zh": text["zh"].replace("情节严重", "情况不好")})
    assert [(one["clause"], one["language"]) for one in draft["missing"]] == [("ban-or-close", "zh")]
    refused = publish(admin, draft, clock.now())
    assert refusal(refused) == (409, "state-conflict")
    assert "ban-or-close (zh)" in refused.json()["detail"]
    services.audit.sequencer.catch_up()
    assert services.audit.search.find(Question(action="agreement.published", object="user/2026-12"), 10) == []
    mended = admin.patch(f"{AGREEMENTS}/{draft['id']}", json={"revision": 1, "text": {"zh": text["zh"]}}).json()
    assert (mended["revision"], mended["missing"], mended["text"]["en"]) == (2, [], text["en"])
    assert publish(admin, mended, clock.now()).status_code == 201


def test_what_is_published_is_what_was_read(admin: Caller, clock: FakeClock) -> None:
    draft = write(admin)
    at = f"{AGREEMENTS}/{draft['id']}"
    changed = admin.patch(at, json={"revision": 1, "title": "用户服务协议"}).json()
    assert (changed["title"], changed["revision"]) == ("用户服务协议", 2)
    assert refusal(publish(admin, draft, clock.now())) == (409, "state-conflict")
    assert refusal(admin.patch(at, json={"revision": 1, "title": "别的"})) == (409, "state-conflict")
    assert refusal(admin.post(f"{at}/withdraw", json={"revision": 1})) == (409, "state-conflict")
    assert publish(admin, changed, clock.now()).status_code == 201
    after = admin.get(at).json()
    assert (after["status"], after["revision"]) == ("published", 3)
    for revision in (2, 3):
        assert refusal(admin.patch(at, json={"revision": revision, "title": "别的"})) == (409, "state-conflict")
        assert refusal(
            admin.post(f"{at}/publish", json={"revision": revision, "effective_at": stamp(clock.now())})
        ) == (409, "state-conflict")


def test_of_eight_publications_at_once_one_succeeds(admin: Caller, clock: FakeClock) -> None:
    draft, other = write(admin), write(admin)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: publish(admin, one, clock.now()).status_code, [draft, other] * 4))
    assert sorted(answers) == [201, *[409] * 7]
    assert len(_versions(admin)) == 3


def test_a_version_has_a_name_of_its_own(admin: Caller, clock: FakeClock) -> None:
    assert refusal(admin.post(AGREEMENTS, json=new_draft(version="2026-11"))) == (409, "state-conflict")
    first, second = write(admin), write(admin)
    assert publish(admin, first, clock.now()).status_code == 201
    assert refusal(publish(admin, second, clock.now())) == (409, "state-conflict")
    renamed = admin.patch(f"{AGREEMENTS}/{second['id']}", json={"revision": 1, "version": "2026-12-b"}).json()
    assert publish(admin, renamed, clock.now()).status_code == 201


def test_a_draft_that_was_withdrawn_stays_to_be_read(admin: Caller, clock: FakeClock) -> None:
    draft = write(admin)
    at = f"{AGREEMENTS}/{draft['id']}"
    assert admin.post(f"{at}/withdraw", json={"revision": 1}).json()["status"] == "withdrawn"
    withdrawn = admin.get(at).json()
    assert (withdrawn["status"], withdrawn["text"]) == ("withdrawn", draft["text"])
    assert refusal(publish(admin, withdrawn, clock.now())) == (409, "state-conflict")


def test_what_cannot_be_put_on_record_is_not_published(
    admin: Caller, services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    draft = write(admin)
    services.agreement_drafts._receipts._patience = 0.2
    with unpublished(services):
        assert refusal(publish(admin, draft, clock.now())) == (503, "unavailable")
    assert forum.get("/v1/agreements/current?kind=user").json()["version"] == "2026-11"
    assert admin.get(f"{AGREEMENTS}/{draft['id']}").json() == draft
    assert publish(admin, draft, clock.now()).status_code == 201


def test_a_repeated_publication_hears_the_first_answer(admin: Caller, clock: FakeClock) -> None:
    draft, key = write(admin), {"idempotency-key": "one-publication-only"}
    body = {"revision": 1, "effective_at": stamp(clock.now())}
    first, again = (admin.post(f"{AGREEMENTS}/{draft['id']}/publish", json=body, headers=key) for _ in range(2))
    assert first.status_code == 201
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")


def test_dates_that_give_nobody_time_are_refused(admin: Caller, clock: FakeClock) -> None:
    draft, now = write(admin), clock.now()
    day = timedelta(days=1)
    for effective_at, accept_by, pointer in (
        (now - timedelta(seconds=1), None, "/effective_at"),
        (now + 366 * day, None, "/effective_at"),
        (now, now + 7 * day - timedelta(milliseconds=1), "/accept_by"),
        (now + day, now + 7 * day, "/accept_by"),
        (now, now + 366 * day, "/accept_by"),
    ):
        more = {"accept_by": stamp(accept_by)} if accept_by else {}
        assert faults(publish(admin, draft, effective_at, **more)) == [(pointer, "out-of-range")]
    assert publish(admin, draft, now, accept_by=stamp(now + 7 * day)).status_code == 201


def test_texts_that_cannot_be_are_refused_and_lines_may_end_as_browsers_end_them(admin: Caller) -> None:
    text = new_draft()["text"]
    for wrong, fault in (
        ({"text": {**text, "zh": "\u202e" + text["zh"]}}, ("/text/zh", "bad-character")),
        ({"text": {**text, "en": "a" * 20_001}}, ("/text/en", "too-long")),
        ({"text": {**text, "en": "a\n" * 2_001}}, ("/text/en", "too-long")),
        ({"text": text["zh"]}, ("/text", "wrong-type")),
        ({"title": " "}, ("/title", "too-short")),
        ({"title": "\t"}, ("/title", "bad-character")),
        ({"version": "2026/12"}, ("/version", "not-allowed")),
        ({"version": "２０２６"}, ("/version", "not-allowed")),
        ({"kind": "guest"}, ("/kind", "not-allowed")),
    ):
        assert faults(admin.post(AGREEMENTS, json={**new_draft(), **wrong})) == [fault], wrong
    (lacking,) = {one["language"] for one in write(admin, text={"zh": text["zh"]})["missing"]}
    assert lacking == "en"  # the other text comes in a request of its own
    draft = write(admin, text={name: one.replace("\n", "\r\n") for name, one in text.items()})
    assert draft["text"] == text
    at = f"{AGREEMENTS}/{draft['id']}"
    assert faults(admin.patch(at, json={"revision": 1})) == [("", "nothing-given")]
    assert faults(admin.patch(at, json={"revision": 1, "text": {}})) == [("", "nothing-given")]
    assert refusal(admin.patch(at, content=b"{", headers={"content-type": "application/json"})) == (
        400,
        "malformed-json",
    )


def test_lists_come_in_pages_and_what_is_not_there_is_not_found(admin: Caller, clock: FakeClock) -> None:
    drafts = []
    for number in range(3):
        drafts.append(write(admin, version=f"2027-{number}")["id"])
        clock.advance(seconds=1)
    first = admin.get(f"{AGREEMENTS}?limit=2").json()
    second = admin.get(AGREEMENTS, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [one["id"] for one in first["items"] + second["items"]] == drafts[::-1]
    newest = admin.get(f"{AGREEMENTS}/versions?limit=1").json()
    older = admin.get(f"{AGREEMENTS}/versions", params={"limit": 1, "cursor": newest["next_cursor"]}).json()
    assert {one["kind"] for one in newest["items"] + older["items"]} == {"user", "moderator"}
    for path in (AGREEMENTS, f"{AGREEMENTS}/versions"):
        for cursor in ("bad", "YWd2X3g", "YWdkX8Op"):
            assert faults(admin.get(path, params={"cursor": cursor})) == [("/cursor", "not-a-cursor")]
    assert refusal(admin.get(f"{AGREEMENTS}/agd_1")) == (404, "not-found")
    assert refusal(admin.patch(f"{AGREEMENTS}/é", json={"revision": 1, "title": "别的"})) == (404, "not-found")
    assert refusal(admin.post(f"{AGREEMENTS}/agd_1/withdraw", json={"revision": 1})) == (404, "not-found")


def test_only_admins_write_agreements_and_publish_only_with_a_fresh_second_factor(
    services: Services, address: str, forum: ForumBackend, clock: FakeClock
) -> None:
    for role in ("compliance", "reviewer", "privacy", "auditor"):
        with make_staff(services, role).http(address) as caller:
            assert refusal(caller.get(AGREEMENTS)) == (403, "role-not-sufficient")
            assert refusal(caller.post(AGREEMENTS, json=new_draft())) == (403, "role-not-sufficient")
    member = make_staff(services, "admin")
    with member.http(address) as admin:
        draft = write(admin)
        clock.advance(minutes=6)
        assert refusal(publish(admin, draft, clock.now())) == (403, "second-factor-needed")
        assert member.step_up(address).status_code == 200
        assert publish(admin, draft, clock.now()).status_code == 201
    assert refusal(forum.get(AGREEMENTS)) == (403, "insufficient-scope")
