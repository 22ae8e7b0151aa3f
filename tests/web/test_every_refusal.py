"""Every way in which an answer can be a refusal: each leaves as a whole RFC 9457 document.

The exceptions stand in `test_the_login_alone_speaks_otherwise`: 400 and 401 of `/oauth/token`, as RFC 6749 part 5.2
wants them. A connection on which nothing was sent within 10 seconds is closed without a word.
"""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from app.cli import protocol
from app.web import gate
from app.web.gate import MAX_BODY_BYTES
from tests.support.forum import ForumBackend, Json
from tests.web.test_gate import SAFE_HEADERS

CANARY = "canary7c2e"
FIELDS = {"type", "title", "status", "detail", "instance", "code", "request_id"}
Answer = tuple[int, dict[str, str], bytes]

RAW: dict[str, tuple[bytes, int, str]] = {
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + CANARY.encode(), 400, "malformed-request"),
    "a line of text": (f"hello {CANARY}\r\n\r\n".encode(), 400, "malformed-request"),
    "HTTP/2 at once": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed-request"),
    "a method in small letters": (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed-request"),
    "an unknown method": (f"{CANARY} / HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 400, "malformed-request"),
    "a version that is none": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400, "malformed-request"),
    "a space in a header's name": (f"GET / HTTP/1.1\r\nX {CANARY}: 1\r\n\r\n".encode(), 400, "malformed-request"),
    "NUL in a header": (b"GET / HTTP/1.1\r\nX-A: a\x00b\r\n\r\n", 400, "malformed-request"),
    "two lengths": (
        b"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        400,
        "malformed-request",
    ),
    "a length and chunks": (
        b"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "malformed-request",
    ),
    "a length that is no number": (
        f"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: {CANARY}\r\n\r\n".encode(),
        400,
        "malformed-request",
    ),
    "a broken chunk": (
        f"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz{CANARY}\r\n".encode(),
        400,
        "malformed-request",
    ),
    "a chunk longer than it said": (
        b"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}}}}}\r\n0\r\n\r\n",
        400,
        "malformed-request",
    ),
    "a head over 32 KiB": (b"GET / HTTP/1.1\r\nX-A: " + CANARY.encode() * 4000 + b"\r\n\r\n", 413, "body-too-large"),
    "a head over 32 KiB, unfinished": (b"GET / HTTP/1.1\r\nX-A: " + b"a" * 40_000, 413, "body-too-large"),
    "an address over 32 KiB": (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n", 413, "body-too-large"),
    "a proxy's CONNECT": (b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", 400, "malformed-request"),
    "OPTIONS of everything": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not-found"),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405, "method-not-allowed"),
    "a socket to speak on": (
        b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        404,
        "not-found",
    ),
    "HTTP/1.0": (b"GET /nowhere HTTP/1.0\r\n\r\n", 404, "not-found"),
    "no host": (b"GET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n", 404, "not-found"),
    "a whole address": (b"GET http://else.example/nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not-found"),
    "a length over the limit": (
        b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n",
        413,
        "body-too-large",
    ),
}


def assert_whole(status: int, headers: dict[str, str], body: bytes, case: object) -> Json:
    assert headers["content-type"] == "application/problem+json", case
    assert headers["content-language"] in {"zh", "en"}, case
    assert headers["cache-control"] == "no-store", case
    assert int(headers["content-length"]) == len(body), case
    for name, beginning in SAFE_HEADERS.items():
        assert headers[name].startswith(beginning), (case, name)
    problem: Json = json.loads(body)
    assert set(problem) >= FIELDS, case
    assert set(problem) <= FIELDS | {"errors", "reasons"}, case
    assert problem["status"] == status, case
    assert problem["type"] == f"http://127.0.0.1:8000/problems/{problem['code']}", case
    assert problem["instance"].startswith("urn:shiming:request:"), case
    assert problem["request_id"] == headers["x-request-id"], case
    assert problem["title"], case
    assert problem["detail"], case
    assert CANARY.encode() not in body, case
    assert ("errors" in problem) == (status == 422), case
    if status in {429, 503}:
        assert int(headers["retry-after"]) >= 1, case
    return problem


def raw(address: str, request: bytes) -> Answer:
    """Everything that comes back for these bytes until the answer is whole."""
    parts = urlsplit(address)
    with socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=15) as connection:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer) < _length(answer):
            more = connection.recv(65_536)
            assert more, answer
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
    return int(line.split(" ")[1]), headers, body


def _length(answer: bytes) -> int:
    head, _, _ = answer.partition(b"\r\n\r\n")
    declared = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return len(head) + 4 + int(declared.split(b":")[1])


def test_bytes_that_are_no_good_request_are_answered_by_a_whole_problem(forum: ForumBackend) -> None:
    for case, (request, status, code) in RAW.items():
        answered, headers, body = raw(forum.address, request)
        assert (answered, assert_whole(answered, headers, body, case)["code"]) == (status, code), case
        assert "http" not in headers.get("server", ""), case
    assert forum.get("/v1/accounts").json()["items"] == []


def in_pieces(size: int) -> Iterator[bytes]:
    for _ in range(0, size, 10_000):
        yield b"x" * 10_000


JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
Asked = tuple[str, str, dict[str, str], "bytes | None", int, str]
TABLE: tuple[Asked, ...] = (
    ("GET", "/nowhere", {}, None, 404, "not-found"),
    ("GET", "/v1", {}, None, 404, "not-found"),
    ("GET", "/v1/accounts/", {}, None, 404, "not-found"),
    ("GET", "//v1/accounts", {}, None, 404, "not-found"),
    ("GET", "/v1//accounts", {}, None, 404, "not-found"),
    ("GET", "/V1/accounts", {}, None, 404, "not-found"),
    ("GET", "/v1/accounts/%00", {}, None, 404, "not-found"),
    ("GET", "/v1/accounts/%ff%fe", {}, None, 404, "not-found"),
    ("GET", "/v1/accounts/%", {}, None, 404, "not-found"),
    ("GET", "/v1/accounts/%zz", {}, None, 404, "not-found"),
    ("GET", "/v1/accounts/%2e%2e%2f", {}, None, 404, "not-found"),
    ("GET", "/static/..%2f..%2fsettings.py", {}, None, 404, "not-found"),
    ("GET", f"/problems/{CANARY}", {}, None, 404, "not-found"),
    ("POST", "/livez/", JSON, b"{}", 404, "not-found"),
    ("OPTIONS", "/v1/accounts", {"origin": "https://else.example"}, None, 405, "method-not-allowed"),
    ("PUT", "/v1/accounts", JSON, b"{}", 405, "method-not-allowed"),
    ("DELETE", "/", {}, None, 405, "method-not-allowed"),
    ("POST", "/metrics", {}, None, 405, "method-not-allowed"),
    ("GET", "/oauth/token", {}, None, 405, "method-not-allowed"),
    ("POST", "/v1/accounts", {}, b"{}", 415, "unsupported-media-type"),
    ("POST", "/v1/accounts", FORM, b"handle=x", 415, "unsupported-media-type"),
    ("POST", "/v1/accounts", {"content-type": CANARY * 9}, b"{}", 415, "unsupported-media-type"),
    ("POST", "/v1/accounts", JSON, b"", 400, "malformed-json"),
    ("POST", "/v1/accounts", JSON, b"[" * 50_000, 400, "malformed-json"),
    ("POST", "/v1/accounts", JSON, b"[]", 422, "validation-failed"),
    ("POST", "/v1/accounts", JSON, b" " * (MAX_BODY_BYTES + 1), 413, "body-too-large"),
    ("POST", "/oauth/token", FORM, b"a=" + b"x" * MAX_BODY_BYTES, 413, "body-too-large"),
    ("GET", "/v1/accounts?limit=x", {}, None, 422, "validation-failed"),
    ("GET", "/v1/accounts", {"authorization": "Bearer é"}, None, 401, "invalid-token"),
    ("GET", "/v1/accounts", {"authorization": ""}, None, 401, "invalid-token"),
)


def test_every_refusal_of_a_request_is_a_whole_problem(forum: ForumBackend) -> None:
    for method, path, headers, content, status, code in TABLE:
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = forum.http.request(method, path, headers=named, content=content)
        case = (method, path, headers)
        assert answer.status_code == status, (case, answer.text)
        assert assert_whole(status, dict(answer.headers), answer.content, case)["code"] == code, case


@pytest.mark.parametrize("path", ["/oauth/token", "/v1/accounts", "/nowhere"])
def test_a_body_without_a_length_is_bounded_as_well(forum: ForumBackend, path: str) -> None:
    answer = forum.http.post(path, content=in_pieces(200_000), headers=FORM)
    assert answer.status_code == 413
    assert assert_whole(413, dict(answer.headers), answer.content, path)["code"] == "body-too-large"


def test_head_is_answered_as_get_would_be_without_a_body(forum: ForumBackend) -> None:
    for path, status in (
        ("/", 200),
        ("/livez", 200),
        ("/readyz", 200),
        ("/docs", 200),
        ("/metrics", 200),
        ("/.well-known/jwks.json", 200),
        ("/v1/accounts", 200),
        ("/v1/accounts/acc_1", 404),
        ("/nowhere", 404),
        ("/oauth/token", 405),
    ):
        asked, got = forum.http.head(path), forum.get(path)
        assert (asked.status_code, got.status_code) == (status, status), path
        assert asked.content == b"", path
        assert asked.headers["content-type"] == got.headers["content-type"], path
        if path != "/metrics":  # which has counted one more in between
            assert asked.headers["content-length"] == got.headers["content-length"], path


def test_a_connection_goes_on_after_head(forum: ForumBackend) -> None:
    """A body sent by mistake would be read as the next answer."""
    for _ in range(3):
        assert forum.http.head("/docs").status_code == 200
        assert forum.get("/livez").json() == {"status": "ok"}


def test_the_login_alone_speaks_otherwise(forum: ForumBackend) -> None:
    for content, status, error in ((b"grant_type=x", 401, "invalid_client"), (b"%ff=%ff&&&", 400, "invalid_request")):
        answer = httpx2.post(f"{forum.address}/oauth/token", content=content, headers=FORM)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()) == {"error", "error_description"}
    fields = b"&".join(b"a%d=1" % number for number in range(1000))
    assert httpx2.post(f"{forum.address}/oauth/token", content=fields, headers=FORM).status_code == 400


def test_a_head_that_is_not_complete_in_time_is_told_so(forum: ForumBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    status, headers, body = raw(forum.address, b"GET /livez HTTP/1.1\r\nHost: ")
    assert status == 408
    assert assert_whole(status, headers, body, "slow")["code"] == "request-timeout"


def test_who_says_nothing_hears_nothing(forum: ForumBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    parts = urlsplit(forum.address)
    with socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=15) as connection:
        assert connection.recv(1000) == b""


def test_a_body_that_is_not_complete_in_time_is_told_so(forum: ForumBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_BODY_SECONDS", 0.2)
    status, headers, body = raw(forum.address, b"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    assert status == 408
    assert assert_whole(status, headers, body, "slow")["code"] == "request-timeout"
