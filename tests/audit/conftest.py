"""A house with an anchor, and a key that nobody there knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.crypto.ed25519 import AuditSigner
from app.crypto.keyring import KeyPurpose, create_missing_keys, load_keyring
from app.settings import Settings
from tests.support.anchored import House
from tests.support.clock import TODAY, FakeClock


@pytest.fixture
def house(settings: Settings, clock: FakeClock, tmp_path: Path) -> Iterator[House]:
    made = House(settings, clock, tmp_path)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def stranger(tmp_path: Path) -> AuditSigner:
    folder = tmp_path / "another-key"
    create_missing_keys(folder, "development", TODAY)
    return AuditSigner(load_keyring(folder).current(KeyPurpose.AUDIT))
