"""Which tests take turns on the two databases: of each one twin stays, and of each file tests on both."""

from types import SimpleNamespace
from typing import cast

import pytest

from tests.support.turns import twins_that_rest

DATABASES = ("sqlite", "postgresql")


def collected(where: str, name: str, *sets: str, on: tuple[str, ...] = DATABASES) -> list[pytest.Item]:
    """A test as pytest collects it, with these sets of parameters."""
    found = [
        SimpleNamespace(
            nodeid=f"{where}::{name}[{'-'.join(filter(None, (database, one)))}]",
            callspec=SimpleNamespace(params={"database_url": database}),
        )
        for one in sets or ("",)
        for database in on
    ]
    return cast("list[pytest.Item]", found)


def test_of_each_test_one_twin_stays_and_each_database_gets_its_share() -> None:
    items = [item for number in range(40) for item in collected("tests/boards/test_x.py", f"test_{number}")]
    rest = twins_that_rest(items)
    assert len(rest) == len({item.nodeid.partition("[")[0] for item in rest}) == 40
    assert all(sum(database in item.nodeid for item in rest) >= 10 for database in DATABASES)


def test_what_is_about_the_database_or_about_many_at_once_never_rests() -> None:
    for where in ("tests/db/test_x.py", "tests/audit/test_sequencer.py", "tests/verification/test_persons_at_once.py"):
        assert twins_that_rest(collected(where, "test_it", "a", "b")) == []
    assert twins_that_rest(collected("tests/console/test_x.py", "test_it")) == []


def test_of_many_sets_each_runs_once_wherever_the_test_stands_and_a_test_without_a_twin_runs() -> None:
    assert len(twins_that_rest(collected("tests/console/test_x.py", "test_it", *"abcdef"))) == 6
    assert twins_that_rest(collected("tests/boards/test_x.py", "test_it", on=("postgresql",))) == []


def test_of_a_walk_in_both_languages_one_rests() -> None:
    walks = collected(
        "tests/browser/test_x.py", "test_it", "console-zh-sqlite", "console-en-sqlite", "me-zh-sqlite", on=("a",)
    )
    assert len(twins_that_rest(walks)) == 1
