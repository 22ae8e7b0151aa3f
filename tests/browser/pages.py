"""The table of all pages and their states: walks that stop wherever there is something to look at."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import httpx2
from playwright.sync_api import BrowserContext, Page, TimeoutError, expect  # noqa: A004 -- its own

from app.demo.seed import PEOPLE, SEEDED_BOARDS, SEEDS
from app.forums.domain import PausedPlace
from app.kernel.actor import OPERATOR
from app.kernel.sentence import Language
from app.screening.docket import ReviewFilter
from app.screening.domain import Ruling
from app.web.words import text
from app.wiring import Services
from tests.browser.acting import fill, press
from tests.browser.chromium import Visitor
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend
from tests.support.lexicons import put_in_force

HANDLES = {"zh": "山间清风", "en": "mountain_breeze"}
FORUMS = {"zh": "测试论坛", "en": "Test forum"}
NAMES = (
    *FORUMS.values(),
    *HANDLES.values(),
    "山间论坛",
    *(seed.handle for seed in SEEDS),
    *(board.name for board in SEEDED_BOARDS),
    *(person.name for person in PEOPLE.values()),
    "反复发广告",
    "用户",  # what a placeholder begins with
)
"""What forums and people called themselves and wrote: in whatever language they did."""


PIN = "article:last-of-type form button"
_PLACES, _VALUE = ("forum", "handle", "n", "placeholder", "time"), "…"


@dataclass(frozen=True)
class Walker:
    """Who walks, where, and what a walk may set up before."""

    page: Page
    visitor: Visitor
    services: Services
    clock: FakeClock
    forum: ForumBackend

    @property
    def language(self) -> str:
        return self.visitor.language

    @property
    def context(self) -> BrowserContext:
        return self.visitor.context

    @property
    def handle(self) -> str:
        return HANDLES[self.language]

    def sees(self, key: str) -> None:
        """What stands in the catalogue under that key, as far as its first place for a value."""
        words = text(Language(self.language), key, **dict.fromkeys(_PLACES, _VALUE)).striptags()
        expect(self.page.locator("main")).to_contain_text(words.partition(_VALUE)[0])

    def read_code(self, phone: str) -> str:
        """From the newest text to that phone, as the person does."""
        sender = self.services.sandbox_sender
        assert sender is not None
        return next(sent.code.reveal() for sent in reversed(sender.outbox()) if sent.code and sent.to.reveal() == phone)

    def wait(self, minutes: int) -> None:
        """Lets time pass; the forum logs in anew."""
        self.clock.advance(minutes=minutes)
        self.forum.log_in()

    def begin(self, **more: str) -> None:
        """Opens the link of a new registration."""
        self.context.clear_cookies()
        body = {"return_url": f"{self.services.issuer}/problems", "state": "s", "locale": self.language, **more}
        begun = self.forum.post("/v1/registrations", body)
        assert begun.status_code == httpx2.codes.CREATED, begun.text
        self.page.goto(begun.json()["url"])

    def begin_session(self, account_id: str) -> None:
        """Opens the link of a new verification session."""
        self.context.clear_cookies()
        path, body = (
            f"/v1/accounts/{account_id}/verification-sessions",
            {"return_url": f"{self.services.issuer}/problems"},
        )
        self.page.goto(self.forum.post(path, body).json()["url"])

    def visit_demo(self) -> None:
        """The first visit makes the forum, and waits on a page; on a machine that is busy it may have to come again."""
        self.visitor.expected.add(httpx2.codes.SERVICE_UNAVAILABLE)
        for _ in range(10):
            self.page.goto("/demo")
            with suppress(TimeoutError):
                return self.page.locator("[name=user]").wait_for(timeout=6_000)
        raise AssertionError(self.page.locator("main").inner_text())

    def act_as(self, user: str, board: str) -> None:
        """In the demo forum."""
        self.page.goto(f"/demo/boards/{board}")
        self.page.locator("[name=user]").select_option(user)
        press(self.page, "form[action='/demo/as'] button")

    def send(self, **fields: str) -> None:
        fill(self.page, **fields)
        press(self.page)

    def choose(self, value: str) -> None:
        self.page.locator(f"input[value={value}]").check()
        press(self.page)

    def agree(self) -> None:
        self.page.locator("[name=accept]").check()
        press(self.page)

    def prove(self, phone: str) -> None:
        self.send(phone=phone)
        self.send(code=self.read_code(phone))

    def prove_as(self, account_id: str, phone: str) -> None:
        """A phone, in a session of an account that exists."""
        self.begin_session(account_id)
        press(self.page)
        self.choose("phone")
        self.prove(phone)

    def to_proof(self, handle: str, way: str) -> None:
        """A new registration, as far as the page that asks for a phone."""
        self.begin()
        press(self.page)
        self.send(handle=handle)
        self.agree()
        self.choose(way)

    def to_document(self, handle: str, phone: str, way: str = "resident_id") -> None:
        """A new registration, as far as the page that asks for a document."""
        self.to_proof(handle, way)
        self.prove(phone)


Walk = Callable[[Walker], Iterator[str]]
"""Yields the name of each state as soon as it shows."""


def public_pages(walker: Walker) -> Iterator[str]:
    for name, path in {
        "start": "/",
        "problems": "/problems",
        "problem": "/problems/handle-taken",
        "problem-for-programs": "/problems/idempotency-in-progress",
        "docs": "/docs",
        "transparency": "/transparency",
    }.items():
        walker.page.goto(path)
        yield name
    walker.page.goto("/problems/handle-taken")
    walker.page.locator("summary").click()
    yield "problem-open"


def refusals(walker: Walker) -> Iterator[str]:
    """What a browser hears where it is refused."""
    walker.page.goto("/nowhere")
    yield "not-found"
    walker.page.goto("/problems/nothing")
    yield "problem-unknown"


def paused(walker: Walker) -> Iterator[str]:
    """Before the first page: what a process has seen is good for two seconds."""
    walker.services.emergency.pauses.pause(OPERATOR, PausedPlace(), "演练")
    walker.page.goto("/")
    expect(walker.page.locator(".paused")).to_be_visible()
    yield "paused"


def outbox(walker: Walker) -> Iterator[str]:
    walker.page.goto("/dev/outbox")
    yield "outbox-empty"
    account = walker.forum.register(walker.handle)
    walker.forum.ask_code(account["id"], "14000000100").raise_for_status()
    walker.page.reload()
    yield "outbox"


def continuing(walker: Walker) -> Iterator[str]:
    """Where the buttons of a refusal lead."""
    account = walker.forum.register(walker.handle)
    walker.forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "test"}).raise_for_status()
    for reason in walker.forum.token(account["id"]).json()["reasons"]:
        walker.page.goto(reason["remedy"]["url"])
        yield f"continue-{reason['code']}"
    walker.page.goto("/continue/nothing")
    yield "continue-gone"


def until_way(walker: Walker) -> Iterator[str]:
    """From the notice to the choice of a way, past everything that can be left out or typed wrong."""
    page, send = walker.page, walker.send
    walker.forum.register(f"{walker.handle}_1")
    walker.begin()
    yield "notice"
    press(page)
    yield "handle"
    send(handle="")
    walker.sees("flow.handle.empty")
    yield "handle-empty"
    send(handle="!")
    yield "handle-invalid"
    send(handle=f"{walker.handle}_1")
    yield "handle-taken"
    send(handle=walker.handle)
    yield "agreement"
    press(page)
    walker.sees("flow.agreement.not_ticked")
    yield "agreement-not-ticked"
    walker.agree()
    yield "way"
    press(page)
    walker.sees("flow.way.none")
    yield "way-none"
    page.locator("summary").first.click()
    yield "way-differences"


def phone_way(walker: Walker) -> Iterator[str]:
    """A phone and its code, past everything that can be typed wrong or come late."""
    page, send, phone = walker.page, walker.send, "14000000102"
    walker.to_proof(walker.handle, "phone")
    yield "phone"
    send(phone="")
    walker.sees("flow.phone.empty")
    yield "phone-empty"
    send(phone="12345")
    yield "phone-format"
    send(phone="14000000001")
    walker.sees("flow.error.rate_limited")
    yield "phone-not-sent"
    walker.clock.advance(minutes=1)
    send(phone=phone)
    yield "code"
    send(code="")
    yield "code-empty"
    send(code="12")
    yield "code-format"
    send(code="000000")
    walker.sees("flow.code.code-wrong")
    yield "code-wrong"
    page.goto(f"{page.url.partition('?')[0]}?step=phone")
    yield "phone-again"
    send(phone=phone)
    walker.sees("flow.error.rate_limited")
    yield "phone-too-soon"
    page.goto(page.url.partition("?")[0])
    walker.clock.advance(minutes=10)
    send(code="000000")
    walker.sees("flow.code.code-expired")
    yield "code-expired"
    send(phone=phone)
    for _ in range(5):
        send(code="000000")
    walker.sees("flow.code.code-exhausted")
    yield "code-exhausted"
    walker.clock.advance(minutes=1)
    walker.prove(phone)
    walker.sees("flow.done.title")
    yield "done"


def document_way(walker: Walker) -> Iterator[str]:
    """A document, and every answer that a check can have."""
    page, send, name = walker.page, walker.send, "测试甲"
    walker.to_proof(walker.handle, "resident_id")
    walker.sees("flow.phone.first")
    yield "phone-first"
    walker.prove("14000000103")
    yield "document"
    send(name="", number="")
    yield "document-empty"
    send(name=name, number="11019919900307001")
    yield "document-length"
    send(name=name, number="110199199003070018")
    yield "document-checksum"
    send(name=name, number="110199199003070076")
    walker.sees("flow.waiting.provider-unavailable")
    yield "document-provider-down"
    press(page)
    send(name=name, number="110199199003070105")
    walker.sees("flow.waiting.outcome-unknown")
    yield "document-no-answer"
    press(page)
    send(name=name, number="110199201306010011")
    walker.sees("flow.refused.minor-not-allowed")
    yield "document-minor"
    press(page, "main a.button")
    walker.clock.advance(minutes=1)  # until the provider that was down is asked again
    send(name=name, number="110199199003070033")
    walker.sees("flow.document.not-confirmed")
    yield "document-not-confirmed"
    for _ in range(3):
        send(name=name, number="110199199003070033")
    walker.sees("flow.refused.too-many-attempts")
    expect(page.locator("h1")).to_contain_text("22")  # tries come back tomorrow, so the day is told
    yield "document-no-tries"
    press(page, "main a.button")
    walker.sees("flow.document.no-tries")
    page.locator("summary").last.click()
    yield "document-rare"
    press(page, "main .folded button")
    walker.sees("flow.waiting.review")
    yield "review"


def other_ways(walker: Walker) -> Iterator[str]:
    page, send = walker.page, walker.send
    walker.to_document(walker.handle, "14000000104", "other_document")
    yield "other-document"
    send(name="", number="")
    yield "other-document-empty"
    walker.to_document(f"{walker.handle}_2", "14000000105", "organisation")
    page.locator("[name=type]").select_option("resident_id")
    send(name="测试甲", number="110199199003070017")
    walker.sees("flow.organisation.title")
    yield "organisation"
    send(name="测试公司", number="9111")
    yield "organisation-length"
    send(name="测试公司", number="91110199MA00TEXT15")
    walker.sees("flow.done.title")
    yield "organisation-done"
    press(page, "main a[href*='/me']")


def stops(walker: Walker) -> Iterator[str]:
    """What a known person hears once they have proved who they are."""
    forum, phone = walker.forum, "14000000106"
    accounts = [forum.register(f"{walker.handle}_{number}", f"{number}")["id"] for number in range(5)]
    for account in accounts:
        forum.accept_agreement(account)
    for account in accounts[:3]:
        forum.phone_code(account, phone)
        walker.clock.advance(minutes=2)
    walker.prove_as(accounts[3], phone)
    walker.sees("flow.stop.too-many-accounts")
    yield "stop-too-many-accounts"
    forum.post(f"/v1/accounts/{accounts[0]}/ban", {"reason": "test"}).raise_for_status()
    walker.wait(minutes=61)
    walker.prove_as(accounts[4], phone)
    walker.sees("flow.stop.person-banned")
    yield "stop-banned"
    walker.begin_session(accounts[1])
    walker.sees("flow.notice.title_again")
    yield "notice-again"
    press(walker.page)
    walker.choose("resident_id")
    walker.clock.advance(minutes=2)
    walker.prove("14000000107")
    walker.sees("flow.code.not-confirmed")
    yield "code-other-phone"
    walker.begin(external_id="1")
    press(walker.page)
    walker.sees("flow.stop.external-id-taken")
    yield "stop-external-id"


def links(walker: Walker) -> Iterator[str]:
    """Links that are nobody's, another browser's, or over."""
    page = walker.page
    page.goto("/register/nothing")
    walker.sees("flow.gone.unknown")
    yield "link-unknown"
    walker.begin()
    press(page)
    here = page.url
    page.locator("main summary").last.click()
    yield "on-phone"
    walker.context.clear_cookies()
    page.goto(here)
    walker.sees("flow.elsewhere.title")
    yield "link-elsewhere"
    page.goto(f"{here}?on=1.2")
    walker.sees("flow.elsewhere.title_here")
    yield "link-handed-on"
    walker.begin()
    walker.context.clear_cookies()
    press(page)
    walker.sees("flow.cookie.title")
    yield "no-cookie"
    page.goto(here)
    walker.clock.advance(minutes=31)
    page.goto(here)
    walker.sees("flow.gone.expired")
    yield "link-expired"


def my_identity(walker: Walker) -> Iterator[str]:
    """Signing in with everything that can be typed wrong, and closing an account."""
    page, send, forum, phone = walker.page, walker.send, walker.forum, "14000000108"
    account = forum.register(walker.handle)
    forum.accept_agreement(account["id"])
    forum.phone_code(account["id"], phone)
    walker.clock.advance(minutes=1)
    page.goto("/me")
    yield "me-enter"
    page.goto(f"/me?forum={forum.credentials.forum_id}")
    yield "me-phone"
    send(phone="12345")
    yield "me-phone-format"
    send(phone=phone)
    yield "me-code"
    send(code="000000")
    walker.sees("me.error.code_wrong")
    yield "me-code-wrong"
    send(code=walker.read_code(phone))
    yield "me"
    page.goto(page.locator("main a[href*='/agreement']").get_attribute("href") or "")
    yield "me-agreement"
    page.go_back()
    press(page, "main section a.button")
    walker.sees("me.close.lead")
    yield "me-close"
    press(page)
    walker.sees("me.status.closed")
    yield "me-closed"
    press(page, "main button")
    walker.clock.advance(minutes=1)
    send(phone="14000000109")
    send(code=walker.read_code("14000000109"))
    walker.sees("me.me.nothing")
    yield "me-nobody"


def held_names(walker: Walker) -> Iterator[str]:
    """A handle that is blocked, one that waits for a review until it is refused, and the ways to another."""
    page, phone = walker.page, "14000000112"
    (other,) = {*HANDLES.values()} - {walker.handle}
    put_in_force(walker.services.lexicons, "彩金博弈", f"{walker.handle},impersonation,review,3,,,")
    walker.begin()
    press(page)
    walker.send(handle="彩金博弈")
    expect(page.locator("#handle-error")).to_be_visible()
    yield "handle-blocked"
    fill(page, handle=walker.handle)
    walker.sees("flow.handle.waits")
    yield "handle-waits"
    press(page)
    walker.sees("flow.agreement.title")
    yield "agreement-handle-waits"
    press(page, ".notice a")
    expect(page.locator("[name=handle]")).to_have_value(walker.handle)
    yield "handle-again"
    press(page)
    walker.agree()
    yield "way-handle-waits"
    walker.choose("phone")
    walker.prove(phone)
    walker.sees("flow.done.title")
    yield "done-handle-waits"
    yield from _held_names_at_me(walker, other, phone)


def _held_names_at_me(walker: Walker, other: str, phone: str) -> Iterator[str]:
    page = walker.page
    (account,) = walker.forum.get("/v1/accounts").json()["items"]
    profile = {"profile": {"bio": f"{walker.handle}\n{other}"}}
    walker.forum.http.patch(f"/v1/accounts/{account['id']}", json=profile).raise_for_status()
    walker.wait(minutes=2)
    remedy = walker.forum.token(account["id"]).json()["reasons"][0]["remedy"]["url"]
    page.goto(f"/me?forum={walker.forum.credentials.forum_id}")
    walker.send(phone=phone)
    walker.send(code=walker.read_code(phone))
    walker.sees("me.unseen.another")
    yield "me-unseen"
    for review in walker.services.reviews.list_open(ReviewFilter()):
        walker.services.reviews.decide(OPERATOR, review.id, review.version, Ruling.BLOCK, "test")
    page.reload()
    walker.sees("appeals.me.appeal")
    yield "me-refused"
    page.goto(remedy)
    walker.sees("continue.handle.why")
    yield "continue-handle"
    press(page)
    walker.sees("flow.held.refused_unnamed")
    yield "handle-another"
    walker.send(handle=other)
    walker.sees("flow.done.title_handle")
    yield "handle-changed"
    page.goto(remedy)
    walker.sees("continue.shown.title")
    yield "continue-shown"


def _lapsed_moderator(walker: Walker) -> Iterator[str]:
    """Refused, led into the flow, and back with the powers that they had."""
    page, person = walker.page, PEOPLE["u-6"]
    walker.act_as("u-6", "market")
    yield "demo-lapsed"
    press(page, PIN)
    walker.sees("demo.refused.pin")
    yield "demo-lapsed-refused"
    walker.clock.advance(minutes=1)
    press(page, ".notice.warn a")
    press(page)
    walker.prove(person.phone)
    walker.send(name=person.name, number=person.number)
    walker.sees("flow.done.title")
    press(page)
    walker.sees("demo.arrived.restored")
    yield "demo-restored"
    press(page, PIN)
    walker.sees("demo.arrived.pin")
    walker.act_as("u-1", "market")
    yield "demo-pinned"


def offices(walker: Walker) -> Iterator[str]:
    """A moderator whose re-verification is due, on the way to it, and a handle that may become one."""
    page, forum, phone = walker.page, walker.forum, "14000000111"
    accounts = []
    for number in range(2):
        accounts.append(account := forum.register(f"{walker.handle}_{number}")["id"])
        forum.phone_code(account, phone)
        forum.check_document(account).raise_for_status()
        forum.accept_agreement(account)
        walker.clock.advance(minutes=2)
    forum.accept_agreement(accounts[0], "moderator")
    for number, days in enumerate((200, 60, 45, 30)):
        body = {"slug": f"b{number}", "name": walker.handle, "description": "", "interval_days": days}
        forum.post("/v1/boards", body | {"founder": {"account_id": accounts[0]}}).raise_for_status()
    ended = forum.get("/v1/boards/b0/moderators").json()["items"][0]["id"]
    forum.post(f"/v1/moderators/{ended}/end", {"reason": "test"}).raise_for_status()
    walker.wait(minutes=50 * 24 * 60)
    page.goto(f"/me?forum={forum.credentials.forum_id}")
    walker.send(phone=phone)
    walker.send(code=walker.read_code(phone))
    walker.sees("me.office.title")
    yield "me-offices"
    page.goto(page.locator("a[href*='kind=moderator']").last.get_attribute("href") or "")
    walker.sees("me.agreement.accept")
    yield "me-moderator-agreement"
    page.go_back()
    press(page, "form[action*='/reverify'] button")
    walker.sees("flow.notice.title_due")
    yield "notice-due"
    press(page)
    page.locator("summary").last.click()
    walker.sees("flow.phone.lost_said")
    yield "phone-on-record"


def demo(walker: Walker) -> Iterator[str]:
    """The demo forum: a newcomer, a first post, and those who may not post."""
    page = walker.page
    walker.visit_demo()
    yield "demo"
    page.goto("/demo/boards/market")
    yield "demo-market"
    for user, state in {"u-1": "", "u-3": "-unverified", "u-5": "-suspended"}.items():
        walker.act_as(user, "market")
        press(page)
        yield f"demo-empty{state}"
        walker.send(title=walker.handle, text=walker.handle)
        yield f"demo-post{state}"
    yield from _lapsed_moderator(walker)
    page.set_viewport_size({"width": 1280, "height": 800})
    for call in page.locator("aside details").all():
        call.locator("summary").click()
    yield "demo-calls"
    page.goto("/demo/boards/nothing")
    walker.sees("demo.sorry.no_board")
    yield "demo-no-board"


WALKS: Mapping[str, Walk] = {
    walk.__name__: walk
    for walk in (
        public_pages,
        refusals,
        paused,
        outbox,
        continuing,
        until_way,
        phone_way,
        document_way,
        other_ways,
        stops,
        links,
        my_identity,
        held_names,
        offices,
        demo,
    )
}
IN_BOTH_LANGUAGES = ("public_pages", "my_identity", "held_names", "links")
