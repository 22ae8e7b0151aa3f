"""Requests that no good client sends: none is answered by a 5xx, and none is taken for another one."""

import socket
from urllib.parse import urlsplit

import pytest

from tests.support.forum import ForumBackend
from tests.web.test_every_refusal import raw

_JSON = "Content-Type: application/json\r\n"
_CHUNKED = "Transfer-Encoding: chunked\r\n"
_NONSENSE = b"NO HTTP AT ALL\r\n\r\n"


def _login(forum: ForumBackend) -> str:
    return f"Authorization: {forum.http.headers['authorization']}\r\n"


def _post(head: str, body: str, end: str = "") -> bytes:
    """In one chunk, with `end` behind it."""
    chunk = f"{len(body.encode()):x}\r\n{body}\r\n0\r\n{end}\r\n"
    return f"POST /v1/accounts HTTP/1.1\r\nHost: x\r\n{_CHUNKED}{head}\r\n{chunk}".encode()


def _all(address: str, sent: bytes) -> bytes:
    """Everything that is said until the service hangs up."""
    parts = urlsplit(address)
    with socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=15) as connection:
        connection.sendall(sent)
        heard = b""
        while more := connection.recv(65_536):
            heard += more
    return heard


def test_what_stands_behind_a_body_is_no_header(forum: ForumBackend) -> None:
    body = '{"handle": "山间清风"}'
    assert raw(forum.address, _post(_JSON, body, _login(forum)))[0] == 401
    assert raw(forum.address, _post(_login(forum), body, _JSON))[0] == 415
    status, headers, _ = raw(forum.address, _post(_JSON + _login(forum), body, "X-Request-Id: from-behind\r\n"))
    assert (status, headers["x-request-id"] == "from-behind") == (201, False)


@pytest.mark.parametrize("followed", [_NONSENSE, b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000])
def test_a_request_is_never_answered_by_the_refusal_of_the_next_one(forum: ForumBackend, followed: bytes) -> None:
    """Its client would take an account that was made for one that was refused."""
    heard = _all(forum.address, _post(_JSON + _login(forum), '{"handle": "山间清风"}') + followed)
    assert heard[:12] in {b"", b"HTTP/1.1 201"}


def test_a_head_of_many_small_headers_is_as_large_as_it_is(forum: ForumBackend) -> None:
    for number, status in ((4_000, 200), (8_000, 413)):
        request = f"GET /livez HTTP/1.1\r\nHost: x\r\n{'X:y' + chr(13) + chr(10)}" + "X:y\r\n" * number + "\r\n"
        assert raw(forum.address, request.encode())[0] == status


def test_blanks_around_a_length_are_none_of_it(forum: ForumBackend) -> None:
    head = f"POST /v1/accounts HTTP/1.1\r\nHost: x\r\n{_JSON}{_login(forum)}"
    assert raw(forum.address, f"{head}Content-Length: 2 \r\n\r\n{{}}".encode())[0] == 422


def test_who_logs_in_twice_in_one_request_is_nobody(forum: ForumBackend) -> None:
    other = "Authorization: Bearer other\r\n"
    for login in (_login(forum) + other, other + _login(forum), _login(forum) * 2):
        assert raw(forum.address, f"GET /v1/accounts HTTP/1.1\r\nHost: x\r\n{login}\r\n".encode())[0] == 401
    assert raw(forum.address, _post(_JSON * 2 + _login(forum), "{}"))[0] == 415
