"""The form in which the tests of this folder run."""

from pathlib import Path

import pytest

from tests.torture.form import Form

_LONG_ONLY = {
    "test_audit_rollback.py",  # starts real services; its steps are tried in `tests/audit/test_recovery.py`
    "test_fail_closed.py",  # waits 5 seconds for each act; `tests/audit/test_receipts.py` does not
    "test_full_disks.py",  # needs the right to mount a disk; in the short form no file may grow (`test_disk_faults.py`)
    "test_lexicon_swap.py",  # needs the machine for itself; `tests/screening/test_lexicons.py` publishes
    "test_patrol.py",  # waits for real workers; their steps are tried in `tests/screening/test_patrol.py`
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if collection_path.name in _LONG_ONLY and not config.option.long else None


@pytest.fixture
def form(request: pytest.FixtureRequest) -> Form:
    return Form(request.config.option.long, request.node.nodeid)
