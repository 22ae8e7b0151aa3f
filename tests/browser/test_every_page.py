"""Every page and state in both languages: nothing sideways, one heading, one language, no violation that axe knows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page

from tests.browser.complaint_pages import COMPLAINT_WALKS
from tests.browser.conftest import NewWalker
from tests.browser.console_pages import CONSOLE_WALKS, STAFF_NAMES
from tests.browser.looks import HEIGHT, NARROW, WIDE, faults_of
from tests.browser.pages import IN_BOTH_LANGUAGES, NAMES, Walk, Walker
from tests.browser.pages import WALKS as PUBLIC_WALKS

WALKS = {**PUBLIC_WALKS, **COMPLAINT_WALKS, **CONSOLE_WALKS}
BOTH_LANGUAGES = (*IN_BOTH_LANGUAGES, *COMPLAINT_WALKS, *CONSOLE_WALKS)
SHOT_WIDTHS = (NARROW[-1], WIDE)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def walker(language: str, scheme: Literal["light", "dark"], new_walker: NewWalker) -> Walker:
    return new_walker(language=language, scheme=scheme)


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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """English in the dark: for pictures all of it, else what is not only the same pages in other words."""
    if "walk" not in metafunc.fixturenames:
        return
    translated = WALKS if metafunc.config.option.screenshots else {name: WALKS[name] for name in BOTH_LANGUAGES}
    cases = [pytest.param(walk, "zh", "light", id=f"{name}-zh") for name, walk in WALKS.items()]
    cases += [pytest.param(walk, "en", "dark", id=f"{name}-en") for name, walk in translated.items()]
    metafunc.parametrize(("walk", "language", "scheme"), cases)


def test_every_state_looks_as_it_must(
    walk: Walk, walker: Walker, scheme: str, shoot: Callable[[Page, str], None], pytestconfig: pytest.Config
) -> None:
    faults: dict[str, list[str]] = {}
    brief = not (pytestconfig.option.long or pytestconfig.option.screenshots)
    for state in walk(walker):
        shoot(walker.page, state)
        faults[state] = faults_of(
            walker.page, walker.language, (*NAMES, *STAFF_NAMES), dark=scheme == "dark", brief=brief
        )
    assert faults
    assert {state: found for state, found in faults.items() if found} == {}
