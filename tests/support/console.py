"""A member of the staff at the console, without a browser: pages are asked for, and their forms sent as they stand."""

import html
import re
from typing import Self

import httpx2

from tests.support.forum import NO_CERTIFICATES
from tests.support.staff import StaffLogin

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


class AtConsole:
    """Close it, or use it as a context. `page` is what was shown last."""

    def __init__(self, address: str, who: StaffLogin, language: str = "en") -> None:
        self.http = httpx2.Client(
            base_url=address,
            timeout=30,
            headers={"accept": "text/html", "accept-language": language},
            cookies={"staff": who.cookie},
            verify=NO_CERTIFICATES,
        )
        self.page: httpx2.Response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **params: str) -> httpx2.Response:
        self.page = self.http.get(path, params=params or None, follow_redirects=True)
        return self.page

    def send(self, action: str, **typed: str) -> httpx2.Response:
        """The form of the page that was shown last and leads to `action`; with what it holds and what is typed."""
        found = re.search(rf'<form method="post"[^>]*action="{re.escape(action)}".*?</form>', self.page.text, re.DOTALL)
        assert found, f"no form to {action} on {self.page.url}"
        held = {name: html.unescape(value) for name, value in _HIDDEN.findall(found[0])}
        return self.post(action, {**held, **typed})

    def held(self, name: str) -> str:
        """What a hidden field of the page that was shown last holds."""
        return next(html.unescape(value) for held, value in _HIDDEN.findall(self.page.text) if held == name)

    def post(self, path: str, form: dict[str, str]) -> httpx2.Response:
        answer = self.http.post(path, data=form, follow_redirects=True)
        if answer.headers["content-type"].startswith("text/html") and "content-disposition" not in answer.headers:
            self.page = answer
        return answer
