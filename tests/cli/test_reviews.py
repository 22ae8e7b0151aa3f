"""`shiming reviews` and `shiming patrol`: what waits, one in full, decisions, suggestions, and what is refused."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.accounts.domain import Profile
from app.cli.reviews import marked, visible
from app.kernel.actor import OPERATOR
from app.screening.domain import Action, Category, Hit
from app.settings import Settings
from app.wiring import Services, build
from tests.cli.test_commands import Installation
from tests.support.reviewing import publish

_LATER = {"SHIMING_CLOCK_OFFSET_SECONDS": "60"}
"""Nobody waits for who began before a publication."""


@dataclass(frozen=True)
class Queue:
    """An installation in which names wait."""

    installation: Installation
    services: Services
    forum_id: str

    def register(self, handle: str, bio: str | None = None) -> str:
        forum = self.services.forums.get(self.forum_id).id
        return self.services.accounts.register(OPERATOR, forum, handle, None, Profile(bio=bio)).id

    def listed(self, *more: str) -> dict[str, Any]:
        found: dict[str, Any] = self.installation.json("reviews", "list", *more)
        return found


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    home = tmp_path_factory.mktemp("reviews")
    installation = Installation(home)
    assert installation.run("init").returncode == 0
    services = build(_settings(home))
    publish(services, 赌场="review")
    yield Queue(installation, services, services.forums.add(OPERATOR, "测试论坛").forum_id)
    services.engine.dispose()


def _settings(home: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        data_dir=home / "data",
        keys_dir=home / "keys",
    )


def test_a_review_is_found_read_and_decided(queue: Queue) -> None:
    shiming, account = queue.installation, queue.register("山间清风", "明天去赌场吗" + "好" * 100)
    listed = queue.listed("--account", account)
    assert listed["open"] >= 1
    (row,) = listed["items"]
    assert (row["field"], row["held"], row["categories"], row["origin"]) == ("bio", True, ["gambling"], "name")
    assert len(row["excerpt"]) <= 42
    assert queue.listed("--forum", queue.forum_id, "--handle", "山间清风")["items"][0]["id"] == row["id"]
    lines = shiming.run("reviews", "list", "--field", "bio").stdout.splitlines()
    assert row["id"] in lines[0]
    assert "好" * 41 not in lines[0]
    assert " wait, the oldest for " in lines[-1]
    shown = shiming.run("reviews", "show", row["id"]).stdout
    assert "明天去【赌场】吗" in shown
    assert f"山间清风 {account}" in shown
    full = shiming.json("reviews", "show", row["id"])
    assert (full["handle"], full["ended"], full["history"]) == ("山间清风", None, [])
    assert [(hit["start"], hit["end"], hit["term"]) for hit in full["hits"]] == [(3, 5, "赌场")]
    given = ("reviews", "decide", row["id"], "--version", "1", "--pass", "--reason", "只是在问")
    assert shiming.json(*given)["decision"] == "pass"
    late = shiming.run(*given)
    assert (late.returncode, late.stdout) == (1, "")
    assert late.stderr.startswith("shiming: operator command-line dealt with this one at ")
    assert len(late.stderr.splitlines()) == 1
    other = queue.register("海上明月", "大赌场")
    (second,) = queue.listed("--account", other)["items"]
    assert shiming.run("reviews", "decide", second["id"], "--version", "1", "--mask", "--reason", "好").returncode == 0
    assert "decided: mask at " in shiming.run("reviews", "show", second["id"]).stdout


def test_what_was_let_pass_is_suggested(queue: Queue) -> None:
    account = queue.register("卖茶的", "大赌场茶")
    (row,) = queue.listed("--account", account)["items"]
    queue.installation.run("reviews", "decide", row["id"], "--version", "1", "--pass", "--reason", "茶名")
    found = queue.installation.json("reviews", "suggestions")
    assert ("赌场", "gambling") in {(one["term"], one["category"]) for one in found}
    assert all(one["piece"] != one["term"] for one in found)
    assert "though 赌场 (gambling) hit" in queue.installation.run("reviews", "suggestions").stdout


def test_the_patrol_says_how_far_it_is_and_complains_of_a_flood(queue: Queue) -> None:
    shiming = queue.installation
    queue.register("巡查看得到的人")
    (waits, *_) = shiming.json("patrol")
    assert (waits["state"], waits["read"]) == ("waiting", 0)
    later = Installation(shiming.home, _LATER)
    assert later.run("worker", "--once").returncode == 0
    (done, *_) = later.json("patrol")
    assert (done["state"], done["lag_seconds"]) == ("complete", 0)
    assert done["read"] > 0
    assert "  complete  " in later.run("patrol").stdout


def test_what_nobody_sees_or_a_terminal_obeys_is_written_out() -> None:
    assert visible("赌\u200b场\x1b[2J\n") == "赌⟨200B⟩场⟨001B⟩[2J⟨000A⟩"
    hits = tuple(Hit(start, end, Category("x"), 1, Action.REVIEW, (), "") for start, end in ((1, 3), (2, 4), (6, 7)))
    assert marked("0123456789", hits) == "0【123】45【6】789"
    assert marked("", ()) == ""


WRONG_USAGE: dict[str, tuple[str, ...]] = {
    "no review": ("reviews", "show"),
    "no version": ("reviews", "decide", "rev_1", "--pass", "--reason", "好"),
    "no ruling": ("reviews", "decide", "rev_1", "--version", "1", "--reason", "好"),
    "two rulings": ("reviews", "decide", "rev_1", "--version", "1", "--pass", "--block", "--reason", "好"),
    "no reason": ("reviews", "decide", "rev_1", "--version", "1", "--pass"),
    "an empty reason": ("reviews", "decide", "rev_1", "--version", "1", "--pass", "--reason", ""),
    "a long reason": ("reviews", "decide", "rev_1", "--version", "1", "--pass", "--reason", "长" * 401),
    "a version of none": ("reviews", "decide", "rev_1", "--version", "0", "--pass", "--reason", "好"),
    "a handle of no forum": ("reviews", "list", "--handle", "山间清风"),
    "a field of none": ("reviews", "list", "--field", "avatar"),
    "an account of no bytes": ("reviews", "list", "--account", "\udcff"),
    "a place of no bytes": ("reviews", "list", "--after", "\udcff"),
    "a limit of none": ("reviews", "list", "--limit", "0"),
}
REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "no such review": (("reviews", "show", "rev_none"), "no such review"),
    "a decision on none": (
        ("reviews", "decide", "rev_none", "--version", "1", "--pass", "--reason", "好"),
        "no such review",
    ),
    "a reason that nobody can read": (
        ("reviews", "decide", "rev_none", "--version", "1", "--pass", "--reason", "a\u202eb"),
        "/reason: ",
    ),
    "a review of no bytes": (("reviews", "show", "\udcff"), "no such review"),
    "a handle of no bytes": (("reviews", "list", "--forum", "FORUM", "--handle", "\udcff"), "--handle: "),
    "no such forum": (("reviews", "list", "--forum", "frm_none"), "no such forum"),
    "no such handle": (("reviews", "list", "--forum", "FORUM", "--handle", "没有的人"), "no such account"),
}


@pytest.mark.parametrize("case", WRONG_USAGE)
def test_wrong_usage_ends_with_two(queue: Queue, case: str) -> None:
    result = queue.installation.run(*WRONG_USAGE[case])
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_ends_with_one_and_says_why_in_one_line(queue: Queue, case: str) -> None:
    arguments, words = REFUSED[case]
    result = queue.installation.run(*[queue.forum_id if one == "FORUM" else one for one in arguments])
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_empty_queue_says_so(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    assert installation.run("init").returncode == 0
    assert installation.run("reviews", "list").stdout == "Nothing waits.\n"
    assert installation.json("reviews", "list") == {"open": 0, "oldest_seconds": None, "items": []}
    assert installation.run("reviews", "suggestions").stdout == "Nothing to suggest.\n"
    assert json.loads(installation.run("patrol", "--json").stdout)[0]["state"] == "waiting"
