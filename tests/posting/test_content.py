"""Permits for content: screened in the same call, bound to what was sent, refused for what it says."""

from collections.abc import Callable
from hashlib import sha256

import pytest
import rfc8785
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import func, select

from app.accounts.domain import AccountName
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import Invalid
from app.kernel.ids import ForumId
from app.posting.content import content_digest
from app.posting.domain import PostingScope, Use
from app.screening.contents import Item, ReviewersWord, naming, ruled
from app.screening.domain import Action, Category, Decision, Field, Hit, Ruling, Verdict
from app.screening.models import KeptTextRow, ScreeningRow
from app.wiring import Services
from tests.support.forum import ForumBackend, Json, reasons_of, sandbox_number
from tests.support.lexicons import BLOCKED, MASKED, REVIEWED, publish_terms

NewForum = Callable[[str], ForumBackend]
CLEAN = "今天天气不错\t“引号”\\ \x07\x7f \u2028 😀"
_BLOCKS = (Hit(0, 2, Category("spam"), 5, Action.BLOCK, (), "坏词"),)
TITLE = {"field": "title", "text": "出游"}


@pytest.fixture
def account(forum: ForumBackend, services: Services) -> Json:
    publish_terms(services)
    return forum.member("山间清风")


def ask(forum: ForumBackend, account: Json, *items: Json, language: str = "en", **more: str) -> Json:
    body = {"account_id": account["id"], "scope": "post", "items": list(items), **more}
    answer = forum.post("/v1/tokens", body, headers={"accept-language": language})
    assert answer.status_code in {201, 403}, answer.text
    found: Json = answer.json()
    return found


def post(text: str, **more: str) -> Json:
    return {"field": "post", "text": text, **more}


def claims_of(forum: ForumBackend, token: str) -> Json:
    keys = KeySet.import_key_set(forum.get("/.well-known/jwks.json").json())
    return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)


def stored(services: Services) -> int:
    with services.unit_of_work.read() as tx:
        return tx.session.scalars(select(func.count()).select_from(ScreeningRow)).one()


def test_a_permit_is_bound_to_the_content_that_was_sent_along(
    forum: ForumBackend, account: Json, services: Services
) -> None:
    permit = ask(forum, account, TITLE, post(CLEAN, ref="1"))
    form = rfc8785.dumps([TITLE, {"field": "post", "text": CLEAN}])
    assert claims_of(forum, permit["token"])["content_sha256"] == sha256(form).hexdigest()
    screening = permit["screening"]
    assert (screening["decision"], [one["ref"] for one in screening["results"]]) == ("pass", [None, "1"])
    assert forum.get(f"/v1/screenings/{screening['id']}").json()["decision"] == "pass"
    assert forum.verify_token(permit["token"])["active"] is True
    plain = forum.token(account["id"]).json()
    assert "screening" not in plain
    assert "content_sha256" not in claims_of(forum, plain["token"])
    assert stored(services) == 1


def test_what_is_to_be_masked_is_permitted_and_says_how_to_show_it(forum: ForumBackend, account: Json) -> None:
    permit = ask(forum, account, post(f"快{MASKED}"))
    assert permit["screening"]["results"][0]["masked_text"] == "快***"
    digest = content_digest([Item(Field.POST, f"快{MASKED}")])
    assert claims_of(forum, permit["token"])["content_sha256"] == digest


def test_content_that_may_not_be_published_is_one_more_reason(forum: ForumBackend, account: Json) -> None:
    for text, code, detail in (
        (f"{BLOCKED}{REVIEWED}", "content-blocked", "（赌博）"),
        (REVIEWED, "content-under-review", "转人工审核"),
    ):
        refused = ask(forum, account, post(CLEAN), post(text), language="zh")
        assert [reason["code"] for reason in refused["reasons"]] == [code]
        assert detail in refused["reasons"][0]["detail"]
        assert (refused["reasons"][0]["remedy"] is None) == (code == "content-under-review")
        assert refused["screening"]["results"][0]["decision"] == "pass"
    forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "刷屏"}).raise_for_status()
    refused = ask(forum, account, post(BLOCKED))
    assert [reason["code"] for reason in refused["reasons"]] == ["account-suspended", "content-blocked"]
    allowed = ask(forum, account, post(CLEAN))
    assert [reason["code"] for reason in allowed["reasons"]] == ["account-suspended"]
    assert allowed["screening"]["decision"] == "pass"
    assert reasons_of(forum.token(account["id"])) == ["account-suspended"]
    assert "screening" not in forum.token(account["id"]).json()


def test_a_text_that_waits_names_its_author_and_its_board(
    forum: ForumBackend, account: Json, services: Services, new_forum: NewForum
) -> None:
    founder = forum.moderator_to_be("版主甲", sandbox_number(41))
    board = forum.board(founder["id"], "tea")
    ask(forum, account, post(REVIEWED), board="tea")
    ask(forum, account, post(f"{REVIEWED}二", account_id=founder["id"], board="tea"))
    with services.unit_of_work.read() as tx:
        kept = tx.session.execute(select(KeptTextRow.account_id, KeptTextRow.board)).all()
    assert {tuple(row) for row in kept} == {(account["id"], board["id"]), (founder["id"], board["id"])}
    theirs = new_forum("另一个论坛").register("别家成员")["id"]
    body = {"account_id": account["id"], "scope": "post", "items": [post(CLEAN, account_id=theirs, board="none")]}
    answer = forum.post("/v1/tokens", body)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/items/0/account_id", "/items/0/board"]


def test_nothing_is_stored_of_a_request_that_is_refused_for_what_it_names(
    forum: ForumBackend, account: Json, services: Services
) -> None:
    for body, status in (
        ({"handle": "没有的人", "scope": "post"}, 404),
        ({"account_id": account["id"], "scope": "moderate"}, 422),
        ({"account_id": account["id"], "scope": "post", "items": []}, 422),
    ):
        assert forum.post("/v1/tokens", {"items": [post(REVIEWED)], **body}).status_code == status
    assert stored(services) == 0


def test_what_has_no_canonical_form_is_bound_to_no_permit(
    forum: ForumBackend, account: Json, services: Services
) -> None:
    with pytest.raises(Invalid) as refused:
        services.posting.issue_for(
            Actor(ActorKind.CLIENT, "cli_test"),
            ForumId(forum.credentials.forum_id),
            AccountName(account_id=account["id"]),
            Use((PostingScope.POST,)),
            [Item(Field.POST, CLEAN), Item(Field.POST, "\ud800")],
        )
    assert [(fault.pointer, fault.reason) for fault in refused.value.fields] == [("/items/1/text", "bad-character")]
    assert stored(services) == 0


def test_a_ruling_counts_only_where_the_lexicons_object_and_do_not_block() -> None:
    for decision in Decision:
        for ruling in (None, *Ruling):
            expected = decision
            if decision in {Decision.MASK, Decision.REVIEW} and ruling not in {None, Ruling.WITHDRAWN}:
                expected = Decision(str(ruling))
            word = ReviewersWord(ruling) if ruling else None
            assert ruled(Verdict(decision, _BLOCKS), word).decision is expected


def test_who_let_pass_just_what_blocks_it_has_the_last_word() -> None:
    seen = frozenset({(0, 2, "坏词")})
    blocked = Verdict(Decision.BLOCK, _BLOCKS)
    assert ruled(blocked, ReviewersWord(Ruling.PASS, seen)).decision is Decision.PASS
    assert ruled(blocked, ReviewersWord(Ruling.MASK, seen)).decision is Decision.BLOCK
    another = (*_BLOCKS, Hit(3, 5, Category("spam"), 5, Action.BLOCK, (), "新词"))
    assert ruled(Verdict(Decision.BLOCK, another), ReviewersWord(Ruling.PASS, seen)).decision is Decision.BLOCK


def test_nothing_is_named_where_nothing_is_hit() -> None:
    assert naming(set()) is None
