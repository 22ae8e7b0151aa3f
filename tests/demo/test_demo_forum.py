"""The demo forum: it lets nobody post whom the service refuses, and never learns who anybody is."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from pathlib import Path

from app.demo.backend import identity_in
from app.kernel.actor import OPERATOR
from tests.demo.conftest import House
from tests.demo.visitor import Visitor
from tests.support.serving import serving

UNVERIFIED = "Verify your identity before you post; it takes about a minute. Reading stays open."
NOT_AGREED = "Read and accept the user agreement before you post."
PHONE = "14000007391"
STATES = {
    "u-1": (303, set()),
    "u-2": (303, set()),
    "u-3": (403, {UNVERIFIED, NOT_AGREED}),
    "u-4": (403, {NOT_AGREED}),
    "u-5": (403, {"This account may not post. Reason: 反复发广告."}),
    "u-6": (303, set()),
}


def test_who_is_refused_reads_the_services_own_words_follows_its_link_and_keeps_the_draft(house: House) -> None:
    visitor = house.visitor()
    visitor.act_as("u-3")
    refused = visitor.post("我的标题", "第一行\n<script>alert(1)</script>")
    assert refused.status_code == 403
    assert UNVERIFIED in refused.text
    assert NOT_AGREED in refused.text
    for again in (refused.text, visitor.get().text):
        assert 'value="我的标题"' in again
        assert "第一行\n&lt;script&gt;alert(1)&lt;/script&gt;</textarea>" in again
    assert "我的标题" not in visitor.titles()
    link = re.search(r'<a href="([^"]*/continue/[^"]+)">Verify now</a>', refused.text)
    assert link
    assert visitor.http.get(unescape(link[1])).status_code == 200


def test_every_seeded_user_is_in_the_state_that_is_shown(house: House) -> None:
    visitor = house.visitor()
    shown = visitor.get().text
    for state in ("phone verified", "not verified", "agreement missing", "suspended", "moderator ■ Powers off"):
        assert f"· {state}</option>" in shown
    assert "山间清风 · document verified · moderator</option>" in shown
    for user, (status, said) in STATES.items():
        visitor.act_as(user)
        answer = visitor.post()
        sentences = re.findall(r"<li>([^<]+)(?:<br>|</li>)", answer.text)
        assert (answer.status_code, {unescape(sentence) for sentence in sentences}) == (status, said), user


def test_a_post_is_checked_offline_and_stands_escaped_and_once_however_often_it_is_sent(house: House) -> None:
    visitor = house.visitor()
    visitor.act_as("u-1")
    form = visitor.form()
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: visitor.post("<b>&", '"><img src=x>', form), range(2)))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert visitor.titles().count("<b>&") == 1
    page = visitor.get().text
    assert "&#34;&gt;&lt;img src=x&gt;" in page
    assert "<b>&" not in page
    assert "Posting token, checked offline" in page
    assert "Identity fields received: 0" in page


def test_what_cannot_stand_as_a_post_comes_back_with_a_word_at_its_field(house: House) -> None:
    visitor = house.visitor()
    visitor.act_as("u-1")
    for title, text in (("", "kept text"), ("kept title", " "), ("kept" * 16, "x"), ("x", "kept" + "好" * 2000)):
        answer = visitor.post(title, text)
        assert answer.status_code == 422
        assert answer.text.count('aria-invalid="true"') == 1
        assert "kept" in answer.text


def test_a_board_that_is_not_there_a_body_too_long_and_a_post_of_nobody_are_refused_with_a_page(house: House) -> None:
    visitor = house.visitor()
    assert visitor.get("/demo/boards/nothing").status_code == 404
    assert visitor.http.post("/demo/boards/nothing", data={"title": "x", "text": "x"}).status_code == 404
    assert visitor.post("x", "x" * 5000).status_code == 400
    for user in ("", "u-none"):
        visitor.act_as(user)
        assert visitor.post("of nobody").status_code == 422
    assert "of nobody" not in visitor.titles()


def test_a_newcomer_signs_up_on_the_services_pages_and_posts_and_the_forum_learns_nothing_of_them(house: House) -> None:
    newcomer, thief = house.visitor(), house.visitor()
    newcomer.act_as("")
    before = dict(newcomer.http.cookies)
    thief.sign_up()
    newcomer.sign_up()
    assert newcomer.http.cookies["shiming-demo"] != before["shiming-demo"]
    newcomer.act("start")
    newcomer.act("handle", handle="云上客")
    newcomer.act("agreement", accept="yes")
    newcomer.prove_phone(PHONE)
    back = newcomer.link_to_forum()
    for visitor, path in ((thief, back), (newcomer, re.sub(r"state=[0-9a-f]", "state=x", back))):
        refused = visitor.get(path)
        assert refused.status_code == 403
        assert "not begun in this browser" in refused.text
        assert "云上客" not in visitor.get().text
    for _ in range(2):
        assert newcomer.get(back).headers["location"] == "/demo?arrived=completed"
    assert "Welcome, 云上客" in newcomer.get("/demo?arrived=completed").text
    assert newcomer.post("我的第一帖").status_code == 303
    assert newcomer.titles()[0] == "我的第一帖"
    assert "Identity fields received: 0" in newcomer.get().text
    assert "云上客" not in re.findall(r"<option.*", thief.get().text)
    for exchange in house.exchanges:
        forums = exchange.path.startswith(("/demo", "/v1/", "/oauth/"))
        assert not forums or PHONE.encode() not in exchange.asked, exchange.path
        assert exchange.path == "/dev/outbox.json" or PHONE.encode() not in exchange.answered, exchange.path
    assert PHONE.encode() not in house.kept()


def test_who_gives_up_comes_back_as_nobody_and_an_old_user_is_mended_by_the_refusals_link(own_house: House) -> None:
    visitor = own_house.visitor()
    visitor.sign_up()
    visitor.act("start")
    visitor.act("leave")
    left = visitor.page.headers["location"].removeprefix(own_house.address)
    assert visitor.get(left).headers["location"] == "/demo?arrived=abandoned"
    visitor.act_as("u-3")
    link = re.search(r'<a href="([^"]*/continue/[^"]+)">Verify now</a>', visitor.post("kept").text)
    assert link
    visitor.open(unescape(link[1]))
    visitor.open(visitor.send(visitor.hidden("start")).headers["location"])
    visitor.act("agreement", accept="yes")
    visitor.prove_phone(PHONE)
    assert visitor.get(visitor.link_to_forum()).headers["location"] == "/demo/boards/square"
    page = visitor.get().text
    assert "初来乍到 · phone verified" in page
    assert 'value="kept"' in page
    assert visitor.post("kept").status_code == 303


def test_a_return_that_nobody_began_signs_nobody_in(house: House) -> None:
    visitor = house.visitor()
    visitor.act_as("")
    for path in ("?registration=reg_x&state=y&status=completed", "?registration=&state=", "?registration=..&state=%00"):
        assert visitor.get(f"/demo/return{path}").status_code == 403, path


def test_a_form_from_another_origin_changes_nothing(house: House) -> None:
    visitor = house.visitor()
    visitor.act_as("u-1")
    data = {"title": "x", "text": "x", "form": visitor.form(), "user": "u-2"}
    asked = len(house.exchanges)
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        for path in ("/demo/boards/square", "/demo/boards/square/pin", "/demo/as", "/demo/sign-up"):
            assert visitor.http.post(path, data=data, headers=headers).status_code == 400
    assert {exchange.path.split("/")[1] for exchange in house.exchanges[asked:]} == {"demo"}
    assert 'value="u-1" selected' in visitor.get().text


def test_secrets_are_out_of_sight_and_nothing_of_a_person_is_kept(house: House) -> None:
    visitor = house.visitor()
    visitor.act_as("u-3")
    visitor.post()
    visitor.act_as("u-1")
    visitor.post()
    page = visitor.get().text
    said = b"".join(
        exchange.answered for exchange in house.exchanges if exchange.path in {"/oauth/token", "/v1/tokens"}
    )
    tokens = re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", said.decode())
    kept = house.kept()
    assert len(tokens) > 3
    for token in tokens:
        assert token not in page
        assert token.encode() not in kept
    assert "●●●" in page
    assert (house.services.data_dir / "demo.db").stat().st_mode & 0o777 == 0o600
    for identity in (b"830000190001010011", b"11019919850612406X", "测试丙".encode(), "测试乙".encode(), b"1400000"):
        assert identity not in kept
        assert all(
            identity not in exchange.answered for exchange in house.exchanges if exchange.path.startswith("/v1/")
        )


def test_fields_of_an_identity_are_really_counted() -> None:
    body = {"document": {"number": "110199199003070017", "name": "测试甲"}, "phone": "14000001234", "id": "acc_1"}
    assert sorted(identity_in(body)) == ["name", "number", "phone"]
    assert list(identity_in({"note": ["call +86 14000001234", "110199199003070017"], "name": None})) == ["note", "note"]
    assert list(identity_in({"idx": 17958000123, "handle": "山间清风", "detail": "a15912345678b"})) == ["idx"]


def test_a_service_that_does_not_answer_is_said_on_a_page(house: House, tmp_path: Path) -> None:
    silent = replace(house.services, issuer="http://127.0.0.1:9", data_dir=tmp_path)
    with serving(silent) as address:
        visitor = Visitor(address, host="127.0.0.1:9")
        answer = visitor.get()
        visitor.http.close()
    assert answer.status_code == 503
    assert "Nothing is lost" in answer.text


def test_another_process_goes_on_with_what_one_has_begun(house: House) -> None:
    visitor, forums = house.visitor(), len(house.services.forums.list_all())
    visitor.act_as("u-3")
    visitor.post("kept draft")
    with serving(house.services) as address:
        other = house.visitor(address)
        other.http.cookies = visitor.http.cookies
        page = other.get().text
    assert 'value="u-3" selected' in page
    assert 'value="kept draft"' in page
    assert len(house.services.forums.list_all()) == forums


def test_it_begins_anew_when_the_service_does_not_know_it_any_more(own_house: House) -> None:
    visitor, forums = own_house.visitor(), own_house.services.forums
    visitor.act_as("u-1")
    forums.disable(OPERATOR, forums.list_all()[0].forum.id)
    own_house.clock.advance(minutes=2)
    refused = visitor.post("nobody knows me")
    assert refused.status_code == 503
    assert "register again" in refused.text
    visitor.arrive()
    visitor.act_as("u-1")
    assert visitor.post().status_code == 303
    assert "山间清风 · document verified" in visitor.get().text
    assert len(forums.list_all()) == 2


def test_there_is_none_in_production(house: House) -> None:
    with serving(replace(house.services, development=False)) as address:
        visitor = house.visitor(address)
        assert visitor.get().status_code == 404
        assert visitor.http.post("/demo/as", data={"user": "u-1"}).status_code == 404
