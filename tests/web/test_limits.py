"""Slow, endless and broken-off requests cost their sender, not the service."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text
from starlette.types import Receive, Scope, Send

from app.web.gate import Gate
from app.web.metrics import Metrics
from app.web.rates import Rates
from app.wiring import Services
from tests.support.forum import ForumBackend
from tests.support.process import ServiceProcess, service_process

_PATIENCE = 15


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    with service_process(Path(tmp_path_factory.mktemp("limits"))) as running:
        yield running


def test_a_request_that_breaks_off_before_its_end_does_nothing(forum: ForumBackend, address: str) -> None:
    account = forum.register("山间清风")["id"]
    host, port = address.removeprefix("http://").split(":")
    body = json.dumps({"reason": "truncated"}).encode()
    with socket.create_connection((host, int(port)), timeout=_PATIENCE) as connection:
        head = (
            f"POST /v1/accounts/{account}/suspend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Authorization: {forum.http.headers['authorization']}\r\nContent-Length: 5000\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
    assert forum.get("/livez").status_code == 200
    assert forum.account(account)["status"] == "unverified"


def test_a_head_without_end_is_cut_off(process: ServiceProcess) -> None:
    with _connected(process) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        answer = b""
        try:
            for _ in range(200):
                connection.sendall(b"X-Filler: " + b"a" * 4000 + b"\r\n")
            answer = connection.recv(1000)
        except OSError:
            answer = b"closed"
        assert answer == b"closed" or answer.startswith(b"HTTP/1.1 413")


def test_a_head_over_32_kib_that_arrives_whole_is_refused(process: ServiceProcess) -> None:
    answer = httpx2.get(f"{process.address}/livez", headers={"x-filler": "a" * 33_000})
    assert answer.status_code == 413
    assert answer.json()["code"] == "body-too-large"


def test_a_length_with_thousands_of_digits_is_no_accident(process: ServiceProcess) -> None:
    with _connected(process) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"0" * 5000 + b"\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


_SOON = ("/livez", "/metrics", "/v1/accounts", "/v1/verificationsX")
_LATER = (
    "/v1/verifications",
    "/v1/verifications/ver_1/code",
    "/register/flw_1",
    "/verify/flw_1/phone",
    "/me",
    "/me/code",
)


def test_who_hangs_is_answered_at_the_deadline_which_is_later_where_somebody_outside_is_waited_for() -> None:
    async def play() -> list[list[int]]:
        heard = [await _heard_from_a_hanging_application(path) for path in (*_SOON, *_LATER)]
        await asyncio.sleep(0.3)  # what ends late is not sent
        return heard

    assert asyncio.run(play()) == [[503] for _ in _SOON] + [[200] for _ in _LATER]


async def _heard_from_a_hanging_application(path: str) -> list[int]:
    heard: list[int] = []

    async def hangs(_scope: Scope, _receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.1)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, object]) -> None:
        heard.extend(int(str(value)) for name, value in message.items() if name == "status")

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    metrics = Metrics("test")
    await Gate(hangs, "http://x", Rates(metrics.rate_refused), metrics, deadline=0.03)(scope, receive, send)
    return heard


def test_while_the_database_is_held_the_process_lives_and_every_write_hears_unavailable(
    services: Services, forum: ForumBackend
) -> None:
    """No write is answered before it is committed."""
    account = f"/v1/accounts/{forum.register('静水流深')['id']}"
    writes = _writes_of_every_kind(forum, account)
    writes += [partial(forum.post, "/v1/accounts", {"handle": f"山间清风_{number}"}) for number in range(44)]
    with services.engine.connect() as holder, ThreadPoolExecutor(50) as pool:
        holder.execute(text("SELECT 1"))  # on SQLite this connection is the writer now
        if services.engine.dialect.name == "postgresql":
            holder.execute(text("LOCK TABLE audit_stage IN EXCLUSIVE MODE"))  # every write leaves an entry
        waiting = [pool.submit(write) for write in writes]
        assert forum.get("/livez").status_code == 200
        assert forum.get("/.well-known/jwks.json").status_code == 200
        answers = [write.result() for write in waiting]
        holder.rollback()
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["code"] for answer in answers} == {"unavailable"}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)


def _writes_of_every_kind(forum: ForumBackend, account: str) -> list[Callable[[], httpx2.Response]]:
    basic = (forum.credentials.client_id, forum.credentials.client_secret.reveal())
    token = {"token": forum.http.headers["authorization"].removeprefix("Bearer ")}
    version = forum.get("/v1/agreements/current?kind=user").json()["version"]
    return [
        *(partial(forum.post, f"{account}/{act}", {"reason": "刷屏"}) for act in ("suspend", "ban", "close")),
        partial(forum.post, f"{account}/agreements", {"kind": "user", "version": version}),
        partial(forum.http.patch, account, json={"profile": {"bio": "喜欢爬山"}}),
        partial(forum.http.post, "/oauth/revoke", data=token, auth=basic),
    ]


def _connected(process: ServiceProcess) -> socket.socket:
    host, port = process.address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=_PATIENCE)
