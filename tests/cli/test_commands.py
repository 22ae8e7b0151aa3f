"""The command line as an operator meets it: a real process, its exit code, and what it says."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest

from tests.support.command import Forked, run_command, start_command

_PROJECT = Path(__file__).parent.parent.parent
_ADDRESS = re.compile(r" serves on (http://\S+)\. ")
_PATIENCE = 120  # seconds; a bound for what hangs, not a measure of speed
Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Installation:
    """One operator's host: a folder with data and keys, and nothing else in the environment."""

    home: Path
    more: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(_PROJECT),
            "PYTHONUTF8": "1",
            "SHIMING_DATA_DIR": str(self.home / "data"),
            "SHIMING_KEYS_DIR": str(self.home / "keys"),
            **self.more,
        }

    def run(self, *arguments: str) -> Result:
        # in the folder itself, so that no `.env` of the developer is read
        return run_command(self.environment(), arguments, cwd=self.home, patience=_PATIENCE)

    def json(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[tuple[str, Forked]]:
        """Serves on a free port until the block ends; gives the address and the process."""
        with TemporaryDirectory() as folder:
            files, serve = (Path(folder) / "said", Path(folder) / "complained"), ["serve", "--port", "0", *arguments]
            process = start_command(self.environment(), serve, *files, cwd=self.home)
            try:
                yield _wait_until_ready(process), process
            finally:
                process.end_session()


def _wait_until_ready(process: Forked) -> str:
    """Gives the address that the process has said it serves on."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, process.complained.read_text()
        said = _ADDRESS.search(process.said.read_text()) if process.said.exists() else None
        try:
            if said and httpx2.get(f"{said[1]}/readyz", timeout=_PATIENCE).status_code == 200:
                return said[1]
        except httpx2.TransportError:
            pass
        time.sleep(0.02)
    raise AssertionError("never ready")


def _files(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*.key")}


def _log_in(address: str, credentials: dict[str, str], secret: str | None = None) -> httpx2.Response:
    return httpx2.post(
        f"{address}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(credentials["client_id"], secret or credentials["client_secret"]),
        timeout=_PATIENCE,
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Initialised once; tests that share it add forums of their own."""
    installation = Installation(tmp_path_factory.mktemp("ready"))
    assert installation.run("init").returncode == 0
    return installation


@pytest.fixture
def on_postgres(tmp_path: Path, new_postgres_database: Callable[[str], str]) -> Installation:
    installation = Installation(tmp_path, {"SHIMING_DATABASE_URL": new_postgres_database("cli")})
    assert installation.run("init").returncode == 0
    return installation


def test_init_makes_keys_and_database_and_a_second_time_changes_nothing(fresh: Installation) -> None:
    first = fresh.run("init")
    assert (first.returncode, first.stderr) == (0, "")
    assert (fresh.home / "data" / "shiming.db").exists()
    keys = _files(fresh.home)
    assert len(keys) == 7
    assert str(fresh.home / "keys") in first.stdout
    assert str(fresh.home / "data" / "shiming.db") in first.stdout
    second = fresh.run("init")
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")
    assert _files(fresh.home) == keys


def test_the_audit_key_is_rotated_and_a_log_that_is_whole_is_not_recovered(fresh: Installation) -> None:
    assert fresh.run("init").returncode == 0
    (before,) = [key for key in fresh.json("keys", "status") if key["purpose"] == "audit"]
    done = fresh.json("keys", "rotate", "audit")
    assert done["private_halves_destroyed"] == [before["id"]]
    states = {key["id"]: key["state"] for key in fresh.json("keys", "status") if key["purpose"] == "audit"}
    assert states == {before["id"]: "previous", done["promoted"]: "current"}
    refused = fresh.run("audit", "recover")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "nothing to recover" in refused.stderr


def test_a_forum_is_added_with_its_credentials_as_json(ready: Installation) -> None:
    added = ready.json("forum", "add", "测试论坛")
    assert set(added) == {"forum_id", "client_id", "client_secret"}
    assert added["forum_id"].startswith("frm_")
    assert added["client_id"].startswith("cli_")
    assert len(added["client_secret"]) >= 32


def test_the_list_shows_every_forum_and_no_secret(ready: Installation) -> None:
    added = ready.json(
        *("forum", "add", "带理由的论坛", "--return-url", "https://forum.example/back", "--direct-verification", "试点")
    )
    (listed,) = [row for row in ready.json("forum", "list") if row["forum_id"] == added["forum_id"]]
    created_at = listed.pop("created_at")
    assert created_at.endswith("Z")
    assert listed.pop("secrets") == [{"created_at": created_at, "expires_at": None}]
    assert listed == {
        "forum_id": added["forum_id"],
        "name": "带理由的论坛",
        "status": "active",
        "client_id": added["client_id"],
        "direct_verification": "试点",
        "return_urls": ["https://forum.example/back"],
    }
    plain = ready.run("forum", "list")
    assert added["forum_id"] in plain.stdout
    assert added["client_secret"] not in plain.stdout


def test_an_added_forum_reads_as_lines_too(ready: Installation) -> None:
    result = ready.run("forum", "add", "给人看的论坛")
    assert result.returncode == 0
    assert [line.split(": ")[0] for line in result.stdout.splitlines()] == ["forum_id", "client_id", "client_secret"]
    assert "once" in result.stderr


def test_before_init_a_command_is_refused_and_after_it_the_list_is_empty_and_says_how_to_go_on(
    fresh: Installation,
) -> None:
    before = fresh.run("forum", "list")
    assert (before.returncode, before.stdout) == (1, "")
    assert "shiming init" in before.stderr
    assert len(before.stderr.splitlines()) == 1
    assert fresh.run("init").returncode == 0
    assert fresh.json("forum", "list") == []
    assert "shiming forum add" in fresh.run("forum", "list").stdout


def test_a_confirmation_says_until_when_it_holds(ready: Installation) -> None:
    made = ready.json("forum", "add", "确认论坛")
    confirmed = ready.json("forum", "confirm", made["forum_id"])
    assert set(confirmed) == {"forum_id", "confirmed_until"}
    assert confirmed["forum_id"] == made["forum_id"]
    assert confirmed["confirmed_until"].endswith("Z")
    said = ready.run("forum", "confirm", made["forum_id"])
    assert (said.returncode, said.stderr) == (0, "")
    assert "may act on any number of accounts" in said.stdout


def test_a_rotated_secret_logs_in_beside_the_old_one_and_a_disabled_forum_is_cut_off(ready: Installation) -> None:
    first = ready.json("forum", "add", "轮换")
    with ready.serving() as (address, _process):
        assert _log_in(address, first).status_code == 200
        second = ready.json("forum", "rotate-secret", first["forum_id"])
        assert set(second) == {"forum_id", "client_id", "client_secret"}
        assert (second["forum_id"], second["client_id"]) == (first["forum_id"], first["client_id"])
        assert second["client_secret"] != first["client_secret"]
        assert _log_in(address, first).status_code == 200
        assert _log_in(address, second).status_code == 200
        third = ready.json("forum", "rotate-secret", first["forum_id"])
        assert _log_in(address, first).status_code == 401  # never more than two are live
        assert _log_in(address, second).status_code == 200
        answer = _log_in(address, third)
        bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
        reading = f"{address}/v1/agreements/current?kind=user"
        assert httpx2.get(reading, headers=bearer, timeout=_PATIENCE).status_code == 200

        disabled = ready.json("forum", "disable", first["forum_id"])

        assert disabled == {"forum_id": first["forum_id"], "status": "disabled"}
        assert _log_in(address, third).status_code == 401
        assert httpx2.get(reading, headers=bearer, timeout=_PATIENCE).status_code == 401
    assert ready.json("forum", "disable", first["forum_id"])["status"] == "disabled"
    (listed,) = [row for row in ready.json("forum", "list") if row["forum_id"] == first["forum_id"]]
    assert listed["status"] == "disabled"


@pytest.mark.parametrize(
    "wrong", [["forum", "bogus"], ["forum", "add"], ["serve", "--port", "70000"], ["init", "--what"]], ids=" ".join
)
def test_wrong_usage_ends_with_two(ready: Installation, wrong: list[str]) -> None:
    result = ready.run(*wrong)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr


REFUSED: dict[str, tuple[list[str], dict[str, str], str]] = {
    "a forum without a name": (["forum", "add", ""], {}, "1 to 80"),
    "a forum that is not there": (["forum", "disable", "frm_none"], {}, "no such forum"),
    "a forum that is not there to confirm": (["forum", "confirm", "frm_none"], {}, "no such forum"),
    "a secret of no forum": (["forum", "rotate-secret", "frm_none"], {}, "no such forum"),
    "an issuer that is no address": (["init"], {"SHIMING_ISSUER": "shiming"}, "SHIMING_ISSUER"),
    "production with a sandbox": (["init"], {"SHIMING_ENV": "production"}, "SHIMING_VERIFICATION_PROVIDERS"),
    "two processes on SQLite": (["serve", "--workers", "2"], {}, "PostgreSQL"),
    "another database": (["init"], {"SHIMING_DATABASE_URL": "mysql://u:canary-password@h/d"}, "SHIMING_DATABASE_URL"),
    "no database address": (["init"], {"SHIMING_DATABASE_URL": "canary-password"}, "SHIMING_DATABASE_URL"),
    "init on a database that is away": (
        ["init"],
        {"SHIMING_DATABASE_URL": "postgresql://u:canary-password@127.0.0.1:1/d"},
        "SHIMING_DATABASE_URL",
    ),
    "a list from a database that is away": (
        ["forum", "list"],
        {"SHIMING_DATABASE_URL": "postgresql://u:canary-password@127.0.0.1:1/d"},
        "SHIMING_DATABASE_URL",
    ),
    "serving a database that is away": (
        ["serve", "--port", "0"],
        {"SHIMING_DATABASE_URL": "postgresql://u:canary-password@127.0.0.1:1/d"},
        "SHIMING_DATABASE_URL",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_ends_with_one_and_exactly_one_line_on_stderr(ready: Installation, case: str) -> None:
    arguments, more, words = REFUSED[case]
    result = Installation(ready.home, more).run(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert "canary-password" not in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_serving_without_one_of_the_keys_is_refused_and_the_key_is_named(fresh: Installation) -> None:
    fresh.run("init")
    (path,) = (fresh.home / "keys").glob("root-*.key")
    path.unlink()
    for arguments in (["serve", "--port", "0"], ["init"]):
        result = fresh.run(*arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert path.stem.removeprefix("root-") in result.stderr
        assert "Traceback" not in result.stderr


def test_serving_with_a_key_that_others_can_read_is_refused(fresh: Installation) -> None:
    fresh.run("init")
    (path,) = (fresh.home / "keys").glob("root-*.key")
    path.chmod(0o644)
    result = fresh.run("serve", "--port", "0")
    assert result.returncode == 1
    assert str(path) in result.stderr
    assert "Traceback" not in result.stderr


def test_a_second_process_on_the_same_sqlite_is_refused_and_the_first_serves_on(ready: Installation) -> None:
    with ready.serving() as (address, _process):
        second = ready.run("serve", "--port", "0")
        assert (second.returncode, second.stdout) == (1, "")
        assert "already serves" in second.stderr
        assert httpx2.get(f"{address}/readyz", timeout=_PATIENCE).status_code == 200


def test_the_same_sqlite_file_is_not_served_twice_under_two_data_directories(ready: Installation) -> None:
    (ready.home / "elsewhere").mkdir(exist_ok=True)
    database = f"sqlite:///{ready.home}/data/shiming.db"
    other = Installation(
        ready.home, {"SHIMING_DATABASE_URL": database, "SHIMING_DATA_DIR": str(ready.home / "elsewhere")}
    )
    with ready.serving():
        second = other.run("serve", "--port", "0")
        assert (second.returncode, second.stdout) == (1, "")  # one that serves says so


def test_a_sqlite_file_outside_a_data_directory_that_does_not_exist_is_served(ready: Installation) -> None:
    database = f"sqlite:///{ready.home}/data/shiming.db"
    other = Installation(
        ready.home, {"SHIMING_DATABASE_URL": database, "SHIMING_DATA_DIR": str(ready.home / "never-made")}
    )
    with other.serving() as (address, _process):
        assert httpx2.get(f"{address}/readyz", timeout=_PATIENCE).status_code == 200


def test_sigterm_ends_serving_with_zero(ready: Installation) -> None:
    with ready.serving() as (address, process):
        assert httpx2.get(f"{address}/readyz", timeout=_PATIENCE).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_two_processes_serve_one_postgres_and_end_with_zero(on_postgres: Installation) -> None:
    credentials = on_postgres.json("forum", "add", "两个进程")
    with on_postgres.serving("--workers", "2") as (address, process):
        for _ in range(6):
            assert _log_in(address, credentials).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0


def test_a_port_that_is_taken_ends_with_one_and_no_traceback(ready: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = ready.run("serve", "--port", str(taken.getsockname()[1]))
    assert result.returncode == 1
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "address already in use" in result.stderr.lower()


def test_a_command_before_init_says_so_and_makes_nothing(tmp_path: Path) -> None:
    result = Installation(tmp_path).run("forum", "list")
    assert result.returncode == 1
    assert "Run `shiming init`" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_demonstration_without_a_service_says_how_to_start_one_and_adds_no_forum(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    installation = Installation(tmp_path, {"SHIMING_ISSUER": nobody})
    assert installation.run("init").returncode == 0
    result = installation.run("demo")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "shiming demo --start" in result.stderr
    assert installation.json("forum", "list") == []


def test_the_demonstration_plays_the_whole_main_job_against_a_service_of_its_own(tmp_path: Path) -> None:
    result = Installation(tmp_path).run("demo", "--start")
    assert result.returncode == 0, result.stderr
    assert "identity-unverified" in result.stdout
    assert '"reason": "account-suspended"' in result.stdout
    assert '"reason": "moderator-suspended"' in result.stdout


def test_a_setting_that_nobody_reads_gets_a_note_and_a_port_of_our_own_becomes_the_issuer(tmp_path: Path) -> None:
    installation = Installation(tmp_path, {"SHIMING_PORT": "1"})
    assert installation.run("init").returncode == 0
    with installation.serving() as (address, process):
        problem = httpx2.get(f"{address}/v1/accounts").json()
        assert problem["type"].startswith(f"{address}/problems/")
        assert "SHIMING_PORT is no setting" in process.complained.read_text()


def test_a_setting_that_cannot_be_used_says_which_values_can(tmp_path: Path) -> None:
    result = Installation(tmp_path, {"SHIMING_ENV": "prod"}).run("init")
    assert result.returncode == 1
    assert "SHIMING_ENV" in result.stderr
    assert "'development' or 'production'" in result.stderr


def test_no_process_of_ours_leaves_its_memory_in_a_core_file(tmp_path: Path) -> None:
    """A crash would leave keys and identities on the disk, as far as the limits of the host allow."""
    installation = Installation(tmp_path)
    assert installation.run("init").returncode == 0
    with installation.serving() as (_address, process):
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
        process.send_signal(signal.SIGABRT)
        process.wait(_PATIENCE)
    assert [path.name for path in tmp_path.rglob("*core*")] == []
