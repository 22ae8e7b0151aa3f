"""Which tests run on both databases in every run, and which on one of the two: `--both` runs them all on both."""

from collections import Counter
from collections.abc import Sequence
from zlib import crc32

import pytest

_DATABASES = ("sqlite", "postgresql")
_LANGUAGES = ("-zh-", "-en-")
_ABOUT_THE_DATABASE = tuple(
    f"tests/{name}"
    for name in [
        "audit/test_one_fate",
        "audit/test_receipts",
        "audit/test_record",
        "audit/test_sequencer",
        "audit/test_strange_rows",
        "db/",
        "idempotency/",
        "jobs/",
        "upkeep/test_rotation",
        "vault/",
    ]
)
"""Locks, constraints, order, crashes: each test of it is another one on the other database."""
_IN_TURNS = tuple(
    f"tests/{name}"
    for name in [
        "accounts/",
        "agreements/",
        "api/",
        "architecture/",
        "audit/",
        "boards/",
        "compliance/",
        "disclosure/",
        "forums/",
        "journeys/",
        "oracle/",
        "pages/",
        "posting/",
        "registration/",
        "reporting/",
        "screening/",
        "staff/",
        "upkeep/",
        "verification/",
        "web/",
        "torture/test_alike",
        "torture/test_canaries",
        "torture/test_code_guesses",
        "torture/test_complaint_",
        "torture/test_hostile",
        "torture/test_pauses",
        "torture/test_sign_in_guesses",
        "torture/test_time_travel",
        "torture/test_tokens",
        "torture/test_tracking_guesses",
    ]
)
"""What is promised there is promised of the rules; many tests of a file send the same statements to the database."""
_BOTH = "at_once"
"""In the name of a file: who comes together is kept apart by other means on each."""


def twins_that_rest(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Of the tests that were collected on both databases: which of the two may rest in a short run.

    By its name, so that a test stays on its database when others come: about half of each file run on each one. Of a
    test with many sets of parameters each set runs on one database, wherever it stands but for what is about them.
    """
    together = Counter(_without_database(item) for item in items)
    sets = Counter(name.partition("[")[0] for name, number in together.items() if number == len(_DATABASES))
    twins = [item for item in items if together[_without_database(item)] == len(_DATABASES) and _rests(item, sets)]
    return twins + _walks_that_rest(items)


def _walks_that_rest(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Of the walks through pages that are taken in both languages: the one in the language whose turn it is not."""
    walks = Counter(_without_language(item) for item in items)
    return [
        item
        for item in items
        if walks[_without_language(item)] == len(_LANGUAGES)
        and item.nodeid
        == _without_language(item).replace("-??-", _LANGUAGES[crc32(_without_language(item).encode()) % 2])
    ]


def _without_language(item: pytest.Item) -> str:
    if not item.nodeid.startswith("tests/browser/"):
        return ""
    return item.nodeid.replace("-zh-", "-??-").replace("-en-", "-??-")


def _rests(item: pytest.Item, sets: Counter[str]) -> bool:
    name, where = _without_database(item), item.nodeid
    if where.startswith(_ABOUT_THE_DATABASE) or _BOTH in where.partition("::")[0]:
        return False
    if not where.startswith(_IN_TURNS) and sets[name.partition("[")[0]] == 1:
        return False
    return _database(item) != _DATABASES[crc32(name.encode()) % len(_DATABASES)]


def _without_database(item: pytest.Item) -> str:
    return item.nodeid.replace(_database(item), "", 1) if _database(item) else item.nodeid


def _database(item: pytest.Item) -> str:
    """The parameter of the fixture that has one; empty for a test without a database."""
    callspec = getattr(item, "callspec", None)
    given = callspec.params.values() if callspec else ()
    return next((str(one) for one in given if one in _DATABASES), "")
