"""After yesterday's database was put back nothing is signed until an operator says so; then all of it is on record."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from app.audit.checkpoint import Checkpoint
from app.audit.errors import HeadNotWritten, Inconsistency, NothingToRecover, SigningRefused
from app.audit.models import CheckpointRow, LeafRow, OriginRow, StagedEntryRow, TileRow, WaitingEntryRow
from app.audit.tree import leaf_hash, root_of
from app.db.unit_of_work import Transaction
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.log_keeping import put_back, record_entries, rows_of_the_log
from tests.support.unprotected import unprotected

_TREE = (LeafRow, TileRow, CheckpointRow, OriginRow)


@pytest.fixture
def restart(settings: Settings, clock: FakeClock, tmp_path: Path) -> Iterator[Callable[[], Services]]:
    """Another process over the same database, head file, keys and anchor."""
    started: list[Services] = []
    anchored = Settings.model_validate({**settings.model_dump(), "audit_anchor_file": tmp_path / "elsewhere"})

    def start() -> Services:
        started.append(build(anchored, clock=clock))
        return started[-1]

    yield start
    for one in started:
        one.engine.dispose()


@pytest.fixture
def running(restart: Callable[[], Services]) -> Services:
    """With a log of some entries, and a thousandth one that waits."""
    services = restart()
    record_entries(services, 300)
    services.audit.sequencer.catch_up()
    return services


def _head(settings: Settings) -> Path:
    return settings.audit_directory() / "audit-head.note"


def _grow(services: Services, count: int) -> Checkpoint:
    record_entries(services, count)
    services.audit.sequencer.catch_up()
    published = services.audit.sequencer.publish()
    assert published
    return published


def _refused(services: Services) -> Inconsistency:
    with pytest.raises(SigningRefused) as refused:
        services.audit.sequencer.go_on()
    return refused.value.inconsistency


def _change(services: Services, tamper: Callable[[Transaction], object]) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx):
        tamper(tx)


def _assert_goes_on(services: Services, old: Checkpoint | None, origin_id: int) -> None:
    """A whole new log that begins with the old checkpoint; every entry has one place in one log, and none waits."""
    with services.unit_of_work.read() as tx:
        leaves = tx.session.scalars(
            select(LeafRow).where(LeafRow.origin_id == origin_id).order_by(LeafRow.number)
        ).all()
        everywhere = list(tx.session.scalars(select(LeafRow.entry_id)))
        entries = {row.id: row.entry for row in tx.session.scalars(select(StagedEntryRow))}
        assert tx.session.scalars(select(WaitingEntryRow)).all() == []
    first = json.loads(entries[leaves[0].entry_id])
    assert first["action"] == "audit.recovered"
    if old is not None:
        assert first["object"] == {"kind": "log", "id": old.origin}
        assert first["case"] == f"{old.size} {base64.b64encode(old.root).decode()}"
    assert [leaf.number for leaf in leaves] == list(range(len(leaves)))
    assert sorted(everywhere) == sorted(entries)
    published = services.audit.sequencer.publish()
    assert published
    hashes = [leaf_hash(entries[leaf.entry_id]) for leaf in leaves]
    assert (published.size, published.root) == (len(leaves), root_of(hashes))


def test_yesterdays_database_is_not_signed_until_somebody_recovers_and_the_new_log_begins_with_the_old_checkpoint(
    running: Services, restart: Callable[[], Services], settings: Settings
) -> None:
    yesterday = rows_of_the_log(running)
    lost = _grow(running, 50)
    put_back(running, yesterday)
    (waits,) = record_entries(running, 1)
    for process in (running, restart()):
        assert _refused(process) is Inconsistency.WENT_BACK
    recovered = restart().audit.recovery.recover(OPERATOR)
    assert (recovered.old, recovered.why) == (lost, Inconsistency.WENT_BACK)
    assert running.audit.sequencer.catch_up() == 1  # a process that served all the while goes on in the new log
    _assert_goes_on(running, lost, 2)
    assert _head(settings).read_text().startswith(recovered.origin)
    with running.unit_of_work.read() as tx:
        assert waits in tx.session.scalars(select(LeafRow.entry_id).where(LeafRow.origin_id == 2)).all()
    with pytest.raises(NothingToRecover):
        restart().audit.recovery.recover(OPERATOR)
    assert _grow(restart(), 3).origin == recovered.origin


def test_a_snapshot_that_puts_back_the_head_file_too_is_found_by_the_anchor(
    running: Services, restart: Callable[[], Services], settings: Settings
) -> None:
    yesterday, head = rows_of_the_log(running), _head(settings).read_text()
    _grow(running, 50)
    lost = running.audit.anchors.anchor_now()
    put_back(running, yesterday)
    _head(settings).write_text(head)
    record_entries(running, 1)
    assert _refused(restart()) is Inconsistency.WENT_BACK
    assert restart().audit.recovery.recover(OPERATOR).old == lost
    restart().audit.sequencer.catch_up()
    _assert_goes_on(restart(), lost, 2)


def test_a_history_rewritten_with_database_and_key_is_not_gone_on_from_where_an_anchor_knows_better(
    running: Services, restart: Callable[[], Services], settings: Settings
) -> None:
    anchored = running.audit.anchors.anchor_now()
    _change(running, lambda tx: [tx.session.execute(delete(row)) for row in _TREE])
    assert anchored
    forged = restart().audit
    name = anchored.origin
    with running.unit_of_work.begin(OPERATOR) as tx:
        log = forged.sequencer.new_log(1)
        log = type(log)(type(log.origin)(1, name), log.edge, is_new=True)
        ids = tx.session.scalars(select(StagedEntryRow.id).order_by(StagedEntryRow.id.desc())).all()
        entries = [(one, tx.session.get_one(StagedEntryRow, one).entry) for one in ids]
        note = forged.sequencer.append(tx, log, entries).note
    _head(settings).write_text(note)
    record_entries(running, 1)
    assert _refused(restart()) is Inconsistency.HISTORY_CHANGED


_LOST: dict[str, tuple[Callable[[Services, Path], object], Inconsistency]] = {
    "the head file": (lambda _services, head: head.unlink(), Inconsistency.HEAD_GONE),
    "what the head file says": (lambda _services, head: head.write_text("?"), Inconsistency.HEAD_UNREADABLE),
    "a leaf hash": (
        lambda services, _head: _change(
            services, lambda tx: tx.session.execute(update(LeafRow).values(leaf_hash=bytes(32)))
        ),
        Inconsistency.HISTORY_CHANGED,
    ),
    "the last leaves": (
        lambda services, _head: _change(
            services, lambda tx: tx.session.execute(delete(LeafRow).where(LeafRow.number > 250))
        ),
        Inconsistency.HISTORY_CHANGED,
    ),
}


@pytest.mark.parametrize("what", _LOST)
def test_whatever_is_lost_the_log_can_go_on_and_no_entry_stays_without_a_number(
    running: Services, restart: Callable[[], Services], settings: Settings, what: str
) -> None:
    lose, why = _LOST[what]
    before = running.audit.sequencer.publish()
    lose(running, _head(settings))
    record_entries(running, 1)
    assert _refused(restart()) is why
    recovered = restart().audit.recovery.recover(OPERATOR)
    assert (recovered.why, recovered.old) == (why, before)
    running.audit.sequencer.catch_up()
    _assert_goes_on(running, before, 2)


def test_an_empty_log_under_a_head_that_knows_another_goes_on_as_the_first_of_this_database(
    running: Services, restart: Callable[[], Services]
) -> None:
    before = running.audit.sequencer.publish()
    put_back(running, {name: [] for name in rows_of_the_log(running)})
    record_entries(running, 1)
    assert _refused(restart()) is Inconsistency.LOG_GONE
    assert restart().audit.recovery.recover(OPERATOR).old == before
    restart().audit.sequencer.catch_up()
    _assert_goes_on(restart(), before, 1)


def test_a_recovery_that_was_killed_before_it_wrote_the_head_file_is_finished_and_not_done_twice(
    running: Services, restart: Callable[[], Services], settings: Settings
) -> None:
    yesterday = rows_of_the_log(running)
    lost = _grow(running, 5)
    put_back(running, yesterday)
    in_the_way = _head(settings).with_suffix(".tmp")
    in_the_way.mkdir()
    with pytest.raises(HeadNotWritten):
        running.audit.recovery.recover(OPERATOR)
    in_the_way.rmdir()
    record_entries(running, 1)
    assert _refused(restart()) is Inconsistency.HEAD_UNREADABLE
    again = restart().audit.recovery.recover(OPERATOR)
    assert again.old == lost
    running.audit.sequencer.catch_up()
    _assert_goes_on(running, lost, 2)
    with running.unit_of_work.read() as tx:
        assert tx.session.scalars(select(OriginRow.id).order_by(OriginRow.id)).all() == [1, 2]
