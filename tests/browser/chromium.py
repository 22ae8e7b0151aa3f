"""The system's Chromium, and visitors in it who notice what must never happen on a page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    WebError,
    sync_playwright,
)

LOCALES = {"zh": "zh-CN", "en": "en-GB"}
HEIGHT = 800
_EXECUTABLE = "chromium"
_NOT_NEEDED = "RenderDocument,PaintHolding,HttpsUpgrades,MediaRouter,OptimizationHints,Translate"
"""Without the first a page costs 30 ms less, and there are hundreds."""
_QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--no-first-run",
    f"--disable-features={_NOT_NEEDED}",
]
_STATUS_IN_CONSOLE = "Failed to load resource: the server responded with a status of"
"""Chromium says so of every answer from 400 on; those are looked at here by what they are."""
_ABANDONED = "net::ERR_ABORTED"
"""A page that was left before it had come, as a second click does."""
_SERVER_FAULT = 500


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser without a window. `make test` has installed it."""
    path = shutil.which(_EXECUTABLE)
    assert path, "There is no chromium on the path: run `make browser`."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=False, args=_QUIET)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A browser profile of its own: no cookie of anybody else, and a list of what went wrong in it."""

    context: BrowserContext
    address: str
    language: str
    expected: set[int] = field(default_factory=set)
    """Statuses from 500 on that the test has brought about."""
    faults: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    """Every HTML that the server wrote for this visitor."""

    def __post_init__(self) -> None:
        self.context.on("console", self._hear)
        self.context.on("weberror", self._note_error)
        self.context.on("request", self._note_request)
        self.context.on("requestfailed", self._note_failure)
        self.context.on("response", self._note_response)

    def tab(self) -> Page:
        return self.context.new_page()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_STATUS_IN_CONSOLE):
            self.faults.append(f"console: {message.text} {message.location}")

    def _note_error(self, error: WebError) -> None:
        self.faults.append(f"script: {error.error.message}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.address}/", "data:", "about:")):
            self.faults.append(f"elsewhere: {request.url}")

    def _note_failure(self, request: Request) -> None:
        if request.failure != _ABANDONED:
            self.faults.append(f"failed: {request.url} {request.failure}")

    def _note_response(self, response: Response) -> None:
        page = response.request.is_navigation_request() or "hx-request" in response.request.headers
        bad = response.status >= (_SERVER_FAULT if page else 400)
        if bad and response.status not in self.expected:
            self.faults.append(f"{response.status}: {response.url}")


def visitor(
    browser: Browser,
    address: str,
    *,
    language: str = "zh",
    scheme: Literal["light", "dark"] = "light",
    width: int = 375,
    script: bool = True,
) -> Visitor:
    """Who reads `language` first, at `width` pixels."""
    context = browser.new_context(
        base_url=address,
        locale=LOCALES[language],
        color_scheme=scheme,
        viewport={"width": width, "height": HEIGHT},
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    return Visitor(context, address, language)
