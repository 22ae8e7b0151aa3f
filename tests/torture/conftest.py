"""The form in which the tests of this folder run."""

from pathlib import Path

import pytest

from tests.torture.form import Form

_LONG_ONLY = {"test_full_disks.py", "test_lexicon_swap.py"}
"""Needs the right to mount a disk; in the short form no file of the service may grow (`test_disk_faults.py`). Needs
the machine for itself; in the short form `tests/screening/test_lexicons.py` publishes."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if collection_path.name in _LONG_ONLY and not config.option.long else None


@pytest.fixture
def form(request: pytest.FixtureRequest) -> Form:
    return Form(request.config.option.long, request.node.nodeid)
