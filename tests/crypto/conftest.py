"""A keyring of its own for tests of cryptography."""

from pathlib import Path

import pytest

from app.crypto.keyring import Keyring, create_missing_keys, load_keyring
from tests.support.clock import TODAY


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    create_missing_keys(tmp_path / "keys", "development", TODAY)
    return load_keyring(tmp_path / "keys")


@pytest.fixture
def other_keyring(tmp_path: Path) -> Keyring:
    """Another installation's keys."""
    create_missing_keys(tmp_path / "other", "development", TODAY)
    return load_keyring(tmp_path / "other")
