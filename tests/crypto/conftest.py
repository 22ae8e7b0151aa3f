"""A keyring of its own for tests of cryptography."""

from pathlib import Path

import pytest

from app.crypto.keyring import Keyring, create_missing_keys, load_keyring
from tests.support.clock import TODAY


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return _made_in(tmp_path_factory.mktemp("crypto"))


@pytest.fixture(scope="session")
def other_keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """Another installation's keys."""
    return _made_in(tmp_path_factory.mktemp("other"))


def _made_in(directory: Path) -> Keyring:
    create_missing_keys(directory, "development", TODAY)
    return load_keyring(directory)
