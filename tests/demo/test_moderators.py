"""The demo forum's moderators: one whose time has run out gets back in, and nobody else gets what they have."""

import re
from html import unescape

from app.demo.backend import Backend, Login
from app.demo.seed import PEOPLE, SEEDS, make
from app.demo.store import Post, Store, User
from app.kernel.actor import OPERATOR
from tests.demo.conftest import House
from tests.demo.visitor import Visitor

MARKET = "/demo/boards/market"
OFF, ON = "望山 ■ Powers off", "望山 ● Current"
REFUSED = "Your powers on 二手 are off until you re-verify. Posting is not affected."
SOMEBODY_ELSES = "110199199003070025"
DESK, LAMP = "seed-2-en", "0" * 32


def as_an_earlier_version_left_it(house: House) -> None:
    """Registered, with a user who is verified and a post of theirs, and without any board in the service."""
    credentials = house.services.forums.add(OPERATOR, "山间论坛", (f"{house.address}/demo/return",))
    store = Store(house.services.data_dir / "demo.db", house.services.issuer)
    store.enrol(lambda: credentials)
    with Backend(house.address, Login(credentials), "zh", lambda _call: None) as backend:
        account = make(backend, SEEDS[0])
    store.save_user(User(SEEDS[0].id, account["handle"], "document"))
    store.add_post("market", Post(LAMP, account["handle"], "旧帖", "以前就在", house.clock.now().isoformat()))
    store.add_post("square", Post("1" * 32, account["handle"], "旧帖二", "也在", house.clock.now().isoformat()))


def prove(visitor: Visitor, number: str) -> None:
    """From the refusal's link to the end: the phone on record, then a document of that number."""
    person = PEOPLE["u-6"]
    visitor.open(visitor.send(visitor.hidden("start")).headers["location"])
    visitor.act("phone", phone=person.phone)
    visitor.act("code", code=visitor.get("/dev/outbox.json").json()[-1]["code"])
    visitor.act("document", name=person.name, number=number)


def test_a_moderator_whose_powers_are_off_is_refused_re_verifies_and_moderates_again(own_house: House) -> None:
    as_an_earlier_version_left_it(own_house)
    visitor = own_house.visitor()
    assert visitor.badges(MARKET) == ["山间清风 ● Current", OFF]
    assert visitor.titles(MARKET) == ["A desk to give away", "旧帖"]
    visitor.act_as("u-6", "market")
    assert visitor.pin("market", LAMP).status_code == 403
    refused = visitor.pin("market", LAMP).text
    assert REFUSED in refused
    link = re.search(r'<a href="([^"]*/continue/[^"]+)">Re-verify</a>', refused)
    assert link
    assert visitor.http.post(MARKET, data={"title": "x", "text": "y", "form": visitor.form(MARKET)}).status_code == 303
    own_house.clock.advance(minutes=1)
    visitor.open(unescape(link[1]))
    prove(visitor, SOMEBODY_ELSES)
    assert visitor.heading() == "Not the person on file; the filing stands"
    assert visitor.badges(MARKET)[1] == OFF
    own_house.clock.advance(minutes=1)
    visitor.open(unescape(link[1]))
    prove(visitor, PEOPLE["u-6"].number)
    back = visitor.link_to_forum()
    assert visitor.get(back).headers["location"] == f"{MARKET}?arrived=restored"
    assert visitor.badges(f"{MARKET}?arrived=restored")[1] == ON
    assert visitor.pin("market", LAMP).headers["location"] == f"{MARKET}?arrived=pin"
    assert visitor.titles(MARKET) == ["旧帖", "x", "A desk to give away"]
    page = visitor.get(MARKET).text
    assert page.count('<span class="badge">Pinned</span>') == 1
    assert "Identity fields received: 0" in page
    assert '"state": "current"' in unescape(page)
    person = PEOPLE["u-6"]
    for part in (person.phone, person.number, person.name):
        assert part not in page
        assert part.encode() not in own_house.kept()
    visitor.act_as("u-1", "market")
    form = visitor.form(MARKET)
    for _ in range(2):
        assert visitor.order("market", "u-6", form).headers["location"] == f"{MARKET}?arrived=ordered"
    assert visitor.badges(MARKET)[1] == OFF
    assert b"".join(one.path.encode() for one in own_house.exchanges).count(b"/v1/reverifications") == 3


def test_the_list_of_moderators_is_asked_for_again_by_its_etag_when_it_is_15_seconds_old(house: House) -> None:
    visitor = house.visitor()
    visitor.act_as("u-6", "market")
    visitor.get(MARKET)
    asked = len(house.exchanges)
    visitor.get(MARKET)
    assert [one.path for one in house.exchanges[asked:]] == [MARKET]
    house.clock.advance(seconds=15)
    asked = len(house.exchanges)
    page = visitor.get(MARKET).text
    assert {one.path for one in house.exchanges[asked:]} == {MARKET, "/v1/boards/market/moderators"}
    assert "<code>GET /v1/boards/market/moderators <b>304</b>" in page
    assert "if-none-match" in page


def test_the_button_and_the_identity_to_play_are_for_whom_they_concern(house: House) -> None:
    visitor = house.visitor()
    person = PEOPLE["u-6"]
    for user, board, (pins, told) in (
        ("", MARKET, (False, False)),
        ("u-2", MARKET, (False, False)),
        ("u-1", MARKET, (True, False)),
        ("u-6", MARKET, (True, True)),
        ("u-6", "/demo/boards/square", (False, True)),
    ):
        visitor.act_as(user)
        page = visitor.get(board).text
        assert (">Pin</button>" in page, person.number in page) == (pins, told), (user, board)


def test_a_forged_pin_is_refused_by_the_service_and_what_names_no_post_here_by_a_page(house: House) -> None:
    visitor = house.visitor()
    visitor.act_as("u-2", "market")
    forged = visitor.pin("market", DESK)
    assert (forged.status_code, "You are not a moderator of 二手." in forged.text) == (403, True)
    visitor.act_as("u-1", "market")
    for board, post, act in (
        ("nothing", DESK, "pin"),
        ("square", DESK, "pin"),
        ("market", "' OR 1=1 --", "pin"),
        ("market", DESK, "delete"),
    ):
        form = visitor.form()
        assert visitor.pin(board, post, act, form).status_code == 404, (board, post, act)
    assert visitor.order("market", "u-1", visitor.form()).status_code == 404
    for nobody in ("", "u-2", "u-6"):
        visitor.act_as(nobody, "market")
        assert visitor.order("market", "u-6", visitor.form()).status_code == 404
    visitor.act_as("", "market")
    assert visitor.pin("market", DESK).status_code == 422
    assert "Pinned" not in visitor.get(MARKET).text


def test_a_pin_holds_in_both_languages_and_an_old_form_sent_again_changes_nothing(house: House) -> None:
    visitor = house.visitor()
    visitor.act_as("u-1")
    first, walk = visitor.form(), "seed-0-en"
    assert visitor.titles()[-1] == "Where to walk this weekend?"
    for _ in range(2):
        assert visitor.pin("square", walk, form=first).headers["location"] == "/demo/boards/square?arrived=pin"
    assert visitor.titles()[0] == "Where to walk this weekend?"
    assert visitor.titles("/demo?lang=zh")[0] == "周末去哪儿走走？"
    visitor.get("/demo?lang=en")
    assert visitor.pin("square", walk, "unpin").headers["location"] == "/demo/boards/square?arrived=unpin"
    visitor.pin("square", walk, form=first)
    assert visitor.titles()[-1] == "Where to walk this weekend?"
