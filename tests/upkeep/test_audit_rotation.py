"""The key of the audit log is replaced while the service serves, and what either key signed stays checked."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, update

from app.audit.checkpoint import Checkpoint, sign_checkpoint
from app.audit.errors import Inconsistency, SigningRefused
from app.audit.findings import Kind
from app.audit.inspection import Evidence, open_inspection
from app.audit.models import CheckpointRow, LeafRow, StagedEntryRow
from app.crypto.keyring import KeyPurpose, KeyState, audit_public_half, has_private_half, load_keyring
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.upkeep.audit_rotation import rotate_audit
from app.upkeep.keys import refuse_missing_keys
from app.wiring import Services, build, initialise
from tests.conftest import ISSUER
from tests.support.clock import FakeClock
from tests.support.log_keeping import record_entries, stage_entries
from tests.support.tampering import take_triggers_away


@pytest.fixture
def own(tmp_path: Path, clock: FakeClock) -> Settings:
    """An installation of its own: its keys change."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        data_dir=tmp_path,
        keys_dir=tmp_path / "keys",
        issuer=ISSUER,
    )
    initialise(settings, clock)
    return settings


@pytest.fixture
def start(own: Settings, clock: FakeClock) -> Iterator[Callable[[], Services]]:
    started: list[Services] = []

    def begin() -> Services:
        started.append(build(own, clock=clock))
        return started[-1]

    yield begin
    for one in started:
        one.engine.dispose()


def _rotate(services: Services, own: Settings) -> str:
    return rotate_audit(services.unit_of_work, services.audit.receipts, own.keys_dir, OPERATOR).made.id


def _grow(services: Services) -> int:
    record_entries(services, 2)
    return services.audit.sequencer.catch_up()


def test_every_process_goes_on_under_the_new_key_and_both_keys_signatures_count(
    start: Callable[[], Services], own: Settings, clock: FakeClock
) -> None:
    processes = [start(), start()]
    first = processes[0].audit.signer.key_id
    assert _grow(processes[0]) > 0
    clock.advance(seconds=10)
    second = _rotate(processes[0], own)
    assert _grow(processes[0]) > 2
    assert _grow(processes[1]) == 2
    clock.advance(seconds=10)
    third = _rotate(processes[1], own)
    for services in (*processes, start()):
        assert _grow(services) >= 2
        assert services.audit.sequencer.publish()
        assert services.audit.signer.key_id == third
        assert len(services.audit.keys.publics()) == 3
    with processes[0].unit_of_work.read() as tx:
        rows = tx.session.scalars(select(CheckpointRow).order_by(CheckpointRow.size)).all()
        origin = rows[0].note.partition("\n")[0]
        signed_by = [row.key_id for row in rows]
        assert all(processes[1].audit.sequencer.signed_by_us(origin, row.note) for row in rows)
        assert tx.session.scalar(select(func.count(LeafRow.number.distinct()))) == rows[-1].size
    assert list(dict.fromkeys(signed_by)) == [first, second, third]


def test_a_process_that_has_not_looked_yet_follows_at_once_what_the_new_key_signed(
    start: Callable[[], Services], own: Settings
) -> None:
    one, other = start(), start()
    assert _grow(one) > 0
    assert _grow(other) == 2
    _rotate(one, own)
    one.audit.keys.look_again()
    assert _grow(one) > 2
    assert _grow(other) == 2  # the clock stands still: it is not time to look


def test_the_old_private_half_is_gone_and_nothing_needs_it(start: Callable[[], Services], own: Settings) -> None:
    services = start()
    _grow(services)
    before = load_keyring(own.keys_dir).current(KeyPurpose.AUDIT)
    made = rotate_audit(services.unit_of_work, services.audit.receipts, own.keys_dir, OPERATOR)
    assert [key.id for key in made.disarmed] == [before.id]
    ring = load_keyring(own.keys_dir)
    kept = ring.get(before.id)
    assert kept
    assert (kept.state, has_private_half(kept)) == (KeyState.PREVIOUS, False)
    assert audit_public_half(kept.material) == audit_public_half(before.material)
    assert ring.current(KeyPurpose.AUDIT).id == made.made.id
    assert b"PRIVATE" not in (own.keys_dir / f"audit-{before.id}.key").read_bytes()
    refuse_missing_keys(services.unit_of_work, ring, "")
    initialise(own)  # names nothing, makes nothing
    assert len(load_keyring(own.keys_dir).all()) == len(ring.all())


def test_the_entries_tell_which_key_came_by_its_public_half(start: Callable[[], Services], own: Settings) -> None:
    services = start()
    before, made = services.audit.signer.key_id, _rotate(services, own)
    with services.unit_of_work.read() as tx:
        entries = [json.loads(row) for row in tx.session.scalars(select(StagedEntryRow.entry))]
    told = {entry["action"]: entry for entry in entries if entry["reason"] == "audit"}
    key = load_keyring(own.keys_dir).current(KeyPurpose.AUDIT)
    assert told["key.promoted"]["object"]["id"] == made == told["key.created"]["object"]["id"]
    assert bytes.fromhex(told["key.promoted"]["case"]) == audit_public_half(key.material)
    assert told["key.destroyed"]["object"]["id"] == before


def _lose(_mapper: object, _connection: object, row: StagedEntryRow) -> None:
    """Of the rotation itself, and not of the entry that says that it begins."""
    if json.loads(row.entry)["outcome"] == "done":
        raise KeyboardInterrupt


def test_a_rotation_that_was_broken_off_is_made_good_by_the_next(start: Callable[[], Services], own: Settings) -> None:
    services = start()
    first = services.audit.signer.key_id
    _grow(services)
    event.listen(StagedEntryRow, "before_insert", _lose)
    try:
        with pytest.raises(KeyboardInterrupt):  # the new file is there, and its name is not in the database
            _rotate(services, own)
    finally:
        event.remove(StagedEntryRow, "before_insert", _lose)
    assert _grow(start()) == 2
    in_the_way = own.keys_dir / f"audit-{first}.tmp"
    in_the_way.mkdir()
    with pytest.raises(StartRefused):  # after the commit, before the private half is gone
        _rotate(services, own)
    in_the_way.rmdir()
    another = start()
    assert _grow(another) >= 2
    last = _rotate(another, own)
    audit_keys = load_keyring(own.keys_dir).of(KeyPurpose.AUDIT)
    assert [key.id for key in audit_keys if has_private_half(key)] == [last]
    assert len(audit_keys) == 4
    assert _grow(services) >= 2
    refuse_missing_keys(services.unit_of_work, load_keyring(own.keys_dir), "")


def test_each_key_that_signs_is_on_record_also_of_a_rotation_that_was_broken_off(
    start: Callable[[], Services], own: Settings
) -> None:
    services = start()
    event.listen(StagedEntryRow, "before_insert", _lose)
    try:
        with pytest.raises(KeyboardInterrupt):
            _rotate(services, own)
    finally:
        event.remove(StagedEntryRow, "before_insert", _lose)
    initialise(own)  # an operator tries this first: it names the key
    _rotate(start(), own)
    with services.unit_of_work.read() as tx:
        entries = [json.loads(row) for row in tx.session.scalars(select(StagedEntryRow.entry))]
    on_record = {entry["case"] for entry in entries if entry["reason"] == "audit"}
    halves = [audit_public_half(key.material) for key in load_keyring(own.keys_dir).of(KeyPurpose.AUDIT)]
    assert len(halves) == 3
    assert {half.hex() for half in halves if half} <= on_record


def test_nothing_goes_on_from_what_somebody_signed_with_a_key_that_was_replaced(
    start: Callable[[], Services], own: Settings
) -> None:
    services = start()
    kept = services.audit.signer
    _grow(services)
    _rotate(services, own)
    services.audit.keys.look_again()
    _grow(services)
    evidence = Evidence(own.audit_directory())
    with services.unit_of_work.begin(OPERATOR) as tx:  # as whoever has the database and the old key can
        sequencer, ids = services.audit.sequencer, stage_entries(tx, 1)
        log = sequencer._open(tx, [])
        batch = sequencer.append(tx, log, [(one, tx.session.get_one(StagedEntryRow, one).entry) for one in ids])
        note = sign_checkpoint(Checkpoint(log.origin.name, batch.log.edge.size, batch.log.edge.root()), kept)
        put_up = take_triggers_away(tx.session)
        tx.session.execute(update(CheckpointRow).where(CheckpointRow.size == batch.log.edge.size).values(note=note))
        put_up()
    record_entries(services, 1)
    with pytest.raises(SigningRefused) as refused:
        start().audit.sequencer.go_on()
    assert refused.value.inconsistency is Inconsistency.CHECKPOINT_UNSIGNED
    report = open_inspection(services.unit_of_work, load_keyring(own.keys_dir), evidence).verify()
    assert [(found.kind, found.number) for found in report.tampering] == [(Kind.KEY_SUPERSEDED, batch.log.edge.size)]


def test_another_installations_key_is_not_taken_for_ours(
    start: Callable[[], Services], own: Settings, tmp_path: Path
) -> None:
    services = start()
    _grow(services)
    for file in own.keys_dir.glob("audit-*.key"):
        file.rename(tmp_path / file.name)
    with pytest.raises(StartRefused, match="Keys are missing"):
        start()
    elsewhere = own.model_copy(update={"keys_dir": tmp_path / "others", "data_dir": tmp_path / "other-data"})
    initialise(elsewhere)
    for file in (tmp_path / "others").glob("audit-*.key"):
        file.rename(own.keys_dir / file.name)
    record_entries(services, 1)
    services.audit.keys.look_again()
    with pytest.raises(SigningRefused):
        services.audit.sequencer.go_on()
