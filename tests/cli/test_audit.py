"""`shiming audit` as an inspector meets it: exit codes, one line on standard error, and nothing but public keys."""

import json
import sqlite3
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from app.audit import service as audit
from app.audit.checkpoint import VerifierKey
from app.audit.domain import Action, ObjectKind
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import build, initialise
from tests.support.command import run_command
from tests.support.process import environment_of


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with a log; its public key lies in `inspector.key`."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=f"sqlite:///{tmp_path}/data/shiming.db",
        keys_dir=tmp_path / "keys",
        data_dir=tmp_path / "data",
        log_level="WARNING",
    )
    initialise(settings)
    services = build(settings)
    with services.unit_of_work.begin(OPERATOR) as tx:
        for number in range(5):
            audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, f"acc_{number}")
    services.audit.sequencer.catch_up()
    origin = str(services.audit.head.read()).split("\n")[0]
    key = VerifierKey(origin, services.audit.signer.public).text()
    (tmp_path / "inspector.key").write_text(f"{key}\n", encoding="utf-8")
    services.engine.dispose()
    return tmp_path


def _run(home: Path, *arguments: str) -> CompletedProcess[str]:
    environment = environment_of(home, f"sqlite:///{home}/data/shiming.db", SHIMING_KEYS_DIR=str(home / "keys"))
    return run_command(environment, ["audit", *arguments], cwd=home)


def _bend(home: Path, column: str = "actor_id") -> None:
    connection = sqlite3.connect(home / "data" / "shiming.db")
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_leaves'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(f"UPDATE audit_leaves SET {column} = 'nobody' WHERE number = 3")
    connection.commit()
    connection.close()


def test_a_clean_log_is_0_and_a_bent_one_1_with_kind_and_place(home: Path) -> None:
    clean = _run(home, "verify")
    assert (clean.returncode, clean.stderr) == (0, "")
    assert clean.stdout.endswith("clean\n")
    shown = json.loads(_run(home, "verify", "--json").stdout)
    assert (shown["result"], shown["findings"]) == ("clean", [])
    _bend(home)
    bent = _run(home, "verify")
    assert bent.returncode == 1
    assert bent.stderr.count("\n") == 1
    assert "search-column-changed at 3" in bent.stderr
    shown = json.loads(_run(home, "verify", "--json").stdout)
    assert shown["result"] == "tampered"
    found = [(one["kind"], one["number"]) for one in shown["findings"]]
    assert ("protection-missing", None) in found, "whoever bends rows takes the triggers away first"
    assert [one for one in found if one[0] != "protection-missing"] == [("search-column-changed", 3)]


def test_a_public_key_is_enough(home: Path) -> None:
    for file in (home / "keys").glob("*.key"):
        file.unlink()
    verified = _run(home, "verify", "--key", str(home / "inspector.key"))
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "commitments" in verified.stdout
    assert "clean" in verified.stdout


def test_what_cannot_be_verified_is_2_with_one_line(home: Path) -> None:
    (home / "wrong.key").write_text("no key", encoding="utf-8")
    for arguments in (["--key", str(home / "wrong.key")], ["--key", str(home / "none.key")]):
        refused = _run(home, "verify", *arguments)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    database = home / "data" / "shiming.db"
    database.write_bytes(b"no database" * 1000)
    refused = _run(home, "verify")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    database.unlink()
    refused = _run(home, "verify")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr


def test_what_should_lie_outside_the_database_and_does_not_is_2(home: Path) -> None:
    (home / "keys" / "audit-head.note").unlink()
    unsure = _run(home, "verify")
    assert (unsure.returncode, unsure.stderr.count("\n")) == (2, 1), unsure.stderr
    assert "audit-head.note" in unsure.stderr
    assert "clean" not in unsure.stdout
    assert json.loads(_run(home, "verify", "--json").stdout)["result"] == "unverifiable"


def test_an_export_is_made_once_into_an_empty_folder(home: Path) -> None:
    made = _run(home, "export", str(home / "out"), "--json")
    assert made.returncode == 0, made.stderr
    said = json.loads(made.stdout)
    assert said["entries"] >= 5
    assert json.loads(said["receipt"]["entry"])["action"] == "audit.exported"
    assert (home / "out" / "README.txt").exists()
    again = _run(home, "export", str(home / "out"))
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)


def test_a_log_that_cannot_be_read_is_not_exported_and_says_so_in_one_line(home: Path) -> None:
    _bend(home, "leaf_hash")
    for file in (home / "keys").glob("*.key"):
        file.unlink()
    for command in (["verify"], ["export", str(home / "out")]):
        refused = _run(home, *command, "--key", str(home / "inspector.key"))
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr


def test_beside_a_copy_without_a_private_key_an_export_reads_and_no_more(home: Path) -> None:
    for file in (home / "keys").glob("*.key"):
        file.unlink()
    (home / "data" / "shiming.db").chmod(0o400)
    made = _run(home, "export", str(home / "out"), "--key", str(home / "inspector.key"))
    assert (made.returncode, made.stderr) == (0, "")
    assert "Not on record" in made.stdout
