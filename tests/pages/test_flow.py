"""The way of a person through the pages, without a script: every step, every way back, every stop."""

import json
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.audit.models import StagedEntryRow
from app.kernel.secret import Secret
from app.registration.domain import NOTICE_VERSION
from app.wiring import Services
from tests.pages.conftest import BACK
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.person import Person

PHONE = "14000005678"


def register(forum: ForumBackend, **more: str) -> Json:
    response = forum.post("/v1/registrations", {"return_url": BACK, "state": "s 1", **more})
    assert response.status_code == 201, response.text
    begun: Json = response.json()
    return begun


def test_a_person_registers_with_a_phone_and_the_forum_learns_a_handle(forum: ForumBackend, person: Person) -> None:
    begun = register(forum, external_id="42")
    assert (begun["status"], begun["account"]) == ("open", None)
    person.open(begun["url"])
    assert person.heading() == "发帖前需要验证真实身份"
    person.act("start")
    assert person.heading() == "取一个昵称"
    person.act("handle", handle="山间清风")
    person.act("agreement", accept="yes")
    person.act("way", way="phone")
    person.act("phone", phone=PHONE)
    assert "尾号 8" in person.page.text
    person.act("code", code=forum.read_code(PHONE))
    assert person.heading() == "验证完成", person.page.text
    assert f"{BACK}?registration={begun['id']}&amp;state=s+1&amp;status=completed" in person.page.text
    ended = forum.get(f"/v1/registrations/{begun['id']}").json()
    assert ended["status"] == "completed"
    assert (ended["account"]["handle"], ended["account"]["external_id"]) == ("山间清风", "42")
    assert ended["account"]["identity"]["level"] == "phone"
    assert forum.token(ended["account"]["id"]).status_code == 201


def at_code(forum: ForumBackend, person: Person, way: str = "phone", phone: str = PHONE, **more: str) -> Json:
    """A new person who has been sent a code."""
    begun = register(forum, **more)
    person.open(begun["url"])
    person.act("start")
    person.act("handle", handle=f"山间{begun['id'][-6:]}")
    person.act("agreement", accept="yes")
    person.act("way", way=way)
    person.act("phone", phone=phone)
    assert person.heading() == "输入短信验证码", person.page.text
    return begun


def through(forum: ForumBackend, person: Person, way: str = "phone", phone: str = PHONE, **more: str) -> Json:
    """A new person whose phone is proved."""
    begun = at_code(forum, person, way, phone, **more)
    person.act("code", code=forum.read_code(phone))
    return begun


def status(forum: ForumBackend, begun: Json) -> str:
    return str(forum.get(f"/v1/registrations/{begun['id']}").json()["status"])


def test_a_document_follows_the_phone_and_nothing_of_it_is_ever_written_into_a_page(
    forum: ForumBackend, person: Person
) -> None:
    begun = through(forum, person, "resident_id")
    assert person.heading() == "填写证件信息"
    numbers = ("110199199003070018", "110199199003070033", "110199199003070076", "110199199003070025")
    wrong = person.act("document", name="测试甲", number=numbers[0])
    assert (wrong.status_code, person.heading()) == (422, "填写证件信息")
    assert "可能输错一位" in wrong.text
    unknown = person.act("document", name="测试甲", number="110199199003070033")
    assert "还有 2 次" in unknown.text
    down = person.act("document", name="测试甲", number="110199199003070076")
    assert person.heading() == "暂时无法判断"
    person.act("retry")
    right = person.act("document", name="测试甲", number="110199 19900307 0025")
    assert person.heading() == "验证完成"
    for page in (wrong, unknown, down, right):
        assert not any(told in page.text for told in (*numbers, "测试甲", PHONE))
    account = forum.get(f"/v1/registrations/{begun['id']}").json()["account"]
    assert account["identity"]["level"] == "document"


def test_every_other_document_and_an_organisation_are_ways_too(
    forum: ForumBackend, new_person: Callable[[], Person]
) -> None:
    through(forum, passport := new_person(), "other_document", "14000002001")
    assert "选择证件类型" in passport.act("document", name="ERIKSSON", number="L898902C3").text
    passport.act("document", type="passport", country="uto", name="ERIKSSON", number="L898902C3")
    assert passport.heading() == "验证完成", passport.page.text
    begun = through(forum, company := new_person(), "organisation", "14000002002")
    company.act("document", type="resident_id", name="测试乙", number="110199199003070025")
    assert company.heading() == "填写单位信息"
    company.act("organisation", name="测试公司", number="91110199MA00TEXT15")
    assert company.heading() == "验证完成"
    ended = forum.get(f"/v1/registrations/{begun['id']}").json()
    assert ended["account"]["organisation"] == {"name_verified": True}


def test_what_is_missing_or_wrong_is_said_beside_its_field(forum: ForumBackend, person: Person) -> None:
    forum.register("已有的人")
    person.open(register(forum)["url"])
    person.act("start")
    for typed, said in (("", "输入昵称"), ("已有的人", "已有人用，或太相似"), ("a b", "昵称用 2–20 个")):
        page = person.act("handle", handle=typed)
        assert page.status_code in {409, 422}
        assert said in page.text
        assert 'id="handle-error"' in page.text
        assert "<title>错误：" in page.text
    live = {typed: person.http.get(f"{person.link}/handle?handle={typed}").text for typed in ("没人用的", "已有的人")}
    assert ("可以使用" in live["没人用的"], "太相似" in live["已有的人"]) == (True, True)
    person.act("handle", handle="已有的人")
    free = re.findall(r'name="suggested" value="([^"]+)"', person.page.text)
    assert len(free) == 3
    person.act("handle", handle="已有的人", suggested=free[0])
    assert "同意后才能继续" in person.act("agreement").text
    person.act("agreement", accept="yes")
    assert "选择一种验证方式" in person.act("way").text
    person.act("way", way="phone")
    assert "输入手机号" in person.act("phone", phone=" ").text
    assert "1 开头的 11 位数字" in person.act("phone", phone="12345").text
    person.act("phone", phone=f"+86 {PHONE}")
    assert "验证码是 6 位数字" in person.act("code", code="12").text
    for left in (4, 3, 2, 1):
        assert f"还能试 {left} 次" in person.act("code", code="000000").text
    assert "已错 5 次" in person.act("code", code="000000").text
    assert person.heading() == "你的手机号是多少？"
    assert "操作太快" in person.act("phone", phone=PHONE).text


def test_a_code_that_comes_too_late_says_so_and_nothing_else(
    forum: ForumBackend, person: Person, clock: FakeClock
) -> None:
    at_code(forum, person)
    clock.advance(minutes=10)
    page = person.act("code", code=forum.read_code(PHONE))
    assert ("验证码已过期" in page.text, "已在别处完成" in page.text) == (True, False)
    assert person.heading() == "你的手机号是多少？"


def test_steps_survive_reload_back_and_a_second_submit(forum: ForumBackend, person: Person) -> None:
    begun = register(forum, handle="想要的昵称")
    person.open(begun["url"])
    person.act("start")
    assert 'value="想要的昵称"' in person.page.text
    old = person.hidden("handle")
    person.act("handle", handle="第一个")
    assert person.open(begun["url"]).text.count("<h1") == 1
    assert person.heading() == "阅读用户协议"
    again = person.send(old | {"handle": "第二个"})
    assert again.headers["location"].endswith("?notice=elsewhere")
    assert "这一步已在别处完成" in person.open(again.headers["location"]).text
    person.open(f"{person.link.partition('?')[0]}?step=handle")
    assert person.heading() == "取一个昵称"
    person.link = person.link.partition("?")[0]
    person.act("handle", handle="改过的昵称")
    person.act("agreement", accept="yes")
    person.act("way", way="phone")
    form = person.hidden("phone")
    person.act("phone", phone=PHONE)
    assert person.send(form | {"phone": PHONE}).headers["location"].endswith("?notice=elsewhere")
    assert len(forum.get("/dev/outbox.json").json()) == 1
    code = person.hidden("code") | {"code": forum.read_code(PHONE)}
    assert [person.send(code).status_code for _ in range(2)] == [303, 303]
    person.open(begun["url"])
    assert person.heading() == "验证完成"
    assert status(forum, begun) == "completed"
    assert [account["handle"] for account in forum.get("/v1/accounts").json()["items"]] == ["改过的昵称"]


def test_a_link_works_in_the_browser_that_began_and_a_preview_uses_nothing_up(
    forum: ForumBackend, new_person: Callable[[], Person]
) -> None:
    begun = register(forum)
    for _ in range(3):
        assert new_person().open(begun["url"]).status_code == 200
    mine, other = new_person(), new_person()
    other.open(begun["url"])
    late = other.hidden("start")
    mine.open(begun["url"])
    mine.act("start")
    assert mine.heading() == "取一个昵称"
    assert other.send(late).status_code == 403
    other.open(begun["url"])
    assert other.heading() == "回到最初打开链接的浏览器"
    stolen = mine.hidden("handle") | {"handle": "别人的"}
    assert other.send(stolen).status_code == 403
    no_cookies = new_person()
    no_cookies.link = other.link
    assert no_cookies.send({"act": "start"}).status_code == 403


def test_a_second_click_on_start_whose_answer_was_lost_is_let_in(
    forum: ForumBackend, new_person: Callable[[], Person]
) -> None:
    person, planted = new_person(), new_person()
    person.open(register(forum)["url"])
    before = dict(person.http.cookies)
    planted.http.cookies.update(before)
    planted.link = person.link
    person.send(person.hidden("start"))
    person.http.cookies.clear()
    person.http.cookies.update(before)
    person.act("start")
    assert person.heading() == "取一个昵称"
    person.act("handle", handle="先到的人")
    assert planted.send({"act": "start"}).status_code == 403  # what a browser held before it began opens nothing


def test_the_phone_takes_over_with_a_ticket_that_works_once(
    forum: ForumBackend, services: Services, new_person: Callable[[], Person]
) -> None:
    desk, phone, thief = new_person(), new_person(), new_person()
    desk.open(register(forum)["url"])
    desk.act("start")
    path = desk.link
    secret = Secret(next(iter(desk.http.cookies.values())))
    visit = services.visits.visit(Secret(path.rpartition("/")[2]), secret)
    ticket = services.visits.handoff(visit)
    for browser in (phone, thief):
        browser.open(f"{path}?on={ticket}")
        assert browser.heading() == "在这台设备上继续"
        browser.link = path
    phone.act("start")
    assert phone.heading() == "取一个昵称"
    assert thief.send(thief.hidden("start")).status_code == 403
    desk.open(path)
    assert desk.heading() == "回到最初打开链接的浏览器"


def test_a_browser_that_lost_its_cookie_comes_back_by_a_code_to_the_phone_on_record(
    forum: ForumBackend, new_person: Callable[[], Person], clock: FakeClock
) -> None:
    person, stranger = new_person(), new_person()
    begun = through(forum, person, "resident_id")
    clock.advance(minutes=2)
    person.http.cookies.clear()
    person.open(begun["url"])
    assert person.heading() == "回到最初打开链接的浏览器"
    person.act("find", phone=PHONE)
    assert "还能试 4 次" in person.act("found", code="000000").text
    person.act("found", code=forum.read_code(PHONE))
    assert person.heading() == "填写证件信息"
    stranger.open(begun["url"])
    asked = stranger.act("find", phone="14000007777")
    assert asked.status_code == 200
    assert stranger.act("found", code=forum.read_code("14000007777")).status_code == 422
    stranger.open(begun["url"])
    assert stranger.heading() == "回到最初打开链接的浏览器"


def test_leaving_goes_straight_back_and_sets_the_names_free(forum: ForumBackend, person: Person) -> None:
    begun = register(forum, external_id="42")
    person.open(begun["url"])
    person.act("start")
    person.act("handle", handle="走开的人")
    left = person.act("leave")
    assert left.headers["location"] == f"{BACK}?registration={begun['id']}&state=s+1&status=abandoned"
    assert status(forum, begun) == "abandoned"
    assert person.open(begun["url"]).status_code == 410
    again = through(forum, person, external_id="42")
    assert status(forum, again) == "completed"


def test_a_link_expires_can_be_extended_and_is_replaced_by_a_new_one_for_the_same_user(
    forum: ForumBackend, services: Services, new_person: Callable[[], Person], clock: FakeClock
) -> None:
    person = new_person()
    begun = register(forum, external_id="7")
    person.open(begun["url"])
    person.act("start")
    person.act("handle", handle="慢慢来")
    clock.advance(minutes=20)
    person.act("extend")
    clock.advance(minutes=29)
    assert person.open(begun["url"]).status_code == 200
    clock.advance(minutes=1)
    assert person.open(begun["url"]).status_code == 410
    assert "已过期" in person.page.text
    assert status(forum, begun) == "expired"
    assert services.registrations.end_expired() == 1
    forum.register("慢慢来")
    first = register(forum, external_id="8")
    register(forum, external_id="8")
    assert new_person().open(first["url"]).status_code == 410


def test_a_user_of_the_forum_who_has_an_account_is_sent_back_to_sign_in(forum: ForumBackend, person: Person) -> None:
    begun = register(forum, external_id="42")
    forum.register("老用户", "42")
    person.open(begun["url"])
    person.act("start")
    assert person.heading() == "此论坛账号已有记录，请从论坛登录"


def test_who_is_banned_or_has_too_many_accounts_hears_the_true_reason_after_their_own_code(
    forum: ForumBackend, new_person: Callable[[], Person], clock: FakeClock
) -> None:
    for _ in range(3):
        begun = through(forum, new_person())
        clock.advance(hours=5)
        forum.log_in()
    through(forum, fourth := new_person())
    assert fourth.heading() == "你在本论坛的账号已达上限"
    account = forum.get(f"/v1/registrations/{begun['id']}").json()["account"]
    forum.post(f"/v1/accounts/{account['id']}/ban", {"reason": "刷屏"})
    clock.advance(hours=5)
    forum.log_in()
    begun = through(forum, banned := new_person())
    assert banned.heading() == "你在本论坛已被封禁，不能注册"
    assert (status(forum, begun), banned.page.status_code) == ("open", 200)


def test_a_document_of_somebody_else_is_only_not_confirmed_without_their_phone(
    forum: ForumBackend, new_person: Callable[[], Person]
) -> None:
    owner, thief = new_person(), new_person()
    through(forum, owner, "resident_id", "14000003001")
    owner.act("document", name="测试甲", number="110199199003070017")
    assert owner.heading() == "验证完成"
    through(forum, thief, "resident_id", "14000003002")
    known = thief.act("document", name="测试甲", number="110199199003070017")
    unknown = thief.act("document", name="测试甲", number="110199199003070033")
    assert (known.status_code, len(known.text)) == (unknown.status_code, len(unknown.text))
    assert "未能确认" in known.text


def test_an_account_that_exists_is_verified_on_the_same_pages(forum: ForumBackend, person: Person) -> None:
    account = forum.register("老用户")
    session = forum.post(f"/v1/accounts/{account['id']}/verification-sessions", {"return_url": BACK}).json()
    assert session["status"] == "open"
    person.open(session["url"])
    assert "老用户" in person.page.text
    person.act("start")
    person.act("agreement", accept="yes")
    person.act("way", way="phone")
    person.act("phone", phone=PHONE)
    person.act("code", code=forum.read_code(PHONE))
    assert person.heading() == "验证完成"
    assert f"{BACK}?session={session['id']}&amp;status=completed" in person.page.text
    assert forum.get(f"/v1/verification-sessions/{session['id']}").json()["status"] == "completed"
    assert forum.token(account["id"]).status_code == 201


def test_a_refusal_leads_to_the_step_that_mends_it(forum: ForumBackend, person: Person) -> None:
    account = forum.register("想发帖的")
    reasons = {one["code"]: one["remedy"]["url"] for one in forum.token(account["id"]).json()["reasons"]}
    person.open(reasons["agreement-not-accepted"])
    assert person.heading() == "阅读用户协议"
    person.link = person.page.request.url.path
    done = person.send({"act": "start"})
    person.link = done.headers["location"]
    person.open(person.link)
    person.act("agreement", accept="yes")
    assert person.heading() == "已同意用户协议"
    person.open(reasons["identity-unverified"])
    assert person.heading() == "发帖前需要验证真实身份"
    person.act("start")
    person.link = person.page.request.url.path
    person.act("way", way="phone")
    person.act("phone", phone=PHONE)
    person.act("code", code=forum.read_code(PHONE))
    assert person.heading() == "验证完成"
    assert forum.token(account["id"]).status_code == 201


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/back",
        "https://forum.example/other",
        "https://forum.example:444/back",
        "http://forum.example/back",
        "https://forum.example@evil.example/back",
        "https://forum.example/back/",
        "https://forum.example/back#x",
        "//forum.example/back",
        "javascript:alert(1)",
        "https://forum.example\\@evil.example/back",
    ],
)
def test_nobody_is_sent_back_anywhere_but_to_a_registered_address(forum: ForumBackend, url: str) -> None:
    response = forum.post("/v1/registrations", {"return_url": url})
    assert (response.status_code, response.json()["code"]) == (422, "return-url-not-registered")


def test_forms_from_elsewhere_and_broken_ones_are_refused(forum: ForumBackend, person: Person) -> None:
    person.open(register(forum)["url"])
    start = person.hidden("start")
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert person.send(start, headers=headers).status_code == 400
    person.act("start")
    tag = person.hidden("handle")["tag"]
    assert person.send({"act": "handle", "tag": "0" * 32, "handle": "甲乙丙"}).status_code == 303
    assert person.send({"act": "code", "tag": tag, "code": "1"}).status_code == 303
    assert person.send({"act": "nothing", "tag": tag}).status_code == 303
    assert person.http.post(person.link, content=b"act=start&act=start").status_code == 415
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert person.http.post(person.link, content=b"act=start&act=start", headers=form).status_code == 400
    assert person.http.post(person.link, content=b"act=%ff%00", headers=form).status_code == 400
    assert person.http.post(person.link, content=b"a=" + b"x" * 70_000, headers=form).status_code == 413
    person.open(person.link)
    assert person.heading() == "取一个昵称"


def test_the_record_of_a_registration_names_the_flow_and_nobody(
    forum: ForumBackend, services: Services, person: Person
) -> None:
    begun = through(forum, person)
    with services.unit_of_work.read() as tx:
        entries = [
            json.loads(row.entry) for row in tx.session.scalars(select(StagedEntryRow).order_by(StagedEntryRow.id))
        ]
    acts = {entry["action"]: entry for entry in entries if entry["actor"]["kind"] == "person"}
    assert set(acts) == {
        *("notice.given", "account.created", "agreement.accepted", "account.linked"),
        *("verification.started", "verification.completed"),
    }
    notice = acts.pop("notice.given")
    assert (notice["object"]["id"], notice["reason"]) == (begun["id"], NOTICE_VERSION)
    assert {entry["actor"]["id"] for entry in acts.values()} == {begun["id"]}
    assert PHONE not in json.dumps(entries)
