"""People on their way through the pages in a browser, and everything that browsers do to a page meanwhile."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acting import PRIMARY, fill, press, settled
from tests.browser.conftest import NewWalker
from tests.support.canaries import hits
from tests.support.forum import sandbox_number
from tests.support.recording import Exchange

NAME, PHONE, OTHER_PHONE = "甄隐名", "14000007731", "14000007732"
NUMBER, MISTYPED, REFUSED, DOWN = sandbox_number(731), "110199199003077319", "110199199003070033", "110199199003070076"


def test_a_newcomer_gets_from_sign_up_to_a_first_post_and_nothing_of_them_is_written_anywhere(
    new_walker: NewWalker, exchanges: list[Exchange]
) -> None:
    walker = new_walker()
    page, send = walker.page, walker.send
    walker.visit_demo()
    press(page)
    walker.sees("flow.notice.title")
    press(page)
    send(handle="初次见面")
    walker.agree()
    walker.choose("resident_id")
    walker.prove(PHONE)
    send(name=NAME, number=MISTYPED)
    send(name=NAME, number=REFUSED)
    walker.sees("flow.document.not-confirmed")
    assert page.locator("[name=name]").input_value() == NAME  # it never left the box
    send(name=NAME, number=f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}".lower())
    walker.sees("flow.done.title")
    press(page)
    walker.sees("demo.arrived.text")
    send(title="第一帖", text="大家好")
    walker.sees("demo.arrived.posted")
    expect(page.locator("article h3").first).to_have_text("第一帖")
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])") + str(walker.context.cookies())
    places = written_by_us(exchanges) | heard_by_the_forum(exchanges) | {"browser": stored.encode()}
    assert len(places) > 30
    assert hits([NAME, PHONE, NUMBER, MISTYPED, REFUSED], places) == []
    assert hits([NAME, PHONE, NUMBER], {"all": b"".join(bytes(one.asked) for one in exchanges)}) != []


def written_by_us(exchanges: list[Exchange]) -> dict[str, bytes]:
    pages = {f"{at} {one.path}": bytes(one.answered) for at, one in enumerate(exchanges) if "html" in one.media_type}
    assert any("/register/" in place for place in pages)
    return pages


def heard_by_the_forum(exchanges: list[Exchange]) -> dict[str, bytes]:
    """What browsers sent to it, what it sent to the API, and what it was answered there."""
    return {
        f"{at} {one.path}": bytes(one.asked + one.answered)
        for at, one in enumerate(exchanges)
        if one.path.startswith(("/demo", "/v1/", "/oauth/"))
    }


Act = Callable[[Page], None]


def _typing(**fields: str) -> Act:
    return lambda page: fill(page, **fields)


def _ticking(selector: str) -> Act:
    return lambda page: page.locator(selector).check()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_each_step_survives_reload_two_tabs_a_double_submit_and_back(new_walker: NewWalker, *, script: bool) -> None:
    walker = new_walker(script=script)
    page, forum = walker.page, walker.forum
    walker.begin(external_id="7")
    steps: dict[str, Act] = {
        "notice": _typing(),
        "handle": _typing(handle=walker.handle),
        "agreement": _ticking("[name=accept]"),
        "way": _ticking("[value=phone]"),
        "phone": _typing(phone=PHONE),
        "code": lambda tab: fill(tab, code=walker.read_code(PHONE)),
    }
    stale = walker.visitor.tab()
    for step, act in steps.items():
        walker.sees(f"flow.{step}.title")
        page.reload()
        walker.sees(f"flow.{step}.title")
        if script:
            stale.goto(page.url)
            act(stale)
        act(page)
        twice(page)
        expect(page.locator(".summary")).to_have_count(0)
        if script:
            press(stale)  # what it sends is of a step that has been taken
            assert stale.locator("h1").inner_text() == page.locator("h1").inner_text()
        else:
            page.go_back()
    page.goto(page.url.partition("?")[0])
    walker.sees("flow.done.title")
    page.goto(f"{page.url}?step=handle")
    walker.sees("flow.done.title")
    assert [one["handle"] for one in forum.get("/v1/accounts?external_id=7").json()["items"]] == [walker.handle]
    assert len(forum.get("/dev/outbox.json").json()) == 1


def twice(page: Page) -> None:
    page.locator("h1").evaluate("heading => heading.dataset.before = ''")
    page.locator(PRIMARY).dblclick()
    settled(page)


def test_without_a_script_the_whole_way_is_open_and_nothing_that_was_typed_comes_back(new_walker: NewWalker) -> None:
    walker = new_walker(script=False, language="en")
    walker.to_proof(walker.handle, "phone")
    walker.page.locator("main .back, .back").first.click()
    walker.sees("flow.way.title")
    walker.choose("other_document")
    walker.prove(PHONE)
    walker.page.locator("[name=type]").select_option("hm_travel_permit")
    walker.send(name="不一致", number="H00000000")
    walker.sees("flow.document.not-confirmed")
    expect(walker.page.locator("main noscript")).to_be_visible()  # it says that boxes come back empty, and why
    assert [walker.page.locator(f"[name={name}]").input_value() for name in ("name", "number")] == ["", ""]
    walker.page.locator("[name=type]").select_option("hm_travel_permit")
    walker.send(name=NAME, number="H00000000")
    walker.sees("flow.done.title")


def test_the_keyboard_alone_is_enough(new_walker: NewWalker) -> None:
    walker = new_walker()
    page, keyboard = walker.page, walker.page.keyboard
    walker.begin()
    keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    keyboard.press("Enter")
    go(page, PRIMARY, "Enter")
    walker.sees("flow.handle.title")
    go(page, "[name=handle]")
    enter(page, walker.handle)
    walker.sees("flow.agreement.title")
    go(page, "[name=accept]", "Space")
    go(page, PRIMARY, "Enter")
    walker.sees("flow.way.title")
    go(page, "[name=way]", "ArrowDown")
    expect(page.locator("[value=resident_id]")).to_be_checked()
    keyboard.press("ArrowUp")
    keyboard.press("Enter")
    walker.sees("flow.phone.title")
    go(page, "[name=phone]")
    enter(page, "1234")
    expect(page.locator(".summary")).to_be_focused()
    go(page, ".summary a", "Enter")
    expect(page.locator("[name=phone]")).to_be_focused()
    keyboard.press("Control+A")
    enter(page, PHONE)
    expect(page.locator("[name=code]")).to_be_focused()
    enter(page, walker.read_code(PHONE))
    walker.sees("flow.done.title")
    expect(page.locator("h1")).to_be_focused()
    go(page, PRIMARY, "Enter")
    page.wait_for_url(re.compile(r"/problems\?registration=reg_.*&state=s&status=completed"))


def go(page: Page, selector: str, key: str = "") -> None:
    """Tabs until the focus is there, and presses that key."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({selector!r})"):
            if key:
                page.keyboard.press(key)
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def enter(page: Page, text: str) -> None:
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_lost_cookies_a_provider_that_is_down_and_a_link_that_ends(new_walker: NewWalker) -> None:
    walker = new_walker()
    page, send = walker.page, walker.send
    walker.to_document(walker.handle, PHONE)
    link = page.url.partition("?")[0]
    walker.context.clear_cookies()
    page.goto(link)
    walker.sees("flow.elsewhere.title")
    walker.clock.advance(minutes=2)
    send(phone=OTHER_PHONE)
    send(code=walker.read_code(OTHER_PHONE))
    page.goto(link)
    walker.sees("flow.elsewhere.title")
    walker.prove(PHONE)
    walker.sees("flow.document.title")
    send(name=NAME, number=DOWN)
    walker.sees("flow.waiting.provider-unavailable")
    page.reload()
    walker.sees("flow.waiting.provider-unavailable")
    press(page)
    send(name=NAME, number=NUMBER)
    walker.sees("flow.done.title")

    walker.to_proof(f"{walker.handle}_2", "phone")
    press(page, "footer form:last-of-type button")
    page.wait_for_url(re.compile(r"/problems\?registration=reg_.*&state=s&status=abandoned"))
    walker.to_proof(f"{walker.handle}_3", "phone")
    walker.clock.advance(minutes=31)
    send(phone=PHONE)
    walker.sees("flow.gone.expired")
    walker.sees("flow.done.back")
