"""Accounts at the console: found by exactly their name, and never taken for another's."""

from dataclasses import replace

import pytest

from app.console.overview_pages import said_share
from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import ForumId
from app.posting.domain import Poster, PosterFilter
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.forum import ForumBackend, sandbox_number
from tests.support.staff import make_staff


def test_an_id_of_the_forums_own_leads_nowhere_by_itself_and_a_handle_may_look_like_an_id(
    services: Services, forum: ForumBackend, address: str
) -> None:
    plain, looks = forum.register("山间清风"), forum.register("acc_x1")
    posing = forum.register("静水", external_id=plain["id"])
    same, chosen = forum.register("海上明月", external_id="海上明月"), forum.register("别人", external_id="路人")
    with AtConsole(address, make_staff(services, "compliance")) as at:
        for asked, led_to in (("山间清风", plain), ("acc_x1", looks), (looks["id"], looks), ("海上明月", same)):
            assert str(at.get("/console/accounts", handle=asked).url).endswith(f"/console/accounts/{led_to['id']}")
        both = at.get("/console/accounts", handle=plain["id"])
        assert both.url.path == "/console/accounts"
        assert all(one["id"] in both.text for one in (plain, posing))
        assert ">account id</td>" in both.text
        assert "own user id</td>" in both.text
        alone = at.get("/console/accounts", handle="路人")
        assert alone.url.path == "/console/accounts"
        assert chosen["id"] in alone.text
        assert "own user id</td>" in alone.text


def test_a_timeline_speaks_words_and_names_and_no_codes(services: Services, forum: ForumBackend, address: str) -> None:
    founder = forum.moderator_to_be("山间清风")
    board = forum.board(founder["id"], name="二手交易")
    who = make_staff(services, "compliance", email="lin@forum.example")
    forum_id = ForumId(forum.credentials.forum_id)
    services.sanctions.suspend(Actor(ActorKind.STAFF, who.staff_id), forum_id, founder["id"], "看一看", None)
    services.audit.sequencer.catch_up()
    with AtConsole(address, who) as at:
        page = at.get(f"/console/accounts/{founder['id']}").text
    shown = page[page.index("<main") :]
    assert "lin@forum.example" in shown
    assert shown.count("二手交易") >= 2
    assert shown.index('href="/console/moderators?board=' + board["id"]) < shown.index('class="timeline"')
    for code in (">founder<", "id2", "stf_", "user/2", "account-suspended", "<br>document", "compliance</"):
        assert code not in shown, code


def test_who_may_post_is_listed_with_the_day_of_the_verification_and_who_is_not_verified_apart(
    services: Services, clock: FakeClock, forum: ForumBackend, address: str
) -> None:
    first = forum.member("山间清风")
    clock.advance(days=1)
    forum.log_in()
    forum.member("海上明月", sandbox_number(180))
    forum.register("没有验证的")
    here = "/console/accounts"
    with AtConsole(address, make_staff(services, "compliance")) as at:
        page = at.get("/console").text
        assert 'href="/console/accounts?show=verified"' in page
        page = at.get(here, show="verified").text
        assert 0 < page.index(first["id"]) < page.index("海上明月")
        assert "没有验证的" not in page
        page = at.get(here, sort="-verified_at").text
        assert page.index("海上明月") < page.index("山间清风")
        assert "没有验证的" in at.get(here, show="unverified").text
        assert "山间清风" not in at.page.text
        written = at.http.get(here, params={"csv": "1", "sort": "-verified_at"}).text
        assert written.index("海上明月") < written.index("山间清风")
        for cursor in ("nonsense", "~", "x~y", "2026-01-01~acc", "2099-01-01T00:00:00+00:00~acc"):
            assert at.get(here, cursor=cursor).status_code == 200


def test_pages_of_posters_join_without_a_gap(services: Services, forum: ForumBackend) -> None:
    for number in range(3):
        forum.member(f"成员{number}", sandbox_number(180 + number))
        forum.register(f"路人{number}")
    for verified in (True, False):
        for newest_first in (False, True):
            wanted = PosterFilter(verified, newest_first, limit=50)
            everybody = services.posting.posters(wanted)
            assert len(everybody) == 3
            found: list[Poster] = []
            while piece := services.posting.posters(replace(wanted, limit=1)):
                found += piece
                at, one = piece[0].verified_at, piece[0].account_id
                wanted = replace(wanted, after=(at, one) if at else (one,))
            assert found == everybody


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "–"),
        (2, 3, "66.7%"),
        (1, 3, "33.3%"),
        (1, 2, "50%"),
        (99_999, 100_000, "99.9%"),
        (3, 3, "100%"),
        (0, 3, "0%"),
        (1, 100_000, "0.1%"),
    ],
)
def test_a_share_is_rounded_half_up_and_never_to_all_or_none(part: int, whole: int, said: str) -> None:
    assert said_share(part, whole) == said
