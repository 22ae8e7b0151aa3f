"""People without an account who complain, people who were acted on and appeal; what they type is nothing but text."""

import unicodedata

from playwright.sync_api import expect

from tests.browser.acting import fill, press, settled
from tests.browser.complaint_pages import appeal_link, by_staff, decide, follow, said, shown_code, to_code
from tests.browser.conftest import NewWalker
from tests.browser.test_registration import twice
from tests.support.payloads import SCRIPTS
from tests.support.staff import make_staff


def test_without_a_script_a_complaint_pressed_twice_is_one_and_what_was_typed_survives_the_way_back(
    new_walker: NewWalker,
) -> None:
    walker = new_walker(script=False)
    page, send = walker.page, walker.send
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/complaints?forum={walker.forum.credentials.forum_id}&kind=content&ref=post-17")
    walker.choose("doxxing")
    expect(page.locator("[name=ref]")).to_have_value("post-17")
    press(page)
    fill(page, description="\n第一行是空的\n他公布了我的住址。")
    press(page, "[name=go]")
    press(page)
    expect(page.locator("[name=description]")).to_have_value("\n第一行是空的\n他公布了我的住址。")
    press(page)
    send(phone="14000000177")
    twice(page)
    code = shown_code(walker)
    page.reload()
    assert shown_code(walker) == code
    press(page)
    walker.sees("complaints.what.received")
    by_staff(walker, walker.services.complaints.handling.accept)
    fill(page, text="还有一张截图。")
    press(page, "form[action$=message] button")
    page.reload()
    expect(page.get_by_text("还有一张截图。")).to_have_count(1)
    assert not [address for address in asked if code in address or "14000000177" in address]


def test_what_somebody_types_is_text_wherever_it_stands(new_walker: NewWalker) -> None:
    """And what invisible characters are in is refused."""
    walker = new_walker()
    page = walker.page
    page.on("dialog", lambda dialog: walker.visitor.faults.append(f"dialog: {dialog.message}"))
    shown = [one for one in SCRIPTS if not any(unicodedata.category(mark).startswith("C") for mark in one)]
    code = to_code(walker, "\n".join(shown), f"&kind=content&ref=%22%3E{shown[0]}")
    follow(walker, code)
    page.locator("[name=text]").fill("\n".join(shown))
    press(page, "form[action$=message] button")
    told = page.locator("main").inner_text()
    assert [one for one in shown if " ".join(one.split()) not in " ".join(told.split())] == []
    follow(walker, shown[0])
    expect(page.locator("[name=code]")).to_have_value(shown[0])
    follow(walker, code)
    page.locator("[name=text]").fill("\u202e<b>txet")
    press(page, "form[action$=message] button")
    expect(page.locator("[name=text]")).to_have_value("\u202e<b>txet")
    expect(page.locator(".summary")).to_be_visible()


def test_somebody_who_is_suspended_appeals_from_the_refusal_and_posts_again(new_walker: NewWalker) -> None:
    walker = new_walker()
    page, forum = walker.page, walker.forum
    account_id = forum.member(walker.handle)["id"]
    assert forum.token(account_id).is_success
    forum.post(f"/v1/accounts/{account_id}/suspend", {"reason": "反复发广告", "ground": "第七条"}).raise_for_status()
    page.goto(appeal_link(walker, account_id))
    for told in ("反复发广告", "第七条", "准备什么", "由没有参与原决定的另一个人复查"):
        expect(page.locator("main")).to_contain_text(told)
    fill(page, grounds="那不是广告。")
    twice(page)
    code = shown_code(walker)
    handling = walker.services.complaints.handling
    by_staff(walker, handling.accept, handling.assign, decide(walker, "granted", "decision_wrong"))
    follow(walker, code)
    walker.sees("complaints.what.decided")
    assert forum.token(account_id).is_success


def test_staff_do_their_whole_side_by_keyboard_alone(new_walker: NewWalker) -> None:
    """And the person theirs on a phone, without an account: a question, its answer, the outcome, an appeal, its end."""
    walker = new_walker()
    page, key = walker.page, walker.page.keyboard
    page.set_viewport_size({"width": 375, "height": 800})
    other = to_code(walker, said(walker, "story"), "&kind=content&ref=post-16")
    walker.clock.advance(minutes=1)
    code = to_code(walker, said(walker, "story"))

    def at_the_queue(query: str = "") -> None:
        login = make_staff(walker.services, "reviewer")
        walker.context.add_cookies([{"name": "staff", "value": login.cookie, "url": walker.visitor.address}])
        page.goto(f"/console/complaints{query}")
        expect(page.locator("[data-queue] [aria-current=true]")).to_be_focused()

    def sent(*keys: str) -> None:
        page.locator("h1").evaluate("heading => heading.dataset.before = ''")
        for one in keys:
            key.press(one)
        settled(page)

    at_the_queue()
    key.press("j")
    sent("o")
    sent("c")
    key.press("r")
    key.type(said(walker, "asks"))
    key.press("Tab")
    key.press("Space")
    key.press("Tab")
    sent("Enter")
    follow(walker, code)
    expect(page.locator("main")).to_contain_text(said(walker, "asks"))
    walker.send(text=said(walker, "answers"))
    page.goto("/console/complaints?mine=1")
    expect(page.locator("main")).to_contain_text(said(walker, "answers"))
    for one in ("d", "ArrowDown", "ArrowDown", "1", "Tab"):
        key.press(one)
    key.type(said(walker, "found"))
    sent("Tab", "Enter")
    follow(walker, code)
    expect(page.locator("main")).to_contain_text(said(walker, "found"))
    fill(page, grounds=said(walker, "why"))
    press(page, "form[action$=appeal] button")
    at_the_queue("?state=appealed")
    expect(page.locator("main")).to_contain_text(said(walker, "why"))
    sent("c")
    for one in ("d", "Space", "1", "Tab", "Tab"):
        key.press(one)
    sent("Enter")
    follow(walker, code)
    walker.sees("complaints.what.appeal_decided")
    follow(walker, other)
    walker.sees("complaints.what.received")
