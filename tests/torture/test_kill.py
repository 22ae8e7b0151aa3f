"""`kill -9` under load, again and again: what was acknowledged is there, once, and so is its entry in the record."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic, sleep

import pytest
from sqlalchemy import text

from app.forums.domain import Credentials
from app.kernel.actor import OPERATOR, ActorKind
from tests.support.forum import ForumBackend
from tests.support.invariants import broken_rules
from tests.support.postgres import start_postgres
from tests.support.process import ServiceProcess
from tests.torture.balance import Entry, entries, unbalanced
from tests.torture.form import Form
from tests.torture.house import CARELESS, House
from tests.torture.lives import ENTRIES, Act, Life, Teller, at_last, heard, look, send, shown

_THREADS, _ACKNOWLEDGED, _SECONDS, _SOON = 8, 50, 120, 0.4


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, form: Form, tmp_path: Path) -> Iterator[House]:
    if request.param == "sqlite":
        yield House(tmp_path, f"sqlite:///{tmp_path}/shiming.db", watched=True)
        return
    server = start_postgres(durable=True)
    yield House(tmp_path, server.url("postgres"), server, workers=form.size(short=1, long=2))
    server.stop()


@dataclass
class Story:
    """What a forum knows of an installation that is killed again and again."""

    house: House
    credentials: Credentials
    random: Random
    lives: list[Life] = field(default_factory=list)
    acknowledged: list[Act] = field(default_factory=list)
    read: int = 0
    """How many of the lives have been read back."""
    numbers: Iterator[int] = field(default_factory=count)
    told: Counter[str] = field(default_factory=Counter)

    def load(self, service: ServiceProcess, *, server_too: bool = False) -> None:
        """Writes from many threads, and a kill in the middle of it."""
        with self.house.services() as services:
            services.forums.confirm_acts(OPERATOR, self.credentials.forum_id)
        before, synced, killed = len(self.acknowledged), self.house.syncs(), Event()
        with ThreadPoolExecutor(_THREADS) as pool:
            tellers = [pool.submit(self._teller(service, killed).tell) for _ in range(_THREADS)]
            deadline = monotonic() + _SECONDS
            while len(self.acknowledged) < before + _ACKNOWLEDGED and monotonic() < deadline:
                sleep(0.005)
            sleep(self.random.uniform(0, _SOON))
            killed.set()
            if server_too and self.house.server:
                self.house.server.kill()
            service.kill()
            for teller in tellers:
                teller.result()
        new = self.acknowledged[before:]
        assert len(new) >= _ACKNOWLEDGED
        self.told["acknowledged"] += len(new)
        self.told["cut off"] += sum(act.answer is None for life in self.lives[self.read :] for act in life.acts)
        self.told["commits"] += sum(act.commits for act in new)
        self.told["syncs"] += (self.house.syncs() or 0) - (synced or 0)
        if server_too and self.house.server:
            self.house.server.recover()
            self.told["servers killed"] += 1

    def _teller(self, service: ServiceProcess, killed: Event) -> Teller:
        forum = ForumBackend(service.address, self.credentials)
        return Teller(forum, self.random, self.numbers, self.lives, self.acknowledged, killed)

    def read_back(self, service: ServiceProcess, *, since: int) -> None:
        """Sends again what has a key, and compares everything that lives have heard with what is shown now."""
        forum, lives = ForumBackend(service.address, self.credentials), self.lives[since:]
        with closing(forum.http):
            for life in lives:
                for act in life.acts:
                    self._send_again(forum, act)
                if life.acts[0].answer is not None:
                    life.account_id = life.acts[0].said["id"]
            self._compare_with_record()
            for life in lives:
                self._compare(forum, life)
        self.read = len(self.lives)

    def _send_again(self, forum: ForumBackend, act: Act) -> None:
        first = act.answer
        if act.key is None:
            return
        again = at_last(partial(send, forum, act))
        if first is not None:
            assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
            self.told["heard again"] += 1

    def _compare_with_record(self) -> None:
        """Every act has the entries it must have, once, whatever it was sent as; nobody else has any."""
        by_request: defaultdict[str | None, list[Entry]] = defaultdict(list)
        with self.house.services() as services, services.unit_of_work.read() as tx:
            for entry in entries(tx):
                if entry.actor == ActorKind.CLIENT:
                    by_request[entry.request].append(entry)
        for life in self.lives:
            for act in life.acts:
                found = [entry for request in act.requests for entry in by_request.pop(request, [])]
                _check_entries(life, act, found)
        assert by_request == {}

    def _compare(self, forum: ForumBackend, life: Life) -> None:
        if not life.account_id:
            assert look(forum, f"/v1/accounts?handle={life.handle}")["items"] == []
            return
        assert shown(look(forum, f"/v1/accounts/{life.account_id}")) == life.shows()
        for verification, outcome in life.outcomes().items():
            now = look(forum, f"/v1/verifications/{verification}")
            assert now["outcome"] == outcome or (outcome, now["reason"]) == ("pending", "code-expired")
        for act in life.acts:
            if act.what == "revoke" and act.took_effect:
                verdict = at_last(partial(heard, partial(forum.judge, act.body["token"]))).json()
                assert verdict["reason"] in {"token-revoked", "token-expired"}

    def check_tables(self) -> None:
        with self.house.services() as services:
            assert broken_rules(services) == []
            assert unbalanced(services) == []
            if self.house.is_sqlite:
                with services.engine.connect() as connection:
                    assert connection.scalar(text("PRAGMA integrity_check")) == "ok"

    def numbers_of(self) -> str:
        told = dict(self.told)
        commits, syncs = told.pop("commits"), told.pop("syncs")
        counted = [f"{syncs:,} syncs for {commits:,} commits at least"] if self.house.counts_syncs else []
        return "; ".join([*(f"{count:,} {what}" for what, count in told.items()), *counted])


def test_kill_9_loses_and_doubles_nothing_that_was_acknowledged(form: Form, house: House) -> None:
    assert house.counts_syncs or not (form.long and house.is_sqlite), "the long form counts syncs, and needs strace"
    story, cycles = _story(house), form.size(short=1, long=100)
    for cycle in range(cycles):
        with house.serving() as service:
            story.read_back(service, since=story.read)
            story.load(service, server_too=cycle % 3 == 2)
        story.check_tables()
    with house.serving() as service:
        story.read_back(service, since=0)
    story.check_tables()
    if house.counts_syncs:
        assert story.told["syncs"] >= story.told["commits"], "an acknowledged commit was not on the disk"
    form.tell(f"kill -9, {house.name}", f"{cycles} cycles: {story.numbers_of()}; none lost, none doubled")
    if form.long and house.is_sqlite:
        careless = _careless(house.folder / "careless")
        assert careless.told["syncs"] < careless.told["commits"] / 2
        form.tell("kill -9, SQLite with `synchronous=NORMAL` for comparison", f"1 cycle: {careless.numbers_of()}")


def _careless(folder: Path) -> Story:
    """The same under a service that waits for no disk, to see that the count of syncs shows it."""
    house = House(folder, f"sqlite:///{folder}/shiming.db", command=CARELESS, watched=True)
    story = _story(house)
    with house.serving() as service:
        story.load(service)
    return story


def _story(house: House) -> Story:
    with house.services() as services:
        return Story(house, services.forums.add(OPERATOR, "测试论坛"), Random(4))  # noqa: S311 -- which act comes next, no secret


def _check_entries(life: Life, act: Act, found: list[Entry]) -> None:
    actions = sorted(entry.action for entry in found)
    if act.answer is not None:
        assert actions == sorted(action for unit in act.units for action in unit), act
        objects = {"account": life.account_id, "agreement": life.account_id, "token": act.jti}
        for entry in found:
            kind = entry.action.partition(".")[0]
            assert entry.object == (act.said["id"] if kind == "verification" else objects[kind])
        return
    units = ENTRIES[act.what]
    begun = [sorted(action for unit in units[:done] for action in unit) for done in range(len(units) + 1)]
    assert actions in begun, "half of a transaction"
    act.took_effect = actions == begun[-1]
    if act.took_effect and act.what == "register":
        life.account_id = found[0].object
