"""The way from a refusal or a notice to what mends it: an address made without a write, for one purpose and a time."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app import policies
from app.crypto.mac import Mac, MacUse
from app.kernel.ids import AccountId
from app.posting.denials import place_of
from app.posting.errors import Denial, RemedyPlace

_LIFETIME = timedelta(minutes=policies.REMEDY_TICKET_LIFETIME.value)
_LONGEST = timedelta(days=policies.NOTICE_TICKET_LONGEST.value)
_PLACES = (
    RemedyPlace.FLOW,
    RemedyPlace.AGREEMENT,
    RemedyPlace.APPEAL,
    RemedyPlace.DOCUMENT,
    RemedyPlace.MODERATOR_AGREEMENT,
    RemedyPlace.HANDLE,
)
"""A place's number in a ticket is where it stands here."""
_PREFIX = "acc_"
_ID, _EXPIRY, _PLACE, _MAC_BYTES = slice(0, 16), slice(16, 21), 21, 16
_TICKET_BYTES = 22 + _MAC_BYTES


@dataclass(frozen=True, slots=True)
class Ticket:
    account_id: AccountId
    place: RemedyPlace


class Tickets:
    """Number of the account, expiry and place in 22 bytes, and half an HMAC over them, in base64url."""

    def __init__(self, mac: Mac, issuer: str) -> None:
        self._mac = mac
        self._issuer = issuer

    def url(self, account_id: AccountId, denial: Denial, now: datetime) -> str:
        """Where the remedy of this refusal leads."""
        place = place_of(denial)
        if place not in _PLACES:
            return f"{self._issuer}/problems/{denial.code}"
        return self._made(account_id, place, now + _LIFETIME)

    def url_of_notice(
        self, account_id: AccountId, place: RemedyPlace, now: datetime, until: datetime | None = None
    ) -> str:
        """Where a notice leads that may be read weeks later: good until then, for `NOTICE_TICKET_LONGEST` at most."""
        longest = now + _LONGEST
        return self._made(account_id, place, longest if until is None else min(until, longest))

    def read(self, ticket: str, now: datetime) -> Ticket | None:
        """None for one that was changed, is none of ours, or has expired: exactly at its expiry it has."""
        try:
            raw = base64.urlsafe_b64decode(ticket.encode("ascii") + b"=" * (-len(ticket) % 4))
        except ValueError:
            return None
        body, seal = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if _written(raw) != ticket or len(raw) != _TICKET_BYTES or not self._mac.same(seal, self._seal(body)):
            return None
        if now.timestamp() >= int.from_bytes(body[_EXPIRY]):
            return None
        return Ticket(AccountId(f"{_PREFIX}{body[_ID].hex()}"), _PLACES[body[_PLACE]])

    def _made(self, account_id: AccountId, place: RemedyPlace, until: datetime) -> str:
        """Boundary: to the whole second, and never later than `until`."""
        expiry = int(until.timestamp())
        body = UUID(account_id.removeprefix(_PREFIX)).bytes + expiry.to_bytes(5) + bytes([_PLACES.index(place)])
        return f"{self._issuer}/continue/{_written(body + self._seal(body))}"

    def _seal(self, body: bytes) -> bytes:
        return self._mac.digest(MacUse.REMEDY_TICKET, body.hex())[:_MAC_BYTES]


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
