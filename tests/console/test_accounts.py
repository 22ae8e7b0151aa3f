"""Accounts at the console: found by exactly their name, and never taken for another's."""

from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import ForumId
from app.wiring import Services
from tests.support.console import AtConsole
from tests.support.forum import ForumBackend
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
