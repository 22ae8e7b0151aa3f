"""People whose every value is a canary, a forum that plants them, and a record of all that it was answered."""

import socket
import time
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from app.kernel.ids import new_id
from tests.support.clock import TODAY
from tests.support.forum import ForumBackend, organisation_code, sandbox_number

_TWO_PHONES_EVERY = 10
_TRIES = 20
_CHECKS = "/v1/verifications"
_HANDED_OUT = {("/oauth/token", 200): "login", ("/v1/tokens", 201): "permit", ("/v1/tokens", 403): "refusal"}


@dataclass(frozen=True)
class Person:
    """`told_phone` only the provider hears of; `key` names a request of theirs."""

    number: str
    name: str
    phone: str
    told_phone: str
    organisation: str
    handle: str
    external_id: str
    bio: str
    key: str


def person(n: int, birth: str = "19870611", first_phone: int = 0, first_name: int = 0x5000) -> Person:
    """The n-th of a thousand; the phones of the demonstration are left to it."""
    phone = first_phone + n if first_phone else n + 10 if n < 990 else 9900 + n - 990
    return Person(
        number=sandbox_number(n, birth),
        name=f"金丝雀{chr(first_name + n)}𠮷",
        phone=f"1400000{phone:04d}",
        told_phone=f"1400000{9100 + n // _TWO_PHONES_EVERY}",
        organisation=organisation_code(organisation=f"MA0CAN{n:03d}"),
        handle=f"planted_{birth[-1]}_{n:03d}",
        external_id=f"personal-user-id-{birth[-1]}-{n:03d}",
        bio=f"简介金丝雀{birth[-1]}-{n:03d}",
        key=f"canary-key-{birth[-1]}-{n:03d}",
    )


@dataclass
class Planter:
    """A forum; `heard` holds every answer, heads and bodies, by what it may hold. What is secret is kept apart."""

    forum: ForumBackend
    heard: dict[str, bytearray] = field(default_factory=lambda: defaultdict(bytearray))
    codes: set[str] = field(default_factory=set)
    permits: set[str] = field(default_factory=set)
    tickets: set[str] = field(default_factory=set)
    access_tokens: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.forum.http.event_hooks = {"response": [self._hear]}
        self.access_tokens.add(self.forum.log_in()["access_token"])

    def _hear(self, answer: httpx2.Response) -> None:
        path, asked = answer.request.url.path, answer.request.headers
        if path.startswith("/dev/"):  # shows what was texted, in development, by contract
            return
        place = "echoed" if "x-request-id" in asked else _HANDED_OUT.get((path, answer.status_code), "answers")
        self.heard[place] += repr(answer.headers.multi_items()).encode() + b"\n" + answer.read() + b"\n"

    def register(self, one: Person) -> str:
        """Twice: the second one is answered out of what was stored."""
        body = {"handle": one.handle, "external_id": one.external_id, "profile": {"bio": one.bio}}
        first, second = (self._insist("/v1/accounts", body, f"{one.key}-account") for _ in "12")
        assert first.status_code == second.status_code == httpx2.codes.CREATED, first.text
        assert second.headers["idempotency-replayed"] == "true"
        return str(first.json()["id"])

    def plant(self, one: Person, n: int) -> str:
        forum, account = self.forum, self.register(one)
        for reason in forum.token(account).json()["reasons"]:
            path = urlsplit(reason["remedy"]["url"]).path
            assert forum.get(path).status_code == httpx2.codes.OK
            self.tickets.add(path.removeprefix("/continue/"))
        asked = self._insist(_CHECKS, {"account_id": account, "method": "phone_code", "phone": one.phone}, one.key)
        code = forum.read_code(one.phone)
        self.codes.add(code)
        self._verify(f"{_CHECKS}/{asked.json()['id']}/code", {"code": code}, f"{one.key}-code")
        document = {"type": "resident_id", "number": one.number, "name": one.name}
        body = {"account_id": account, "method": "id2", "document": document}
        for _ in range(2):
            self._verify(_CHECKS, body, f"{one.key}-document")
        if n % _TWO_PHONES_EVERY == 0:
            self._verify(_CHECKS, {**body, "method": "phone3", "phone": one.told_phone}, f"{one.key}-phone3")
        organisation = {"type": "uscc", "number": one.organisation, "name": one.name}
        self._verify(_CHECKS, {**body, "method": "organisation", "document": organisation}, f"{one.key}-organisation")
        forum.accept_agreement(account)
        permit = forum.token(account).json()["token"]
        assert forum.verify_token(permit)["active"] is True
        self.permits.add(permit)
        return account

    def _verify(self, path: str, body: object, key: str) -> None:
        answer = self._insist(path, body, key)
        assert answer.json().get("outcome") == "verified", answer.text

    def _insist(self, path: str, body: object, key: str) -> httpx2.Response:
        """As a forum does it: the same request under the same key, until a service that is crowded answers."""
        for _ in range(_TRIES):
            answer = self.forum.post(path, body, headers={"idempotency-key": key})
            if answer.status_code not in {409, 503}:
                break
            time.sleep(int(answer.headers.get("retry-after", "1")))
        return answer

    def provoke(self, stray: Person, account: str) -> None:
        """Every kind of refusal, each time with a value in what was sent; none of them is planted."""
        forum = self.forum
        document = {"type": "resident_id", "number": stray.number, "name": stray.name}
        for body in _wrong_bodies(stray, {"account_id": account, "method": "id2"}, document):
            forum.post("/v1/verifications", body)
        forum.post("/v1/verifications", document, headers={"x-request-id": stray.number})
        for path in (f"/v1/accounts/{stray.number}", f"/{stray.number}", f"/problems/{stray.phone}", "/v1/accounts"):
            forum.get(path, params={"status": stray.number, "cursor": stray.phone, stray.name: stray.phone})
        forum.post("/v1/tokens", {"account_id": account, "scope": stray.number})
        forum.post("/v1/tokens/verify", {"token": stray.number})
        forum.post(f"/v1/verifications/{stray.phone}/code", {"code": stray.number})
        forum.post(f"/v1/accounts/{account}/suspend", {"reason": stray.name, stray.phone: stray.number})
        forum.get(f"/continue/{stray.number}")
        forum.http.request("DELETE", f"/v1/accounts/{stray.number}")
        forum.http.get("/v1/accounts", headers={"authorization": f"Bearer {stray.number}"})
        form = {"grant_type": stray.number, "client_id": stray.phone, "client_secret": stray.number}
        forum.http.post("/oauth/token", data=form)
        forum.http.post("/oauth/token", data={"grant_type": stray.name}, auth=(stray.phone, stray.number))
        self._provoke_raw(stray, account, document)

    def _provoke_raw(self, stray: Person, account: str, document: dict[str, str]) -> None:
        raw = httpx2.Request("POST", "http://x", json={"account_id": account, "method": "id2", "document": document})
        body = raw.read()
        headers = {"content-type": "application/json"}
        for broken in (body[:-2], body + b"}", body.replace(b'"name"', b'"number"'), body * 2000, b"\xff" + body):
            self.forum.http.post("/v1/verifications", content=broken, headers=headers)
        self.forum.http.post("/v1/verifications", content=body, headers={"content-type": "text/plain"})
        address = urlsplit(self.forum.address)
        for line in (
            f"GET /{stray.name} HTTP/1.1\r\nhost: x",
            f"GET /{stray.number} HTTP/9.{stray.phone}",
            f"{stray.number} / HTTP/1.1",
            f"POST /v1/accounts HTTP/1.1\r\nhost: x\r\n{stray.name}: {stray.number}",
            f"POST /v1/accounts HTTP/1.1\r\nhost: x\r\ncontent-length: {stray.number}",
            f"POST /v1/accounts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{stray.name}",
        ):
            with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
                connection.sendall(f"{line}\r\n\r\n".encode())
                connection.shutdown(socket.SHUT_WR)
                self.heard["answers"] += connection.recv(65536)


def _wrong_bodies(stray: Person, base: dict[str, str], document: dict[str, str]) -> list[object]:
    wrong_digit = stray.number[:-1] + ("0" if stray.number[-1] != "0" else "1")
    return [
        {**base, "document": {**document, "number": wrong_digit}},
        {**base, "document": {**document, "type": stray.name}},
        {**base, "document": {**document, stray.number: 1}},
        {**base, "document": {**document, "name": stray.name * 20}},
        {**base, "document": stray.number},
        {**base, "document": {**document, "type": "hmt_residence_permit"}},
        {**base, "method": stray.number, "document": document},
        {**base, "account_id": stray.phone, "document": document},
        {**base, "account_id": new_id("acc", TODAY), "document": document},
        {**base, "method": "phone_code", "phone": stray.number},
        {**base, "method": "phone_code", "phone": stray.phone + "9"},
        {**base, stray.phone: stray.name, "document": document},
        [document],
        stray.number,
    ]
