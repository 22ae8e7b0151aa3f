"""Staged entries find their numbers once each, and nothing is signed that contradicts what was signed before."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from app.audit import service as audit
from app.audit.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint, verifier_key
from app.audit.details import Detail, commitment, place_of
from app.audit.domain import Action, AuditObject, ObjectKind, search_columns
from app.audit.errors import HeadNotWritten, Inconsistency, SigningRefused
from app.audit.findings import Kind
from app.audit.models import CheckpointRow, DetailRow, LeafRow, OriginRow, StagedEntryRow, TileRow, WaitingEntryRow
from app.audit.repository import StoredTiles
from app.audit.sequencer import Sequencer
from app.audit.tree import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from app.crypto.ed25519 import is_signed_by
from app.crypto.envelope import Records
from app.crypto.keyring import load_keyring
from app.db.unit_of_work import Transaction
from app.installation import inspect
from app.jobs.sequencing import Sequencing
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.settings import Settings
from app.wiring import Services, build
from tests.support.clock import TODAY, FakeClock
from tests.support.unprotected import unprotected

Tamper = Callable[[Transaction], object]
_STRANGERS = {
    f"00-{number}": entry
    for number, entry in enumerate(
        (b"", b"\xff", b"[]", b'{"ts":1}', b"[" * 60_000, b'{"ts":"\\u0000","actor":{"kind":"a","id":"\\ud800"}}')
    )
}
_STRANGE_TYPES = (
    *("('00-text', 'text')", "('00-number', 9223372036854775807)"),
    *("(x'00', x'00')", "(CAST(x'30ff' AS TEXT), x'00')", "(CAST(x'300030' AS TEXT), x'00')"),
)
"""What SQLite takes into these columns: an entry that is a text or a number, an id that no driver reads."""


@pytest.fixture
def sequencer(services: Services) -> Sequencer:
    _record(services, 3)
    services.audit.sequencer.catch_up()
    return services.audit.sequencer


@pytest.fixture
def restart(settings: Settings, clock: FakeClock) -> Iterator[Callable[[], Services]]:
    """Another process over the same database, head file and keys."""
    started: list[Services] = []

    def start() -> Services:
        started.append(build(settings, clock=clock))
        return started[-1]

    yield start
    for one in started:
        one.engine.dispose()


def _record(services: Services, count: int) -> list[str]:
    with services.unit_of_work.begin(OPERATOR) as tx:
        return [
            audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, f"acc_{number}") for number in range(count)
        ]


def _change(services: Services, *tampers: Tamper) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx):
        for tamper in tampers:
            tamper(tx)


def _leaves(services: Services) -> list[LeafRow]:
    with services.unit_of_work.read() as tx:
        return list(tx.session.scalars(select(LeafRow).order_by(LeafRow.origin_id, LeafRow.number)))


def _head(settings: Settings) -> Path:
    return settings.audit_directory() / "audit-head.note"


def _newest(services: Services) -> Checkpoint:
    with services.unit_of_work.read() as tx:
        note = tx.session.scalars(select(CheckpointRow.note).order_by(CheckpointRow.size.desc())).first()
        origin = tx.session.scalars(select(OriginRow.name)).one()
    assert note
    return open_checkpoint(note, verifier_key(origin, services.audit.signer), is_signed_by)


def _assert_whole(services: Services) -> None:
    """Every staged entry has one leaf, contiguous from 0, and the newest checkpoint is the root over all of them."""
    leaves = _leaves(services)
    with services.unit_of_work.read() as tx:
        entries = {row.id: row.entry for row in tx.session.scalars(select(StagedEntryRow))}
        waiting = tx.session.scalar(select(func.count()).select_from(WaitingEntryRow))
    assert waiting == 0
    assert [leaf.number for leaf in leaves] == list(range(len(leaves)))
    assert sorted(leaf.entry_id for leaf in leaves) == sorted(entries)
    assert [leaf.leaf_hash for leaf in leaves] == [leaf_hash(entries[leaf.entry_id]) for leaf in leaves]
    newest = _newest(services)
    assert (newest.size, newest.root) == (len(leaves), root_of([leaf.leaf_hash for leaf in leaves]))


def test_every_staged_entry_gets_a_number_from_0_and_a_signed_tree_over_it(
    services: Services, settings: Settings
) -> None:
    sequencer = services.audit.sequencer
    assert sequencer.publish() is None
    _record(services, 3)
    assert sequencer.catch_up() >= 3  # and what `init` records
    assert sequencer.go_on() == 0
    _assert_whole(services)
    leaf = _leaves(services)[0]
    with services.unit_of_work.read() as tx:
        entry = json.loads(tx.session.get_one(StagedEntryRow, leaf.entry_id).entry)
    assert (leaf.ts, leaf.action, leaf.object_id) == (entry["ts"], entry["action"], entry["object"]["id"])
    assert (leaf.actor_kind, leaf.actor_id, leaf.object_kind) == ("operator", "command-line", entry["object"]["kind"])
    newest = _newest(services)
    assert newest.origin.startswith("127.0.0.1/audit/")
    assert _head(settings).read_text().startswith(newest.body())
    assert _head(settings).stat().st_mode & 0o777 == 0o600
    assert sequencer.publish() == newest


def test_what_is_kept_proves_every_leaf_and_every_earlier_size(services: Services, sequencer: Sequencer) -> None:
    sizes = [_newest(services).size]
    for more in (1, 300, 255, 700):
        _record(services, more)
        assert sequencer.go_on() == more
        sizes.append(sizes[-1] + more)
    _assert_whole(services)
    hashes = [leaf.leaf_hash for leaf in _leaves(services)]
    size, root = len(hashes), root_of(hashes)
    with services.unit_of_work.read() as tx:
        tiles = StoredTiles(tx.session, 1)
        assert tx.session.scalar(select(func.count()).select_from(TileRow)) == size // 256
        for number in (0, 255, 256, size - 1):
            verify_inclusion(hashes[number], number, size, inclusion_proof(tiles, number, size), root)
        for old in sizes:
            verify_consistency(old, size, consistency_proof(tiles, old, size), root_of(hashes[:old]), root)


def test_more_than_a_batch_is_signed_in_several(services: Services, sequencer: Sequencer) -> None:
    _record(services, 2100)
    assert [sequencer.go_on(), sequencer.go_on(), sequencer.go_on()] == [2000, 100, 0]
    _assert_whole(services)


def test_another_process_goes_on_where_this_one_stopped(
    services: Services, sequencer: Sequencer, restart: Callable[[], Services]
) -> None:
    other = restart().audit.sequencer
    for one, more in ((other, 300), (sequencer, 5), (other, 1), (sequencer, 1)):
        _record(services, more)
        assert one.go_on() == more
    _assert_whole(services)


def test_many_that_sequence_at_once_number_everything_once(
    services: Services, sequencer: Sequencer, restart: Callable[[], Services]
) -> None:
    others = [sequencer, *(restart().audit.sequencer for _ in range(3))]
    writers = [Thread(target=lambda: [_record(services, 3) for _ in range(20)]) for _ in range(3)]
    numberers = [Thread(target=lambda one=one: [one.go_on() for _ in range(30)]) for one in others]
    for thread in (*writers, *numberers):
        thread.start()
    for thread in (*writers, *numberers):
        thread.join()
    sequencer.catch_up()
    _assert_whole(services)


def test_a_crash_before_the_head_was_kept_is_made_good(
    services: Services, sequencer: Sequencer, settings: Settings, restart: Callable[[], Services]
) -> None:
    before = _head(settings).read_text()
    _record(services, 3)
    sequencer.go_on()
    _head(settings).write_text(before)  # as if the process had died between the commit and this file
    other = restart().audit.sequencer
    assert other.publish() == _newest(services)
    _head(settings).write_text(before)
    _record(services, 1)
    assert other.go_on() == 1
    _assert_whole(services)
    assert _head(settings).read_text().startswith(_newest(services).body())


def test_a_crash_in_the_very_first_batch_leaves_the_name_that_the_log_then_gets(
    services: Services, settings: Settings, restart: Callable[[], Services]
) -> None:
    first = Checkpoint("127.0.0.1/audit/0123456789abcdef", 0, EMPTY_ROOT)
    _head(settings).write_text(sign_checkpoint(first, services.audit.signer))
    _record(services, 1)
    restart().audit.sequencer.catch_up()
    assert _newest(services).origin == first.origin
    _assert_whole(services)


def _back_to(size: int) -> Tamper:
    def back(tx: Transaction) -> None:
        tx.session.execute(delete(LeafRow).where(LeafRow.number >= size))
        tx.session.execute(delete(CheckpointRow).where(CheckpointRow.size > size))

    return back


def _empty(tx: Transaction) -> None:
    for row in (LeafRow, CheckpointRow, TileRow, OriginRow):
        tx.session.execute(delete(row))


def _forge_leaf(tx: Transaction) -> None:
    """With a checkpoint that no key has signed."""
    newest = tx.session.scalars(select(CheckpointRow).order_by(CheckpointRow.size.desc())).first()
    assert newest
    columns = dict.fromkeys(("ts", "actor_kind", "actor_id", "action", "object_kind", "object_id"), "x")
    leaf = {"origin_id": 1, "number": newest.size, "entry_id": "forged", "leaf_hash": leaf_hash(b"x"), **columns}
    tx.session.execute(insert(LeafRow), leaf)
    hashes = list(tx.session.scalars(select(LeafRow.leaf_hash).order_by(LeafRow.number)))
    tx.session.execute(
        insert(CheckpointRow),
        {
            "origin_id": 1,
            "size": newest.size + 1,
            "root": root_of(hashes),
            "note": newest.note,
            "key_id": newest.key_id,
            "signed_at": tx.now,
        },
    )


def _insert_leaf(tx: Transaction) -> None:
    size = tx.session.scalar(select(func.max(CheckpointRow.size)))
    columns = dict.fromkeys(("ts", "actor_kind", "actor_id", "action", "object_kind", "object_id"), "x")
    leaf = {"origin_id": 1, "number": size, "entry_id": "forged", "leaf_hash": leaf_hash(b"x"), **columns}
    tx.session.execute(insert(LeafRow), leaf)


def _edit(table: type[LeafRow | TileRow | CheckpointRow], **values: object) -> Tamper:
    return lambda tx: tx.session.execute(update(table).values(**values))


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (_back_to(2), Inconsistency.WENT_BACK),
        (_empty, Inconsistency.LOG_GONE),
        (_edit(LeafRow, leaf_hash=bytes(32)), Inconsistency.HISTORY_CHANGED),
        (_edit(TileRow, root=bytes(32)), Inconsistency.HISTORY_CHANGED),
        (_edit(CheckpointRow, root=bytes(32)), Inconsistency.HISTORY_CHANGED),
        (_forge_leaf, Inconsistency.CHECKPOINT_UNSIGNED),
        (_insert_leaf, Inconsistency.PLACE_TAKEN),
    ],
)
def test_a_log_that_is_not_what_was_signed_last_is_not_signed(
    services: Services, sequencer: Sequencer, restart: Callable[[], Services], tamper: Tamper, found: Inconsistency
) -> None:
    _record(services, 600)
    sequencer.catch_up()
    signed = _newest(services)
    (waits,) = _record(services, 1)
    _change(services, tamper)
    for _ in range(2):
        with pytest.raises(SigningRefused) as refused:
            restart().audit.sequencer.go_on()
        assert refused.value.inconsistency is found
        assert "shiming audit recover" in refused.value.detail.en
    with services.unit_of_work.read() as tx:
        assert list(tx.session.scalars(select(WaitingEntryRow.id))) == [waits]
        sizes = tx.session.scalars(select(CheckpointRow.size)).all()
    assert max(sizes, default=0) <= signed.size + (tamper is _forge_leaf)


@pytest.mark.parametrize(
    ("bend", "found"),
    [
        (lambda head: head.unlink(), Inconsistency.HEAD_GONE),
        (lambda head: head.write_text(""), Inconsistency.HEAD_UNREADABLE),
        (lambda head: head.write_text(head.read_text().replace("\n", "\n1", 1)), Inconsistency.HEAD_UNREADABLE),
    ],
)
def test_without_what_was_signed_last_nothing_is_signed(
    services: Services, sequencer: Sequencer, settings: Settings, bend: Callable[[Path], object], found: Inconsistency
) -> None:
    _record(services, 1)
    bend(_head(settings))
    with pytest.raises(SigningRefused) as refused:
        sequencer.go_on()
    assert refused.value.inconsistency is found


def test_what_lies_elsewhere_is_read_while_others_may_write(
    services: Services, settings: Settings, clock: FakeClock
) -> None:
    other, desk = build(settings, clock=clock), services.audit
    careful = Sequencer(services.unit_of_work, desk.keys, desk.head, "host", lambda: _record(other, 1)[:0])
    desk.sequencer.catch_up()
    _record(services, 1)
    assert careful.go_on() == 2
    other.engine.dispose()


def test_a_head_that_cannot_be_written_is_said_and_made_good_later(
    services: Services, sequencer: Sequencer, settings: Settings
) -> None:
    _record(services, 1)
    in_the_way = _head(settings).with_suffix(".tmp")
    in_the_way.mkdir()
    with pytest.raises(HeadNotWritten):
        sequencer.go_on()
    with pytest.raises(HeadNotWritten):
        sequencer.publish()
    in_the_way.rmdir()
    assert sequencer.publish() == _newest(services)
    _record(services, 1)
    assert sequencer.go_on() == 1
    _assert_whole(services)


def test_an_entry_whose_bytes_are_gone_keeps_nobody_else_waiting(services: Services, sequencer: Sequencer) -> None:
    gone, stays = _record(services, 2)
    _change(services, lambda tx: tx.session.execute(delete(StagedEntryRow).where(StagedEntryRow.id == gone)))
    assert [sequencer.go_on(), sequencer.go_on()] == [1, 0]
    assert _leaves(services)[-1].entry_id == stays


def test_what_is_no_entry_gets_no_number_and_keeps_nobody_behind_it_waiting(
    services: Services, sequencer: Sequencer, settings: Settings
) -> None:
    sqlite, strangers = services.engine.dialect.name == "sqlite", dict(_STRANGERS)
    (known,) = _record(services, 1)
    sequencer.catch_up()
    with services.unit_of_work.begin(OPERATOR) as tx:
        entry = tx.session.get_one(StagedEntryRow, known).entry
        strangers |= {"00-copy": entry, "00-spaced": entry.replace(b":", b": "), "zz": entry + b" " * 70_000}
        tx.session.execute(insert(StagedEntryRow), [{"id": key, "entry": value} for key, value in strangers.items()])
        for one in _STRANGE_TYPES if sqlite else ():
            tx.session.execute(text(f"INSERT INTO audit_stage VALUES {one}"))
        assert audit.newest_entry_at(tx) == TODAY
    (behind,) = _record(services, 1)
    expected = len(strangers) + len(_STRANGE_TYPES) * sqlite
    assert [sequencer.go_on(), sequencer.go_on()] == [expected + 1, 0]
    assert sequencer.set_aside == expected
    assert _leaves(services)[-1].entry_id == behind
    with services.unit_of_work.read() as tx:
        assert tx.session.scalar(select(func.count()).select_from(WaitingEntryRow)) == 0
    assert services.audit.watch.left_out() == expected
    report = inspect(settings, services.unit_of_work).verify()
    assert report.tampering == []
    told = len(strangers) + 3 * sqlite  # three rows without a proper id are told as one
    assert [found.kind for found in report.findings] == [Kind.STAGED_NO_ENTRY] * told


def test_more_than_a_batch_of_what_is_no_entry_is_passed_in_one_go_and_said(
    services: Services, sequencer: Sequencer, capfd: pytest.CaptureFixture[str]
) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        rows = [{"id": f"00-{number}", "entry": b"{}"} for number in range(2_100)]
        tx.session.execute(insert(StagedEntryRow), rows)
    _record(services, 1)
    assert Sequencing(sequencer).take_turn() == 2_101
    assert sequencer.set_aside == 2_100
    assert "2100 staged rows are no entries" in capfd.readouterr().err


def test_what_is_searched_by_fits_every_database() -> None:
    said = {"kind": "k\x00\ud800", "id": "号" * 500}
    entry = json.dumps({"ts": "t", "actor": said, "action": "a", "object": said}).encode()
    columns = search_columns(entry)
    assert (columns.actor_kind, columns.object_id) == ("k", "号" * 200)


def test_a_detail_stands_apart_and_can_be_erased_while_its_entry_stays(
    services: Services, sequencer: Sequencer, settings: Settings
) -> None:
    records, text = Records(load_keyring(settings.keys_dir)), Secret("why it was done")
    acted_on = AuditObject(ObjectKind.ACCOUNT, "acc_1")
    with services.unit_of_work.begin(OPERATOR) as tx:
        entry_id = audit.record_with(tx, Detail(records, text), Action.ACCOUNT_BANNED, acted_on, reason="spam")
    sequencer.go_on()
    with services.unit_of_work.read() as tx:
        detail = tx.session.get_one(DetailRow, entry_id)
        entry = json.loads(tx.session.get_one(StagedEntryRow, entry_id).entry)
    assert b"why" not in detail.sealed
    body = records.unseal(detail.sealed, place_of(entry_id))
    assert entry["commit"] == commitment(detail.salt, body) == commitment(detail.salt, text)
    assert entry["commit"] != commitment(bytes(32), text)
    _change(services, lambda tx: tx.session.execute(delete(DetailRow)))
    _assert_whole(services)


def test_the_thread_numbers_what_comes_and_at_its_end_what_is_left(services: Services) -> None:
    sequencer = services.audit.sequencer
    end = Sequencing(sequencer).start_thread()
    _record(services, 1)
    sequencer.wake()
    _record(services, 1)
    end()
    _assert_whole(services)


def test_the_thread_goes_on_through_a_refusal(services: Services, sequencer: Sequencer, settings: Settings) -> None:
    kept = _head(settings).read_text()
    _head(settings).unlink()
    _record(services, 1)
    sequencing = Sequencing(sequencer)
    assert [sequencing.take_turn(), sequencing.take_turn()] == [0, 0]
    _head(settings).write_text(kept)
    assert sequencing.take_turn() == 1
