"""What no row of the twelve tamperings shows: everything else that a verification looks at, each with its kind."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, text

from app.audit import service as audit
from app.audit.checkpoint import Checkpoint, NoteRefused, VerifierKey, sign_checkpoint
from app.audit.details import Detail
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.evidence import Trust, noted_lines
from app.audit.findings import Kind, Outcome, Report, Verification
from app.audit.inspection import Evidence, Inspection, open_inspection
from app.audit.models import CheckpointRow, LeafRow, OriginRow, StagedEntryRow, WaitingEntryRow
from app.audit.sifting import Sifted
from app.audit.tree import EMPTY_ROOT
from app.audit.verifications import NightlyVerifications
from app.crypto.envelope import Records
from app.crypto.keyring import Keyring, load_keyring
from app.db.unit_of_work import Transaction
from app.jobs.verifying import verify_nightly
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused, Unavailable
from app.kernel.secret import Secret
from app.settings import Settings
from app.upkeep.doctor import Verdict, examine_database
from app.web.metrics import Metrics
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import TODAY, FakeClock
from tests.support.tampering import take_triggers_away

Bend = Callable[[Transaction], object]


@pytest.fixture
def log(services: Services, clock: FakeClock) -> Services:
    """300 entries, so that there is a tile and an edge."""
    for count in (120, 170, 10):
        _record(services, count)
        services.audit.sequencer.catch_up()
        clock.advance(seconds=1)
    return services


def _record(services: Services, count: int) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        for number in range(count):
            audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, f"acc_{number}")


def _bend(services: Services, *bends: str | Bend) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        put_up = take_triggers_away(tx.session)
        for bend in bends:
            if isinstance(bend, str):
                tx.session.execute(text(bend))
            else:
                bend(tx)
        put_up()


def _inspection(
    services: Services, settings: Settings, *, keyring: Keyring | None = None, anchor_file: Path | None = None
) -> Inspection:
    ring = load_keyring(settings.keys_dir) if keyring is None else keyring
    evidence = Evidence(settings.audit_directory(), anchor_file)
    return open_inspection(services.unit_of_work, ring, evidence, Trust([services.audit.signer.public]))


def _report(services: Services, settings: Settings, trust: Trust | None = None) -> Report:
    inspection = _inspection(services, settings)
    return inspection.verifier.verify(trust or inspection.trust)


def _kinds(report: Report) -> list[tuple[Kind, int | None]]:
    return [(found.kind, found.number) for found in report.findings]


def _size(services: Services) -> int:
    newest = services.audit.sequencer.publish()
    assert newest
    return newest.size


@pytest.mark.parametrize(
    ("bend", "found"),
    [
        ("UPDATE audit_tiles SET root = zeros", [(Kind.TILE_CHANGED, 0)]),
        ("UPDATE audit_tiles SET hashes = zeros", [(Kind.TILE_CHANGED, 0)]),
        ("DELETE FROM audit_tiles", [(Kind.TILE_CHANGED, 0)]),
        ("UPDATE audit_leaves SET leaf_hash = zeros WHERE number = 5", [(Kind.ENTRY_CHANGED, 5)]),
        ("UPDATE audit_leaves SET leaf_hash = zeros WHERE number = 270", [(Kind.ENTRY_CHANGED, 270)]),
        ("UPDATE audit_leaves SET entry_id = 'x' WHERE number = 7", [(Kind.SEARCH_COLUMN_CHANGED, 7)]),
        ("UPDATE audit_leaves SET number = 1000 WHERE number = 290", [(Kind.LEAF_MOVED, 290)]),
        ("UPDATE audit_leaves SET number = number + 1000 WHERE number >= 9", [(Kind.LEAF_MOVED, 9)]),
    ],
)
def test_what_is_bent_in_one_place_is_found_there(
    log: Services, settings: Settings, bend: str, found: list[tuple[Kind, int | None]]
) -> None:
    _bend(log, bend.replace("zeros", f"CAST('{'0' * 32}' AS {'BLOB' if _is_sqlite(log) else 'bytea'})"))
    kinds = _kinds(_report(log, settings))
    assert kinds[:1] == found or (
        found[0][0] is Kind.LEAF_MOVED and kinds[0][0] in {Kind.LEAF_MOVED, Kind.LEAF_MISSING}
    )
    assert {kind for kind, _ in kinds} == {kinds[0][0]}


def _is_sqlite(services: Services) -> bool:
    return services.engine.dialect.name == "sqlite"


def test_an_entry_that_was_staged_and_waits_for_no_number_was_left_out(log: Services, settings: Settings) -> None:
    _record(log, 2)
    assert _kinds(_report(log, settings)) == []  # they wait
    _bend(log, "DELETE FROM audit_waiting")
    assert _kinds(_report(log, settings)) == [(Kind.STAGED_LEFT_OUT, None)] * 2


def test_bytes_that_vanish_while_they_wait_for_their_number_are_missed(log: Services, settings: Settings) -> None:
    _bend(log, lambda tx: tx.session.execute(insert(WaitingEntryRow), {"id": "gone"}))
    assert _kinds(_report(log, settings)) == [(Kind.ENTRY_MISSING, None)]


def test_bytes_that_were_signed_and_are_no_entry_are_found(log: Services, settings: Settings) -> None:
    with log.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(insert(StagedEntryRow), {"id": "zz", "entry": b'{"v": 1}'})
        by_whom_has_the_key, sequencer = Sifted([b'{"v": 1}'], [("", "", "", "zz", "", "", "")]), log.audit.sequencer
        note = sequencer._add(tx, sequencer._open(tx, []), by_whom_has_the_key).note
    log.audit.head.advance(note)
    assert _kinds(_report(log, settings)) == [(Kind.ENTRY_CHANGED, _size(log) - 1)]


def test_rows_of_a_log_that_is_not_there_are_found(log: Services, settings: Settings) -> None:
    def stranger(tx: Transaction) -> None:
        columns = dict.fromkeys(("ts", "actor_kind", "actor_id", "action", "object_kind", "object_id"), "x")
        tx.session.execute(
            insert(LeafRow), {"origin_id": 9, "number": 0, "entry_id": "x", "leaf_hash": b"x", **columns}
        )

    _bend(log, stranger)
    assert _kinds(_report(log, settings)) == [(Kind.LEAF_INSERTED, None)]


def test_a_database_without_the_log_that_was_signed_was_rolled_back(log: Services, settings: Settings) -> None:
    _bend(log, *(lambda tx, row=row: tx.session.execute(delete(row)) for row in (LeafRow, CheckpointRow, OriginRow)))
    kinds = _kinds(_report(log, settings))
    assert kinds[0] == (Kind.ROLLED_BACK, 0)


def test_another_name_for_the_log_is_found(log: Services, settings: Settings) -> None:
    _bend(log, "UPDATE audit_origins SET name = 'example.org/audit/0'")
    kinds = [kind for kind, _ in _kinds(_report(log, settings))]
    assert kinds[0] is Kind.ROLLED_BACK
    assert Kind.CHECKPOINT_CHANGED in kinds


def test_a_checkpoint_that_is_gone_is_told_by_what_was_signed_last(log: Services, settings: Settings) -> None:
    size = _size(log)
    _bend(log, f"DELETE FROM audit_checkpoints WHERE size = {size}")
    assert _kinds(_report(log, settings)) == [(Kind.CHECKPOINT_CHANGED, size)]


def test_a_database_of_yesterday_is_told_by_what_was_signed_last(log: Services, settings: Settings) -> None:
    kept, size = log.audit.head.read(), _size(log)
    assert kept
    ahead = Checkpoint(kept.split("\n")[0], size + 7, EMPTY_ROOT)
    log.audit.head.start_over(sign_checkpoint(ahead, log.audit.signer))
    report = _report(log, settings)
    assert _kinds(report) == [(Kind.ROLLED_BACK, size)]
    assert str(size + 7) in report.findings[0].sentence


def test_without_what_was_signed_last_the_report_says_so(log: Services, settings: Settings) -> None:
    (settings.audit_directory() / "audit-head.note").unlink()
    report = _report(log, settings)
    assert (report.findings, report.outcome) == ([], Outcome.UNVERIFIABLE)
    assert any("audit-head.note" in what for what in report.unverified)


_TO_ANOTHER = (
    "UPDATE audit_detail SET entry_id ="
    " (SELECT min(entry_id) FROM audit_leaves WHERE entry_id <> (SELECT entry_id FROM audit_detail))"
)


@pytest.mark.parametrize(
    "bend",
    [
        "UPDATE audit_detail SET salt = (SELECT sealed FROM audit_detail)",
        "UPDATE audit_detail SET sealed = salt",
        _TO_ANOTHER,
    ],
)
def test_a_detail_that_is_not_the_one_committed_to_is_found(services: Services, settings: Settings, bend: str) -> None:
    records = Records(load_keyring(settings.keys_dir))
    _record(services, 2)
    with services.unit_of_work.begin(OPERATOR) as tx:
        detail = Detail(records, Secret("why"))
        audit.record_with(tx, detail, Action.ACCOUNT_BANNED, AuditObject(ObjectKind.ACCOUNT, "acc_1"))
    services.audit.sequencer.catch_up()
    assert _report(services, settings).findings == []
    _bend(services, bend)
    (found,) = _report(services, settings).findings
    assert found.kind is Kind.COMMITMENT_BROKEN
    assert found.number is not None
    blind = _inspection(services, settings, keyring=Keyring([]))
    assert any("commitments" in what for what in blind.verify().unchecked)


def test_a_table_that_would_let_rows_be_changed_is_a_warning_and_no_alarm(log: Services, settings: Settings) -> None:
    evidence = Evidence(settings.audit_directory(), missing_protection=lambda _: ["audit_leaves"])
    report = open_inspection(log.unit_of_work, load_keyring(settings.keys_dir), evidence).verify()
    assert _kinds(report) == [(Kind.PROTECTION_MISSING, None)]
    assert report.tampering == []


def test_under_a_key_that_signed_nothing_every_checkpoint_is_bent(log: Services, settings: Settings) -> None:
    report = _report(log, settings, Trust([bytes(32)]))
    assert [found.number for found in report.tampering if found.kind is Kind.CHECKPOINT_CHANGED][-1] == _size(log)
    assert report.tampering[0].kind is Kind.CHECKPOINT_CHANGED


def test_keys_come_from_a_file_and_bind_the_names_of_the_logs(log: Services, settings: Settings) -> None:
    origin = str(log.audit.head.read()).split("\n")[0]
    key = VerifierKey(origin, log.audit.signer.public).text()
    assert _report(log, settings, Trust.parse(f"{key}\n")).findings == []
    other = VerifierKey("example.org/audit/1", log.audit.signer.public).text()
    assert _kinds(_report(log, settings, Trust.parse(f"{key}\n{other}"))) == [(Kind.ROLLED_BACK, 0)]
    for wrong in ("", "x", key[:-1], f"{key}x"):
        with pytest.raises(NoteRefused):
            Trust.parse(wrong)


def test_lines_of_an_anchor_that_are_none_are_kept_as_they_are() -> None:
    lines = ['{"note":"a"}', "[]", '{"note":1}', "", "litter {", "[" * 100_000, '{"at":"2026', '{"at":"","note":[]}']
    assert list(noted_lines("\n".join(lines))) == [
        *(("a", False), ("[]", False), ('{"note":1}', False), ("litter {", False)),
        *(("[" * 100_000, False), ('{"at":"2026', True), ('{"at":"","note":[]}', False)),
    ]


def test_an_export_goes_into_an_empty_folder_only(log: Services, settings: Settings, tmp_path: Path) -> None:
    inspection = _inspection(log, settings)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(StartRefused):
        inspection.export.write(tmp_path / "taken", inspection.trust)
    assert inspection.export.write(tmp_path / "new", inspection.trust) == _size(log)


def _nights(services: Services, clock: FakeClock, *hours: float) -> Sequence[Verification | None]:
    found = []
    for some in hours:
        clock.advance(hours=some)
        found.append(services.audit_verifications.verify_nightly())
    return found


def test_the_log_is_verified_once_a_night(log: Services, clock: FakeClock) -> None:
    assert clock.now().hour == TODAY.hour  # noon in Shanghai
    first, again, evening, night, morning, next_night = _nights(log, clock, 0, 0.2, 10, 5, 8, 16)
    assert first
    assert (first.outcome, first.entries, first.findings) == (Outcome.CLEAN, _size(log), 0)
    assert (again, evening, morning) == (None, None, None)
    assert night
    assert next_night
    assert (night.number, next_night.number) == (2, 3)
    assert log.audit_verifications.newest() == next_night
    clock.advance(days=-30)  # the clock was set back
    assert log.audit_verifications.verify_nightly()


def test_many_processes_verify_it_once(log: Services) -> None:
    done = at_once([log.audit_verifications.verify_nightly] * 4)
    assert sum(one is not None for one in done) == 1


def test_a_verification_that_came_to_no_end_is_done_again(log: Services, clock: FakeClock) -> None:
    def fail() -> Report:
        raise Unavailable

    failing = NightlyVerifications(log.unit_of_work, fail)
    with pytest.raises(Unavailable):
        failing.verify_nightly()
    last = failing.newest()
    assert last
    assert last.outcome is Outcome.UNVERIFIABLE
    assert [one is not None for one in _nights(log, clock, 0.01, 0.01)] == [False, True]  # the first one: in a minute
    clock.advance(hours=24)
    with pytest.raises(Unavailable):
        failing.verify_nightly()
    assert [one is not None for one in _nights(log, clock, 0.9, 0.2)] == [False, True]

    def die() -> Report:
        raise KeyboardInterrupt

    clock.advance(hours=24)
    with pytest.raises(KeyboardInterrupt):
        NightlyVerifications(log.unit_of_work, die).verify_nightly()
    assert [one is not None for one in _nights(log, clock, 3, 9.5)] == [False, True]


def test_the_doctor_the_metrics_and_the_log_say_what_the_night_has_found(
    log: Services, settings: Settings, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    def said(verdict: Verdict) -> str:
        found = examine_database(settings.database(), settings.keys_dir, clock)
        return " ".join(one.what for one in found if one.verdict is verdict and one.what.startswith("audit log"))

    def metrics() -> str:
        verified = log.audit_verifications.newest()
        return Metrics("0").page([], log.watch.recall(), log.audit.watch.recall(), verified, clock.now()).decode()

    assert "never verified" in said(Verdict.WARNING)
    assert "shiming_audit_verified" not in metrics()
    assert verify_nightly(log.audit_verifications) == 1
    assert f"{_size(log)} entries verified 0 hours ago" in said(Verdict.OK)
    assert "shiming_audit_verified_clean 1.0" in metrics()
    clock.advance(hours=37)
    assert "37 hours ago" in said(Verdict.WARNING)
    _bend(log, "UPDATE audit_leaves SET action = 'x' WHERE number = 3")
    assert verify_nightly(log.audit_verifications) == 1
    assert "search-column-changed at 3" in said(Verdict.FAILED)
    assert "shiming_audit_verified_clean 0.0" in metrics()
    assert "audit-tampered" in capfd.readouterr().err
