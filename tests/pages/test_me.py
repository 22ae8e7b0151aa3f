"""`/me` as a browser meets it: alike for strangers, robust, and closing acts at once."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from app.policies import RATES, Rate, RouteClass
from app.settings import Settings
from app.verification.sms.sandbox import SandboxSender
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.disclosing import open_office
from tests.support.forum import ForumBackend
from tests.support.serving import serving

PHONE, STRANGER = "14000001234", "14000005678"
FORM = {"content-type": "application/x-www-form-urlencoded"}
SWITCH = re.compile(r'href="\?[^"]*"')
NewForum = Callable[[str], ForumBackend]


class Browser:
    """Keeps cookies, follows redirects by itself when asked to, and knows what people see."""

    def __init__(self, address: str, forum_id: str, language: str = "en") -> None:
        self.forum_id = forum_id
        self.http = httpx2.Client(
            base_url=address,
            timeout=30,
            headers={"accept": "text/html", "accept-language": language, "sec-fetch-site": "same-origin"},
        )

    def at(self, step: str = "", **more: str) -> str:
        return str(httpx2.URL(f"/me{step}", params={"forum": self.forum_id, **more}))

    def get(self, step: str = "", **more: str) -> httpx2.Response:
        return self.http.get(self.at(step, **more))

    def post(self, step: str, form: dict[str, str] | None = None, **more: str) -> httpx2.Response:
        return self.http.post(self.at(step, **more), content=urlencode(form or {}), headers=FORM)

    def ask(self, phone: str = PHONE, **more: str) -> httpx2.Response:
        self.get()
        return self.post("/phone", {"phone": phone}, **more)

    def code(self, phone: str = PHONE) -> str:
        texts = [text for text in self.http.get("/dev/outbox.json").json() if text["to"] == phone]
        return str(texts[-1]["code"])

    def sign_in(self, phone: str = PHONE) -> httpx2.Response:
        led(self.ask(phone), "/me/code")
        led(self.post("/code", {"code": self.code(phone)}), "/me")
        return self.get()


def led(answer: httpx2.Response, path: str) -> None:
    assert answer.status_code == 303, answer.text
    assert urlsplit(answer.headers["location"]).path == path


def refused(answer: httpx2.Response, status: int, said: str) -> None:
    assert answer.status_code == status, answer.text
    assert said in re.sub(r"<[^>]+>", "", answer.text), answer.text


def _cookies(browser: Browser) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.fixture
def member(forum: ForumBackend, clock: FakeClock) -> str:
    """An account that may post, behind the phone; its last text was a while ago."""
    account = forum.register("山间清风")
    forum.accept_agreement(account["id"])
    forum.phone_code(account["id"], PHONE)
    clock.advance(minutes=2)
    return str(account["id"])


@pytest.fixture
def new_browser(forum: ForumBackend, address: str) -> Iterator[Callable[[], Browser]]:
    made: list[Browser] = []

    def make() -> Browser:
        made.append(Browser(address, forum.credentials.forum_id))
        return made[-1]

    yield make
    for browser in made:
        browser.http.close()


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


@contextmanager
def another_server(settings: Settings, clock: FakeClock) -> Iterator[str]:
    built = build(settings, clock=clock, sender=SandboxSender(clock))
    with serving(built) as address:
        yield address


def test_known_and_unknown_phones_are_answered_alike_until_a_right_code(
    member: str, new_browser: Callable[[], Browser]
) -> None:
    assert member
    answers: dict[str, list[tuple[int, int]]] = {}
    for phone in (PHONE, STRANGER):
        browser = new_browser()
        asked = browser.ask(phone)
        shown = browser.get("/code")
        again = browser.post("/again")  # within the pause: the code on its way serves
        wrong = browser.post("/code", {"code": other_than(browser.code(phone))})
        answers[phone] = [(one.status_code, len(one.content)) for one in (asked, shown, again, wrong)]
        assert [status for status, _ in answers[phone]] == [303, 200, 303, 422]
        assert phone not in asked.text + shown.text + again.text + wrong.text
        refused(wrong, 422, "Wrong code, 4 tries left")
    assert answers[PHONE] == answers[STRANGER]


def test_a_person_sees_their_handle_and_a_stranger_that_nothing_is_held(
    member: str, new_browser: Callable[[], Browser], new_forum: NewForum
) -> None:
    browser, stranger = new_browser(), new_browser()
    shown = browser.sign_in()
    for said in ("山间清风", "测试论坛", "Phone", "21 Nov 2026", "2026-11", "12377"):
        assert said in shown.text
    assert PHONE not in shown.text
    assert "per_" not in shown.text
    read = browser.get("/agreement", version="2026-11")
    assert read.status_code == 200
    assert browser.get("/agreement", version="2020-01").status_code == 404

    nothing = stranger.sign_in(STRANGER)
    refused(nothing, 200, "Nothing is held for this number in 测试论坛")
    assert "山间清风" not in nothing.text
    browser.forum_id = new_forum("另一论坛").credentials.forum_id
    refused(browser.get(), 200, "Nothing is held for this number in 另一论坛")
    assert member not in nothing.text


def test_without_a_forum_or_with_one_that_nobody_knows_the_page_is_the_same(browser: Browser) -> None:
    bare = browser.http.get("/me")
    refused(bare, 200, "Enter from your forum")
    for forum_id in ("frm_" + "0" * 32, "frm_x", "x" * 500, "<script>", "a\x00b"):
        unknown = browser.http.get("/me", params={"forum": forum_id})
        assert SWITCH.sub("", unknown.text) == SWITCH.sub("", bare.text)
        browser.forum_id = forum_id
        assert browser.post("/phone", {"phone": PHONE}).status_code == 404
        assert browser.get("/close").status_code == 404
    assert browser.http.get("/dev/outbox.json").json() == []


def test_reload_back_and_double_submit_have_one_effect(member: str, browser: Browser) -> None:
    assert member
    for _ in range(2):
        led(browser.ask(), "/me/code")
    sent = [text for text in browser.http.get("/dev/outbox.json").json() if text["to"] == PHONE]
    assert len(sent) == 2  # one of the forum's, one of ours
    form = {"code": browser.code()}
    for _ in range(2):
        led(browser.post("/code", form), "/me")
        assert "山间清风" in browser.get().text
    led(browser.get("/code"), "/me")  # back: nothing is awaited any more
    led(browser.post("/sign-out"), "/me")
    refused(browser.post("/code", form), 422, "get a new code")
    assert "山间清风" not in browser.get().text


def test_a_session_cookie_is_dead_after_sign_out_and_none_is_taken_that_was_brought_along(
    member: str, browser: Browser
) -> None:
    assert member
    brought = "f" * 64
    browser.ask()
    entered = browser.http.post(
        browser.at("/code"), data={"code": browser.code()}, headers={"cookie": f"me={brought}; {_cookies(browser)}"}
    )
    led(entered, "/me")
    given = entered.headers["set-cookie"]
    assert brought not in given
    assert "httponly; max-age=3600; path=/; samesite=lax" in given.lower()
    assert "山间清风" in browser.get().text
    secret = browser.http.cookies["me"]
    browser.post("/sign-out")
    assert "me" not in browser.http.cookies
    browser.http.cookies.set("me", secret)
    assert "山间清风" not in browser.get().text
    assert browser.post("/close", account=member).status_code == 422


def test_another_browser_cannot_enter_the_code(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    led(browser.ask(), "/me/code")
    other = new_browser()
    refused(other.post("/code", {"code": browser.code()}), 422, "get a new code")
    led(other.get("/code"), "/me")
    led(browser.post("/code", {"code": browser.code()}), "/me")


def test_what_is_typed_wrong_is_said_at_the_field_and_never_repeated(browser: Browser) -> None:
    refused(browser.post("/phone"), 422, "Enter your mobile number")
    for typed in ("12345", "not a number", "1" * 3000, "１３８", "\x00"):
        answer = browser.post("/phone", {"phone": typed})
        assert answer.status_code in {400, 422}
        assert typed not in answer.text
    refused(browser.post("/phone", {"phone": "138"}), 422, "11 digits beginning with 1")
    led(browser.ask("+86 140 0000 1234"), "/me/code")
    refused(browser.post("/code"), 422, "Enter the code")
    refused(browser.post("/code", {"code": "12ab"}), 422, "The code has 6 digits")
    assert "12ab" not in browser.post("/code", {"code": "12ab"}).text
    assert browser.http.post(browser.at("/code"), json={"code": "1"}).status_code == 415
    assert browser.http.get(browser.at("/sign-out")).status_code == 405


def test_five_wrong_codes_end_it_over_two_servers_and_a_late_one_has_expired(
    browser: Browser, address: str, settings: Settings, clock: FakeClock
) -> None:
    browser.ask()
    right = browser.code()
    with another_server(settings, clock) as neighbour:
        for step in range(4):
            browser.http.base_url = httpx2.URL(neighbour if step % 2 else address)
            refused(browser.post("/code", {"code": other_than(right)}), 422, f"{4 - step} tries left")
        refused(browser.post("/code", {"code": other_than(right)}), 422, "Five wrong tries")
        browser.http.base_url = httpx2.URL(address)
        refused(browser.post("/code", {"code": right}), 422, "Five wrong tries")
    clock.advance(minutes=1)
    browser.ask()
    clock.advance(minutes=10)
    refused(browser.post("/code", {"code": browser.code()}), 422, "Code expired")


def test_too_many_texts_to_one_phone_or_from_one_address_say_when_to_come_back(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    rates = {**RATES, RouteClass.TEXTS: Rate(3, "texts", "test", 3600)}
    with serving(services, rates) as address:
        browser = Browser(address, forum.credentials.forum_id)
        browser.ask()
        account = forum.register("山间清风")["id"]
        assert forum.ask_code(account, PHONE).status_code == 429  # a sign-in's text counts for the forum's too
        browser.http.cookies.clear()
        too_soon = browser.ask()
        refused(too_soon, 429, "Too fast; try after 12:01")
        assert too_soon.headers["retry-after"] == "60"
        browser.ask(STRANGER)
        pumped = browser.ask("14000009999")
        refused(pumped, 429, "Too fast")
        clock.advance(minutes=2)
        browser.http.close()
    texts = forum.get("/dev/outbox.json").json()
    assert "14000009999" not in {text["to"] for text in texts}


def test_another_text_too_many_leaves_the_code_that_came_before_good(
    browser: Browser, services: Services, clock: FakeClock
) -> None:
    clock.advance(seconds=5)
    browser.ask()
    refused(browser.get("/code"), 200, "After 12:02")  # never too early
    for _ in range(3):
        clock.advance(minutes=1)
        led(browser.post("/again"), "/me/code")
    clock.advance(minutes=1)
    refused(browser.post("/again"), 429, "Too fast; try after 13:01")
    led(browser.post("/code", {"code": browser.code()}), "/me")
    assert services.sandbox_sender
    assert len(services.sandbox_sender.outbox()) == 4


def test_a_sender_that_is_down_is_said_and_nothing_is_lost(browser: Browser) -> None:
    answer = browser.ask("14000000004")
    refused(answer, 503, "nothing is lost")
    assert answer.headers["retry-after"]
    led(browser.ask(), "/me/code")


def test_a_form_from_another_origin_does_nothing(member: str, browser: Browser, forum: ForumBackend) -> None:
    browser.sign_in()
    for foreign in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        for step in ("/phone", "/again", "/code", "/sign-out", "/close"):
            answer = browser.http.post(browser.at(step, account=member), data={"phone": STRANGER}, headers=foreign)
            assert answer.status_code == 400
    assert "山间清风" in browser.get().text
    assert forum.account(member)["status"] == "active"


def test_closing_acts_on_tokens_at_once_and_only_on_ones_own(
    member: str, browser: Browser, forum: ForumBackend, clock: FakeClock
) -> None:
    theirs = forum.member("海上明月")["id"]
    forum.log_in()
    token = forum.token(member).json()["token"]
    assert forum.verify_token(token)["active"] is True
    browser.sign_in()
    for foreign in (theirs, "acc_" + "0" * 32, "acc_x", ""):
        assert browser.get("/close", account=foreign).status_code == 404
        assert browser.post("/close", account=foreign).status_code == 404

    asked = browser.get("/close", account=member)
    refused(asked, 200, "In 30 days")
    assert forum.account(member)["status"] == "active"  # a GET changes nothing
    for _ in range(2):
        led(browser.post("/close", account=member), "/me")

    assert forum.verify_token(token)["active"] is False
    assert forum.token(member).status_code == 403
    assert forum.account(member)["status"] == "closed"
    assert forum.account(theirs)["status"] == "active"
    assert forum.post(f"/v1/accounts/{member}/reinstate", {"reason": "误操作"}).status_code == 409
    refused(browser.get(), 200, "Closed on 21 Nov 2026")
    led(browser.get("/close", account=member), "/me")
    clock.advance(minutes=1)


def test_closing_needs_a_code_of_the_last_quarter_of_an_hour_and_comes_back_to_where_it_was(
    member: str, browser: Browser, forum: ForumBackend, clock: FakeClock
) -> None:
    browser.sign_in()
    for _ in range(2):
        clock.advance(minutes=8)
        browser.get()
    refused(browser.get("/close", account=member), 200, "code of the last 15 minutes")
    refused(browser.post("/close", account=member), 422, "code of the last 15 minutes")
    asked = browser.post("/phone", {"phone": PHONE}, account=member)
    led(asked, "/me/code")
    assert dict(parse_qsl(urlsplit(asked.headers["location"]).query))["account"] == member
    led(browser.post("/code", {"code": browser.code()}, account=member), "/me/close")
    refused(browser.get("/close", account=member), 200, "cannot be undone")
    forum.log_in()
    assert forum.account(member)["status"] == "active"
    clock.advance(minutes=15)
    assert "山间清风" not in browser.get().text  # idle


def test_people_see_who_opened_their_identity_once_that_may_be_told(
    services: Services, address: str, forum: ForumBackend, new_forum: NewForum, clock: FakeClock
) -> None:
    other, accounts = new_forum("另一个论坛"), []
    for one, handle in ((forum, "山间清风"), (other, "静水流深")):
        accounts.append(one.register(handle)["id"])
        one.phone_code(accounts[-1], PHONE)
        one.check_document(accounts[-1])
        clock.advance(minutes=2)
    office, visitor = open_office(services, address), Browser(address, forum.credentials.forum_id, "zh")
    with closing(visitor.http):
        assert "没有可显示的记录。依法延后的到期后显示。" in visitor.sign_in().text
        basis = {"legal_basis": "《刑事诉讼法》第五十四条<b>", "authority": "沙箱市法院", "purpose": "court_order"}
        later = [{}, {"notify_after": "2026-11-22T04:00:00Z"}]
        for account, more in zip(accounts, later, strict=True):
            opened = office.execute(office.approved(account, **basis, fields=["phone", "name"], **more))
            assert opened.json()["fields"]["phone"] == PHONE
        office.approved(accounts[0], authority="没有打开过的机关")
        page = visitor.get().text
        for said in ("法院调取，由沙箱市法院提出", "第五十四条&lt;b&gt;", "打开的内容：姓名、手机号"):
            assert page.count(said) == 1, said
        assert "没有打开过的机关" not in page
        assert "没有可显示的记录" not in page
        clock.advance(days=1)
        assert visitor.sign_in().text.count("法院调取，由沙箱市法院提出") == 2
