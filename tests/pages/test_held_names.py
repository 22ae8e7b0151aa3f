"""What people see of screening: a handle that is blocked, one that waits, one that was refused."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from app.kernel.actor import OPERATOR
from app.screening.docket import ReviewFilter
from app.screening.domain import Ruling
from app.wiring import Services
from tests.pages.conftest import BACK
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.lexicons import put_in_force
from tests.support.person import Person

PHONE = "14000005678"
BLOCKED, HELD, WANTED = "彩金博弈", "官方客服", "官方客服小王"


@pytest.fixture(autouse=True)
def _lexicon(services: Services) -> None:
    put_in_force(services.lexicons, BLOCKED, f"{HELD},impersonation,review,3,,,")


def plain(person: Person) -> str:
    return unescape(re.sub(r"<[^>]+>", "", person.page.text))


def at_handle(forum: ForumBackend, person: Person) -> str:
    url: str = forum.post("/v1/registrations", {"return_url": BACK, "external_id": "42"}).json()["url"]
    person.open(url)
    person.act("start")
    return person.link


def account_of(forum: ForumBackend) -> Json:
    account: Json = forum.get("/v1/accounts?external_id=42").json()["items"][0]
    return account


def verify(forum: ForumBackend, person: Person) -> None:
    person.act("agreement", accept="yes")
    person.act("way", way="phone")
    person.act("phone", phone=PHONE)
    person.act("code", code=forum.read_code(PHONE))


def begin(person: Person, url: str) -> None:
    """Opens what a button of a refusal leads to, and presses the one on that page."""
    person.open(url)
    begun = person.send({"act": "start"})
    assert begun.status_code == 303, begun.text
    person.open(begun.headers["location"])


def remedy(forum: ForumBackend, account: Json) -> str:
    (reason,) = forum.token(account["id"]).json()["reasons"]
    assert reason["code"] == "handle-under-review"
    return str(reason["remedy"]["url"])


def refuse_all(services: Services) -> None:
    """As a reviewer does, whatever waits."""
    for review in services.reviews.list_open(ReviewFilter()):
        services.reviews.decide(OPERATOR, review.id, review.version, Ruling.BLOCK, "冒充官方")


def test_a_blocked_handle_is_refused_beside_its_field_with_its_kind_and_never_the_word(
    forum: ForumBackend, person: Person
) -> None:
    link = at_handle(forum, person)
    typed = f"我爱{BLOCKED}"
    refused = person.act("handle", handle=typed)
    assert refused.status_code == 422
    assert 'id="handle-error"' in refused.text
    assert "含不可用内容（赌博）。换一个" in refused.text
    live = person.http.get(f"{link}/handle", params={"handle": typed}, headers={"accept-language": "en"})
    assert "Not allowed (gambling). Try another" in live.text
    assert "彩金" not in live.text
    answer = forum.post("/v1/accounts", {"handle": typed})
    assert (answer.status_code, answer.json()["categories"]) == (422, ["gambling"])
    assert answer.json()["errors"][0]["detail"] == "Not allowed (gambling). Try another"
    assert BLOCKED not in answer.text


def test_a_handle_that_waits_is_said_to_wait_before_and_after_and_another_may_be_chosen(
    forum: ForumBackend, person: Person, new_person: Callable[[], Person]
) -> None:
    link = at_handle(forum, person)
    live = person.http.get(f"{link}/handle", params={"handle": WANTED})
    assert "这个昵称要先审核" in live.text
    person.act("handle", handle=WANTED)
    shown = account_of(forum)["handle"]
    assert shown.startswith("用户")
    assert person.heading() == "阅读用户协议"
    assert f"昵称「{WANTED}」正在审核，通过前显示为 {shown}；也可以换一个。" in plain(person)
    back = person.http.get(f"{link}?step=handle").text
    assert f'value="{WANTED}"' in back
    verify(forum, person)
    assert person.heading() == "验证完成"
    assert f"昵称「{WANTED}」正在审核" in plain(person)

    assert WANTED not in new_person().http.get(link).text
    assert account_of(forum)["held"] == ["handle"]


def test_another_handle_while_the_flow_is_open_ends_the_waiting(forum: ForumBackend, person: Person) -> None:
    at_handle(forum, person)
    person.act("handle", handle=WANTED)
    person.page = person.http.get(f"{person.link}?step=handle")
    person.act("handle", handle="山间清风")
    assert "正在审核" not in person.page.text
    account = account_of(forum)
    assert (account["handle"], account["held"]) == ("山间清风", [])


def test_no_suggestion_is_blocked_or_has_to_wait(forum: ForumBackend, person: Person, services: Services) -> None:
    forum.register("小王")
    put_in_force(services.lexicons, *(f"王{number},abuse,review,3,,," for number in range(2, 100)))
    link = at_handle(forum, person)
    for _ in range(5):
        taken = person.act("handle", handle="小王")
        assert "已有人用" in taken.text
        assert not re.search(r'name="suggested"', taken.text)
    assert "这个昵称要先审核" in person.http.get(f"{link}/handle", params={"handle": "小王7"}).text


def test_the_button_of_a_refusal_leads_to_another_handle_and_to_nothing_else(
    forum: ForumBackend, person: Person, new_person: Callable[[], Person]
) -> None:
    at_handle(forum, person)
    person.act("handle", handle=WANTED)
    verify(forum, person)
    account = account_of(forum)
    url, later = remedy(forum, account), new_person()
    begin(later, url)
    assert later.heading() == "换一个昵称"
    assert account["handle"] in later.page.text
    assert WANTED not in later.page.text  # whoever holds the link may be anybody
    assert "步，共" not in later.page.text
    blocked = later.act("handle", handle=f"我爱{BLOCKED}")
    assert (blocked.status_code, later.heading()) == (422, "换一个昵称")
    assert "这个昵称要先审核" in later.http.get(f"{later.link}/handle", params={"handle": HELD}).text
    stale = later.hidden("handle") | {"handle": "山间明月"}
    later.act("handle", handle="山间清风")
    assert later.heading() == "昵称已更换"
    assert (account_of(forum)["handle"], account_of(forum)["held"]) == ("山间清风", [])
    assert later.send(stale).status_code == 303
    assert account_of(forum)["handle"] == "山间清风"
    assert forum.token(account["id"]).status_code == 201

    later.open(url)
    assert later.heading() == "昵称已经能看到了"
    assert later.send({"act": "start"}).status_code == 303


def test_me_shows_people_what_they_asked_for_and_that_it_was_refused(
    forum: ForumBackend, person: Person, services: Services, clock: FakeClock
) -> None:
    at_handle(forum, person)
    person.act("handle", handle=WANTED)
    verify(forum, person)
    account = account_of(forum)
    changed = forum.http.patch(f"/v1/accounts/{account['id']}", json={"profile": {"bio": f"{HELD} <b>\n二"}})
    assert changed.json()["held"] == ["bio", "handle"]
    clock.advance(minutes=2)
    me = f"/me?forum={forum.credentials.forum_id}"
    person.http.get(me)
    person.http.post(me.replace("/me", "/me/phone"), data={"phone": PHONE})
    person.http.post(me.replace("/me", "/me/code"), data={"code": forum.read_code(PHONE)})
    person.page = person.http.get(me)
    for said in (account["handle"], WANTED, f"{HELD} <b>", "起审核", "现在别人看不到这一项"):
        assert said in plain(person) or said in unescape(person.page.text), said
    assert "<b>\n二" not in person.page.text
    assert "申诉" not in person.page.text

    refuse_all(services)
    person.page = person.http.get(me)
    assert "没有通过审核，可以换一个" in plain(person)
    appeal = re.search(r'href="(/me/appeal[^"]+)"', person.page.text)
    assert appeal
    person.open(unescape(appeal.group(1)))
    assert person.heading() == "申诉"
    own = f"/me/handle?forum={forum.credentials.forum_id}&account={account['id']}"
    person.open(person.http.post(own, data={"x": ""}).headers["location"])
    assert person.heading() == "换一个昵称"
    person.act("handle", handle="山间清风")
    assert person.heading() == "昵称已更换"
    shown = person.http.get(me).text
    assert "山间清风" in shown
    assert WANTED not in shown
    assert person.http.post(own, data={"x": ""}).headers["location"] == me


def test_nobody_chooses_a_handle_for_somebody_elses_account(forum: ForumBackend, person: Person) -> None:
    at_handle(forum, person)
    person.act("handle", handle=WANTED)
    own = f"/me/handle?forum={forum.credentials.forum_id}&account={account_of(forum)['id']}"
    assert person.http.post(own, data={"x": ""}).status_code == 422
