"""What waits for a person: who sees what meanwhile, what they may decide, and what comes of it."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.domain import ExistingUser, Profile
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.errors import Invalid, ShimingError
from app.screening.docket import Ended, OpenReview, ReviewFilter
from app.screening.domain import Category, Field, Origin, Ruling
from app.screening.errors import AlreadyDecided, NoSuchReview
from app.screening.models import KeptTextRow
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock, TickingClock
from tests.support.forum import ForumBackend, Json, reasons_of, sandbox_number
from tests.support.reviewing import decide, publish, waiting
from tests.support.told import listen, told

_PHONE = "14000000021"


def _register(forum: ForumBackend, handle: str, **profile: str) -> Json:
    answer = forum.post("/v1/accounts", {"handle": handle, "profile": profile})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.fixture
def clock() -> FakeClock:
    """What is opened one after the other has ids in that order."""
    return TickingClock()


def _by_field(services: Services) -> dict[Field, OpenReview]:
    return {one.field: one for one in waiting(services)}


def _placeholder(account: Json) -> str:
    return f"用户{account['id'][-10:]}"


def test_a_held_handle_is_a_placeholder_wherever_it_is_shown_until_it_passes(
    services: Services, forum: ForumBackend
) -> None:
    publish(services, 赌场="review")
    listen(forum)
    founder = forum.moderator_to_be("好人", sandbox_number(1))
    forum.board(founder["id"])
    assert forum.http.patch(f"/v1/accounts/{founder['id']}", json={"handle": "皇家赌场"}).status_code == 200
    shown = forum.account(founder["id"])
    assert (shown["handle"], shown["held"]) == (_placeholder(founder), ["handle"])
    assert "handle-under-review" in reasons_of(forum.token(founder["id"]))
    assert [one["handle"] for one in forum.moderators()] == [_placeholder(founder)]
    forum.post(f"/v1/accounts/{founder['id']}/suspend", {"reason": "查看"})
    forum.post(f"/v1/accounts/{founder['id']}/reinstate", {"reason": "查过"})
    assert {one["data"]["handle"] for one in told(services, "account.suspended", "account.reinstated")} == {
        _placeholder(founder)
    }
    assert "赌场" not in json.dumps(told(services), ensure_ascii=False)
    decide(services, Ruling.PASS)
    shown = forum.account(founder["id"])
    assert (shown["handle"], shown["held"]) == ("皇家赌场", [])
    assert forum.token(founder["id"]).status_code == 201
    opened, decided = told(services, "review.opened", "review.decided")
    assert (opened["data"]["decision"], decided["data"]["decision"]) == ("review", "pass")
    assert decided["data"] == {
        "review_id": opened["data"]["review_id"],
        "screening_id": None,
        "ref": None,
        "account_id": founder["id"],
        "board_id": None,
        "field": "handle",
        "decision": "pass",
    }


def test_a_refused_handle_stays_a_placeholder_and_is_anybodys_to_ask_for(
    services: Services, forum: ForumBackend
) -> None:
    publish(services, 赌场="review")
    first = _register(forum, "赌场Club")
    taken = forum.post("/v1/accounts", {"handle": "赌场club"})
    assert (taken.status_code, taken.json()["code"]) == (409, "handle-taken"), "nobody looks like what waits"
    decide(services, Ruling.BLOCK)
    shown = forum.account(first["id"])
    assert (shown["handle"], shown["held"]) == (_placeholder(first), [])
    second = _register(forum, "赌场Club")
    decide(services, Ruling.PASS)
    assert forum.account(second["id"])["handle"] == "赌场Club"
    assert forum.http.patch(f"/v1/accounts/{first['id']}", json={"handle": "清风"}).json()["handle"] == "清风"


def test_what_is_changed_again_while_it_waits_is_not_waited_for_any_more(
    services: Services, forum: ForumBackend
) -> None:
    publish(services, 赌场="review")
    account = _register(forum, "山间清风", bio="赌场招人", signature="赌场")
    assert account["held"] == ["bio", "signature"]
    bio, signature = (_by_field(services)[field] for field in (Field.BIO, Field.SIGNATURE))
    patch = f"/v1/accounts/{account['id']}"
    again = forum.http.patch(patch, json={"profile": {"bio": "赌场招人"}}).json()
    assert again["held"] == ["bio", "signature"]
    assert {one.id for one in waiting(services)} == {bio.id, signature.id}, "the same words go on waiting"
    changed = forum.http.patch(patch, json={"profile": {"bio": "喝茶", "signature": None}}).json()
    assert (changed["held"], changed["profile"]["bio"], changed["profile"]["signature"]) == ([], "喝茶", None)
    assert waiting(services) == []
    for stale in (bio, signature):
        with pytest.raises(AlreadyDecided):
            decide(services, Ruling.PASS, stale)
    assert forum.account(account["id"])["profile"] == {"display_name": None, "bio": "喝茶", "signature": None}


@pytest.mark.parametrize(
    ("ruling", "shown"), [(Ruling.PASS, "赌场在哪"), (Ruling.MASK, "**在哪"), (Ruling.BLOCK, None)]
)
def test_a_profile_field_is_shown_as_it_was_decided(
    services: Services, forum: ForumBackend, ruling: Ruling, shown: str | None
) -> None:
    publish(services, 赌场="review")
    account = _register(forum, "山间清风", bio="赌场在哪")
    decide(services, ruling)
    assert forum.account(account["id"])["profile"]["bio"] == shown
    with services.unit_of_work.read() as tx:
        (kept,) = tx.session.scalars(select(KeptTextRow))
        assert kept.keep_until is not None, "its time has begun"
        assert b"\xe8\xb5\x8c" not in (kept.sealed_text or b"")


def test_a_board_shows_a_placeholder_until_its_name_passes(services: Services, forum: ForumBackend) -> None:
    publish(services, 赌场="review")
    listen(forum)
    founder = forum.moderator_to_be("好人", sandbox_number(1))
    board = forum.board(founder["id"], name="赌场", description="赌场见闻")
    assert (board["name"], board["description"]) == (f"版块{board['id'][-10:]}", "")
    for review in waiting(services):
        with pytest.raises(Invalid) if review.field is Field.BOARD_NAME else pytest.raises(NoSuchReview):
            mask = review if review.field is Field.BOARD_NAME else replace(review, id="rev_none")
            decide(services, Ruling.MASK, mask)
        decide(services, Ruling.PASS if review.field is Field.BOARD_NAME else Ruling.MASK, review)
    shown = forum.get(f"/v1/boards/{board['id']}").json()
    assert (shown["name"], shown["description"]) == ("赌场", "**见闻")
    assert {one["data"]["board_id"] for one in told(services, "review.decided")} == {board["id"]}


def test_names_of_a_list_that_is_brought_in_wait_like_others(services: Services, forum: ForumBackend) -> None:
    publish(services, 赌场="review", 网赌="block")
    forum_id = forum.credentials.forum_id
    users = [ExistingUser(f"用户{n}", str(n), Profile(bio=bio)) for n, bio in enumerate(("你好", "赌场", "网赌"))]
    users.append(ExistingUser("赌场老板", "9", Profile()))
    told_ = services.existing_users.bring_in(OPERATOR, forum_id, users)
    assert [one.refusal.code if one.refusal else None for one in told_] == [None, None, "screening-blocked", None]
    again = services.existing_users.bring_in(OPERATOR, forum_id, users)
    assert [one.was_there for one in again] == [True, True, False, False], "the placeholder stands for the name"
    assert set(_by_field(services)) == {Field.BIO, Field.HANDLE}
    for review in waiting(services):
        decide(services, Ruling.PASS, review)
    (account,) = forum.get("/v1/accounts?external_id=9").json()["items"]
    assert account["handle"] == "赌场老板"


def test_of_two_reviewers_at_once_one_decides_and_the_other_hears_who_did(
    services: Services, forum: ForumBackend
) -> None:
    publish(services, 赌场="review")
    for number in range(5):
        account = _register(forum, f"赌场{number}号", bio=f"{number}号赌场")
        handle, bio = (_by_field(services)[field] for field in (Field.HANDLE, Field.BIO))
        _race(services, handle, {Ruling.PASS: f"赌场{number}号", Ruling.BLOCK: _placeholder(account)}, forum, account)
        _race(services, bio, {Ruling.PASS: f"{number}号赌场", Ruling.BLOCK: None}, forum, account)


def _race(
    services: Services, review: OpenReview, shows: dict[Ruling, str | None], forum: ForumBackend, account: Json
) -> None:
    def ruled(name: str, ruling: Ruling) -> Ended | ShimingError:
        try:
            return services.reviews.decide(Actor(ActorKind.OPERATOR, name), review.id, review.version, ruling, "核对过")
        except ShimingError as refused:
            return refused

    heard = at_once([lambda: ruled("one", Ruling.PASS), lambda: ruled("two", Ruling.BLOCK)])
    (won,) = [one for one in heard if isinstance(one, Ended)]
    (lost,) = [one for one in heard if isinstance(one, ShimingError)]
    assert lost.code == "already-decided"
    assert f"operator {won.actor_id} dealt with this one at 2026-" in lost.detail.en
    shown: dict[str, Any] = forum.account(account["id"])
    assert (shown["handle"] if review.field is Field.HANDLE else shown["profile"]["bio"]) == shows[won.ruling]


def test_a_decision_races_a_change_of_the_same_field_and_one_of_them_is_last(
    services: Services, forum: ForumBackend
) -> None:
    publish(services, 赌场="review")
    for number in range(5):
        account = _register(forum, f"清风{number}", bio=f"{number}号赌场")
        (review,) = waiting(services)

        def ruled(review: OpenReview) -> str:
            try:
                decide(services, Ruling.PASS, review)
            except AlreadyDecided:
                return "late"
            return "decided"

        def changed(path: str) -> str:
            return str(forum.http.patch(path, json={"profile": {"bio": "喝茶"}}).status_code)

        answer = at_once([partial(ruled, review), partial(changed, f"/v1/accounts/{account['id']}")])[1]
        assert answer == "200"
        assert forum.account(account["id"])["profile"]["bio"] == "喝茶"
        assert waiting(services) == []


def test_a_reviewer_sees_the_text_with_its_hits_and_what_was_decided_before(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    version = publish(services, 赌场="review")
    account = _register(forum, "山间清风", bio="去赌场吗", signature="不去赌场")
    bio, signature = (_by_field(services)[field] for field in (Field.BIO, Field.SIGNATURE))
    assert bio.excerpt is not None
    assert (bio.age < timedelta(seconds=1), bio.categories, bio.excerpt.reveal()) == (True, ("gambling",), "去赌场吗")
    decide(services, Ruling.BLOCK, bio)
    clock.advance(hours=1)
    assert services.reviews.count_open().open == 1
    shown = services.reviews.show(signature.id)
    assert shown.text is not None
    assert (shown.text.reveal(), shown.lexicon_version, shown.origin) == ("不去赌场", version, Origin.NAME)
    assert [(hit.start, hit.end, hit.term) for hit in shown.hits] == [(2, 4, "赌场")]
    assert [(one.id, one.ended.ruling, one.ended.reason) for one in shown.history] == [(bio.id, Ruling.BLOCK, "核对过")]
    assert services.reviews.show(bio.id).also_waiting == (signature.id,)
    assert account["id"] == shown.account_id
    assert "赌场" not in repr(shown).replace("term='赌场'", "")
    with pytest.raises(NoSuchReview):
        services.reviews.show("rev_none")


@pytest.mark.parametrize("reason", ["", " ", "长" * 401, "看\u0000过", "a\u202eb"])
def test_a_decision_needs_a_reason_that_can_be_read(services: Services, forum: ForumBackend, reason: str) -> None:
    publish(services, 赌场="review")
    _register(forum, "山间清风", bio="赌场")
    (review,) = waiting(services)
    with pytest.raises(Invalid) as refused:
        services.reviews.decide(OPERATOR, review.id, review.version, Ruling.PASS, reason)
    assert [fault.pointer for fault in refused.value.fields] == ["/reason"]
    with pytest.raises(AlreadyDecided):
        services.reviews.decide(OPERATOR, review.id, review.version + 1, Ruling.PASS, "好")
    with pytest.raises(Invalid):
        services.reviews.decide(OPERATOR, review.id, review.version, Ruling.WITHDRAWN, "好")
    assert [one.id for one in waiting(services)] == [review.id]


def test_a_review_outlives_the_closing_of_its_account(services: Services, forum: ForumBackend) -> None:
    publish(services, 赌场="review")
    account = _register(forum, "山间清风", bio="赌场")
    assert forum.post(f"/v1/accounts/{account['id']}/close", {}).status_code == 200
    decide(services, Ruling.PASS)
    assert forum.post(f"/v1/accounts/{account['id']}/reinstate", {"reason": "误关"}).status_code == 200
    assert forum.account(account["id"])["profile"]["bio"] == "赌场"


def test_what_reviewers_let_pass_suggests_terms_for_an_allow_list(services: Services, forum: ForumBackend) -> None:
    publish(services, 黄片="review", 微信="review")
    for number, bio in enumerate(("三黄片怎么吃", "开三黄片两盒", "有黄片看", "黄片")):
        _register(forum, f"病人{number}", bio=bio)
    for review in waiting(services):
        text = services.reviews.show(review.id).text
        decide(services, Ruling.PASS if text and "三" in text.reveal() else Ruling.BLOCK, review)
    found = services.reviews.suggestions()
    assert [(one.piece.reveal(), one.term, one.category, one.overturned, one.upheld) for one in found] == [
        ("三黄片", "黄片", Category("gambling"), 2, 2)
    ]


def test_only_open_reviews_of_what_is_asked_for_are_listed_oldest_first(
    services: Services, forum: ForumBackend
) -> None:
    publish(services, 赌场="review")
    ids = [_register(forum, f"清风{number}", bio="赌场" + "好" * 100)["id"] for number in range(3)]
    everything = waiting(services)
    assert [one.account_id for one in everything] == ids
    for one in everything:
        assert one.excerpt is not None
        assert len(one.excerpt.reveal()) <= 42
    listed = services.reviews.list_open(ReviewFilter(account_id=ids[1]))
    assert [one.account_id for one in listed] == [ids[1]]
    assert services.reviews.list_open(ReviewFilter(field=Field.HANDLE)) == []
    (second,) = services.reviews.list_open(ReviewFilter(after=everything[0].id, limit=1))
    assert second.id == everything[1].id
