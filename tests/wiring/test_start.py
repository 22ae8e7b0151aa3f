"""What will not start, and that the refusal names the reason."""

import gc
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from app import policies
from app.crypto.keyring import create_missing_keys, load_keyring
from app.kernel.errors import StartRefused
from app.kernel.secret import Secret
from app.settings import Environment, Settings
from app.start_rules import warnings_of
from app.verification.documents import Document, DocumentType
from app.verification.providers.contract import CheckKind, ProviderUnavailable
from app.verification.sms.contract import CodeText
from app.wiring import build, initialise
from tests.support.clock import TODAY, FakeClock


class StandInProvider:
    """Where a real provider will stand; it is never asked here."""

    name = "stand-in"
    sandbox = False
    data_source = "nobody"
    capabilities = frozenset[tuple[CheckKind, DocumentType]]()

    def refuses(self, _subject: Document) -> None:
        return None

    def refuses_phone(self, _phone: Secret[str]) -> None:
        return None

    def check(self, _kind: CheckKind, _subject: Document, /, *, attempt_id: str, timeout: float) -> NoReturn:  # noqa: ARG002 -- the contract's names
        raise ProviderUnavailable(self.name)


class StandInSender:
    name = "stand-in"
    sandbox = False

    def refuses(self, _phone: Secret[str]) -> None:
        return None

    def send_code(self, phone: Secret[str], message: CodeText, *, message_id: str) -> None:
        """Sends nothing."""

    def send_notice(self, phone: Secret[str], text: Secret[str], *, message_id: str) -> None:
        """Sends nothing."""


def _production(home: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        env=Environment.PRODUCTION,
        data_dir=home / "data",
        keys_dir=home / "keys",
        issuer="https://shiming.example",
        verification_providers="stand-in",
        sms_senders="stand-in",
        audit_anchor_file=home / "elsewhere" / "anchors",
    )


@pytest.fixture
def production(tmp_path: Path) -> Settings:
    """Production as it should be, on SQLite."""
    return _production(tmp_path)


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("initialised")
    initialise(_production(home), FakeClock())
    return home


@pytest.fixture
def ready(production: Settings, initialised: Path, tmp_path: Path) -> Settings:
    """The same, initialised."""
    shutil.copytree(initialised, tmp_path, dirs_exist_ok=True)
    return production


def _build(settings: Settings) -> None:
    built = build(settings, clock=FakeClock(), provider=StandInProvider(), sender=StandInSender())
    built.engine.dispose()


def _refusal(start: Callable[[], None]) -> str:
    with pytest.raises(StartRefused) as refused:
        start()
    said = str(refused.value)
    del refused
    gc.collect()  # a connection that the refusal left open is complained of here, not in another test
    return said


FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "a sandbox provider": ({"verification_providers": "sandbox"}, "SHIMING_VERIFICATION_PROVIDERS"),
    "a sandbox among other providers": (
        {"verification_providers": "stand-in, sandbox"},
        "SHIMING_VERIFICATION_PROVIDERS",
    ),
    "a sandbox sender": ({"sms_senders": "sandbox"}, "SHIMING_SMS_SENDERS"),
    "a plain-http issuer": ({"issuer": "http://shiming.example"}, "SHIMING_ISSUER"),
    "a clock that runs ahead": ({"clock_offset_seconds": 1}, "SHIMING_CLOCK_OFFSET_SECONDS"),
    "a clock that runs behind": ({"clock_offset_seconds": -1}, "SHIMING_CLOCK_OFFSET_SECONDS"),
    "no pause between texts": ({"sms_pause_seconds": 0}, "SHIMING_SMS_PAUSE_SECONDS"),
    "a pause one second too short": (
        {"sms_pause_seconds": policies.SMS_PAUSE_FLOOR.value - 1},
        "SHIMING_SMS_PAUSE_SECONDS",
    ),
    "no anchor of the audit log": ({"audit_anchor_file": None}, "SHIMING_AUDIT_ANCHOR_FILE"),
}
BESIDE_EACH_OTHER: dict[str, Callable[[Path], dict[str, object]]] = {
    "SHIMING_AUDIT_DIR": lambda home: {"audit_dir": home / "data" / "audit"},
    "SHIMING_AUDIT_ANCHOR_FILE": lambda home: {"audit_anchor_file": home / "data" / "anchors"},
    "SHIMING_AUDIT_ANCHOR_FILE must": lambda home: {"audit_anchor_file": home / "keys" / "anchors"},
}
NAMES = sorted({name for _, name in FAULTS.values()})


def test_production_that_is_as_it_should_be_starts(ready: Settings) -> None:
    # without this, every refusal below could have another cause
    _build(ready)
    assert {key.environment for key in load_keyring(ready.keys_dir).all()} == {"production"}


def test_production_starts_with_the_shortest_pause_that_is_allowed(ready: Settings) -> None:
    _build(ready.model_copy(update={"sms_pause_seconds": policies.SMS_PAUSE_FLOOR.value}))


@pytest.mark.parametrize("fault", FAULTS)
def test_production_refuses_and_names_what_is_wrong_and_nothing_else(ready: Settings, fault: str) -> None:
    changes, name = FAULTS[fault]
    faulty = ready.model_copy(update=changes)
    for said in (_refusal(lambda: _build(faulty)), _refusal(lambda: initialise(faulty, FakeClock()))):
        assert name in said
        # provider and sender share a sentence; every other setting goes unmentioned
        others = [other for other in NAMES if other not in said.split(";")[0]]
        assert all(other not in said for other in others)
        assert said.count(";") == 0


@pytest.mark.parametrize("fault", BESIDE_EACH_OTHER)
def test_production_refuses_what_would_be_lost_or_restored_together(
    production: Settings, tmp_path: Path, fault: str
) -> None:
    faulty = production.model_copy(update=BESIDE_EACH_OTHER[fault](tmp_path))
    assert f"Production will not start: {fault}" in _refusal(lambda: initialise(faulty, FakeClock()))


def test_production_names_everything_that_is_wrong_at_once(ready: Settings) -> None:
    changes = {key: value for change, _ in FAULTS.values() for key, value in change.items()}
    said = _refusal(lambda: _build(ready.model_copy(update=changes)))
    assert all(name in said for name in NAMES)


def test_production_refuses_keys_made_in_development_and_names_each(production: Settings) -> None:
    keys = create_missing_keys(production.keys_dir, "development", TODAY)
    said = _refusal(lambda: initialise(production, FakeClock()))
    assert all(key.id in said for key in keys)
    assert "development" in said


def test_production_does_not_take_over_an_installation_made_in_development(production: Settings) -> None:
    development = production.model_copy(update={"env": Environment.DEVELOPMENT})
    initialise(development, FakeClock())
    (one, *_) = load_keyring(production.keys_dir).all()
    assert one.id in _refusal(lambda: _build(production))


@pytest.mark.parametrize("library", ["ecdsa", "rsa"])
def test_production_refuses_a_library_with_a_known_defect_and_development_warns(
    ready: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    _build(ready)
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / f"{library}.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "installed")
    assert library in _refusal(lambda: _build(ready))
    development = ready.model_copy(update={"env": Environment.DEVELOPMENT})
    assert any(library in warning for warning in warnings_of(development))


@pytest.mark.parametrize("fault", FAULTS)
def test_an_initialisation_that_is_refused_has_changed_nothing(production: Settings, fault: str) -> None:
    changes, name = FAULTS[fault]
    assert name in _refusal(lambda: initialise(production.model_copy(update=changes), FakeClock()))
    assert list(production.keys_dir.glob("*")) == []
    assert not (production.data_dir / "shiming.db").exists()


def test_production_refuses_a_postgres_that_would_lose_acknowledged_writes(
    production: Settings, new_postgres_database: Callable[[str], str]
) -> None:
    # the cluster of the tests runs without fsync, as no production should
    careless = production.model_copy(update={"database_url": new_postgres_database("careless")})
    initialise(careless, FakeClock())
    said = _refusal(lambda: _build(careless))
    assert "fsync" in said
    assert "full_page_writes" in said
    assert "synchronous_commit" not in said


def test_development_starts_on_the_same_postgres(
    production: Settings, new_postgres_database: Callable[[str], str]
) -> None:
    settings = production.model_copy(
        update={"database_url": new_postgres_database("careless_too"), "env": Environment.DEVELOPMENT}
    )
    initialise(settings, FakeClock())
    _build(settings)


@pytest.mark.parametrize("start", ["initialise", "build"])
def test_a_database_that_does_not_answer_is_a_start_that_is_refused(ready: Settings, start: str) -> None:
    away = ready.model_copy(update={"database_url": "postgresql://shiming:canary-password@127.0.0.1:1/shiming"})
    said = _refusal(lambda: _build(away) if start == "build" else initialise(away, FakeClock()))
    assert "SHIMING_DATABASE_URL" in said
    assert "canary-password" not in said


def test_a_provider_or_sender_that_this_version_lacks_is_refused_by_name(ready: Settings) -> None:

    def without_provider() -> None:
        build(ready, clock=FakeClock(), sender=StandInSender())

    def without_sender() -> None:
        build(ready, clock=FakeClock(), provider=StandInProvider())

    assert "SHIMING_VERIFICATION_PROVIDERS" in _refusal(without_provider)
    assert "SHIMING_SMS_SENDERS" in _refusal(without_sender)


def test_an_installation_that_was_never_initialised_is_refused_with_the_way_out(production: Settings) -> None:
    assert "shiming init" in _refusal(lambda: _build(production))


@pytest.mark.parametrize("names", ["", ",", "tencent", "sandbox,tencent", "sandbox, sandbox", "Sandbox"])
def test_providers_are_named_once_each_and_are_known(production: Settings, names: str) -> None:
    development = production.model_copy(update={"env": Environment.DEVELOPMENT, "verification_providers": names})

    def start() -> None:
        build(development, clock=FakeClock(), sender=StandInSender())

    said = _refusal(start)
    assert "SHIMING_VERIFICATION_PROVIDERS" in said
    assert "sandbox" in said
