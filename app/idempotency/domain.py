"""The words of idempotency: a request under a key, a claim to it, and the answer that is given again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

METHOD = "POST"


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """One request as the caller names it: its key counts for this client, route and path alone."""

    client_id: str
    route: str
    path: str
    key: str = field(repr=False)
    body: bytes = field(repr=False)

    def content(self) -> str:
        """The body in one spelling: blanks and the order of names are no difference. The gate has read it before.

        Not RFC 8785, which refuses integers beyond 2^53: what a route refuses must be comparable too.
        """
        return json.dumps(json.loads(self.body or b"null"), sort_keys=True, separators=(",", ":"))

    def of_anybody(self, address: str) -> "KeyedRequest":
        """The same of a caller without a login: the key counts from one address.

        Such a key need not be hard to guess, and strangers elsewhere who chose the same never meet. Of all this a keyed
        digest alone is kept.
        """
        return replace(self, client_id=f"{self.client_id} {address}")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a request until the lease ends and another one takes it over."""

    id: str
    owner: str
    body_digest: bytes = field(repr=False)
    subject: str | None = None
    """What an earlier holder began and did not end."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A final answer, byte for byte."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def packed(self) -> str:
        return json.dumps([self.status, dict(self.headers), self.body.decode()])

    @classmethod
    def unpacked(cls, text: str) -> "StoredAnswer":
        status, headers, body = json.loads(text)
        return cls(status, headers, body.encode())
