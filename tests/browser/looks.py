"""What every page must show, and no eye is needed for: `faults_of` a page as it stands, at three widths."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

NARROW, WIDE = (320, 375), 1280
HEIGHT = 800
_FIRST_PAINT_BYTES = 60_000
_EVERY_RULE = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_DARK_RULES = ("color-contrast",)
"""What a page that was looked at in the light still has to show in the dark."""
_LOOKS = (Path(__file__).parent / "looks.js").read_text(encoding="utf-8")
_WEIGHT = """() => [
  ...performance.getEntriesByType("navigation"),
  ...performance.getEntriesByType("resource").filter((entry) => entry.renderBlockingStatus === "blocking"),
].reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
_RINGLESS = """() => {
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled;
  const at = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  return [...document.querySelectorAll(at)].filter(shown).filter((e) => {
    e.focus({ preventScroll: true });
    const ringed = [e, e.closest("label.choice")].filter(Boolean).map((one) => getComputedStyle(one));
    return document.activeElement === e && e.tabIndex >= 0
      && !ringed.some(({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && parseFloat(outlineWidth) >= 2);
  }).map((e) => e.outerHTML.slice(0, 80));
}"""
_SWEPT = """() => {
  for (const e of document.querySelectorAll('[style=""]')) e.removeAttribute("style");
}"""
"""Axe and a screenshot leave these behind; htmx would carry them over, and the policy complain."""
_BUILT = """() => {
  const one = (e) => `${e.tagName}.${e.className}${e.role ?? ""}${e.hidden}${e.type ?? ""}`;
  const path = (e) => (e === document.body ? "" : `${path(e.parentElement)}>${one(e)}`);
  return [...document.body.querySelectorAll("*")].map(path);
}"""
_FEW = """(most) => {
  for (const one of document.querySelectorAll("details.operation")) {
    if ((most -= 1) < 0) one.remove();
    else for (const row of one.querySelectorAll("tr:nth-child(n + 6)")) row.remove();
  }
}"""
"""Leaves of the operations of `/docs`, which are all made by one template, as many as show everything it can make."""
_SOME_OPERATIONS = 25
_axe = Axe()
_judged: set[str] = set()
"""How the pages were built that have been judged, each after its language."""
_SHARED: list[Path] = []
"""Where those of all processes of a run stand, if there are several."""
_coloured: set[str] = set()
"""The elements, each with those around it, of which axe has judged the contrast in the dark."""


def faults_of(
    page: Page, language: str, names: Sequence[str] = (), *, dark: bool = False, brief: bool = False
) -> list[str]:
    """One line each. `names` (of forums, of people) may be in another language than the page.

    A page that is built like one before it, and differs in words alone, is judged at its narrowest alone; in the
    dark only what light cannot show is judged again. `brief`: where a page repeats itself hundreds of times, axe, which
    takes seconds for twenty thousand elements, sees the first of them.
    """
    weight = page.evaluate(_WEIGHT)
    found = [] if 0 < weight < _FIRST_PAINT_BYTES else [f"first paint takes {weight} bytes"]
    built: list[str] = page.evaluate(_BUILT)
    known = not _is_first(language, built)
    for width in NARROW[:1] if known else (*NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        asked = {"language": language, "names": names, "first": width == NARROW[0]}
        found += [f"{fault} (at {width})" for fault in page.evaluate(_LOOKS, asked)]
    if brief:
        page.evaluate(_FEW, _SOME_OPERATIONS)
    if dark and not _coloured.issuperset(built):
        _coloured.update(built)
        found += axe_violations(page, _DARK_RULES)
    elif not (dark or known):
        found += [*axe_violations(page), *_without_focus_ring(page)]
    page.evaluate(_SWEPT)
    return found


def share_judged(folder: Path) -> None:
    """What one process of this run has judged is known to all that share the folder."""
    folder.mkdir(exist_ok=True)
    _SHARED[:] = [folder]


def _is_first(language: str, built: Sequence[str]) -> bool:
    """Whether such a page comes to be judged for the first time; it is judged by who was told so."""
    name = sha256("\n".join((language, *built)).encode()).hexdigest()
    if name in _judged:
        return False
    _judged.add(name)
    try:
        for folder in _SHARED:
            (folder / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def axe_violations(page: Page, rules: Sequence[str] = _EVERY_RULE) -> list[str]:
    """WCAG 2.2 AA and the good practices that axe knows. It comes by the debugger, which no policy of a page stops."""
    options = {"runOnly": rules, "preload": False, "resultTypes": ["violations"]}
    answer: dict[str, Any] = _axe.run(page, options=options).response
    return [
        f"axe {violation['id']}: {node['target']} {node['html'][:120]}"
        for violation in answer["violations"]
        for node in violation["nodes"]
    ]


def _without_focus_ring(page: Page) -> list[str]:
    page.keyboard.press("Tab")  # from now on Chromium shows where the focus is
    return [f"no focus ring: {html}" for html in page.evaluate(_RINGLESS)]
