"""A browser without scripts that visits the demo forum."""

import re
from html import unescape

import httpx2

from tests.support.forum import NO_CERTIFICATES


class Visitor:
    def __init__(self, address: str, host: str | None = None) -> None:
        headers = {"accept-language": "en"} | ({"host": host} if host else {})
        self.http = httpx2.Client(base_url=address, timeout=30, verify=NO_CERTIFICATES, headers=headers)

    def get(self, path: str = "/demo") -> httpx2.Response:
        return self.http.get(path)

    def form(self) -> str:
        """What names the form of a fresh page."""
        found = re.search(r'name="form" value="([0-9a-f]+)"', self.get().text)
        assert found
        return found[1]

    def act_as(self, user: str) -> None:
        assert self.http.post("/demo/as", data={"user": user, "board": "square"}).status_code == 303

    def post(self, title: str = "标题", text: str = "内容", form: str | None = None) -> httpx2.Response:
        data = {"title": title, "text": text, "form": form or self.form()}
        return self.http.post("/demo/boards/square", data=data)

    def titles(self) -> list[str]:
        return [unescape(title) for title in re.findall(r"<h3>(.*?)</h3>\n<p class=\"soft", self.get().text)]
