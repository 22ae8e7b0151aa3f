"""`shiming accounts`: what goes in, what is refused and how it is told, and the view of the campaign."""

import csv
import json
import sqlite3
from pathlib import Path

import pytest

from app import policies
from tests.cli.test_commands import Installation

_LIST = "handle,external_id,bio\n山间清风,1,\n海上明月,2,你好\n"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    installation = Installation(tmp_path_factory.mktemp("accounts"))
    assert installation.run("init").returncode == 0
    return installation


def written(installation: Installation, name: str, text: str) -> str:
    (installation.home / name).write_text(text, encoding="utf-8")
    return name


def forum_of(installation: Installation) -> str:
    return str(installation.json("forum", "add", "测试论坛")["forum_id"])


def test_a_list_goes_in_once_and_a_second_time_changes_nothing(ready: Installation) -> None:
    forum, name = forum_of(ready), written(ready, "good.csv", _LIST)
    wanted = ("accounts", "import", name, "--forum", forum)
    rehearsed = ready.json(*wanted, "--dry-run")
    assert rehearsed == {"forum_id": forum, "dry_run": True, "imported": 2, "already_there": 0, "refused": 0}
    assert ready.json(*wanted) == rehearsed | {"dry_run": False}
    assert ready.json(*wanted) == rehearsed | {"dry_run": False, "imported": 0, "already_there": 2}
    said = ready.run(*wanted)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == "Imported: 0; already there: 2; refused: 0.\n"


def test_refused_lines_are_told_by_number_code_and_sentence_and_the_rest_goes_in(ready: Installation) -> None:
    forum = forum_of(ready)
    bad = '=cmd(),＋7,\n!\x1b[2J,8,\n海上,9,"a\x01canary"\n"canary,10,\n山间清风,11,\n'
    name = written(ready, "bad.csv", _LIST + bad)
    told = ready.run("accounts", "import", name, "--forum", forum, "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout) == {
        "forum_id": forum,
        "dry_run": False,
        "imported": 2,
        "already_there": 0,
        "refused": 5,
    }
    lines = told.stderr.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["line 4", "handle-invalid"],
        ["line 5", "handle-invalid"],
        ["line 6", "validation-failed"],
        ["line 7", "quotes-broken"],
        ["line 8", "handle-taken"],
        ["shiming", "5 of 7 lines were refused."],
    ]
    assert "/profile/bio: Control and invisible characters" in lines[2]
    assert "canary" not in told.stderr
    assert "\x1b" not in told.stderr
    reported = ready.run("accounts", "import", name, "--forum", forum, "--report", "refused.csv")
    assert (reported.returncode, len(reported.stderr.splitlines())) == (1, 1)
    report = ready.home / "refused.csv"
    rows = list(csv.DictReader(report.read_text(encoding="utf-8").splitlines()))
    assert [row["line"] for row in rows] == ["4", "5", "6", "7", "8"]
    assert (rows[0]["handle"], rows[0]["external_id"]) == ("'=cmd()", "'＋7")
    assert report.stat().st_mode & 0o077 == 0


REFUSED: dict[str, tuple[list[str], str]] = {
    "no such file": (["none.csv"], "cannot be read: No such file"),
    "a folder": (["."], "cannot be read: Is a directory"),
    "a wrong header": (["header.csv"], "The first line must name the columns"),
    "a file that is too large": (["large.csv"], f"larger than {policies.IMPORT_LARGEST.value} MiB"),
    "a report that cannot be": (["list.csv", "--report", "none/report.csv"], "none/report.csv cannot be written"),
    "a report in place of the list": (["list.csv", "--report", "./list.csv"], "replace the list itself"),
    "a forum that is not there": (["list.csv", "--forum", "frm_none"], "no such forum"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_list_that_cannot_be_brought_in_is_refused_in_one_line(ready: Installation, case: str) -> None:
    arguments, words = REFUSED[case]
    written(ready, "header.csv", "name,id\na1,1\n")
    written(ready, "list.csv", _LIST)
    with (ready.home / "large.csv").open("wb") as large:
        large.truncate(policies.IMPORT_LARGEST.value * 1024 * 1024 + 1)  # takes no room
    forum = [] if "--forum" in arguments else ["--forum", forum_of(ready)]
    result = ready.run("accounts", "import", *arguments, *forum)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert (ready.home / "list.csv").read_text(encoding="utf-8") == _LIST


def test_the_campaign_counts_by_forum_and_says_so_in_lines_too(ready: Installation) -> None:
    forum = forum_of(ready)
    ready.run("accounts", "import", written(ready, "campaign.csv", _LIST), "--forum", forum)
    (found,) = ready.json("accounts", "campaign", "--forum", forum)
    weeks = found.pop("verified_by_week")
    assert [week["accounts"] for week in weeks] == [0] * policies.CAMPAIGN_WEEKS.value
    assert found == {
        "forum_id": forum,
        "name": "测试论坛",
        "accounts": 2,
        "by_status": {"unverified": 2, "active": 0, "suspended": 0, "banned": 0, "closed": 0},
        "may_post": 0,
        "unverified_may_post": 0,
        "verified": 0,
        "imported": 2,
        "imported_verified": 0,
    }
    assert forum in [one["forum_id"] for one in ready.json("accounts", "campaign")]
    said = ready.run("accounts", "campaign", "--forum", forum)
    assert (said.returncode, said.stderr) == (0, "")
    assert "2 accounts: 2 unverified" in said.stdout
    assert "0 may post; 0 of them unverified" in said.stdout
    nobody = ready.run("accounts", "campaign", "--forum", "frm_none")
    assert (nobody.returncode, len(nobody.stderr.splitlines())) == (1, 1)


def test_a_database_that_does_not_take_it_says_that_the_list_may_be_run_again(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    assert installation.run("init").returncode == 0
    wanted = ("accounts", "import", written(installation, "list.csv", _LIST), "--forum", forum_of(installation))
    database = sqlite3.connect(tmp_path / "data" / "shiming.db")
    database.execute("ALTER TABLE audit_stage RENAME TO lost")
    result = installation.run(*wanted)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert "Run the same file again" in result.stderr
    database.execute("ALTER TABLE lost RENAME TO audit_stage")
    database.close()
    assert installation.json(*wanted)["imported"] == 2
