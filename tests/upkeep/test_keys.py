"""A database whose keys are gone is refused, and the missing key is named."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from app.agreements.models import AgreementVersionRow
from app.audit.models import StagedEntryRow
from app.crypto.keyring import KeyPurpose, load_keyring
from app.db.engine import make_engine
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.upkeep.models import KeyNameRow
from app.upkeep.schema import upgrade
from app.wiring import build, initialise
from tests.support.clock import FakeClock


@pytest.fixture
def lacking(settings: Settings, tmp_path: Path) -> Settings:
    """The same installation with a copy of its keys, from which a test may take some away."""
    shutil.copytree(
        settings.keys_dir, tmp_path / "lacking", ignore=lambda _, names: [n for n in names if ".key" not in n]
    )
    (tmp_path / "lacking").chmod(0o700)
    return settings.model_copy(update={"keys_dir": tmp_path / "lacking"})


def _files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.glob("*")} if directory.exists() else {}


def _refuse_both(settings: Settings) -> Iterator[str]:
    with pytest.raises(StartRefused) as refused:
        initialise(settings, FakeClock())
    yield str(refused.value)
    with pytest.raises(StartRefused) as refused:
        build(settings, clock=FakeClock())
    yield str(refused.value)
    del refused
    gc.collect()  # a connection that the refusal left open is complained of here, not in another test


@pytest.mark.parametrize("purpose", KeyPurpose)
def test_a_key_that_the_database_names_and_the_directory_lacks_is_named_and_not_made_anew(
    lacking: Settings, purpose: KeyPurpose
) -> None:
    key = load_keyring(lacking.keys_dir).current(purpose)
    (lacking.keys_dir / f"{purpose}-{key.id}.key").unlink()
    before = _files(lacking.keys_dir)
    for said in _refuse_both(lacking):
        assert f"{purpose} {key.id}" in said
        assert str(lacking.keys_dir) in said
        assert said.count(",") == 1  # of all keys only the missing one is named
    assert _files(lacking.keys_dir) == before


def test_an_empty_key_directory_beside_a_full_database_is_refused_and_every_key_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    ids = [key.id for key in load_keyring(settings.keys_dir).all()]
    for said in _refuse_both(settings.model_copy(update={"keys_dir": tmp_path / "nowhere"})):
        assert all(key_id in said for key_id in ids)
    assert _files(tmp_path / "nowhere") == {}


def test_another_installations_keys_do_not_open_this_database(settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(
        update={"keys_dir": tmp_path / "other", "database_url": f"sqlite:///{tmp_path}/other.db"}
    )
    initialise(other, FakeClock())
    mixed = settings.model_copy(update={"keys_dir": tmp_path / "other"})
    before = _files(tmp_path / "other")
    for said in _refuse_both(mixed):
        assert load_keyring(settings.keys_dir).current(KeyPurpose.ROOT).id in said
    assert _files(tmp_path / "other") == before


def test_initialising_twice_is_harmless(settings: Settings) -> None:
    def state() -> tuple[object, ...]:
        engine = make_engine(settings.database())
        with UnitOfWork(engine, FakeClock()).read() as tx:
            rows = (
                sorted((row.id, row.purpose, row.named_at) for row in tx.session.scalars(select(KeyNameRow))),
                sorted((row.id, row.version, row.text_zh) for row in tx.session.scalars(select(AgreementVersionRow))),
                sorted(tx.session.scalars(select(StagedEntryRow.id))),
            )
        engine.dispose()
        return *rows, _files(settings.keys_dir)

    initialise(settings, FakeClock())
    before = state()
    later = FakeClock()
    later.advance(days=3)
    initialise(settings, later)
    assert state() == before
    build(settings, clock=later).engine.dispose()


def test_the_database_names_every_key_and_holds_none(settings: Settings) -> None:
    keys = load_keyring(settings.keys_dir).all()
    engine = make_engine(settings.database())
    with UnitOfWork(engine, FakeClock()).read() as tx:
        named = {row.id: row.purpose for row in tx.session.scalars(select(KeyNameRow))}
    engine.dispose()
    assert named == {key.id: key.purpose for key in keys}
    if settings.database_url.startswith("sqlite"):
        stored = Path(settings.database_url.removeprefix("sqlite:///")).read_bytes()
        assert keys[0].id.encode() in stored
        for key in keys:
            assert key.material.reveal()[:32] not in stored


@pytest.mark.parametrize("left", [0, 1, 3])
def test_an_initialisation_that_died_halfway_is_completed(tmp_path: Path, left: int) -> None:
    halfway = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        data_dir=tmp_path,
        keys_dir=tmp_path / "keys",
    )
    initialise(halfway.model_copy(update={"database_url": f"sqlite:///{tmp_path}/gone.db"}), FakeClock())
    for path in sorted(halfway.keys_dir.glob("*.key"))[left:]:
        path.unlink()
    engine = make_engine(halfway.database())
    upgrade(engine)
    engine.dispose()
    with pytest.raises(StartRefused):
        build(halfway, clock=FakeClock())
    initialise(halfway, FakeClock())
    build(halfway, clock=FakeClock()).engine.dispose()


def test_an_installation_from_before_a_key_was_needed_is_told_to_initialise_and_gets_it(tmp_path: Path) -> None:
    older = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        data_dir=tmp_path,
        keys_dir=tmp_path / "keys",
    )
    initialise(older, FakeClock())
    (key,) = load_keyring(older.keys_dir).of(KeyPurpose.RECORDS)
    (older.keys_dir / f"records-{key.id}.key").unlink()
    engine = make_engine(older.database())
    with UnitOfWork(engine, FakeClock()).begin(OPERATOR) as tx:
        tx.session.execute(delete(KeyNameRow).where(KeyNameRow.id == key.id))
    engine.dispose()
    with pytest.raises(StartRefused, match=r"no current records key\. Run `shiming init`"):
        build(older, clock=FakeClock())
    kept = _files(older.keys_dir)
    initialise(older, FakeClock())
    build(older, clock=FakeClock()).engine.dispose()
    assert _files(older.keys_dir).items() > kept.items()
    (made,) = load_keyring(older.keys_dir).of(KeyPurpose.RECORDS)
    assert made.id != key.id
