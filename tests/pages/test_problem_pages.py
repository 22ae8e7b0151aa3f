"""Every refusal has a page for people, in both languages; pages repeat nothing that was sent."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest

from app.pages.problem_texts import explained_codes
from app.posting.errors import ReasonCode
from app.verification.domain import Reason
from app.web.problems import problem_codes
from app.wiring import Services
from tests.support.forum import ForumBackend
from tests.support.serving import serving

CODES = sorted({*problem_codes(), *(code.value for code in (*ReasonCode, *Reason))})
CHINESE = re.compile(r"[\u4e00-\u9fff]")
EMPTY_PLACES = re.compile(r"^[a-z]|「」|（）|\(\)|[a-z] {2,}[a-z]| \.|: ?\.|：。")
OUTSIDE = {"tel:12377", "https://www.12377.cn/", "mailto:jubao@12377.cn"}
SCRIPT = "<script>alert(1)</script>"


class Page(HTMLParser):
    """The words of a page by the element they stand in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: dict[str, list[str]] = {}
        self.tags: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "link", "br"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open:
            self.words.setdefault(self._open[-1], []).append(data.strip())


class Stranger(httpx2.Client):
    """A browser that keeps no cookie: the language of one page is not that of the next."""

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        answer = super().send(request, **options)
        self.cookies.clear()
        return answer


@pytest.fixture
def http(address: str) -> Iterator[httpx2.Client]:
    with Stranger(base_url=address, timeout=30) as client:
        yield client


def read(answer: httpx2.Response) -> Page:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert sorted(explained_codes()) == CODES


def test_every_refusal_is_explained_in_chinese_first_and_in_english_by_asking(http: httpx2.Client) -> None:
    for code in CODES:
        path = f"/problems/{code}"
        chinese = http.get(path)
        page = read(chinese)
        assert chinese.headers["content-language"] == "zh", code
        assert CHINESE.search(page.words["h1"][0]), code
        assert all(CHINESE.search(words) for words in page.words["h2"]), code
        for english in (http.get(f"{path}?lang=en"), http.get(path, headers={"accept-language": "en-GB,en;q=0.9"})):
            translated = read(english)
            assert english.headers["content-language"] == "en", code
            said = [*translated.words["h1"], *translated.words["h2"], *translated.words["p"]]
            assert not CHINESE.search(" ".join(said)), (code, said)
        assert "accept-language" in chinese.headers["vary"].lower()


def test_a_page_has_one_heading_no_open_place_and_no_key(http: httpx2.Client) -> None:
    for code in CODES:
        for language in ("zh", "en"):
            html, examples = re.subn(
                r"<pre>.*?</pre>", "", http.get(f"/problems/{code}?lang={language}").text, flags=re.DOTALL
            )
            page = Page(html)
            assert examples == 1, code
            assert page.tags.count("h1") == page.tags.count("title") == page.tags.count("main") == 1, code
            assert "{" not in html, code
            assert "}" not in html, code
            assert "[" not in html, code
            assert page.words["h1"][0] != code
            assert code in page.words["code"], code
            assert len(page.words["h2"]) in {1, 2}, code
            assert "None" not in html


def test_a_sentence_whose_values_are_unknown_leaves_no_hole(http: httpx2.Client) -> None:
    """On its page a refusal is explained without a board, a reason or a category."""
    holes = {}
    for code in CODES:
        for language in ("zh", "en"):
            page = Page(http.get(f"/problems/{code}?lang={language}").text)
            said = [*page.words["h1"], *page.words["p"]]
            found = [words for words in said if EMPTY_PLACES.search(words)]
            if found:
                holes[f"{code} {language}"] = found
    assert holes == {}


def test_the_list_of_refusals_links_every_page(http: httpx2.Client) -> None:
    for language in ("zh", "en"):
        html = http.get(f"/problems?lang={language}").text
        assert sorted(re.findall(r'href="/problems/([a-z0-9-]+)"', html)) == CODES


def test_the_status_on_a_page_is_the_one_that_is_answered(http: httpx2.Client, forum: ForumBackend) -> None:
    answers = [
        forum.get("/nowhere"),
        forum.post("/v1/accounts", {}),
        forum.post("/v1/tokens", {"handle": "nobody", "scope": "post"}),
        forum.get("/v1/accounts", headers={"authorization": ""}),
        forum.http.post("/v1/accounts", content=b"{", headers={"content-type": "application/json"}),
        forum.http.delete("/livez"),
        forum.token(forum.register("山间清风")["id"]),
    ]
    for answer in answers:
        body = answer.json()
        path = body["type"].removeprefix("http://127.0.0.1:8000")
        assert f"HTTP {answer.status_code} " in http.get(path).text, path


def test_a_code_that_nobody_knows_has_no_page(http: httpx2.Client) -> None:
    for code in ("nothing", "NOT-FOUND", "not-found ", "identity_unverified", "%2e%2e"):
        answer = http.get(f"/problems/{code}")
        assert answer.status_code == 404, code
        assert answer.json()["code"] == "not-found"


def test_nothing_of_the_address_is_repeated(http: httpx2.Client) -> None:
    for path in ("/", "/problems", "/problems/not-found", "/docs", "/problems/x", "/nowhere", "/static/style.css"):
        for query in (f"?lang={SCRIPT}", f"?lang=en&x={SCRIPT}", f"?{SCRIPT}=1", '?lang="><svg onload=x>'):
            assert_without_echo(http.get(path + query))
    for path in (
        f"/problems/{SCRIPT}",
        f"/{SCRIPT}",
        f"/problems/not-found/{SCRIPT}",
        "/problems/%3Csvg%20onload=x%3E",
    ):
        answer = http.get(path)
        assert answer.status_code == 404, path
        assert_without_echo(answer)
    assert_without_echo(http.get("/", headers={"accept-language": SCRIPT, "x-request-id": SCRIPT, "referer": SCRIPT}))


def assert_without_echo(answer: httpx2.Response) -> None:
    assert answer.status_code in {200, 404}
    text = unescape(answer.text)
    assert "alert(1)" not in text
    assert "onload" not in text
    assert len(re.findall("<script", text)) == len(re.findall('<script src="/static/', text))
    assert all("alert(1)" not in value and "onload" not in value for value in answer.headers.values())


def test_no_page_brings_in_anything_from_elsewhere(http: httpx2.Client) -> None:
    for path in ("/", "/problems", "/problems/not-found", "/docs"):
        for language in ("zh", "en"):
            html = http.get(f"{path}?lang={language}").text
            links = re.findall(r'(?:href|src|action)="([^"]*)"', html)
            assert links
            assert all(
                link.startswith(("/", "?", "#")) and not link.startswith("//") for link in links if link not in OUTSIDE
            )
            assert " style=" not in html
            assert not re.search(r" on[a-z]+=", html)


def test_every_link_of_a_page_leads_somewhere(http: httpx2.Client) -> None:
    for path in ("/", "/problems", "/problems/not-found", "/docs"):
        for link in set(re.findall(r'href="(/[^"]*)"', http.get(path).text)):
            assert http.get(link).status_code == (303 if link == "/demo" else 200), (
                path,
                link,
            )  # to where it is served


def test_the_documentation_lists_every_operation_of_the_served_document(http: httpx2.Client) -> None:
    document = http.get("/openapi.json").json()
    expected = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert ("POST", "/v1/tokens") in expected
    for language in ("zh", "en"):
        html = http.get(f"/docs?lang={language}").text
        shown = re.findall(r'<summary><span class="method">([A-Z]+)</span><code>([^<]*)</code>', html)
        assert len(shown) == len(expected)
        assert {(method, unescape(path)) for method, path in shown} == expected
        assert Page(html).tags.count("h1") == 1


def test_the_outbox_exists_in_development_only(services: Services) -> None:
    with serving(services) as address:
        shown = httpx2.get(f"{address}/dev/outbox.json")
        assert (shown.status_code, shown.json()) == (200, [])
    with serving(replace(services, development=False)) as address:
        absent = httpx2.get(f"{address}/dev/outbox.json")
        assert absent.status_code == 404
        assert absent.json()["code"] == "not-found"
        assert "沙箱" not in httpx2.get(address).text


def test_a_sandbox_says_on_every_page_that_it_is_one(http: httpx2.Client) -> None:
    for path in ("/", "/problems", "/problems/not-found", "/docs"):
        assert '<span class="mark">沙箱</span>' in http.get(path).text
        assert '<span class="mark">Sandbox</span>' in http.get(f"{path}?lang=en").text
