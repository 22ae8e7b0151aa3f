"""`shiming lexicon`: what an operator brings in, looks at, publishes and takes back, and how it is told."""

import json
from pathlib import Path

import pytest

from app import policies
from tests.cli.test_commands import Installation
from tests.support.lexicons import HEADER, lexicon_file

_BLOCKED = "快来网上赌钱吧"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    installation = Installation(tmp_path_factory.mktemp("lexicons"))
    assert installation.run("init").returncode == 0
    return installation


def written(installation: Installation, name: str, data: bytes) -> str:
    (installation.home / name).write_bytes(data)
    return name


def test_init_puts_the_starter_lexicon_in_force_and_leaves_what_the_operator_chose(tmp_path: Path) -> None:
    fresh = Installation(tmp_path)
    assert fresh.run("init").returncode == 0
    (starter,) = fresh.json("lexicon", "list")
    assert (starter["lexicon"], starter["in_force"]["version"], starter["in_force"]["publication"]) == ("starter", 1, 1)
    assert fresh.json("lexicon", "try", "网上赌场", "--field", "handle")["decision"] == "block"
    assert fresh.json("lexicon", "withdraw", "starter")["version"] is None
    assert fresh.run("init").returncode == 0
    assert fresh.json("lexicon", "list")[0]["in_force"] is None
    assert fresh.json("lexicon", "try", "网上赌场", "--field", "handle")["decision"] == "pass"


def test_a_lexicon_goes_its_whole_way(ready: Installation) -> None:
    first = written(ready, "first.csv", lexicon_file("网上赌钱"))
    imported = ready.json("lexicon", "import", first, "--name", "own")
    assert (imported["version"], imported["terms"], imported["new"], imported["publication"]) == (1, 1, True, None)
    assert ready.json("lexicon", "diff", "own")["counts"] == {"added": 1, "removed": 0, "changed": 0, "unchanged": 0}
    rehearsed = ready.json("lexicon", "rehearse", "own")
    assert (rehearsed["alarm"], rehearsed["cases"]["innocent"]["stricter"]) == (False, 0)
    assert ready.json("lexicon", "try", _BLOCKED)["decision"] == "pass"
    assert ready.json("lexicon", "try", _BLOCKED, "--name", "own")["decision"] == "block"
    publication = ready.json("lexicon", "publish", "own")["publication"]
    tried = ready.json("lexicon", "try", _BLOCKED)
    assert (tried["publication"], tried["decision"]) == (publication, "block")
    assert [(hit["start"], hit["end"], hit["term"]) for hit in tried["hits"]] == [(2, 6, "网上赌钱")]
    again = ready.run("lexicon", "publish", "own")
    assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)
    assert ready.run("lexicon", "import", first, "--name", "own", "--publish").returncode == 0
    other = written(ready, "other.csv", lexicon_file("线上赌钱"))
    assert ready.json("lexicon", "import", other, "--name", "own", "--publish")["publication"] == publication + 1
    assert ready.json("lexicon", "publish", "own", "--version", "1")["publication"] == publication + 2
    said = ready.run("lexicon", "list").stdout
    assert "own/2  1 terms  not in force" in said
    assert "own/1  1 terms  in force since " in said
    assert ready.run("lexicon", "export", "own", "--version", "2").stdout.encode() == lexicon_file("线上赌钱")
    assert ready.run("lexicon", "export", "own", "out.csv").returncode == 0
    assert (ready.home / "out.csv").read_bytes() == lexicon_file("线上赌钱")
    assert (ready.home / "out.csv").stat().st_mode & 0o077 == 0
    assert ready.json("lexicon", "withdraw", "own")["publication"] == publication + 3


def test_what_is_printed_for_people_says_the_same(ready: Installation) -> None:
    name = written(ready, "people.csv", lexicon_file("网上赌牌"))
    assert "rehearse people" in ready.run("lexicon", "import", name, "--name", "people").stdout
    assert "+ 网上赌牌" in ready.run("lexicon", "diff", "people").stdout
    assert "0 -> " in ready.run("lexicon", "rehearse", "people").stdout
    assert ready.run("lexicon", "publish", "people").stdout.startswith("In force: people/1, as of publication ")
    said = ready.run("lexicon", "try", "网上赌牌\x1b[2J").stdout
    assert said.startswith("block  (publication ")
    assert "\x1b" not in said
    assert ready.run("lexicon", "withdraw", "people").stdout.startswith("Withdrawn: people")


def test_faults_are_told_by_their_lines_the_first_ones_in_full(ready: Installation) -> None:
    bad = HEADER.encode() + b"x,gambling,burn,9,,,\n" * 60
    told = ready.run("lexicon", "import", written(ready, "bad.csv", bad), "--name", "bad", "--publish")
    lines = told.stderr.splitlines()
    assert (told.returncode, told.stdout, len(lines)) == (1, "", 21)
    assert all(line.startswith("line ") for line in lines[:20])
    assert lines[20].startswith("shiming: 20 faults and ")
    assert "bad" not in [one["lexicon"] for one in ready.json("lexicon", "list")]


def test_one_bad_line_is_published_only_by_who_insists(ready: Installation) -> None:
    name = written(ready, "de.csv", lexicon_file("的,gambling,block,4,,single,"))
    refused = ready.run("lexicon", "import", name, "--name", "de", "--publish")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "--despite-alarm" in refused.stderr
    rehearsed = ready.run("lexicon", "rehearse", "de", "--json")
    assert (rehearsed.returncode, json.loads(rehearsed.stdout)["alarm"]) == (1, True)
    assert ready.run("lexicon", "publish", "de", "--despite-alarm").returncode == 0
    assert ready.run("lexicon", "withdraw", "de").returncode == 0


def test_cases_of_ones_own_are_rehearsed_too(ready: Installation) -> None:
    ready.json("lexicon", "import", written(ready, "cased.csv", lexicon_file("网上赌马")), "--name", "cased")
    cases = written(ready, "cases.csv", "text,field,decision\n网上赌马场,post,pass\n".encode())
    told = ready.run("lexicon", "rehearse", "cased", "--cases", cases, "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["cases"]["wrong"][-1]["text"] == "网上赌马场"
    assert len(told.stderr.splitlines()) == 1


REFUSED: dict[str, tuple[list[str], int, str]] = {
    "no such file": (["import", "none.csv", "--name", "own"], 1, "cannot be read: No such file"),
    "a folder": (["import", ".", "--name", "own"], 1, "cannot be read: Is a directory"),
    "a bad name": (["import", "good.csv", "--name", "A b"], 1, "small letters"),
    "no such lexicon": (["publish", "none"], 1, "no such lexicon"),
    "no such version": (["export", "starter", "--version", "9"], 1, "no such lexicon"),
    "nothing to withdraw": (["withdraw", "none"], 1, "no such lexicon"),
    "bad cases": (["rehearse", "starter", "--cases", "good.csv"], 1, "Line 1 "),
    "an unknown field": (["try", "text", "--field", "reason"], 2, "--field"),
    "version zero": (["diff", "starter", "--version", "0"], 2, "--version"),
    "a version of nothing": (["try", "text", "--version", "1"], 2, "--name"),
    "a version beyond all": (["export", "starter", "--version", "9" * 25], 1, "no such lexicon"),
    "a name of no bytes": (["withdraw", "\udcff"], 1, "no such lexicon"),
    "a place that is none": (["export", "starter", "nowhere/file.csv"], 1, "cannot be written"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_done_is_refused_in_one_clear_line(ready: Installation, what: str) -> None:
    arguments, code, said = REFUSED[what]
    written(ready, "good.csv", lexicon_file("网上赌狗"))
    told = ready.run("lexicon", *arguments)
    assert (told.returncode, said in told.stderr, "Traceback" in told.stderr) == (code, True, False), told.stderr
    assert code != 1 or len(told.stderr.splitlines()) == 1


def test_a_file_that_is_too_large_is_not_read(ready: Installation) -> None:
    huge = ready.home / "huge.csv"
    with huge.open("wb") as file:
        file.truncate((policies.LEXICON_LARGEST.value << 20) + 1)
    told = ready.run("lexicon", "import", huge.name, "--name", "huge")
    huge.unlink()
    assert (told.returncode, told.stderr.splitlines()) == (1, ["shiming: huge.csv is larger than 32 MiB."])


def test_a_text_that_has_no_bytes_is_tried_and_told(ready: Installation) -> None:
    """An argument that is no UTF-8 comes in with lone surrogates."""
    name = written(ready, "surrogate.csv", lexicon_file("网上赌鸟"))
    ready.json("lexicon", "import", name, "--name", "surrogate")
    for more in ([], ["--json"]):
        told = ready.run("lexicon", "try", "\udcff网上赌鸟\udc80", "--name", "surrogate", *more)
        assert (told.returncode, told.stderr) == (0, "")
        assert "block" in told.stdout
