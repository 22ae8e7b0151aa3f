"""Every place of the service where a token counts, as one who sends any bytes sees it."""

import json
import socket
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from tests.support.forum import ForumBackend

UNSENDABLE = {"malformed-json": 400, "malformed-request": 400, "invalid_request": 400, "validation-failed": 422}
"""Answers to what does not even reach the reading of a token: no JSON text, no header, no form, too long, empty."""


@dataclass(frozen=True)
class Doors:
    """A token is tried at a door; the answer is None where it was accepted, else the reason that was heard."""

    forum: ForumBackend

    def try_at(self, door: str, token: str) -> str | None:
        heard: str | None = getattr(self, door)(token)
        return heard

    def verify(self, token: str) -> str | None:
        body = json.dumps({"token": token}).encode()
        answer = self.forum.http.post("/v1/tokens/verify", content=body, headers={"content-type": "application/json"})
        if answer.status_code != 200:
            return _unsendable(answer.status_code, answer.json()["code"])
        verdict = answer.json()
        return None if verdict["active"] else str(verdict["reason"])

    def introspect(self, token: str) -> str | None:
        status, content = self._form("/oauth/introspect", token)
        if status != 200:
            return _unsendable(status, json.loads(content)["error"])
        return "dead" if json.loads(content) == {"active": False} else None

    def revoke(self, token: str) -> str | None:
        """Says nothing by itself: whether the token is dead now, `introspect` tells."""
        status, content = self._form("/oauth/revoke", token)
        return "unheard" if status == 200 else _unsendable(status, json.loads(content)["error"])

    def bearer(self, token: str) -> str | None:
        """Byte for byte, past every client library."""
        sent = token.encode("utf-8", "surrogatepass")
        lines = (b"GET /v1/agreements/current?kind=user HTTP/1.1", b"Host: x", b"Authorization: Bearer " + sent)
        status, content = self._raw(b"\r\n".join((*lines, b"Connection: close", b"", b"")))
        if status == 200:
            return None
        code = str(json.loads(content)["code"])
        return code if status == 401 else _unsendable(status, code)

    def _form(self, path: str, token: str) -> tuple[int, bytes]:
        basic = (self.forum.credentials.client_id, self.forum.credentials.client_secret.reveal())
        body = f"token={quote(token.encode('utf-8', 'surrogatepass'), safe='')}".encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = self.forum.http.post(path, content=body, headers=headers, auth=basic)
        return answer.status_code, answer.content

    def _raw(self, request: bytes) -> tuple[int, bytes]:
        url = urlsplit(self.forum.address)
        with socket.create_connection((url.hostname or "", url.port or 0), timeout=30) as connection:
            connection.sendall(request)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        head, _, content = received.partition(b"\r\n\r\n")
        return int(head.split()[1]), content


def _unsendable(status: int, code: str) -> str:
    assert UNSENDABLE.get(code) == status, (status, code)
    return code
