"""Reviewers decide over HTTP, and lexicons are brought in, rehearsed and published by staff."""

from collections.abc import Iterator
from functools import partial

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.policies import LEXICON_LARGEST
from app.web.gate import BODY_LIMITS
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.forum import ForumBackend, Json
from tests.support.lexicons import BLOCKED, HEADER, REVIEWED, lexicon_file, publish_terms, put_in_force
from tests.support.staff import make_staff

LEXICONS = "/v1/staff/lexicons"


@pytest.fixture
def staff(services: Services, address: str) -> Iterator[httpx2.Client]:
    with make_staff(services, "reviewer").http(address) as http:
        yield http


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def ok(answer: httpx2.Response, status: int = 200) -> Json:
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


def waiting(staff: httpx2.Client, **query: str) -> list[Json]:
    return list(ok(staff.get("/v1/staff/reviews", params=query))["items"])


def decide(staff: httpx2.Client, review: Json, decision: str, reason: str = "核对过") -> httpx2.Response:
    body = {"version": review["version"], "decision": decision, "reason": reason}
    return staff.post(f"/v1/staff/reviews/{review['id']}/decide", json=body)


# ---------------------------------------------------------------- reviews


def test_a_reviewer_sees_what_waits_decides_it_and_the_second_one_hears_that_it_is_decided(
    services: Services, staff: httpx2.Client, forum: ForumBackend
) -> None:
    put_in_force(services.lexicons, "客服,impersonation,review,3,,,")
    account = forum.register("官方客服甲")
    (review,) = waiting(staff)
    assert (review["account_id"], review["field"], review["held"]) == (account["id"], "handle", True)
    assert (review["categories"], review["excerpt"]) == (["impersonation"], "官方客服甲")
    whole = ok(staff.get(f"/v1/staff/reviews/{review['id']}"))
    assert (whole["text"], whole["ended"]) == ("官方客服甲", None)
    assert [(hit["start"], hit["end"], hit["term"]) for hit in whole["hits"]] == [(2, 4, "客服")]
    assert waiting(staff, forum="frm_nobody") == waiting(staff, field="post") == []
    assert refusal(decide(staff, {**review, "version": 7}, "pass")) == (409, "already-decided")
    ended = ok(decide(staff, review, "pass"))
    assert (ended["decision"], ended["by"]["kind"], ended["reason"]) == ("pass", "staff", "核对过")
    assert forum.account(account["id"])["handle"] == "官方客服甲"
    assert refusal(decide(staff, review, "block")) == (409, "already-decided")
    assert waiting(staff) == []


def test_two_reviewers_at_once_decide_once(services: Services, staff: httpx2.Client, forum: ForumBackend) -> None:
    publish_terms(services)
    forum.post("/v1/screenings", {"items": [{"field": "post", "text": REVIEWED}]})
    (review,) = waiting(staff)
    answers = at_once([partial(decide, staff, review, one) for one in ("pass", "block") * 4])
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]


def test_a_decision_without_a_reason_or_of_another_kind_is_refused(
    services: Services, staff: httpx2.Client, forum: ForumBackend
) -> None:
    publish_terms(services)
    forum.post("/v1/screenings", {"items": [{"field": "post", "text": REVIEWED}]})
    (review,) = waiting(staff)
    for decision, reason in (("withdrawn", "核对过"), ("pass", ""), ("pass", "\u3000"), ("pass", "长" * 401)):
        assert refusal(decide(staff, review, decision, reason)) == (422, "validation-failed"), (decision, reason)
    assert refusal(staff.get("/v1/staff/reviews/rev_nobody")) == (404, "not-found")
    assert len(waiting(staff)) == 1


# ---------------------------------------------------------------- lexicons


def bring_in(staff: httpx2.Client, *lines: str, name: str = "own") -> Json:
    content = HEADER + "".join(f"{line}\n" for line in lines)
    return ok(staff.post(LEXICONS, json={"name": name, "content": content}), 201)


def test_a_lexicon_is_brought_in_compared_rehearsed_published_and_taken_back(
    staff: httpx2.Client, forum: ForumBackend
) -> None:
    text = {"items": [{"field": "post", "text": "代开发票找我"}]}
    first = bring_in(staff, "线上赌场,gambling,block,4,,,")
    assert bring_in(staff, "线上赌场,gambling,block,4,,,") == {**first, "new": False}
    ok(staff.post(f"{LEXICONS}/{first['id']}/publish"))
    second = bring_in(staff, "线上赌场,gambling,review,4,,,", "代开发票,fraud,block,3,post,,开票广告")
    assert (second["version"], second["terms"], second["new"]) == (2, 2, True)
    difference = ok(staff.get(f"{LEXICONS}/{second['id']}/diff"))
    assert (difference["against"], difference["added_count"], difference["changed_count"]) == (1, 1, 1)
    assert (difference["added"][0]["term"], difference["added"][0]["fields"]) == ("代开发票", ["post"])
    assert difference["changed"][0]["columns"] == ["action"]
    forum.post("/v1/screenings", text)
    cases = {"cases": "text,field,decision\n代开发票,post,pass\n"}
    rehearsed = ok(staff.post(f"{LEXICONS}/{second['id']}/rehearse", json=cases))
    assert (rehearsed["alarm"], rehearsed["spoilt"]) == (False, 1)
    wrong = {"text": "代开发票", "field": "post", "must_be": "pass", "before": "pass", "after": "block"}
    assert wrong in rehearsed["wrong"]
    tried = ok(staff.post(f"{LEXICONS}/try", json={"text": "代开发票", "lexicon_id": second["id"]}))
    assert (tried["decision"], tried["publication"], tried["hits"][0]["term"]) == ("block", None, "代开发票")
    assert ok(staff.post(f"{LEXICONS}/try", json={"text": "代开发票"}))["decision"] == "pass"
    published = ok(staff.post(f"{LEXICONS}/{second['id']}/publish"))
    assert (published["version"], published["published_by"]["kind"]) == (2, "staff")
    assert ok(forum.post("/v1/screenings", text))["decision"] == "block"
    assert refusal(staff.post(f"{LEXICONS}/{second['id']}/publish")) == (409, "state-conflict")
    assert refusal(staff.post(f"{LEXICONS}/{first['id']}/withdraw")) == (409, "state-conflict")
    assert ok(staff.post(f"{LEXICONS}/{second['id']}/withdraw"))["version"] is None
    assert ok(forum.post("/v1/screenings", text))["decision"] == "pass"
    (shown,) = ok(staff.get(LEXICONS))["items"]
    assert [(one["version"], one["in_force"]) for one in shown["versions"]] == [(2, False), (1, False)]


def test_a_bad_line_is_named_and_nothing_of_the_file_is_loaded(staff: httpx2.Client) -> None:
    content = f"{HEADER}赌场,gambling,block,4,,,\n彩票,gambling,forbid,4,,,\n私彩,gambling,block,9,,,\n"
    refused = staff.post(LEXICONS, json={"name": "own", "content": content})
    assert refusal(refused) == (422, "validation-failed")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/lines/3", "/lines/4"]
    assert ok(staff.get(LEXICONS))["items"] == []
    assert refusal(staff.post(LEXICONS, json={"name": "Own Lexicon", "content": HEADER})) == (422, "validation-failed")


def test_a_lexicon_that_would_silence_a_forum_needs_a_second_word(
    services: Services, staff: httpx2.Client, forum: ForumBackend
) -> None:
    for number in range(8):
        forum.register(f"路人{number}")
    draft = bring_in(staff, "路人,spam,block,1,,,")
    assert refusal(staff.post(f"{LEXICONS}/{draft['id']}/publish")) == (409, "state-conflict")
    assert ok(staff.post(f"{LEXICONS}/{draft['id']}/rehearse"))["alarm"] is True
    assert services.lexicons.in_force() == []
    ok(staff.post(f"{LEXICONS}/{draft['id']}/publish", json={"despite_alarm": True}))


def test_a_publication_with_a_key_happens_once_and_hears_the_first_answer(staff: httpx2.Client) -> None:
    draft, key = bring_in(staff, f"{BLOCKED},gambling,block,4,,,"), {"idempotency-key": "publish-this-once"}
    answers = [staff.post(f"{LEXICONS}/{draft['id']}/publish", headers=key) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.content for answer in answers}) == 1
    assert "idempotency-replayed" in answers[2].headers


def test_two_lexicons_published_at_once_are_both_in_force(services: Services, staff: httpx2.Client) -> None:
    drafts = [bring_in(staff, f"词语{one},gambling,block,4,,,", name=one) for one in ("aa", "bb", "cc")]
    answers = at_once([partial(staff.post, f"{LEXICONS}/{one['id']}/publish") for one in drafts])
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [one.lexicon for one in services.lexicons.in_force()] == ["aa", "bb", "cc"]


def test_a_large_lexicon_comes_in_and_a_larger_one_is_told_how_large_it_may_be(staff: httpx2.Client) -> None:
    lines = "".join(f"长词语{number:06},spam,review,1,,,{'备注' * 12}\n" for number in range(25_000))
    content = HEADER + lines
    assert 1024 * 1024 < len(content.encode()) < BODY_LIMITS[LEXICONS].size < LEXICON_LARGEST.value * 1024 * 1024
    assert bring_in(staff, *lines.splitlines(), name="large")["terms"] == 25_000
    refused = staff.post(LEXICONS, json={"name": "large", "content": content * 3})
    assert refusal(refused) == (413, "body-too-large")
    assert LEXICONS in refused.json()["detail"]


def test_a_lexicon_that_the_operator_brought_in_is_published_by_staff(services: Services, staff: httpx2.Client) -> None:
    version = services.lexicons.import_file(OPERATOR, "own", lexicon_file(BLOCKED)).version
    published = ok(staff.post(f"{LEXICONS}/{version.id}/publish"))
    assert published["name"] == "own"
    assert refusal(staff.post(f"{LEXICONS}/lex_nobody/publish")) == (404, "not-found")
