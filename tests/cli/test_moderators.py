"""`shiming moderators` and `shiming forum terms`: a list put on record, who is due, orders, and what is refused."""

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from app.verification.providers.sandbox import SandboxProvider
from app.wiring import build
from tests.cli.test_commands import Installation
from tests.support.desk import Desk
from tests.support.forum import sandbox_number

_DAY = 86_400
_MINOR = f"{datetime.now(UTC).year - 16}0107"
_LIST = "board,external_id,role\ntea,u-2,manager\ntea,u-3,manager\n"


@dataclass(frozen=True)
class Town:
    """An installation whose one forum has the board `tea`, its founder on record, and people of every kind."""

    installation: Installation
    forum_id: str

    def write(self, name: str, text: str) -> str:
        (self.installation.home / name).write_text(text, encoding="utf-8")
        return name

    def bring_in(self, name: str, *more: str) -> Any:
        return self.installation.json("moderators", "import", name, "--forum", self.forum_id, *more)

    def due(self, *more: str, after_days: int = 0) -> list[dict[str, Any]]:
        """Everybody in office, as seen so many days from now."""
        offset = {"SHIMING_CLOCK_OFFSET_SECONDS": str(after_days * _DAY)}
        later = Installation(self.installation.home, self.installation.more | offset)
        found: list[dict[str, Any]] = later.json("moderators", "due", "--days", "365", *more)
        return found


def founded(home: Path, database_url: str | None = None) -> Town:
    installation = Installation(home, {"SHIMING_DATABASE_URL": database_url} if database_url else {})
    assert installation.run("init").returncode == 0
    forum_id = installation.json("forum", "add", "测试论坛")["forum_id"]
    services = build(
        Settings(
            _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
            database_url=database_url or "",
            data_dir=home / "data",
            keys_dir=home / "keys",
        ),
        provider=SandboxProvider(sleep=lambda _seconds: None),
    )
    desk = Desk(services, forum_id)
    founder = desk.moderator_to_be("发起人", sandbox_number(101), "u-1")
    desk.board(founder, "tea")
    desk.moderator_to_be("茶友甲", sandbox_number(102), "u-2")
    desk.moderator_to_be("茶友乙", sandbox_number(103), "u-3")
    desk.account("未验证", "u-4")
    assert desk.check(desk.account("未同意", "u-5"), sandbox_number(105)).outcome == "verified"
    desk.moderator_to_be("少年", sandbox_number(106, _MINOR), "u-6")
    desk.suspend(desk.moderator_to_be("停用", sandbox_number(107), "u-7"))
    desk.moderator_to_be("茶友丙", sandbox_number(108), "u-8")
    services.engine.dispose()
    return Town(installation, forum_id)


@pytest.fixture
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Town:
    if getattr(request, "param", "sqlite") == "sqlite":
        return founded(tmp_path)
    return founded(tmp_path, request.getfixturevalue("new_postgres_database")("moderators"))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """One that no test changes."""
    return founded(tmp_path_factory.mktemp("quiet"))


REFUSED_LINES = {
    "tea,u-4,manager": "identity-level-too-low",
    "tea,u-5,manager": "agreement-not-accepted",
    "tea,u-6,manager": "minor-not-allowed",
    "tea,u-7,manager": "account-suspended",
    "tea,nobody,manager": "account-not-found",
    "none,u-2,manager": "not-found",
    "tea,u-8,founder": "state-conflict",
    "tea,u-2,owner-canary": "validation-failed",
    "tea,u-2,": "validation-failed",
    ",u-2,manager": "validation-failed",
    "tea,u\0\x1b[2J,manager": "validation-failed",
    '"canary,u-2,manager': "quotes-broken",
    "tea,u-2": "columns-differ",
    "=cmd(),u-2,manager": "not-found",
}


@pytest.mark.parametrize("town", ["sqlite", "postgresql"], indirect=True)
def test_a_list_goes_on_record_but_for_those_who_may_not_be_and_a_second_time_changes_nothing(town: Town) -> None:
    name = town.write("list.csv", _LIST + "\n".join(REFUSED_LINES))
    command = ("moderators", "import", name, "--forum", town.forum_id)
    for more, filed, before in ((["--dry-run"], 2, 0), ([], 2, 0), ([], 0, 2)):
        heard = town.installation.run(*command, *more, "--json")
        assert heard.returncode == 1
        assert json.loads(heard.stdout) == {
            "forum_id": town.forum_id,
            "dry_run": more != [],
            "filed": filed,
            "already_there": before,
            "refused": len(REFUSED_LINES),
        }
        *lines, last = heard.stderr.splitlines()
        codes = [f"line {number}: {code}" for number, code in enumerate(REFUSED_LINES.values(), 4)]
        assert [": ".join(line.split(": ")[:2]) for line in lines] == codes
        assert last == f"shiming: {len(REFUSED_LINES)} of {len(REFUSED_LINES) + 2} lines were refused."
        assert "(board tea, external_id u-4)" in lines[0]
        assert "/role: It is founder or manager." in lines[7]
        assert "canary" not in heard.stderr
        assert "\x1b" not in heard.stderr
        assert len(town.due()) == (1 if more else 3)
    town.installation.run(*command, "--report", "refused.csv")
    report = town.installation.home / "refused.csv"
    rows = list(csv.DictReader(report.read_text(encoding="utf-8").splitlines()))
    assert [row["code"] for row in rows] == list(REFUSED_LINES.values())
    assert (rows[-1]["board"], rows[-1]["external_id"], rows[-1]["handle"]) == ("'=cmd()", "u-2", "")
    assert report.stat().st_mode & 0o077 == 0


def test_handles_name_them_as_well_and_due_dates_lie_within_the_window(town: Town) -> None:
    name = town.write("handles.csv", "role,handle,board\nmanager,茶友甲,tea\nmanager,茶友乙,tea\nfounder,发起人,tea\n")
    assert town.bring_in(name) == {
        "forum_id": town.forum_id,
        "dry_run": False,
        "filed": 2,
        "already_there": 1,
        "refused": 0,
    }
    said = town.installation.run("moderators", "import", name, "--forum", town.forum_id)
    assert (said.returncode, said.stdout, said.stderr) == (0, "Filed: 0; already there: 3; refused: 0.\n", "")
    days = {row["handle"]: datetime.fromisoformat(row["due_at"]) - datetime.now(UTC) for row in town.due()}
    assert timedelta(days=180) <= days["发起人"] <= timedelta(days=181)
    assert all(timedelta(days=150) <= days[handle] <= timedelta(days=181) for handle in ("茶友甲", "茶友乙"))


def test_who_is_due_is_told_longest_overdue_first_and_the_state_is_that_of_the_day(town: Town) -> None:
    town.bring_in(town.write("list.csv", _LIST))
    assert [row["state"] for row in town.due()] == ["current"] * 3
    nobody = town.installation.run("moderators", "due", "--forum", town.forum_id)
    assert (nobody.returncode, nobody.stdout) == (0, "Nobody falls due within 30 days.\n")
    rows = town.due("--forum", town.forum_id, after_days=182)
    assert [row["due_at"] for row in rows] == sorted(row["due_at"] for row in rows)
    (founder,) = [row for row in rows if row["role"] == "founder"]
    assert founder == {
        "moderator_id": founder["moderator_id"],
        "forum_id": town.forum_id,
        "board": "tea",
        "account_id": founder["account_id"],
        "handle": "发起人",
        "role": "founder",
        "state": "overdue",
        "due_at": founder["due_at"],
        "suspends_at": founder["suspends_at"],
    }
    assert [row["state"] for row in town.due(after_days=200)] == ["suspended"] * 3


def test_an_order_reaches_whom_it_names_and_brings_their_dates_forward(town: Town) -> None:
    town.bring_in(town.write("list.csv", _LIST))
    by_handle = {row["handle"]: row for row in town.due()}
    one = by_handle["茶友甲"]
    order = ("moderators", "order", town.forum_id)
    for scope, affected, days in (
        (f"moderator:{one['moderator_id']}", 1, "9"),
        (f"account:{one['account_id']}", 1, "8"),
        ("board:tea", 3, "7"),
        ("all", 3, "6"),
    ):
        placed = town.installation.json(*order, scope, "--reason", "抽查", "--days", days)
        assert placed["affected"] == affected, scope
        assert town.due()[0]["due_at"] == placed["due_at"]
    said = town.installation.run(*order, "all", "--reason", "号码泄露", "--days", "0")
    assert said.returncode == 0
    assert ": 3 to re-verify by " in said.stdout
    assert {row["state"] for row in town.due()} == {"overdue"}
    lines = town.installation.run("moderators", "due", "--days", "0").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["overdue"] * 3
    assert all("  tea  " in line for line in lines)


def test_terms_of_a_forum_change_what_its_moderators_owe_now_or_from_a_day_on(town: Town) -> None:
    terms = ("forum", "terms", town.forum_id, "--source", "design")
    changed = town.installation.run(*terms, "--interval-days", "90", "--grace-days", "3", "--lapse-stops-posting")
    assert changed.returncode == 0
    assert changed.stdout.startswith("Changed; moderators keep at least 30 days. On record as number ")
    (founder,) = town.due()
    due_at, suspends_at = (datetime.fromisoformat(founder[name]) for name in ("due_at", "suspends_at"))
    assert timedelta(days=90) <= due_at - datetime.now(UTC) <= timedelta(days=91)
    assert suspends_at - due_at == timedelta(days=3)
    day = f"{datetime.now(UTC) + timedelta(days=40):%Y-%m-%d}"
    assert town.installation.run(*terms, "--grace-days", "20", "--from", day).returncode == 0
    assert town.due() == [founder]
    (later,) = town.due(after_days=42)
    assert datetime.fromisoformat(later["suspends_at"]) - due_at == timedelta(days=20)


WRONG_USAGE: dict[str, tuple[str, ...]] = {
    "import without a file": ("moderators", "import", "--forum", "FORUM"),
    "import without a forum": ("moderators", "import", "list.csv"),
    "due in more than a year": ("moderators", "due", "--days", "366"),
    "due before today": ("moderators", "due", "--days", "-1"),
    "due in words": ("moderators", "due", "--days", "soon"),
    "an order without a reason": ("moderators", "order", "FORUM", "all", "--days", "1"),
    "an order without a day": ("moderators", "order", "FORUM", "all", "--reason", "抽查"),
    "an order for an empty reason": ("moderators", "order", "FORUM", "all", "--days", "1", "--reason", ""),
    "an order for a long reason": ("moderators", "order", "FORUM", "all", "--days", "1", "--reason", "长" * 401),
    "an order in two years": ("moderators", "order", "FORUM", "all", "--days", "730", "--reason", "抽查"),
    "terms that change nothing": ("forum", "terms", "FORUM", "--source", "design"),
    "terms without a source": ("forum", "terms", "FORUM", "--interval-days", "90"),
    "terms of a long source": ("forum", "terms", "FORUM", "--interval-days", "90", "--source", "长" * 81),
    "terms of an empty source": ("forum", "terms", "FORUM", "--interval-days", "90", "--source", ""),
    "terms from no day": ("forum", "terms", "FORUM", "--grace-days", "9", "--source", "design", "--from", "soon"),
    **{
        f"an order for {scope or 'nothing'}": ("moderators", "order", "FORUM", scope, "--days", "1", "--reason", "抽查")
        for scope in ("", "board", "board:", "all:x", "forum:x", "moderator", "ALL")
    },
}
REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "no such list": (("moderators", "import", "none.csv", "--forum", "FORUM"), "cannot be read"),
    "a wrong header": (("moderators", "import", "users.csv", "--forum", "FORUM"), "board,external_id,role or board,"),
    "a list of no forum": (("moderators", "import", "list.csv", "--forum", "frm_none"), "no such forum"),
    "due in no forum": (("moderators", "due", "--forum", "frm_none"), "no such forum"),
    "an order to no forum": (
        ("moderators", "order", "frm_none", "all", "--days", "1", "--reason", "x"),
        "no such forum",
    ),
    "a reason that nobody can read": (
        ("moderators", "order", "FORUM", "all", "--days", "1", "--reason", "a\u202eb"),
        "/reason: ",
    ),
    "terms of no forum": (("forum", "terms", "frm_none", "--grace-days", "9", "--source", "design"), "no such forum"),
    "a source that nobody can read": (
        ("forum", "terms", "FORUM", "--grace-days", "9", "--source", "a\u202eb"),
        "/source: ",
    ),
    "terms from the end of time": (
        ("forum", "terms", "FORUM", "--grace-days", "9", "--source", "design", "--from", "9999-12-31"),
        "within a year",
    ),
    **{
        f"terms of {option} {days}": (("forum", "terms", "FORUM", option, days, "--source", "design"), "30-365 days")
        for option, days in (("--interval-days", "29"), ("--interval-days", "366"), ("--grace-days", "91"))
    },
    **{
        f"an order to {scope}": (("moderators", "order", "FORUM", scope, "--days", "1", "--reason", "x"), words)
        for scope, words in (
            ("board:none", "no such board"),
            ("moderator:mod_none", "no such moderator"),
            ("account:acc_none", "not registered"),
        )
    },
}


@pytest.mark.parametrize("case", WRONG_USAGE)
def test_wrong_usage_ends_with_two_and_changes_nothing(quiet: Town, case: str) -> None:
    arguments = [quiet.forum_id if argument == "FORUM" else argument for argument in WRONG_USAGE[case]]
    result = quiet.installation.run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_ends_with_one_and_says_why_in_one_line(quiet: Town, case: str) -> None:
    quiet.write("users.csv", "handle,external_id\na,1\n")
    arguments, words = REFUSED[case]
    result = quiet.installation.run(*[quiet.forum_id if one == "FORUM" else one for one in arguments])
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
