"""Key files: readable by their owner alone, made once, never guessed at."""

import base64
import hashlib
import json
import os
import re
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from app.crypto.keyring import (
    KeyPurpose,
    Keyring,
    KeyState,
    create_missing_keys,
    create_next_signing_key,
    destroy_key,
    load_keyring,
    promote_signing_key,
)
from app.crypto.signing import TokenSigner
from app.kernel.errors import StartRefused
from tests.support.clock import TODAY

_ALL_KEYS = {*((purpose, KeyState.CURRENT) for purpose in KeyPurpose), (KeyPurpose.SIGNING, KeyState.NEXT)}
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "deep" / "keys"
    create_missing_keys(made, "development", TODAY)
    return made


def _contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _rewrite(path: Path, change: Change) -> None:
    body = json.loads(path.read_text())
    change(body)
    path.write_text(json.dumps(body))


def test_an_installation_gets_one_current_key_for_each_purpose_and_the_next_signing_key(directory: Path) -> None:
    keys = load_keyring(directory).all()
    assert sorted(key.purpose for key in keys if key.state is KeyState.CURRENT) == sorted(KeyPurpose)
    assert [key.purpose for key in keys if key.state is not KeyState.CURRENT] == [KeyPurpose.SIGNING]
    assert load_keyring(directory).next_signing_key() is not None
    assert {key.environment for key in keys} == {"development"}
    assert {key.created_at for key in keys} == {TODAY}
    assert len({key.material.reveal() for key in keys}) == len(keys)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_keys_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    directory = tmp_path / "keys"
    before = os.umask(umask)
    try:
        create_missing_keys(directory, "development", TODAY)
    finally:
        os.umask(before)
    assert _mode(directory) == 0o700
    assert {_mode(path) for path in directory.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o601, 0o644, 0o666])
def test_a_key_file_that_others_can_read_or_change_is_refused(directory: Path, mode: int) -> None:
    path = next(directory.glob("root-*.key"))
    path.chmod(mode)
    with pytest.raises(StartRefused, match="chmod 600") as refused:
        load_keyring(directory)
    assert str(path) in str(refused.value)


def test_a_key_file_that_others_can_read_stops_the_making_of_keys_too(directory: Path) -> None:
    next(directory.glob("root-*.key")).chmod(0o644)
    next(directory.glob("mac-*.key")).unlink()
    before = _contents(directory)
    with pytest.raises(StartRefused):
        create_missing_keys(directory, "development", TODAY)
    assert _contents(directory) == before


@pytest.mark.parametrize(
    "garbage", [b"", b"not json", b"\xff\xfe\x00", b"[]", b"5", b"null", b"{}", b'{"format": 1}', b'"text"']
)
def test_a_key_file_that_is_garbage_is_refused_by_name(directory: Path, garbage: bytes) -> None:
    path = next(directory.glob("index-*.key"))
    path.write_bytes(garbage)
    with pytest.raises(StartRefused) as refused:
        load_keyring(directory)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(format=2),
        lambda body: body.update(purpose="everything"),
        lambda body: body.update(state="retired"),
        lambda body: body.update(created_at="yesterday"),
        lambda body: body.update(material="not base64!"),
        lambda body: body.update(material=5),
        lambda body: body.update(material="!" + body["material"]),
        lambda body: body.update(id="../../0123456789"),
        lambda body: body.update(id="0123456789ABCDEF"),
        lambda body: body.update(id="0123456789abcde"),
        lambda body: body.update(id="0123456789abcdef0"),
        lambda body: body.update(id=5),
        lambda body: body.pop("material"),
        lambda body: body.pop("id"),
        lambda body: body.pop("state"),
        lambda body: body.pop("environment"),
    ],
)
def test_a_key_file_that_cannot_be_understood_is_refused_and_shows_no_key(directory: Path, change: Change) -> None:
    path = next(directory.glob("root-*.key"))
    material = json.loads(path.read_text())["material"]
    _rewrite(path, change)
    with pytest.raises(StartRefused) as refused:
        load_keyring(directory)
    assert str(path) in str(refused.value)
    assert material not in str(refused.value)


@pytest.mark.parametrize(
    ("purpose", "length"),
    [
        *(
            (purpose, length)
            for purpose in (KeyPurpose.ROOT, KeyPurpose.MAC, KeyPurpose.RECORDS)
            for length in (0, 31, 33)
        ),
        *((KeyPurpose.INDEX, length) for length in (0, 32, 79, 81)),
    ],
)
def test_a_key_that_lost_or_gained_bytes_is_refused_before_anything_is_made_with_it(
    directory: Path, purpose: KeyPurpose, length: int
) -> None:
    path = next(directory.glob(f"{purpose}-*.key"))
    _rewrite(path, lambda body: body.update(material=base64.b64encode(bytes(length)).decode()))
    with pytest.raises(StartRefused):
        load_keyring(directory)


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_signing_key_that_is_no_key_is_refused(directory: Path, pem: bytes) -> None:
    path = next(directory.glob("signing-*.key"))
    _rewrite(path, lambda body: body.update(material=base64.b64encode(pem).decode()))
    with pytest.raises(StartRefused):
        TokenSigner(load_keyring(directory), "https://shiming.example")


def test_making_keys_twice_changes_nothing(directory: Path) -> None:
    before = _contents(directory)
    assert create_missing_keys(directory, "development", TODAY) == []
    assert _contents(directory) == before


@pytest.mark.parametrize("left", range(len(_ALL_KEYS)))
def test_a_half_made_keyring_is_completed_and_what_is_there_stays(directory: Path, left: int) -> None:
    for path in sorted(directory.glob("*.key"))[left:]:
        path.unlink()
    # what a process that died while writing leaves behind
    (directory / "root-0123456789abcdef.tmp").write_text('{"format"')
    before = _contents(directory)
    made = create_missing_keys(directory, "development", TODAY)
    found = load_keyring(directory).all()
    assert len(found) - len(made) == left
    assert {(key.purpose, key.state) for key in found} == _ALL_KEYS
    after = _contents(directory)
    assert {name: after[name] for name in before} == before


def test_a_purpose_with_only_a_previous_key_gets_a_current_one(directory: Path) -> None:
    _rewrite(next(directory.glob("root-*.key")), lambda body: body.update(state="previous"))
    (made,) = create_missing_keys(directory, "development", TODAY)
    ring = load_keyring(directory)
    assert made.purpose is KeyPurpose.ROOT
    assert ring.current(KeyPurpose.ROOT).id == made.id
    assert len(ring.of(KeyPurpose.ROOT)) == 2


def test_what_was_made_is_what_is_read_back(tmp_path: Path) -> None:
    made = {key.id: key for key in create_missing_keys(tmp_path / "keys", "production", TODAY)}
    for key in load_keyring(tmp_path / "keys").all():
        same = made[key.id]
        assert (key.purpose, key.environment, key.created_at) == (same.purpose, "production", TODAY)
        assert key.material.reveal() == same.material.reveal()


def test_the_check_value_of_a_key_is_the_one_computed_by_hand(directory: Path) -> None:
    """The database keeps it for years: it may never change."""
    for key in load_keyring(directory).all():
        told_by = key.material.reveal()
        if key.purpose is KeyPurpose.AUDIT:  # whose private half goes, and whose id stays
            whole = load_pem_private_key(told_by, None)
            told_by = whole.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        assert key.check_value() == hashlib.sha256(b"shiming key check" + told_by).digest()[:16]


def test_a_keyring_shows_no_key(directory: Path) -> None:
    for key in load_keyring(directory).all():
        assert str(key.material.reveal()) not in repr(key)
        assert "***" in repr(key)


def test_an_empty_or_absent_directory_is_an_empty_keyring_that_says_what_to_do(tmp_path: Path) -> None:
    ring = load_keyring(tmp_path / "nowhere")
    assert ring.all() == []
    with pytest.raises(StartRefused, match="shiming init"):
        ring.current(KeyPurpose.ROOT)


def test_a_ring_knows_a_key_by_its_id(directory: Path) -> None:
    ring: Keyring = load_keyring(directory)
    for key in ring.all():
        assert ring.get(key.id) is key
    assert ring.get("0" * 16) is None


def _copied(directory: Path, prefix: str, change: Change) -> None:
    """Another key file beside the first of this purpose, as a backup put back twice would leave it."""
    body = json.loads(next(directory.glob(f"{prefix}-*.key")).read_text())
    change(body)
    path = directory / f"{prefix}-copied.key"
    path.touch(mode=0o600)
    path.write_text(json.dumps(body))


@pytest.mark.parametrize(
    ("prefix", "change"),
    [
        ("root", lambda body: body.update(id="0123456789abcdef")),
        ("root", lambda body: body.update(state="previous")),
        ("signing", lambda body: body.update(id="0123456789abcdef", state="current")),
    ],
    ids=["two current keys", "two keys of one id", "two first signing keys"],
)
def test_a_directory_with_two_keys_where_one_belongs_is_refused(directory: Path, prefix: str, change: Change) -> None:
    for path in directory.glob("signing-*.key"):
        if json.loads(path.read_text())["state"] == "next":
            path.unlink()
    _copied(directory, prefix, change)
    said = "The key directory holds two keys of one id, or two current keys of one purpose. Restore it from its backup."
    with pytest.raises(StartRefused, match=f"^{re.escape(said)}$"):
        load_keyring(directory)


def test_a_destroyed_key_is_gone_and_destroying_it_again_changes_nothing(directory: Path) -> None:
    key = load_keyring(directory).current(KeyPurpose.MAC)
    others = {name for name in _contents(directory) if not name.startswith("mac-")}
    for _ in ("once", "and after a crash again"):
        destroy_key(directory, key)
        assert set(_contents(directory)) == others


@contextmanager
def _room(size: int) -> Iterator[None]:
    """No file of this process may become longer than `size`."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.mark.parametrize("size", [0, 100])
def test_keys_that_cannot_be_written_leave_the_old_ones_whole(tmp_path: Path, size: int) -> None:
    create_missing_keys(tmp_path, "development", TODAY)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.key")}
    coming = load_keyring(tmp_path).next_signing_key()
    assert coming is not None
    with _room(size):
        for write in (create_next_signing_key, create_missing_keys):
            with pytest.raises(StartRefused, match="cannot be written: "):
                write(tmp_path / "other" if write is create_missing_keys else tmp_path, "development", TODAY)
        with pytest.raises(StartRefused, match="cannot be written: "):
            promote_signing_key(tmp_path, coming, TODAY)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.key")} == before
    promote_signing_key(tmp_path, coming, TODAY)
    assert load_keyring(tmp_path).current(KeyPurpose.SIGNING).id == coming.id
    assert len(create_missing_keys(tmp_path / "other", "development", TODAY)) == len(before)
