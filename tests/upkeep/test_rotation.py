"""Signing keys go from next to current to previous while the service serves."""

import base64
import json
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select

from app.audit.models import StagedEntryRow
from app.crypto.errors import TokenRefused
from app.crypto.key_watch import KeyWatch
from app.crypto.keyring import KeyPurpose, alone_in, load_keyring, promote_signing_key
from app.crypto.signing import TokenSigner
from app.db.engine import make_engine
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.upkeep import repository
from app.upkeep.models import KeyNameRow
from app.upkeep.rotation import SIGNING_KEY_OVERLAP, NotListedLongEnough, key_statuses, rotate_signing
from app.wiring import Services, build, initialise
from tests.conftest import ISSUER
from tests.support.clock import FakeClock
from tests.support.process import service_process, shiming

TYP = "posting+jwt"
_PATIENCE = 30


@pytest.fixture
def own(tmp_path: Path, clock: FakeClock) -> Settings:
    """An installation of its own: its keys change."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        data_dir=tmp_path,
        keys_dir=tmp_path / "keys",
        issuer=ISSUER,
    )
    initialise(settings, clock)
    return settings


@pytest.fixture
def built(own: Settings, clock: FakeClock) -> Any:
    services = build(own, clock=clock)
    yield services
    services.engine.dispose()


def sign(signer: TokenSigner, clock: FakeClock, seconds: int = 3600) -> str:
    now = int(clock.now().timestamp())
    return signer.sign(
        {"sub": "acc_1", "aud": "frm_1", "jti": "jti_1", "iat": now, "exp": now + seconds, "scope": "post"}, TYP
    )


def kid_of(token: str) -> str:
    return str(json.loads(base64.urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))["kid"])


def listed(signer: TokenSigner, clock: FakeClock) -> set[str]:
    return {key["kid"] for key in signer.public_keys(clock.now())}


def states(settings: Settings, clock: FakeClock) -> list[str]:
    found = key_statuses(load_keyring(settings.keys_dir), clock.now())
    return sorted(one.state for one in found if one.key.purpose is KeyPurpose.SIGNING)


def test_a_token_from_before_a_rotation_lives_until_it_expires_and_its_key_no_longer(
    own: Settings, built: Services, clock: FakeClock
) -> None:
    clock.advance(hours=1)  # the next key is older than its promotion
    before, too_long_lived = sign(built.signer, clock), sign(built.signer, clock, seconds=10**6)
    coming = listed(built.signer, clock) - {kid_of(before)}
    rotate_signing(built.unit_of_work, built.audit.receipts, own.keys_dir, OPERATOR)
    clock.advance(seconds=5)  # a serving process notices within 5 s
    after = sign(built.signer, clock)
    assert {kid_of(after)} == coming  # what signs now was listed before
    assert {kid_of(before), kid_of(after)} < listed(built.signer, clock)
    for token in (before, too_long_lived, after):
        assert built.signer.verify(token, TYP, clock.now())["sub"] == "acc_1"
    assert states(own, clock) == ["current", "next", "previous"]
    clock.advance(seconds=SIGNING_KEY_OVERLAP.total_seconds() - 5.001)
    assert kid_of(before) in listed(built.signer, clock)
    late = sign(built.signer, clock)
    clock.advance(seconds=0.001)
    assert kid_of(before) not in listed(built.signer, clock)
    assert states(own, clock) == ["current", "next", "retired"]
    for dead in (before, too_long_lived):  # the second has not expired: its key alone is what no longer counts
        with pytest.raises(TokenRefused, match="token-invalid"):
            built.signer.verify(dead, TYP, clock.now())
    assert built.signer.verify(late, TYP, clock.now())["sub"] == "acc_1"


def test_a_next_key_is_promoted_only_when_every_cache_has_it(own: Settings, built: Services, clock: FakeClock) -> None:
    rotate_signing(built.unit_of_work, built.audit.receipts, own.keys_dir, OPERATOR)
    before = sorted(path.name for path in own.keys_dir.iterdir())
    clock.advance(seconds=304.999)
    with pytest.raises(NotListedLongEnough) as refused:
        rotate_signing(built.unit_of_work, built.audit.receipts, own.keys_dir, OPERATOR)
    assert "2026-11-21T04:05:05Z" in refused.value.detail.en
    assert sorted(path.name for path in own.keys_dir.iterdir()) == before
    clock.advance(seconds=0.001)
    rotate_signing(built.unit_of_work, built.audit.receipts, own.keys_dir, OPERATOR)
    assert states(own, clock) == ["current", "next", "previous", "previous"]


def test_retired_keys_are_destroyed_and_the_database_forgets_their_names(
    own: Settings, built: Services, clock: FakeClock
) -> None:
    first = load_keyring(own.keys_dir).current(KeyPurpose.SIGNING)
    rotate_signing(built.unit_of_work, built.audit.receipts, own.keys_dir, OPERATOR)
    clock.advance(seconds=SIGNING_KEY_OVERLAP.total_seconds())
    done = rotate_signing(built.unit_of_work, built.audit.receipts, own.keys_dir, OPERATOR)
    assert [key.id for key in done.destroyed] == [first.id]
    present = {key.id for key in load_keyring(own.keys_dir).all()}
    with built.unit_of_work.read() as tx:
        named = set(tx.session.scalars(select(KeyNameRow.id)))
        acts = [json.loads(entry) for entry in tx.session.scalars(select(StagedEntryRow.entry))]
    assert first.id not in present
    assert named == present
    told = [(act["action"], act["object"]["id"]) for act in acts]
    assert ("key.destroyed", first.id) in told
    assert ("key.promoted", done.promoted.id) in told
    build(own, clock=clock).engine.dispose()
    (own.keys_dir / f"signing-{done.made.id}.key").unlink()
    with pytest.raises(StartRefused, match=done.made.id):
        build(own, clock=clock)


def test_a_rotation_broken_off_after_the_promotion_is_completed_by_the_next_one(
    own: Settings, built: Services, clock: FakeClock
) -> None:
    ring = load_keyring(own.keys_dir)
    coming = ring.next_signing_key()
    assert coming is not None
    with alone_in(own.keys_dir):
        promote_signing_key(own.keys_dir, coming, clock.now())
    (own.keys_dir / f"signing-{coming.id}.tmp").write_text("{")  # and what a dead writer leaves behind
    assert states(own, clock) == ["current", "previous"]
    build(own, clock=clock).engine.dispose()
    with pytest.raises(NotListedLongEnough):  # there was no next one; now there is, and it has to be listed first
        rotate_signing(built.unit_of_work, built.audit.receipts, own.keys_dir, OPERATOR)
    assert states(own, clock) == ["current", "next", "previous"]
    clock.advance(seconds=305)
    rotate_signing(built.unit_of_work, built.audit.receipts, own.keys_dir, OPERATOR)
    initialise(own, clock)
    build(own, clock=clock).engine.dispose()
    assert states(own, clock) == ["current", "next", "previous", "previous"]


def test_an_installation_from_before_next_keys_gets_one_and_waits_until_it_is_listed(
    own: Settings, clock: FakeClock
) -> None:
    coming = load_keyring(own.keys_dir).next_signing_key()
    assert coming is not None
    with UnitOfWork(make_engine(own.database()), clock).begin(OPERATOR) as tx:
        repository.forget_keys(tx, [coming])
    (own.keys_dir / f"signing-{coming.id}.key").unlink()
    build(own, clock=clock).engine.dispose()
    clock.advance(days=1)
    initialise(own, clock)
    services = build(own, clock=clock)
    with pytest.raises(NotListedLongEnough):
        rotate_signing(services.unit_of_work, services.audit.receipts, own.keys_dir, OPERATOR)
    clock.advance(seconds=305)
    rotate_signing(services.unit_of_work, services.audit.receipts, own.keys_dir, OPERATOR)
    services.engine.dispose()


def test_keys_that_cannot_be_read_leave_the_old_ones_in_use(own: Settings, built: Services, clock: FakeClock) -> None:
    before = sign(built.signer, clock)
    rotate_signing(built.unit_of_work, built.audit.receipts, own.keys_dir, OPERATOR)
    stray = own.keys_dir / "signing-ffffffffffffffff.key"
    stray.write_text("{}")
    clock.advance(seconds=5)
    assert kid_of(sign(built.signer, clock)) == kid_of(before)
    stray.unlink()
    stray.symlink_to(own.keys_dir / "gone")  # a file that is gone when it is looked at
    clock.advance(seconds=5)
    assert kid_of(sign(built.signer, clock)) == kid_of(before)
    stray.unlink()
    clock.advance(seconds=5)
    assert kid_of(sign(built.signer, clock)) != kid_of(before)


def test_a_watch_reads_the_keys_only_when_their_files_changed(own: Settings, clock: FakeClock) -> None:
    watch = KeyWatch(own.keys_dir, clock)
    assert not watch.due()
    assert watch.changed() is not None  # what it has not seen yet
    assert watch.changed() is None
    clock.advance(seconds=2)
    assert watch.due()
    assert not watch.due()
    path = next(own.keys_dir.glob("signing-*.key"))
    os.utime(path, ns=(1, 1))
    assert watch.changed() is not None
    clock.advance(seconds=-timedelta(days=1).total_seconds())
    assert watch.due()


def _ask(address: str, basic: tuple[str, str]) -> str:
    answer = httpx2.post(f"{address}/oauth/token", data={"grant_type": "client_credentials"}, auth=basic)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_command_rotates_while_the_service_serves_and_nobody_is_refused(
    tmp_path: Path, database: str, new_postgres_database: Callable[[str], str]
) -> None:
    url = new_postgres_database("rotation") if database == "postgresql" else ""
    with service_process(tmp_path, url) as service:
        added = json.loads(shiming(service.environment, "forum", "add", "测试论坛", "--json").stdout)
        basic = (added["client_id"], added["client_secret"])
        before, statuses, done = _ask(service.address, basic), set(), threading.Event()

        def keep_asking() -> None:
            with httpx2.Client(base_url=service.address) as http:
                while not done.is_set():
                    for path in ("/v1/accounts", "/.well-known/jwks.json", "/readyz"):
                        statuses.add(http.get(path, headers={"authorization": f"Bearer {before}"}).status_code)
                    time.sleep(0.01)

        asking = threading.Thread(target=keep_asking)
        asking.start()
        try:
            rotated = shiming(service.environment, "keys", "rotate", "signing", "--json")
            assert rotated.returncode == 0, rotated.stderr
            deadline = time.monotonic() + _PATIENCE
            after = before
            while kid_of(after) == kid_of(before) and time.monotonic() < deadline:
                time.sleep(0.1)
                after = _ask(service.address, basic)
        finally:
            done.set()
            asking.join()
        assert kid_of(after) != kid_of(before)
        assert statuses == {200}
        keys = KeySet.import_key_set(httpx2.get(f"{service.address}/.well-known/jwks.json").json())
        for token in (before, after):
            assert jwt.decode(token, keys, algorithms=["ES256"]).claims["sub"] == added["client_id"]
        shown = json.loads(shiming(service.environment, "keys", "status", "--json").stdout)
        assert sorted(row["state"] for row in shown if row["purpose"] == "signing") == ["current", "next", "previous"]
        assert {row["kid"]: row["state"] for row in shown}[kid_of(after)] == "current"
        again = shiming(service.environment, "keys", "rotate", "signing")
        assert (again.returncode, again.stdout) == (1, "")
        assert "can be promoted from" in again.stderr
        assert again.stderr.count("\n") == 1
        other = shiming(service.environment, "keys", "rotate", "root")
        assert (other.returncode, other.stderr.count("\n")) == (1, 1)
        assert shiming(service.environment, "keys", "rotate", "everything").returncode == 2
