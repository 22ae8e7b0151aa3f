"""What must be so before the service starts: the rules of production, and what is worth a warning."""

import os
from importlib.util import find_spec

from dotenv import dotenv_values
from sqlalchemy import Engine, text

from app import policies
from app.audit.protection import PROTECTED
from app.crypto.keyring import Keyring, load_keyring
from app.db.engine import is_sqlite
from app.db.roles import changeable
from app.db.unit_of_work import UnitOfWork
from app.kernel.errors import StartRefused, Unavailable
from app.settings import Environment, Settings
from app.upkeep.keys import refuse_missing_keys
from app.upkeep.schema import refuse_old_schema

NO_DATABASE = "The database does not answer. Check SHIMING_DATABASE_URL."

_UNSAFE_LIBRARIES = ("ecdsa", "rsa")
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def refuse_unsafe(settings: Settings, keyring: Keyring) -> None:
    """Raises `StartRefused` for what production must not run with."""
    if settings.env is Environment.PRODUCTION and (found := unsafe_in_production(settings, keyring)):
        raise StartRefused("Production will not start: " + "; ".join(found) + ".")


def unsafe_in_production(settings: Settings, keyring: Keyring) -> list[str]:
    """Every rule of production that these settings and keys break, in words."""
    sandboxes = {*provider_names(settings), settings.sms_senders} & {"sandbox"}
    development_keys = [key.id for key in keyring.all() if key.environment != Environment.PRODUCTION]
    importable = unsafe_libraries()
    misplaced = misplaced_audit_files(settings)
    faults = {
        "SHIMING_VERIFICATION_PROVIDERS and SHIMING_SMS_SENDERS must not name the sandbox": bool(sandboxes),
        f"keys {', '.join(development_keys)} were made in development": bool(development_keys),
        "SHIMING_ISSUER must begin with https://": not settings.issuer.startswith("https://"),
        "SHIMING_CLOCK_OFFSET_SECONDS must be 0": settings.clock_offset_seconds != 0,
        f"SHIMING_SMS_PAUSE_SECONDS must be at least {policies.SMS_PAUSE_FLOOR.value}": sms_pause(settings)
        < policies.SMS_PAUSE_FLOOR.value,
        f"{', '.join(importable)} must not be installed: install from requirements.lock": bool(importable),
        "SHIMING_AUDIT_ANCHOR_FILE or SHIMING_AUDIT_SYSLOG must say where checkpoints of the audit log are kept"
        " elsewhere": not settings.audit_anchor_file and not settings.audit_syslog,
        f"{', '.join(misplaced)} must lie apart from the database, and from each other": bool(misplaced),
    }
    return [fault for fault, present in faults.items() if present]


def misplaced_audit_files(settings: Settings) -> list[str]:
    """What would be restored, or lost, together with what it guards."""
    data, head = settings.data_dir.absolute(), settings.audit_directory().absolute()
    anchor = settings.audit_anchor_file.absolute() if settings.audit_anchor_file else None
    faults = {
        "SHIMING_AUDIT_DIR": head.is_relative_to(data) and settings.audit_dir is not None,
        "SHIMING_AUDIT_ANCHOR_FILE": anchor is not None and (anchor.is_relative_to(data) or anchor.parent == head),
    }
    return [name for name, present in faults.items() if present]


def warnings_of(settings: Settings) -> list[str]:
    """What is worth a line at the start: what development tolerates, and settings that nobody reads."""
    warnings = [f"{name} is importable; production refuses to start with it" for name in unsafe_libraries()]
    warnings += [f"{name} is no setting of this version; see docs/settings.md" for name in unknown_settings()]
    if settings.env is Environment.DEVELOPMENT:
        warnings.append("development: sandbox identities only, nothing here is real")
    return warnings


def unsafe_libraries() -> list[str]:
    return [name for name in _UNSAFE_LIBRARIES if find_spec(name)]


def unknown_settings() -> list[str]:
    """Names in the environment or in `.env` that look like settings and are none."""
    known = {f"SHIMING_{name.upper()}" for name in Settings.model_fields}
    names = {*os.environ, *dotenv_values(".env")}
    return sorted(name for name in names if name.startswith("SHIMING_") and name not in known)


def refuse_careless_postgres(engine: Engine) -> None:
    """Source: `kill -9` cannot show a missing fsync; only the settings can."""
    with engine.connect() as connection:
        off = [name for name in _DURABLE if connection.scalar(text(f"SHOW {name}")) == "off"]
    if off:
        raise StartRefused(f"PostgreSQL would lose acknowledged writes: {', '.join(off)} is off. Turn it on.")


def refuse_powerful_postgres(engine: Engine) -> None:
    """Raises `StartRefused` where the role that serves could change the audit log."""
    with engine.connect() as connection:
        bendable = changeable(connection, PROTECTED)
    if bendable:
        raise StartRefused(
            f"PostgreSQL lets this role change the audit log ({', '.join(bendable)}). Make a second role, name it in"
            " SHIMING_DATABASE_ROLE, run `shiming init` as the owner, and serve as the second: docs/audit.md says how."
        )


def provider_names(settings: Settings) -> list[str]:
    return [name.strip() for name in settings.verification_providers.split(",") if name.strip()]


def sms_pause(settings: Settings) -> int:
    pause = settings.sms_pause_seconds
    return policies.SMS_PAUSE.value if pause is None else pause


def refuse_missing_key_files(settings: Settings, unit_of_work: UnitOfWork) -> None:
    """By the files as they are now: a rotation has added some since the start. Raises `StartRefused`."""
    refuse_missing_keys(unit_of_work, load_keyring(settings.keys_dir), str(settings.keys_dir))


def refuse_unready(settings: Settings, engine: Engine, unit_of_work: UnitOfWork, keyring: Keyring) -> None:
    """Raises `StartRefused` for a database of another version, one whose keys are not here, or a careless one."""
    try:
        refuse_old_schema(engine)
        refuse_missing_keys(unit_of_work, keyring, str(settings.keys_dir))
        if not is_sqlite(engine) and settings.env is Environment.PRODUCTION:
            refuse_careless_postgres(engine)
            refuse_powerful_postgres(engine)
    except Unavailable:
        raise StartRefused(NO_DATABASE) from None
