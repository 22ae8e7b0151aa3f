"""Every page and state in both languages: nothing sideways, one heading, one language, no violation that axe knows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import httpx2
import pytest
from playwright.sync_api import Page

from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.browser.conftest import NewVisitor
from tests.browser.looks import HEIGHT, faults_of
from tests.browser.pages import FORUMS, NAMES, WALKS, Walk, Walker
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend

SHOT_WIDTHS = (375, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def walker(
    language: str,
    scheme: Literal["light", "dark"],
    services: Services,
    clock: FakeClock,
    address: str,
    new_visitor: NewVisitor,
) -> Iterator[Walker]:
    visitor = new_visitor(language=language, scheme=scheme)
    visitor.expected.add(httpx2.codes.SERVICE_UNAVAILABLE)  # while the demo forum is made
    page = visitor.tab()
    forum = ForumBackend(address, services.forums.add(OPERATOR, FORUMS[language], [f"{address}/demo"]))
    yield Walker(page, language, services, clock, forum)
    forum.http.close()


@pytest.fixture
def shoot(pytestconfig: pytest.Config, language: str, scheme: Literal["light", "dark"]) -> Callable[[Page, str], None]:
    """Takes the pictures of a state, when they are asked for."""
    folder: str | None = pytestconfig.option.screenshots

    def shots(page: Page, state: str) -> Iterator[Path]:
        for width in SHOT_WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            for shown in SCHEMES:
                page.emulate_media(color_scheme=shown)
                yield Path(folder or "") / f"{state}-{width}-{shown}-{language}.png"

    def take(page: Page, state: str) -> None:
        for path in shots(page, state) if folder else ():
            page.screenshot(path=path, full_page=True)
        page.emulate_media(color_scheme=scheme)

    return take


@pytest.mark.parametrize(("language", "scheme"), [("zh", "light"), ("en", "dark")])
@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
def test_every_state_looks_as_it_must(
    walk: Walk, walker: Walker, scheme: str, shoot: Callable[[Page, str], None]
) -> None:
    faults: dict[str, list[str]] = {}
    for state in walk(walker):
        shoot(walker.page, state)
        faults[state] = faults_of(walker.page, walker.language, NAMES, dark=scheme == "dark")
    assert faults
    assert {state: found for state, found in faults.items() if found} == {}
