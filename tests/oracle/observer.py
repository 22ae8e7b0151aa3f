"""A forum's backend that keeps all it hears and how long that took, with every random name taken out."""

import json
import re
import time
from datetime import datetime
from threading import Lock

import httpx2

from app.kernel.ids import AccountId
from tests.oracle.world import Side, World
from tests.support.forum import NAME, PERSON, Json

_ID = re.compile(r"\b(acc|vrf|req|frm|cli)_[0-9a-f]+\b")
_TICKET = re.compile(r"/continue/[A-Za-z0-9_-]+")
"""Says of an account its number and no more."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_OF_THE_MOMENT = {"date", "x-request-id"}
MISMATCHED = "110199199003070033"


class Observer:
    """One trial: the accounts of the world, fresh ones, and everything that was answered."""

    def __init__(self, world: World, run: int) -> None:
        self.world, self.run = world, run
        self.x, self.z, self.w = world.x, world.z, world.w
        self.heard: list[tuple[int, str, str]] = []
        self.seconds: dict[str, float] = {}
        self._began = world.clock.now()
        self._names: dict[str, str] = {world.x.id: "x", world.z.id: "z", world.w.id: "w"}
        self._fresh = 0
        self._lock = Lock()
        for side in (world.first, world.second):
            side.backend.log_in()

    def post(self, path: str, body: Json, side: Side | None = None) -> Json:
        return self._hear("POST", path, body, side or self.world.first)

    def get(self, path: str, side: Side | None = None) -> Json:
        return self._hear("GET", path, None, side or self.world.first)

    def look_at(self, account_id: str) -> Json:
        return self.get(f"/v1/accounts/{account_id}")

    def fresh(self, side: Side | None = None) -> str:
        """A new account of the forum's own making."""
        self._fresh += 1
        handle = f"新来客{self.run}x{self._fresh}"
        self.world.clock.advance(seconds=1)  # lists are in the order of registering
        made = self.post("/v1/accounts", {"handle": handle, "external_id": handle}, side)
        self._names[made["id"]] = f"fresh{self._fresh}"
        return str(made["id"])

    def verify(
        self, account_id: str, number: str = PERSON, name: str = NAME, side: Side | None = None, **more: object
    ) -> Json:
        document = {"type": "resident_id", "number": number, "name": name}
        body = {"account_id": account_id, "method": "id2", "document": document} | more
        ended = self.post("/v1/verifications", body, side)
        if "id" in ended:
            self.get(f"/v1/verifications/{ended['id']}", side)
        return ended

    def ask_code(self, account_id: str, phone: str) -> Json:
        return self.post("/v1/verifications", {"account_id": account_id, "method": "phone_code", "phone": phone})

    def enter_code(self, verification: Json, code: str) -> Json:
        return self.post(f"/v1/verifications/{verification['id']}/code", {"code": code})

    def act(self, act: str, account_id: str, side: Side | None = None) -> Json:
        """`ban`, `close`, `suspend` or `reinstate`."""
        answer = self.post(f"/v1/accounts/{account_id}/{act}", {"reason": "刷屏"}, side)
        if answer.get("status") == httpx2.codes.NOT_FOUND:
            (side or self.world.first).desk.act(act, AccountId(account_id))
        return answer

    @property
    def signature(self) -> str:
        """Everything but time, in the order of asking."""
        return json.dumps(self.heard, ensure_ascii=False)

    def _hear(self, method: str, path: str, body: Json | None, side: Side) -> Json:
        begun = time.perf_counter()
        answer = side.backend.http.request(method, path, json=body)
        took = time.perf_counter() - begun
        with self._lock:
            said = {name: value for name, value in (body or {}).items() if name != "code"}
            asked = self._plain(f"{method} {path} {json.dumps(said, ensure_ascii=False)}")
            times = sum(name.startswith(asked) for name in self.seconds)
            self.seconds[f"{asked} {times + 1}"] = took
            self.heard.append((answer.status_code, self._plain(_headers(answer)), self._plain(answer.text)))
        heard: Json = answer.json()
        return heard

    def _plain(self, text: str) -> str:
        text = _MOMENT.sub(lambda found: self._since(found.group()), text)
        text = _TICKET.sub("/continue/ticket", text)
        text = text.replace(f"新来客{self.run}x", "新来客")
        return _ID.sub(lambda found: self._names.get(found.group(), found.group(1)), text)

    def _since(self, moment: str) -> str:
        return f"{(datetime.fromisoformat(moment) - self._began).total_seconds()} s"


def _headers(answer: httpx2.Response) -> str:
    return json.dumps(sorted((name, value) for name, value in answer.headers.items() if name not in _OF_THE_MOMENT))
