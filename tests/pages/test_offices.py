"""A moderator at our own pages: what is due, re-verifying, being somebody else, having no phone, the agreement."""

import re
from collections.abc import Callable

from app.crypto.keyring import load_keyring
from app.crypto.mac import Mac
from app.kernel.ids import AccountId
from app.posting.denials import MODERATOR_AGREEMENT
from app.posting.tickets import Tickets
from app.settings import Settings
from tests.support.clock import FakeClock
from tests.support.forum import PERSON, ForumBackend, Json, sandbox_number
from tests.support.person import Person

PHONE, STRANGE_PHONE = "14000005678", "14000007777"
NAME = "测试甲"


def verified(forum: ForumBackend, handle: str, phone: str | None = PHONE, number: str = PERSON) -> str:
    account_id = str(forum.register(handle)["id"])
    if phone is not None:
        forum.phone_code(account_id, phone)
    assert forum.check_document(account_id, number).json()["outcome"] == "verified"
    forum.accept_agreement(account_id)
    return account_id


def found_board(forum: ForumBackend, account_id: str) -> Json:
    """The founder's filing on a new board whose schedule asks every 60 days."""
    forum.accept_agreement(account_id, "moderator")
    body = {"slug": "ershou", "name": "二手", "description": "", "founder": {"account_id": account_id}}
    answer = forum.post("/v1/boards", body | {"interval_days": 60})
    assert answer.status_code == 201, answer.text
    return moderator(forum)


def moderator(forum: ForumBackend) -> Json:
    found: Json = forum.get("/v1/boards/ershou/moderators").json()["items"][0]
    return found


def later(forum: ForumBackend, clock: FakeClock, **period: float) -> None:
    clock.advance(**period)
    forum.log_in()


def sign_in(forum: ForumBackend, person: Person, phone: str = PHONE) -> str:
    """`/me` as whoever holds the phone sees it, without its tags."""
    at = f"forum={forum.credentials.forum_id}"
    person.http.get(f"/me?{at}")
    person.http.post(f"/me/phone?{at}", data={"phone": phone})
    person.http.post(f"/me/code?{at}", data={"code": forum.read_code(phone)})
    return me(forum, person)


def me(forum: ForumBackend, person: Person) -> str:
    person.page = person.http.get(f"/me?forum={forum.credentials.forum_id}")
    assert person.page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", person.page.text))


def refusals(forum: ForumBackend, account_id: str) -> dict[str, str]:
    answer = forum.post("/v1/tokens", {"account_id": account_id, "scope": "moderate", "board": "ershou"})
    if answer.status_code == 201:
        return {}
    return {one["code"]: one["remedy"]["url"] for one in answer.json()["reasons"] if one["remedy"]}


def begin(person: Person, url: str) -> None:
    person.open(url)
    person.act("start")
    person.link = person.page.request.url.path


def prove_phone(forum: ForumBackend, person: Person, phone: str = PHONE) -> None:
    person.act("phone", phone=phone)
    person.act("code", code=forum.read_code(phone))


def test_me_shows_each_office_with_its_dates_and_leads_into_the_re_verification(
    forum: ForumBackend, person: Person, clock: FakeClock
) -> None:
    account_id = verified(forum, "山间清风")
    found_board(forum, account_id)
    later(forum, clock, minutes=2)
    shown = sign_in(forum, person)
    assert "二手 · 发起者 ● 有效" in shown
    assert "2027-01-20 结束前" in shown
    assert "去核验" not in shown
    for days, badge, said in (
        (31, "◔ 待核验", "不核验的， 2027-02-03 结束时停用"),
        (30, "▲ 已逾期", "不核验的， 2027-02-03 结束时停用"),
        (14, "■ 权限已停", "2027-02-03 结束时已停用；核验后恢复"),
    ):
        later(forum, clock, days=days)
        shown = sign_in(forum, person)
        assert f"二手 · 发起者 {badge}" in shown
        assert said in shown
    assert set(refusals(forum, account_id)) == {"moderator-suspended"}
    later(forum, clock, minutes=2)

    led = person.http.post(f"/me/reverify?forum={forum.credentials.forum_id}&account={account_id}", data={"a": "b"})
    assert led.status_code == 303
    person.open(led.headers["location"])
    assert person.heading() == "该做定期核验了"
    person.act("start")
    assert person.heading() == "你的手机号是多少？"  # the way that most people take is chosen already
    prove_phone(forum, person)
    assert person.heading() == "填写证件信息"
    assert refusals(forum, account_id)  # a code alone is no re-verification
    person.act("document", name=NAME, number=PERSON)

    assert person.heading() == "验证完成"
    assert refusals(forum, account_id) == {}
    assert moderator(forum)["state"] == "current"
    assert "二手 · 发起者 ● 有效" in me(forum, person)


def test_an_office_that_ended_is_shown_as_ended(forum: ForumBackend, person: Person, clock: FakeClock) -> None:
    filed = found_board(forum, verified(forum, "山间清风"))
    assert forum.post(f"/v1/moderators/{filed['id']}/end", {"reason": "卸任"}).status_code == 200
    later(forum, clock, minutes=2)
    shown = sign_in(forum, person)
    assert "二手 · 发起者 ○ 已卸任" in shown
    assert "卸任 2026-11-21" in shown
    assert "去核验" not in shown


def test_somebody_elses_valid_document_is_refused_after_possession_and_their_own_brings_the_powers_back(
    forum: ForumBackend, person: Person, new_person: Callable[[], Person], clock: FakeClock
) -> None:
    account_id = verified(forum, "山间清风")
    found_board(forum, account_id)
    later(forum, clock, days=75)
    begin(person, refusals(forum, account_id)["moderator-suspended"])
    prove_phone(forum, person)
    person.act("document", name=NAME, number=sandbox_number(500))
    assert person.heading() == "与备案的不是同一人，原备案不变"
    assert set(refusals(forum, account_id)) == {"moderator-suspended"}

    later(forum, clock, minutes=2)
    again = new_person()
    begin(again, refusals(forum, account_id)["moderator-suspended"])
    prove_phone(forum, again)
    again.act("document", name=NAME, number=PERSON)
    assert again.heading() == "验证完成"
    assert refusals(forum, account_id) == {}


def test_who_has_no_phone_on_record_is_led_to_a_manual_check_and_no_other_phone_or_way_serves(
    forum: ForumBackend, person: Person, clock: FakeClock
) -> None:
    account_id = verified(forum, "只有证件", phone=None)
    found_board(forum, account_id)
    later(forum, clock, days=75)
    begin(person, refusals(forum, account_id)["moderator-suspended"])
    assert "填在这里验证过的手机号" in person.page.text
    assert "不用手机号" not in person.page.text
    prove_phone(forum, person, STRANGE_PHONE)
    assert person.page.status_code == 422
    assert "未能确认" in person.page.text
    person.open(f"{person.link}?step=way")
    person.link = person.page.request.url.path
    assert 'value="phone"' not in person.page.text
    person.act("way", way="phone")
    assert person.heading() != "验证完成"
    person.open(person.link)
    person.act("by-hand")
    assert person.heading() == "已转人工"
    assert set(refusals(forum, account_id)) == {"moderator-suspended"}


def test_a_level_that_is_too_low_leads_to_a_document(forum: ForumBackend, person: Person, clock: FakeClock) -> None:
    found_board(forum, verified(forum, "山间清风"))
    account_id = str(forum.register("手机用户")["id"])
    forum.phone_code(account_id, STRANGE_PHONE)
    forum.accept_agreement(account_id)
    later(forum, clock, minutes=2)
    begin(person, refusals(forum, account_id)["identity-level-too-low"])
    prove_phone(forum, person, STRANGE_PHONE)
    person.act("document", name=NAME, number=sandbox_number(500))
    assert person.heading() == "验证完成"
    assert forum.account(account_id)["identity"]["level"] == "document"


def test_the_moderator_agreement_is_read_and_accepted_by_its_person_and_by_nobody_else(
    forum: ForumBackend, person: Person, new_person: Callable[[], Person], clock: FakeClock
) -> None:
    account_id, other_id = verified(forum, "山间清风"), verified(forum, "别人", STRANGE_PHONE, sandbox_number(500))
    version = forum.get("/v1/agreements/current?kind=moderator").json()["version"]
    place = f"/me/agreement?forum={forum.credentials.forum_id}&kind=moderator&version={version}"
    answer = {"accept": "yes", "version": version}
    assert person.http.post(f"{place}&account={account_id}", data=answer).status_code == 422  # nobody is signed in
    later(forum, clock, minutes=2)
    assert "还没有同意。任版主前须同意" in sign_in(forum, person)

    person.open(f"{place}&account={account_id}")
    assert person.heading() == f"版主协议 {version} 版"
    assert 'name="accept"' in person.page.text
    assert 'name="accept"' not in new_person().http.get(f"{place}&account={account_id}").text
    assert person.http.post(f"{place}&account={other_id}", data=answer).status_code == 404
    unticked = person.http.post(f"{place}&account={account_id}", data={"version": version})
    assert (unticked.status_code, "同意后才能继续" in unticked.text) == (422, True)
    stale = person.http.post(f"{place}&account={account_id}", data=answer | {"version": "2020-01"})
    assert stale.status_code == 422
    for _ in range(2):
        assert person.http.post(f"{place}&account={account_id}", data=answer).status_code == 303

    assert f"版主协议 {version} 版 · 已同意" in me(forum, person)
    assert 'name="accept"' not in person.open(f"{place}&account={account_id}").text
    recorded = forum.accept_agreement(account_id, "moderator")
    assert recorded["channel"] == "page"
    for odd in ("kind=moderator&version=2020-01", "kind=staff&version=1", "kind=moderator&version=%00"):
        assert person.http.get(f"/me/agreement?forum={forum.credentials.forum_id}&{odd}").status_code == 404


def test_a_refusal_for_want_of_the_moderator_agreement_leads_to_my_identity(
    settings: Settings, forum: ForumBackend, person: Person, clock: FakeClock
) -> None:
    account_id = AccountId(verified(forum, "山间清风"))
    tickets = Tickets(Mac(load_keyring(settings.keys_dir)), "https://shiming.example")
    url = tickets.url(account_id, MODERATOR_AGREEMENT, clock.now())
    person.open(url)
    assert person.heading() == "阅读版主协议"
    assert f"/me?forum={forum.credentials.forum_id}" in person.page.text
    assert person.send({"act": "start"}).status_code == 410


def test_only_ones_own_account_is_re_verified_from_me(forum: ForumBackend, person: Person, clock: FakeClock) -> None:
    account_id, other_id = verified(forum, "山间清风"), verified(forum, "别人", STRANGE_PHONE, sandbox_number(500))
    place = f"/me/reverify?forum={forum.credentials.forum_id}&account="
    assert person.http.post(place + account_id, data={"a": "b"}).status_code == 422
    later(forum, clock, minutes=2)
    sign_in(forum, person)
    assert person.http.post(place + other_id, data={"a": "b"}).status_code == 404
    assert person.http.post(place, data={"a": "b"}).status_code == 404
    assert person.http.post(place + account_id, data={"a": "b"}).status_code == 303
