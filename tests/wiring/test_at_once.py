"""Whatever an operator starts twice at once ends as if it had been started once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.crypto.keyring import KeyPurpose, Keyring, create_missing_keys, load_keyring
from app.kernel.errors import StartRefused
from app.kernel.secret import Secret
from app.settings import Settings
from app.wiring import build, initialise
from tests.support.clock import FakeClock
from tests.support.process import environment_of, shiming


def _settings(url: str, keys: Path) -> Settings:
    return Settings(database_url=url, keys_dir=keys, data_dir=keys.parent)


def test_four_initialisations_at_once_make_one_installation(
    tmp_path: Path, new_postgres_database: Callable[[str], str]
) -> None:
    environment = environment_of(tmp_path, new_postgres_database("at_once"))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: shiming(environment, "init"), range(4)))
    assert [(result.returncode, result.stderr) for result in results] == [(0, "")] * 4
    assert len(load_keyring(tmp_path / "keys").all()) == len(KeyPurpose) + 1  # and the next signing key
    assert shiming(environment, "forum", "list", "--json").stdout.strip() == "[]"


def test_makers_of_keys_at_once_make_one_key_for_each_purpose(tmp_path: Path) -> None:
    now = FakeClock().now()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: create_missing_keys(tmp_path / "keys", "development", now), range(8)))
    assert sum(len(keys) for keys in made) == len(KeyPurpose) + 1  # and the next signing key


def test_two_current_keys_of_one_purpose_are_refused(tmp_path: Path) -> None:
    create_missing_keys(tmp_path, "development", FakeClock().now())
    key = load_keyring(tmp_path).current(KeyPurpose.INDEX)
    with pytest.raises(StartRefused):
        Keyring([key, replace(key, id="0" * 16)])
    with pytest.raises(StartRefused):
        Keyring([key, key])


def test_another_key_under_a_known_name_is_refused(database_url: str, keys_dir: Path, tmp_path: Path) -> None:
    """`keys_dir` made this database; a directory that holds the same names over other bytes did not."""
    forged = tmp_path / "forged"
    forged.mkdir()
    for path in keys_dir.glob("*.key"):
        (forged / path.name).write_bytes(path.read_bytes())
        (forged / path.name).chmod(0o600)
    stranger = create_missing_keys(tmp_path / "strange", "development", FakeClock().now())
    real = load_keyring(keys_dir).current(KeyPurpose.MAC)
    other = next(key for key in stranger if key.purpose is KeyPurpose.MAC)
    file = forged / f"mac-{real.id}.key"
    file.write_text(
        (tmp_path / "strange" / f"mac-{other.id}.key").read_text().replace(other.id, real.id), encoding="utf-8"
    )
    for start in (build, initialise):
        with pytest.raises(StartRefused, match=real.id):
            start(_settings(database_url, forged))


def test_a_check_value_tells_keys_apart_and_shows_none_of_them(tmp_path: Path) -> None:
    key = create_missing_keys(tmp_path, "development", FakeClock().now())[0]
    assert key.check_value() == replace(key, id="f" * 16).check_value()
    assert key.check_value() != replace(key, material=Secret(b"\x00" * 32)).check_value()
    assert key.check_value() not in key.material.reveal()
