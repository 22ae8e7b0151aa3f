"""Screenings over HTTP: what becomes of a text, what is kept of it, and what is refused."""

import json
from collections.abc import Callable
from hashlib import sha256

import pytest
from sqlalchemy import func, select, update

from app import policies
from app.events.catalogue import EventType
from app.events.domain import Subscription
from app.events.models import EventRow
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.ids import ForumId
from app.screening.contents import Item
from app.screening.domain import Decision, Field, Ruling
from app.screening.models import KeptTextRow, ReviewRow, ScreenedContentRow, ScreeningRow
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.lexicons import BLOCKED, MASKED, REVIEWED, TERMS, publish_terms

NewForum = Callable[[str], ForumBackend]
CLEAN = "今天天气不错，出去走走。"
CLIENT = Actor(ActorKind.CLIENT, "cli_test")


@pytest.fixture(autouse=True)
def lexicon(services: Services) -> int:
    return publish_terms(services)


def post(text: str, **more: str) -> Json:
    return {"field": "post", "text": text, **more}


def screened(forum: ForumBackend, *items: Json, language: str = "en") -> Json:
    answer = forum.post("/v1/screenings", {"items": list(items)}, headers={"accept-language": language})
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def rows(services: Services, *tables: type[object]) -> list[int]:
    with services.unit_of_work.read() as tx:
        return [tx.session.scalars(select(func.count()).select_from(table)).one() for table in tables]


def rule(services: Services, ruling: Ruling) -> None:
    """A reviewer decides on everything that is open."""
    with services.unit_of_work.begin(OPERATOR) as tx:
        decided = {"decided_at": tx.now, "decision": ruling.value}
        tx.session.execute(update(ReviewRow).where(ReviewRow.decided_at.is_(None)).values(**decided))


def refused(answer: object) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text  # type: ignore[attr-defined] # an answer of httpx
    return [(error["pointer"], error["reason"]) for error in answer.json()["errors"]]  # type: ignore[attr-defined] # it


def test_each_text_has_its_result_in_order_and_the_strictest_decides(
    forum: ForumBackend, services: Services, lexicon: int
) -> None:
    text = f"👩‍🚀 来{BLOCKED}玩"
    found = screened(forum, post(CLEAN, ref="7"), post(f"快{MASKED}"), post(REVIEWED), post(text, ref="帖子"))
    assert (found["lexicon_version"], found["decision"]) == (str(lexicon), "block")
    assert [one["decision"] for one in found["results"]] == ["pass", "mask", "review", "block"]
    assert found["results"][0] == {
        "ref": "7", "field": "post", "decision": "pass", "detail": None, "masked_text": None, "hits": [],
    }  # fmt: skip
    assert found["results"][1]["masked_text"] == "快***"
    start = text.index(BLOCKED)
    assert found["results"][3]["hits"] == [
        {"start": start, "end": start + len(BLOCKED), "category": "gambling", "severity": 5, "evasions": []}
    ]
    assert len(found["results"][3]["masked_text"]) == len(text)
    assert BLOCKED not in json.dumps(found["results"][3], ensure_ascii=False)
    assert rows(services, ScreeningRow, KeptTextRow, ReviewRow) == [1, 3, 1]


def test_a_batch_in_which_all_passes_is_one_row_that_holds_digests(forum: ForumBackend, services: Services) -> None:
    found = screened(forum, *(post(f"{CLEAN}{number}") for number in range(100)))
    assert found["decision"] == "pass"
    assert rows(services, ScreeningRow, KeptTextRow, ReviewRow) == [1, 0, 0]
    stored = forum.get(f"/v1/screenings/{found['id']}").json()
    assert stored["results"][99]["sha256"] == sha256(f"{CLEAN}99".encode()).hexdigest()
    assert stored["results"][99] | {"sha256": ""} == {
        "index": 99, "sha256": "", "ref": None, "field": None, "decision": "pass", "detail": None,
        "masked_text": None, "hits": [], "ruling": None,
    }  # fmt: skip


def test_the_author_reads_what_kind_of_thing_it_is_in_their_language(forum: ForumBackend) -> None:
    items = post(BLOCKED), post(REVIEWED), post(MASKED)
    chinese = [one["detail"] for one in screened(forum, *items, language="zh-CN")["results"]]
    english = [one["detail"] for one in screened(forum, *items)["results"]]
    assert chinese == [
        "内容里有不能发布的信息（赌博），改好再发。",
        "内容（forged_papers）转人工审核，请等结果，不用重发。",
        "其中一部分（广告）会被遮住。",
    ]
    assert english == [
        "Something in it may not be published (gambling). Change it and send again.",
        "A person is checking it (forged_papers); wait for the result, do not send it again.",
        "A part of it is covered when it is shown (advertising).",
    ]


def test_a_field_that_a_term_is_not_meant_for_is_not_hit_by_it(forum: ForumBackend) -> None:
    found = screened(forum, {"field": "title", "text": MASKED}, {"field": "bio", "text": MASKED})
    assert [one["decision"] for one in found["results"]] == ["pass", "mask"]


def test_a_text_waits_once_however_often_and_however_quickly_it_is_sent(
    forum: ForumBackend, new_forum: NewForum, services: Services
) -> None:
    found = screened(forum, post(REVIEWED, ref="1"), post(REVIEWED, ref="2"), post(f"{REVIEWED}！"))
    assert [one["decision"] for one in found["results"]] == ["review"] * 3
    assert rows(services, ReviewRow) == [2]
    texts = [post(f"{REVIEWED}{number}") for number in range(6)]
    orders = [texts, texts[::-1]] * 4
    answers = at_once([lambda items=items: screened(forum, *items) for items in orders])  # type: ignore[misc] # bound
    assert {answer["decision"] for answer in answers} == {"review"}
    assert rows(services, ReviewRow) == [8]
    screened(new_forum("另一个论坛"), post(REVIEWED))
    screened(forum, {"field": "title", "text": REVIEWED})
    assert rows(services, ReviewRow) == [10]


def test_what_a_reviewer_has_said_of_a_text_counts_when_it_is_sent_again(
    forum: ForumBackend, new_forum: NewForum, services: Services
) -> None:
    for ruling in (Ruling.PASS, Ruling.MASK, Ruling.BLOCK):
        text = f"{REVIEWED}{ruling}"
        before = screened(forum, post(text, ref="1"))
        rule(services, ruling)
        again = screened(forum, post(text), post(f"{text}。"))
        assert [one["decision"] for one in again["results"]] == [ruling.value, "review"]
        assert (again["results"][0]["masked_text"] is None) == (ruling is Ruling.PASS)
        stored = forum.get(f"/v1/screenings/{before['id']}").json()["results"][0]
        assert (stored["decision"], stored["ruling"]) == ("review", ruling.value)
    elsewhere = screened(new_forum("另一个论坛"), post(f"{REVIEWED}{Ruling.BLOCK}"))
    assert elsewhere["decision"] == "review"


def test_nobody_lets_pass_what_is_blocked_by_now(forum: ForumBackend, services: Services) -> None:
    text = f"{REVIEWED}，{BLOCKED}"
    publish_terms(services, TERMS[1:])
    assert screened(forum, post(text))["decision"] == "review"
    rule(services, Ruling.PASS)
    assert screened(forum, post(text))["decision"] == "pass"
    publish_terms(services)
    assert screened(forum, post(text))["decision"] == "block"


def test_a_forum_hears_of_each_review_that_is_opened_and_of_none_that_is_joined(
    forum: ForumBackend, services: Services
) -> None:
    forum_id = forum.credentials.forum_id
    account = forum.register("山间清风")["id"]
    wanted = Subscription(frozenset({EventType.REVIEW_OPENED}))
    services.webhooks.add(OPERATOR, forum_id, "https://forum.example/hook", wanted)
    found = screened(forum, post(REVIEWED, ref="r1", account_id=account), post(REVIEWED), post(f"{REVIEWED}二"))
    screened(forum, post(REVIEWED))
    with services.unit_of_work.read() as tx:
        bodies = [json.loads(body) for body in tx.session.scalars(select(EventRow.body).order_by(EventRow.id))]
    heard = [body["data"] for body in bodies if body["type"] == "review.opened"]
    assert [(one["ref"], one["account_id"], one["screening_id"]) for one in heard if one["ref"]] == [
        ("r1", account, found["id"])
    ]
    assert len(heard) == 2
    assert {(one["field"], one["decision"]) for one in heard} == {("post", "review")}


def test_what_is_kept_is_shown_to_the_forum_that_sent_it_and_to_nobody_else(
    forum: ForumBackend, new_forum: NewForum, clock: FakeClock, services: Services
) -> None:
    found = screened(forum, post(CLEAN), post(f"快{MASKED}", ref="9"))
    path = f"/v1/screenings/{found['id']}"
    stored = forum.get(path).json()
    kept = stored["results"][1]
    assert {name: kept[name] for name in found["results"][1]} == found["results"][1]
    assert stored["created_at"].startswith(f"{clock.now():%Y-%m-%dT%H:%M}")
    assert stored["published"] == []
    other = new_forum("另一个论坛")
    content = {"content_ref": "p/1", "url": "https://forum.example/p/1"}
    for answer in (
        other.get(path), other.post(f"{path}/published", content),
        forum.get("/v1/screenings/scr_none"), forum.post("/v1/screenings/scr_none/published", content),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    with services.unit_of_work.read() as tx:
        sealed = tx.session.scalars(select(KeptTextRow.sealed_text)).all()
    assert all(one and MASKED.encode() not in one for one in sealed)


def test_what_texts_became_is_told_once_or_again_and_the_newest_address_counts(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    path = f"/v1/screenings/{screened(forum, post(CLEAN))['id']}"
    told = {"content_ref": "p/1", "url": "https://forum.example/p/1"}
    first = forum.post(f"{path}/published", told).json()
    clock.advance(minutes=1)
    answers = at_once([lambda: forum.post(f"{path}/published", told)] * 4)
    assert [answer.json() for answer in answers] == [first] * 4
    moved = forum.post(f"{path}/published", told | {"url": "http://forum.example/帖/1"})
    assert moved.json() == first | {"url": "http://forum.example/帖/1"}
    forum.post(f"{path}/published", {"content_ref": "p/2", "url": "https://forum.example/p/2"})
    assert [one["content_ref"] for one in forum.get(path).json()["published"]] == ["p/1", "p/2"]
    assert rows(services, ScreenedContentRow) == [2]


def test_one_screening_becomes_so_many_contents_and_no_more(
    forum: ForumBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "SCREENED_CONTENTS", policies.Policy(1, "contents", "test"))
    path = f"/v1/screenings/{screened(forum, post(CLEAN))['id']}/published"
    for status, name in ((200, "p/1"), (409, "p/2"), (200, "p/1")):
        told = forum.post(path, {"content_ref": name, "url": "https://forum.example/"})
        assert told.status_code == status, told.text


def test_an_address_that_is_none_of_the_web_is_refused(forum: ForumBackend) -> None:
    path = f"/v1/screenings/{screened(forum, post(CLEAN))['id']}/published"
    here = "https://forum.example/"
    odd = ["ftp://forum.example/1", "javascript:alert(1)", "forum.example/1", "https:///1", "https://[", "http://a b/"]
    for url in (*odd, f"{here}\u202e1", here + "1" * 2000, ""):
        assert refused(forum.post(path, {"content_ref": "p/1", "url": url}))[0][0] == "/url"


def test_a_request_under_a_key_is_screened_once(forum: ForumBackend, services: Services) -> None:
    for replayed in (None, "true"):
        answer = forum.post("/v1/screenings", {"items": [post(REVIEWED)]}, headers={"idempotency-key": "k" * 16})
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (200, replayed)
    assert rows(services, ScreeningRow, KeptTextRow) == [1, 1]


def test_boards_are_found_by_name_and_whoever_is_not_the_forums_is_refused(
    forum: ForumBackend, new_forum: NewForum, services: Services
) -> None:
    founder = forum.moderator_to_be("版主甲")
    board = forum.board(founder["id"], "tea")
    screened(forum, post(REVIEWED, board="tea", account_id=founder["id"]), post(f"{REVIEWED}二", board=board["id"]))
    with services.unit_of_work.read() as tx:
        assert set(tx.session.scalars(select(KeptTextRow.board))) == {board["id"]}
    theirs = new_forum("另一个论坛").register("别家成员")["id"]
    unknown = [post(CLEAN), post(CLEAN, account_id=theirs, board="tea"), post(CLEAN, board="咖啡", account_id=""),
               post(CLEAN, board="")]  # fmt: skip
    assert refused(forum.post("/v1/screenings", {"items": unknown})) == [
        ("/items/1/account_id", "unknown"), ("/items/2/account_id", "unknown"), ("/items/2/board", "unknown"),
        ("/items/3/board", "unknown"),
    ]  # fmt: skip


def test_what_is_no_batch_of_texts_is_refused(forum: ForumBackend) -> None:
    wrong: list[tuple[list[Json], list[tuple[str, str]]]] = [
        ([], [("/items", "too-short")]),
        ([{"field": "post", "text": ""}] * 501, [("/items", "too-long")]),
        ([{"field": "reason", "text": "x"}], [("/items/0/field", "not-allowed")]),
        ([{"field": "post"}], [("/items/0/text", "missing")]),
        ([{"field": "post", "text": "x" * 100_001}], [("/items/0/text", "too-long")]),
        ([{"field": "post", "text": "x", "ref": "r" * 201}], [("/items/0/ref", "too-long")]),
        ([{"field": "post", "text": 1, "ref": 2}], [("/items/0/text", "wrong-type"), ("/items/0/ref", "wrong-type")]),
    ]
    for items, faults in wrong:
        assert refused(forum.post("/v1/screenings", {"items": items})) == faults


def test_texts_of_every_kind_are_screened_and_the_largest_batch_too(forum: ForumBackend) -> None:
    odd = ["", "\x01\x1b[0m\u202e", "\u200b" * 1000, "x" * 100_000, "\u0e4e\u0301" * 500, "\U000e0001" * 50, "\ufffe"]
    assert screened(forum, *map(post, odd))["decision"] == "pass"
    full = {"ref": "r" * 20, "account_id": None, "board": None}
    many = screened(forum, *({**post("字" * 600), **full} for _ in range(500)))
    assert len(many["results"]) == 500


def test_a_body_over_the_limit_of_its_address_is_refused_with_a_sentence_that_is_true(forum: ForumBackend) -> None:
    large = {"items": [post("x" * 99_000)] * 10}
    assert forum.post("/v1/screenings", large).status_code == 200
    large["items"].append(post("x" * 99_000))
    for path in ("/v1/screenings", "/v1/tokens"):
        answer = forum.post(path, large)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
        assert "1 MiB at /v1/screenings" in answer.json()["detail"]


def test_what_no_body_may_hold_is_refused_before_anybody_looks(forum: ForumBackend) -> None:
    for text in (b"\\ud800", b"\\u0000"):
        body = b'{"items": [{"field": "post", "text": "' + text + b'"}]}'
        answer = forum.http.post("/v1/screenings", content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")


def test_lone_surrogates_and_nul_harm_nobody_who_screens_in_process(forum: ForumBackend, services: Services) -> None:
    text = f"\ud800{MASKED}\x00\udfff"
    forum_id = ForumId(forum.credentials.forum_id)
    found = services.screenings.screen(CLIENT, forum_id, [Item(Field.POST, "\udcff"), Item(Field.POST, text)])
    assert [one.verdict.decision for one in found.results] == [Decision.PASS, Decision.MASK]
    stored = forum.get(f"/v1/screenings/{found.id}").json()["results"]
    assert stored[1]["masked_text"] == "\ufffd***\x00\ufffd"
    assert stored[0]["sha256"] == sha256("\udcff".encode("utf-8", "surrogatepass")).hexdigest()


def test_texts_and_screenings_are_forgotten_when_their_time_is_over(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    passed, masked, waiting = (screened(forum, post(text))["id"] for text in (CLEAN, MASKED, REVIEWED))
    forum.post(f"/v1/screenings/{masked}/published", {"content_ref": "1", "url": "https://forum.example/1"})
    assert services.screenings.forget_old() == 0
    clock.advance(days=policies.SCREENED_TEXT_KEPT.value)
    assert (services.screenings.forget_old(), services.screenings.forget_old()) == (1, 0)
    forum.log_in()
    for screening, text in ((masked, None), (waiting, "*" * len(REVIEWED))):
        kept = forum.get(f"/v1/screenings/{screening}").json()["results"][0]
        assert (kept["masked_text"], len(kept["hits"])) == (text, 1)
    clock.advance(days=policies.SCREENINGS_KEPT.value - policies.SCREENED_TEXT_KEPT.value)
    assert (services.screenings.forget_old(), services.screenings.forget_old()) == (3, 0)
    forum.log_in()
    assert {forum.get(f"/v1/screenings/{one}").status_code for one in (passed, masked, waiting)} == {404}
    assert rows(services, ScreeningRow, ScreenedContentRow, KeptTextRow, ReviewRow) == [0, 0, 1, 1]
    with services.unit_of_work.read() as tx:
        assert tx.session.scalars(select(KeptTextRow.sealed_text)).one() is not None  # a reviewer has yet to read it
