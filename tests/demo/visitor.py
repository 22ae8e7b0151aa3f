"""A browser without scripts that visits the demo forum."""

import re
import time
from dataclasses import dataclass
from html import unescape

import httpx2

from tests.support.person import Person

_MOST_WAITS = 300


@dataclass
class Visitor(Person):
    """`host` is the name under which the demo forum is visited where the test serves it at another address."""

    language: str = "en"
    host: str | None = None

    def __post_init__(self) -> None:
        Person.__post_init__(self)
        if self.host:
            self.http.headers["host"] = self.host

    def arrive(self) -> None:
        """Waits until the forum has made its first users and posts."""
        waited = 0
        while self.get().status_code == 503 and waited < _MOST_WAITS:
            time.sleep(0.1)
            waited += 1

    def get(self, path: str = "/demo") -> httpx2.Response:
        return self.http.get(path)

    def form(self, path: str = "/demo") -> str:
        """What names the form of a fresh page."""
        found = re.search(r'name="form" value="([0-9a-f]+)"', self.get(path).text)
        assert found
        return found[1]

    def act_as(self, user: str, board: str = "square") -> None:
        assert self.http.post("/demo/as", data={"user": user, "board": board}).status_code == 303

    def post(self, title: str = "标题", text: str = "内容", form: str | None = None) -> httpx2.Response:
        data = {"title": title, "text": text, "form": form or self.form()}
        return self.http.post("/demo/boards/square", data=data)

    def titles(self, path: str = "/demo") -> list[str]:
        return [unescape(title) for title in re.findall(r"<h3>(.*?)</h3>\n<p class=\"soft", self.get(path).text)]

    def pin(self, board: str, post: str, act: str = "pin", form: str | None = None) -> httpx2.Response:
        """As the button does, whether it is there or not."""
        data = {"post": post, "act": act, "form": form or self.form(f"/demo/boards/{board}")}
        return self.http.post(f"/demo/boards/{board}/pin", data=data)

    def order(self, board: str, user: str, form: str) -> httpx2.Response:
        return self.http.post(f"/demo/boards/{board}/order", data={"user": user, "form": form})

    def badges(self, board: str) -> list[str]:
        """Each moderator with their badge, as the page lists them."""
        lines = re.findall(
            r'<li>(\S+) <span class="soft">.*?<span class="badge \w+">(.*?)</span>\s*</li>',
            self.get(board).text,
            re.DOTALL,
        )
        return [f"{handle} {re.sub('<[^>]*>', '', badge)}" for handle, badge in lines]

    def sign_up(self) -> None:
        """Up to the first of the service's own pages."""
        leads = self.http.post("/demo/sign-up", data={"form": self.form()})
        assert leads.status_code == 303, leads.text
        self.open(leads.headers["location"])

    def prove_phone(self, phone: str) -> None:
        self.act("way", way="phone")
        self.act("phone", phone=phone)
        texts = [text for text in self.get("/dev/outbox.json").json() if text["to"] == phone]
        self.act("code", code=texts[-1]["code"])

    def link_to_forum(self) -> str:
        """Where the last page of the flow leads."""
        found = re.search(r'href="http://[^/"]+(/demo/return[^"]*)"', self.page.text)
        assert found, self.page.text
        return unescape(found[1])
