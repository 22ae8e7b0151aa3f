"""A person at our pages without a script: opens links, fills in forms, follows redirects, keeps cookies."""

import html
import re
from dataclasses import dataclass

import httpx2

from tests.support.forum import NO_CERTIFICATES

_FORM = re.compile(r"<form[^>]*>(.*?)</form>", re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass
class Person:
    """One browser. `page` is what it shows now."""

    address: str
    language: str = "zh"

    def __post_init__(self) -> None:
        self.http = httpx2.Client(
            base_url=self.address,
            headers={"accept-language": self.language, "accept": "text/html"},
            verify=NO_CERTIFICATES,
            timeout=30,
        )
        self.link = ""
        self.page: httpx2.Response

    def open(self, url: str) -> httpx2.Response:
        """A link, on whatever port the service of the test listens."""
        self.link = re.sub(r"^https?://[^/]+", "", url)
        self.page = self.http.get(self.link)
        return self.page

    def act(self, act: str, **fields: str) -> httpx2.Response:
        """Sends the form of that act as the page has it, with what the person entered, and goes where it leads."""
        self.page = self.send(self.hidden(act) | fields)
        while self.page.status_code == 303 and self.page.headers["location"].startswith("/"):
            self.page = self.http.get(self.page.headers["location"])
        return self.page

    def send(self, fields: dict[str, str], headers: dict[str, str] | None = None) -> httpx2.Response:
        return self.http.post(self.link, data=fields, headers=headers)

    def hidden(self, act: str) -> dict[str, str]:
        """The hidden fields of the form for that act."""
        for form in _FORM.findall(self.page.text):
            fields = {name: html.unescape(value) for name, value in _HIDDEN.findall(form)}
            if fields.get("act") == act:
                return fields
        raise AssertionError(f"no form for {act} on {self.heading()}")

    def heading(self) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.page.text, re.DOTALL)
        return html.unescape(found.group(1)).strip() if found else ""
