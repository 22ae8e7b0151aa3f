"""SQLite has one writer at a time: the others wait for their turn, and not at all while another process holds it."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, event, text

from app.db.engine import make_engine
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import OPERATOR
from app.kernel.errors import NotFound, Unavailable
from tests.support.clock import FakeClock


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path}/shiming.db")
    event.listen(made, "connect", lambda raw, _record: raw.execute("PRAGMA busy_timeout=20"))
    yield made
    made.dispose()


def test_after_a_lock_of_another_process_writers_wait_for_each_other_again_also_where_the_first_was_refused(
    engine: Engine, clock: FakeClock, tmp_path: Path
) -> None:
    unit_of_work = UnitOfWork(engine, clock)
    with closing(sqlite3.connect(tmp_path / "shiming.db", isolation_level=None)) as another_process:
        another_process.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable), unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(text("SELECT 1"))
    _be_refused_by_a_rule(unit_of_work)
    in_turn, may_end = Event(), Event()

    def hold() -> None:
        with unit_of_work.begin(OPERATOR):
            in_turn.set()
            may_end.wait()

    def follow() -> None:
        with unit_of_work.begin(OPERATOR):
            pass

    with ThreadPoolExecutor(2) as writers:
        first = writers.submit(hold)
        in_turn.wait()
        second = writers.submit(follow)
        time.sleep(0.2)
        may_end.set()
        first.result()
        second.result()


def _be_refused_by_a_rule(unit_of_work: UnitOfWork) -> None:
    """As soon as anybody is let in again: a moment after the lock was met."""
    while True:
        try:
            _meet_a_rule(unit_of_work)
        except Unavailable:
            time.sleep(0.05)
        except NotFound:
            return


def _meet_a_rule(unit_of_work: UnitOfWork) -> None:
    with unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(text("SELECT 1"))
        raise NotFound
