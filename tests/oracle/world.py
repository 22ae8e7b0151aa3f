"""An installation in which a person is on file, and forums where they are behind one of two handles."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from app.accounts.domain import Account
from app.crypto.blind_index import BlindIndex, IndexValue
from app.crypto.keyring import load_keyring
from app.forums.domain import Credentials
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.desk import Desk
from tests.support.forum import PERSON, ForumBackend, sandbox_number
from tests.support.serving import serving

PHONE, OTHER_PHONE, OWN_PHONE = "14000001234", "14000005678", "14000007777"
OTHER_PERSON = sandbox_number(500)
_BETWEEN_TRIALS = timedelta(days=2)
_numbers = count()


class QuickIndex(BlindIndex):
    """The real index, paid once for each number: its noise must not hide what it does not cause."""

    def __init__(self, keys_dir: Path) -> None:
        super().__init__(load_keyring(keys_dir))
        self._known: dict[tuple[str, str], IndexValue] = {}

    def of(self, scheme: str, number: Secret[str]) -> IndexValue:
        key = (scheme, number.reveal())
        if key not in self._known:
            self._known[key] = super().of(scheme, number)
        return self._known[key]


@dataclass(frozen=True)
class Side:
    """A forum: how it speaks to the service, and the desk behind which nobody of the forum sees."""

    backend: ForumBackend
    desk: Desk


@dataclass(frozen=True)
class World:
    """`x` and `z` are two accounts of the first forum, the person is behind one; `w` is theirs in the second forum."""

    first: Side
    second: Side
    x: Account
    z: Account
    w: Account
    clock: FakeClock


class Stage:
    """Builds worlds in one installation, as many as are wanted."""

    def __init__(self, services: Services, address: str, clock: FakeClock, index: QuickIndex) -> None:
        self._services, self._address, self.clock, self._index = services, address, clock, index
        self._next = clock.now()
        home = self._desk(self._forum())
        home.on_file("本人", PHONE, PERSON)
        home.on_file("别人", OTHER_PHONE, OTHER_PERSON)

    def next_trial(self) -> None:
        """Two days later, when no limit remembers the last trial; always at the same time of day."""
        self._next += _BETWEEN_TRIALS
        self.clock.advance(seconds=(self._next - self.clock.now()).total_seconds())

    @contextmanager
    def world(self, *, person_behind_x: bool) -> Iterator[World]:
        """Two forums that nothing has happened in yet but these three links, an hour ago."""
        self.next_trial()
        credentials = (self._forum(), self._forum())
        first, second = (self._desk(each) for each in credentials)
        x, w = first.account("云上客"), second.account("山中客")
        self.clock.advance(seconds=1)
        z = first.account("江边客")
        person, other = (PHONE, PERSON), (OTHER_PHONE, OTHER_PERSON)
        for desk, account, (phone, number) in (
            (first, x, person if person_behind_x else other),
            (first, z, other if person_behind_x else person),
            (second, w, person),
        ):
            assert desk.prove(account, phone).outcome == "verified"
            assert desk.check(account, number).outcome == "verified"
        self.clock.advance(hours=1)
        here, there = (ForumBackend(self._address, each) for each in credentials)
        yield World(Side(here, first), Side(there, second), x, z, w, self.clock)
        here.http.close()
        there.http.close()

    def _forum(self) -> Credentials:
        return self._services.forums.add(OPERATOR, f"论坛{next(_numbers)}_{secrets.token_hex(2)}")

    def _desk(self, credentials: Credentials) -> Desk:
        return Desk(self._services, credentials.forum_id, self._index.of)


@contextmanager
def stage(services: Services, index: QuickIndex, clock: FakeClock) -> Iterator[Stage]:
    services.verifications._blind_index = index
    services.codes._blind_index = index
    with serving(services) as address:
        yield Stage(services, address, clock, index)
