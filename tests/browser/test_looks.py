"""The checks of `looks.py` find what they are there for: a page with every fault hears of each."""

from playwright.sync_api import Browser

from tests.browser.looks import faults_of

_BAD = """<!doctype html><html lang="en"><title>Error: none</title>
<style>:root{--accent:#0a5f6b;--bad:#b3261e}.b{background:#0a5f6b}:focus{outline:none!important}</style>
<main><h1>你好, 世界</h1><h1>Two</h1><div style="width:2000px">{name} pages.start.title</div>
<button class="b">A</button><button class="b">B</button><img src="data:,"></main>"""
_FOUND = (
    "sideways by",
    "small target",
    "2 h1",
    "lang is en",
    "2 primary buttons",
    "0 error summaries",
    "raw: {name}",
    "raw: pages.start.title",
    "half-width mark",
    "axe image-alt",
    "no focus ring",
    "first paint takes 0 bytes",
)


def test_a_page_with_every_fault_hears_of_each(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(_BAD)
    chinese, english = "\n".join(faults_of(page, "zh")), "\n".join(faults_of(page, "en"))
    page.close()
    assert [fault for fault in _FOUND if fault not in chinese] == []
    assert "Chinese: 你好" in english
    assert "lang is" not in english
