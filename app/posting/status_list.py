"""The status list of each forum: computed from standings, kept in memory, signed, never stored.

Source: IETF Token Status List; two bits an account, the lowest first.
"""

import base64
import math
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock

from app import policies
from app.accounts.domain import STATUS_BLOCK
from app.boards.standings import lapse_stops_posting, lapsed_accounts
from app.crypto.signing import TokenSigner
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.errors import NotFound, Unavailable
from app.kernel.ids import ForumId
from app.posting.decision import PostingPolicy
from app.posting.status_reader import (
    AgreementGate,
    ListedState,
    Place,
    agreement_gate,
    blocks_in_use,
    is_forum_open,
    places_of,
    places_to_ask,
    read_block,
    read_changed,
)

LIST_TYPE = "statuslist+jwt"
_BITS = 2
_SHOWN_WITHIN = policies.STATUS_SHOWN_WITHIN.value
_LOOK_EVERY = timedelta(seconds=policies.STATUS_LOOK_EVERY.value)
_OVERLAP = timedelta(seconds=policies.STATUS_LOOK_OVERLAP.value)
_LIFETIME = timedelta(seconds=policies.STATUS_LIST_LIFETIME.value)
_LONGEST_TOKEN = timedelta(seconds=policies.POSTING_TOKEN_LONGEST.value)
_TURN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SignedList:
    """A list as it is served: `max_age` in seconds is how long it may be shown on without another look."""

    token: str
    etag: str
    max_age: int


@dataclass(slots=True)
class _Kept:
    """What a process keeps of one forum's list; one thread at a time looks."""

    turn: Lock = field(default_factory=Lock)
    states: bytearray = field(default_factory=bytearray)
    gate: AgreementGate | None = None
    open: bool = True
    offices: dict[int, int] = field(default_factory=dict)
    """What a valid account's place shows instead, because of an office that it holds or held."""
    looked_at: datetime | None = None
    signed_at: datetime | None = None
    signed: tuple[str, str] = ("", "")
    """The token and its ETag, replaced together."""

    def looked_within(self, period: timedelta, now: datetime) -> bool:
        return self.looked_at is not None and abs(now - self.looked_at) < period

    def signed_within(self, period: timedelta, now: datetime) -> bool:
        return self.signed_at is not None and abs(now - self.signed_at) < period


class StatusLists:
    def __init__(self, unit_of_work: UnitOfWork, signer: TokenSigner, policy: PostingPolicy, issuer: str) -> None:
        self._unit_of_work = unit_of_work
        self._signer = signer
        self._policy = policy
        self._issuer = issuer
        self._kept: dict[str, _Kept] = {}

    def get(self, forum_id: str, now: datetime) -> SignedList:
        """The forum's list, not older than 5 s; what it shows is at most 15 s old where `max_age` is honoured.

        Raises `NotFound`, and `Unavailable` while a long list is read for the first time.
        """
        kept = self._kept.setdefault(forum_id, _Kept())
        if not kept.looked_within(_LOOK_EVERY, now):
            if not kept.turn.acquire(timeout=_TURN_SECONDS):
                raise Unavailable
            try:
                if not kept.looked_within(_LOOK_EVERY, now):
                    self._look(forum_id, kept)
            finally:
                kept.turn.release()
                if kept.looked_at is None:  # no forum, or no database: nothing is kept of it
                    self._kept.pop(forum_id, None)
        age = (now - kept.looked_at).total_seconds() if kept.looked_at else 0.0  # before the token: never too young
        token, etag = kept.signed
        return SignedList(token, etag, _SHOWN_WITHIN - math.ceil(max(age, 0.0)))

    def _look(self, forum_id: str, kept: _Kept) -> None:
        with self._unit_of_work.read() as tx:
            is_open = is_forum_open(tx.session, ForumId(forum_id))
            if is_open is None:
                raise NotFound
            gate = agreement_gate(tx.session, tx.now)
            if kept.looked_at is None or gate != kept.gate or tx.now < kept.looked_at:
                changed = self._read_all(tx, forum_id, kept, gate)
            else:
                since = kept.looked_at - _OVERLAP
                changed = _enter(kept.states, read_changed(tx.session, forum_id, since, gate, self._policy, tx.now))
            offices = _offices(tx, ForumId(forum_id))
            changed = changed or is_open != kept.open or offices != kept.offices
            if changed or not kept.signed_within(_LIFETIME / 2, tx.now):
                shown = _shown(kept.states, offices) if is_open else bytes([ListedState.SUSPENDED]) * len(kept.states)
                kept.signed, kept.signed_at = self._sign(forum_id, shown, tx.now), tx.now
            kept.gate, kept.open, kept.offices, kept.looked_at = gate, is_open, offices, tx.now

    def _read_all(self, tx: Transaction, forum_id: str, kept: _Kept, gate: AgreementGate) -> bool:
        """A block at a time: no statement is long. One block is spare, so that a new account is never off the list."""
        blocks = blocks_in_use(tx.session, forum_id)
        states = bytearray((blocks + 1) * STATUS_BLOCK)
        for block in range(blocks):
            _enter(states, read_block(tx.session, forum_id, block, gate, self._policy, tx.now))
        kept.states = states
        return True

    def _sign(self, forum_id: str, states: bytes | bytearray, now: datetime) -> tuple[str, str]:
        issued_at = int(now.timestamp())
        claims = {
            "sub": status_list_uri(self._issuer, forum_id),
            "iat": issued_at,
            "exp": issued_at + int(_LIFETIME.total_seconds()),
            "ttl": _SHOWN_WITHIN,
            "status_list": {"bits": _BITS, "lst": _deflated(pack(states))},
        }
        token = self._signer.sign(claims, LIST_TYPE)
        return token, f'"{sha256(token.encode()).hexdigest()[:32]}"'


def status_list_uri(issuer: str, forum_id: str) -> str:
    return f"{issuer}/v1/status-lists/{forum_id}"


def pack(states: bytes | bytearray) -> bytes:
    """Four states in a byte, the first in the lowest bits. Adds whole columns as one number each: no loop over places.

    `states` is one byte for each place, in a multiple of four.
    """
    size = len(states) // 4
    columns = (int.from_bytes(states[place::4]) << _BITS * place for place in range(4))
    return sum(columns).to_bytes(size)


def _offices(tx: Transaction, forum_id: ForumId) -> dict[int, int]:
    """Places of accounts whose powers are off somewhere, or were taken so recently that a permit may outlive them."""
    asked = places_to_ask(tx.session, forum_id, tx.now - _LONGEST_TOKEN, tx.now)
    places: dict[int, int] = dict.fromkeys(asked, ListedState.ASK)
    if places and lapse_stops_posting(tx, forum_id):
        stopped = places_of(tx.session, forum_id, lapsed_accounts(tx, forum_id))
        places |= dict.fromkeys(stopped, ListedState.SUSPENDED)
    return places


def _shown(states: bytearray, offices: Mapping[int, int]) -> bytearray:
    shown = bytearray(states)
    for place, state in offices.items():
        if place < len(shown) and shown[place] == ListedState.VALID:
            shown[place] = state
    return shown


def _enter(states: bytearray, places: Iterable[Place]) -> bool:
    """Whether anything is other than it was."""
    changed = False
    for place, state in places:
        if place >= len(states) - STATUS_BLOCK:
            states.extend(bytes(place + 1 + STATUS_BLOCK + -(place + 1) % STATUS_BLOCK - len(states)))
            changed = True
        changed = changed or states[place] != state
        states[place] = state
    return changed


def _deflated(packed: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(packed)).rstrip(b"=").decode()
