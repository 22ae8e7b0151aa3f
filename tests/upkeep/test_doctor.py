"""The doctor on whole and on broken installations: it finds what is wrong, says what to do, and tells no secret."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

from app import policies
from app.crypto.keyring import KeyState, create_missing_keys, load_keyring, promote_signing_key
from app.db.engine import make_engine
from app.jobs.worker import Worker
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.upkeep.doctor import Finding, Verdict, examine_database, examine_disk, examine_keys
from app.wiring import Services, initialise
from tests.support.clock import TODAY, FakeClock
from tests.support.process import environment_of, shiming

_PAGE = 4096
PASSWORD = "hunter2-canary"


def said(findings: Iterable[Finding], verdict: Verdict) -> str:
    return "\n".join(f"{found.what} -> {found.advice}" for found in findings if found.verdict is verdict)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    create_missing_keys(tmp_path / "own-keys", "development", TODAY)
    return tmp_path / "own-keys"


def of_database(settings: Settings, clock: FakeClock) -> list[Finding]:
    return list(examine_database(settings.database(), settings.keys_dir, clock))


def test_a_healthy_installation_is_well_in_every_respect(services: Services, settings: Settings) -> None:
    services.forums.add(OPERATOR, "论坛")
    Worker(services).run_due()
    now = services.clock.now()
    found = [*examine_keys(settings.keys_dir, FakeClock(now)), *of_database(settings, FakeClock(now))]
    if services.engine.dialect.name == "postgresql":  # the server of the tests is careless, and tells the real time
        about = ("durability: fsync, full_page_writes off", "clock:")
        assert all(f.what.startswith(about) for f in found if f.verdict is not Verdict.OK)
        found = [f for f in found if not f.what.startswith(about)]
    assert {f.verdict for f in found} == {Verdict.OK}
    assert [f.what.partition(":")[0] for f in found][:2] == ["keys", "database"]
    assert {"schema", "keys of the database"} <= {f.what.partition(":")[0] for f in found}


def test_a_clock_behind_the_newest_record_is_found(services: Services, settings: Settings, clock: FakeClock) -> None:
    services.forums.add(OPERATOR, "论坛")
    tolerance = timedelta(seconds=policies.CLOCK_TOLERANCE.value)
    newest = clock.now()
    assert "behind the newest" not in said(of_database(settings, FakeClock(newest - tolerance)), Verdict.FAILED)
    behind = of_database(settings, FakeClock(newest - tolerance - timedelta(seconds=1)))
    assert "6 seconds behind the newest record" in said(behind, Verdict.FAILED)


def test_a_clock_apart_from_the_database_servers_is_found(services: Services, settings: Settings) -> None:
    if services.engine.dialect.name == "sqlite":
        return  # it has no clock of its own
    assert "from the database server's" in said(of_database(settings, FakeClock()), Verdict.WARNING)


@pytest.mark.parametrize(
    ("revision", "told"),
    [
        ("0001", "The database schema is at 0001"),
        ("9999", "none that this version knows. Run the version that made it"),
    ],
)
def test_an_old_schema_is_found_and_so_is_a_newer_one(
    services: Services, settings: Settings, clock: FakeClock, revision: str, told: str
) -> None:
    writing = text("UPDATE alembic_version SET version_num = :revision")
    with services.engine.begin() as connection:
        (head,) = connection.scalars(text("SELECT version_num FROM alembic_version"))
        connection.execute(writing, {"revision": revision})
    try:
        failures = said(of_database(settings, clock), Verdict.FAILED)
        assert "schema: not as it must be -> The database" in failures
        assert told in failures
    finally:
        with services.engine.begin() as connection:
            connection.execute(writing, {"revision": head})


def test_a_key_that_the_database_names_and_the_directory_lacks_is_found(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    elsewhere = Settings.model_validate({**settings.model_dump(), "keys_dir": tmp_path / "none"})
    failures = said(of_database(elsewhere, clock), Verdict.FAILED)
    assert "keys of the database: not as it must be" in failures
    assert "Restore them from their backup" in failures


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no file": (lambda file: file.unlink(), "database: the file is not there"),
    "a file of anything": (
        lambda file: file.write_bytes(b"nothing of SQLite" * 500),
        "does not answer as a sound database",
    ),
    "a folder": (lambda file: [step() for step in (file.unlink, file.mkdir)], "database: it cannot be opened"),
    "an empty file": (lambda file: file.write_bytes(b""), "The database has no tables yet"),
    "damaged pages": (
        lambda file: file.write_bytes(file.read_bytes()[:-_PAGE] + b"\xff" * _PAGE),
        "integrity: quick_check finds damage",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_sqlite_file_is_found_and_nothing_is_made(tmp_path: Path, keys: Path, case: str) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, keys_dir=keys)  # type: ignore[call-arg] # its types do not
    initialise(settings, FakeClock())
    file = tmp_path / "shiming.db"
    harm, expected = BROKEN[case]
    harm(file)
    assert expected in said(of_database(settings, FakeClock()), Verdict.FAILED)
    assert case != "no file" or not file.exists()


def test_a_sqlite_file_that_another_writes_to_is_examined_without_waiting(tmp_path: Path, keys: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, keys_dir=keys)  # type: ignore[call-arg] # its types do not
    initialise(settings, FakeClock())
    writer = sqlite3.connect(tmp_path / "shiming.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        assert said(of_database(settings, FakeClock()), Verdict.FAILED) == ""
    finally:
        writer.close()


KEY_FAULTS: dict[str, tuple[Callable[[Path], object], Verdict, str]] = {
    "others may read one": (
        lambda keys: next(keys.glob("*.key")).chmod(0o640),
        Verdict.FAILED,
        "can be read by others",
    ),
    "one is damaged": (
        lambda keys: next(keys.glob("*.key")).write_text("{}"),
        Verdict.FAILED,
        "cannot be read as a key",
    ),
    "one is missing": (lambda keys: next(keys.glob("root-*")).unlink(), Verdict.FAILED, "no current root key"),
    "all are missing": (
        lambda keys: [shutil.move(file, keys.parent) for file in keys.glob("*.key")],
        Verdict.FAILED,
        "no current root, index, mac, signing, records, audit key",
    ),
    "others may write": (lambda keys: keys.chmod(0o777), Verdict.WARNING, "others may write to it"),
    "no directory": (lambda keys: keys.rename(keys.with_name("moved")), Verdict.FAILED, "it is not there"),
}


@pytest.mark.parametrize("case", KEY_FAULTS)
def test_what_is_wrong_with_keys_is_found(keys: Path, case: str) -> None:
    harm, verdict, expected = KEY_FAULTS[case]
    harm(keys)
    assert expected in said(examine_keys(keys, FakeClock()), verdict)


def test_keys_in_use_for_more_than_a_year_are_named_by_purpose_and_id(keys: Path) -> None:
    year = timedelta(days=policies.KEY_AGE.value)
    assert said(examine_keys(keys, FakeClock(TODAY + year)), Verdict.WARNING) == ""
    later = TODAY + year + timedelta(seconds=1)
    old = said(examine_keys(keys, FakeClock(later)), Verdict.WARNING)
    for key in load_keyring(keys).all():
        assert (f"{key.purpose} {key.id}" in old) == (key.state is KeyState.CURRENT)
    coming = load_keyring(keys).next_signing_key()
    assert coming is not None
    promote_signing_key(keys, coming, later)
    assert "signing" not in said(examine_keys(keys, FakeClock(later)), Verdict.WARNING)


class Disk(NamedTuple):
    total: int
    used: int
    free: int


def test_little_room_is_a_warning_and_none_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mebibyte = 1024 * 1024
    for free, verdict in (
        (policies.DISK_LOW.value, Verdict.OK),
        (policies.DISK_LOW.value - 1, Verdict.WARNING),
        (policies.DISK_FULL.value, Verdict.WARNING),
        (policies.DISK_FULL.value - 1, Verdict.FAILED),
    ):
        monkeypatch.setattr("shutil.disk_usage", lambda _where, free=free: Disk(0, 0, free * mebibyte))
        assert examine_disk(tmp_path / "not" / "yet").verdict is verdict


def test_the_command_says_a_line_each_and_ends_with_zero_when_nothing_failed(tmp_path: Path) -> None:
    environment = environment_of(tmp_path, SHIMING_WHATEVER="1")
    assert shiming(environment, "init").returncode == 0
    result = shiming(environment, "doctor")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) > 8
    assert all(line.split()[0] in {"ok", "warning", "failed"} for line in lines)
    assert any("SHIMING_WHATEVER is no setting" in line for line in lines)
    rows = json.loads(shiming(environment, "doctor", "--json").stdout)
    assert len(rows) == len(lines)
    assert all(set(row) == {"verdict", "what", "advice"} for row in rows)


INSTALLATIONS = {
    "nothing there": {},
    "no database server": {"SHIMING_DATABASE_URL": f"postgresql://u:{PASSWORD}@127.0.0.1:1/x?password={PASSWORD}"},
    "no database of ours": {"SHIMING_DATABASE_URL": f"mysql://u:{PASSWORD}@127.0.0.1/x"},
    "no address": {"SHIMING_DATABASE_URL": f"://{PASSWORD}"},
    "production unready": {"SHIMING_ENV": "production", "SHIMING_METRICS_TOKEN": f"{PASSWORD}-and-more"},
    "a setting that cannot be": {"SHIMING_METRICS_TOKEN": "canary-short", "SHIMING_CLOCK_OFFSET_SECONDS": PASSWORD},
}


@pytest.mark.parametrize("case", INSTALLATIONS)
def test_a_broken_installation_ends_with_one_and_neither_a_traceback_nor_a_secret(tmp_path: Path, case: str) -> None:
    result = shiming(environment_of(tmp_path, **INSTALLATIONS[case]), "doctor")
    assert result.returncode == 1, result.stdout
    assert "failed " in result.stdout
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stdout + result.stderr
    assert PASSWORD not in result.stdout + result.stderr
    assert "canary-short" not in result.stdout + result.stderr
    assert not (tmp_path / "var").exists()


def test_production_is_told_everything_that_it_would_refuse_to_start_with(tmp_path: Path) -> None:
    environment = environment_of(tmp_path)
    assert shiming(environment, "init").returncode == 0
    found = shiming({**environment, "SHIMING_ENV": "production"}, "doctor")
    assert found.returncode == 1
    for fault in ("SHIMING_VERIFICATION_PROVIDERS", "were made in development", "SHIMING_ISSUER"):
        assert fault in found.stdout
    assert "SHIMING_METRICS_TOKEN" in found.stdout
    for file in (tmp_path / "keys").glob("*.key"):
        assert json.loads(file.read_text())["material"] not in found.stdout


def test_the_pragmas_are_those_in_force_on_a_connection_of_the_pool(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/shiming.db")
    with engine.connect() as first, engine.connect():
        first.rollback()
        shown = {name: first.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
    engine.dispose()
    assert shown == {"journal_mode": "wal", "synchronous": 2}
