"""The table of all pages and their states: walks that stop wherever there is something to look at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from playwright.sync_api import Page

from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend

HANDLES = {"zh": "山间清风", "en": "mountain_breeze"}
FORUMS = {"zh": "测试论坛", "en": "Test forum"}


@dataclass(frozen=True)
class Walker:
    """Who walks, where, and what a walk may set up before."""

    page: Page
    language: str
    services: Services
    clock: FakeClock
    forum: ForumBackend

    @property
    def handle(self) -> str:
        return HANDLES[self.language]


Walk = Callable[[Walker], Iterator[str]]
"""Yields the name of each state as soon as it shows."""


def public_pages(walker: Walker) -> Iterator[str]:
    for name, path in {
        "start": "/",
        "problems": "/problems",
        "problem": "/problems/handle-taken",
        "problem-for-programs": "/problems/idempotency-in-progress",
        "docs": "/docs",
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


WALKS: Mapping[str, Walk] = {walk.__name__: walk for walk in (public_pages, refusals, outbox, continuing)}
