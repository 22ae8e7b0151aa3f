"""What holds for every page: how it is refused, which language it keeps, where its forms lead."""

import re
from dataclasses import replace

import httpx2
import pytest

from app.policies import RATES, RouteClass
from app.web.gate import MAX_BODY_BYTES
from app.web.headers import policy
from app.web.static import static_address
from app.wiring import Services
from tests.support.serving import serving

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
CANARY = "canary51fe"
REFUSED = (
    ("GET", f"/{CANARY}", b"", 404, "not-found", "没有这个页面"),
    ("GET", "/problems/nothing", b"", 404, "not-found", "没有这个页面"),
    ("POST", "/problems", CANARY.encode(), 405, "method-not-allowed", "这一步要从页面上进入"),
    ("POST", "/problems", b"x" * (MAX_BODY_BYTES + 1), 413, "body-too-large", "内容太长"),
)


def heading(answer: httpx2.Response) -> str:
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
    found = re.findall(r"<h1[^>]*>(.*?)</h1>", answer.text)
    assert len(found) == 1
    return str(found[0])


def test_a_browser_is_refused_with_a_page_of_the_same_status_and_a_program_with_a_document(address: str) -> None:
    with httpx2.Client(base_url=address, timeout=30) as http:
        for method, path, body, status, code, title in REFUSED:
            answer = http.request(method, path, content=body, headers=BROWSER | FORM)
            assert (answer.status_code, heading(answer)) == (status, title)
            assert CANARY not in answer.text
            assert f"<code>{code}</code> · <code>{answer.headers['x-request-id']}</code>" in answer.text
            assert answer.headers["hx-retarget"] == "#content"
            document = http.request(method, path, content=body, headers=FORM)
            assert (document.status_code, document.json()["code"]) == (status, code)
            assert document.headers.get("allow") == answer.headers.get("allow")
        for path in ("/v1/nothing", "/v1/accounts", "/oauth/nothing"):
            assert http.get(path, headers=BROWSER).headers["content-type"] == "application/problem+json"


def test_who_is_too_fast_reads_when_to_come_back(services: Services) -> None:
    rates = {**RATES, RouteClass.PUBLIC: replace(RATES[RouteClass.PUBLIC], value=1, seconds=3600)}
    with serving(services, rates) as address, httpx2.Client(base_url=address, headers=BROWSER) as http:
        assert http.get("/?lang=en").status_code == 200
        answer = http.get("/")
        assert (answer.status_code, heading(answer)) == (429, "Too fast")
        assert int(answer.headers["retry-after"]) > 0
        assert re.search(r"Try again in \d+ (seconds|minutes)", answer.text)


def test_the_language_asked_for_is_kept_and_the_switch_keeps_the_address(address: str) -> None:
    with httpx2.Client(base_url=address, headers={"accept-language": "zh"}) as http:
        first = http.get("/problems?lang=en&from=x")
        assert first.headers["set-cookie"].lower() == "lang=en; httponly; max-age=31536000; path=/; samesite=lax"
        assert 'class="switch" href="?from=x&amp;lang=zh"' in first.text
        second = http.get("/")
        assert second.headers["content-language"] == "en"
        assert "set-cookie" not in second.headers
        assert http.get("/?lang=zh").headers["content-language"] == "zh"
        assert http.get("/").headers["content-language"] == "zh"
    hostile = httpx2.get(f"{address}/", headers={"cookie": "lang=<script>", "accept-language": "en"})
    assert hostile.headers["content-language"] == "en"
    assert hostile.headers["vary"] == "accept-language, cookie"


def test_a_page_may_let_its_form_lead_to_one_forum_and_to_nothing_else() -> None:
    assert "form-action 'self'; frame-ancestors" in policy()
    assert "form-action 'self' https://forum.example:8443; frame" in policy("https://forum.example:8443/back?x=1;y")
    for bad in (
        "javascript:alert(1)",
        "https://",
        "//forum.example",
        "https://a b/",
        "https://a;script-src *",
        "https://u@a",
    ):
        with pytest.raises(ValueError, match="no web address"):
            policy(bad)
    assert "unsafe" not in policy()
    assert "script-src 'self'; style-src 'self'" in policy()


def test_the_files_of_a_page_stay_with_the_browser_until_they_change(address: str) -> None:
    with httpx2.Client(base_url=address, headers={"accept-encoding": "gzip"}) as http:
        linked = re.findall(r'(?:src|href)="(/static/[^"]+)"', http.get("/").text)
        assert static_address("style.css") in linked
        for link in linked:
            answer = http.get(link)
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "accept-encoding")
        plain = http.get("/static/style.css?v=000000000000", headers={"accept-encoding": "identity"})
        assert (plain.headers["cache-control"], "content-encoding" in plain.headers) == ("no-cache", False)
        assert plain.text == http.get(static_address("style.css")).text
        for path in ("/static/NOTICE", "/static/../static.py", "/static/%2e%2e/static.py", "/static/"):
            assert http.get(path).status_code == 404, path
