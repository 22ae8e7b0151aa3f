"""A patrol whose workers are killed again and again: every planted name is found once, and memory stays flat."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic, sleep

from sqlalchemy import select, text

from app.kernel.actor import OPERATOR
from app.screening.models import ReviewRow
from app.screening.patrol import PatrolState
from app.settings import Settings
from app.wiring import Services, build, initialise
from tests.support.process import SHIMING, environment_of, free_address
from tests.support.reviewing import publish
from tests.torture.form import Form

_PATIENCE = 1800
_EVERY = 1000
_LATER = "60"
"""Seconds that the workers' clock is ahead: nobody waits for who began before the publication."""
_FLAT = 1.25
_PLANT = text(
    "INSERT INTO accounts (id, forum_id, handle, handle_key, created_at, updated_at, status_index)"
    " SELECT 'acc_' || lpad(to_hex(n), 32, '0'), :forum, name, name, now(), now(), n FROM"
    " (SELECT n, (CASE WHEN n % :every = 0 THEN '赌场' ELSE '茶客' END) || n AS name"
    " FROM generate_series(1, :count) AS n) AS named"
)


def test_a_patrol_that_is_killed_finds_every_planted_name_once(
    new_postgres_database: Callable[[str], str], tmp_path: Path, form: Form
) -> None:
    count, kills = form.size(short=4_000, long=1_000_000), form.size(short=1, long=5)
    settings = _settings(new_postgres_database("patrol"), tmp_path)
    initialise(settings)
    services, began = build(settings), monotonic()
    forum_id = services.forums.add(OPERATOR, "测试论坛").forum_id
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(text("SET LOCAL statement_timeout = 0"))
        tx.session.execute(_PLANT, {"forum": forum_id, "every": _EVERY, "count": count})
    publish(services, 赌场="review")
    planted, published = monotonic() - began, monotonic()
    environment = environment_of(
        tmp_path, settings.database(), SHIMING_LOG_LEVEL="ERROR", SHIMING_CLOCK_OFFSET_SECONDS=_LATER
    )
    workers = _Workers(environment, tmp_path / "workers")
    try:
        for kill in range(kills):
            _wait(services, workers, read=max(1, count * kill // kills))
            workers.kill_one()
        _wait(services, workers, read=None)
    finally:
        workers.end()
    (done,) = [one for one in services.patrol.progress() if one.state is PatrolState.COMPLETE]
    assert (done.read, done.found) == (count, count // _EVERY)
    assert _found(services) == [f"acc_{number:032x}" for number in range(_EVERY, count + 1, _EVERY)]
    services.engine.dispose()
    told = f"{count:,} names, {count // _EVERY:,} planted, {kills} workers killed: each found once"
    seconds = f"{monotonic() - published:.0f} s after {planted:.0f} s of planting"
    form.tell("patrol, kill -9", f"{told}; {seconds}; at most {max(workers.memory) >> 10} MiB a worker")
    if form.long:
        early, late = _halves(workers.memory)
        assert late <= early * _FLAT, (early, late)


class _Workers:
    """Two at a time; who is killed has a successor. `memory` is what the older one held, in KiB, all along."""

    def __init__(self, environment: dict[str, str], output: Path) -> None:
        self._environment = environment
        self._output = output
        self._random = Random(7)  # noqa: S311 -- which one is killed, no secret
        self._running = [self._start(), self._start()]
        self.memory: list[int] = [0]

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._output.open("ab") as sink:
            return subprocess.Popen(
                [*SHIMING, "worker"], env=self._environment, stdout=sink, stderr=sink, start_new_session=True
            )

    def look(self) -> None:
        for process in self._running:
            assert process.poll() is None, self._output.read_text()
        self.memory.append(max(_resident(process.pid) for process in self._running))

    def kill_one(self) -> None:
        process = self._running.pop(self._random.randrange(2))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._running.append(self._start())

    def end(self) -> None:
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _wait(services: Services, workers: _Workers, read: int | None) -> None:
    """Until the newest patrol has read so much, or has come to its end."""
    deadline = monotonic() + _PATIENCE
    while True:
        newest = services.patrol.progress()[0]
        if newest.finished_at is not None or (read is not None and newest.read >= read):
            return
        workers.look()
        assert monotonic() < deadline
        sleep(0.05)


def _found(services: Services) -> list[str]:
    with services.unit_of_work.read() as tx:
        return sorted(str(account_id) for account_id in tx.session.scalars(select(ReviewRow.account_id)))


def _resident(process: int) -> int:
    """KiB; 0 for one that has not begun yet."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def _halves(memory: list[int]) -> tuple[int, int]:
    """The most that a worker held before and after the middle."""
    middle = len(memory) // 2
    return max(memory[:middle]), max(memory[middle:])


def _settings(url: str, folder: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=url,
        keys_dir=folder / "keys",
        data_dir=folder / "var",
        issuer=free_address(),
    )
