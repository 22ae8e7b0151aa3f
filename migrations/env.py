"""Runs migrations on the engine that the service hands in; the plain `alembic` command gets that of the settings."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Engine

from app.all_models import METADATA
from app.db.engine import make_engine
from app.db.types import UtcDateTime
from app.settings import Settings


def render_plain_types(kind: str, thing: object, _context: AutogenContext) -> str | Literal[False]:
    """Migrations name the plain type, so that they do not change when ours does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, UtcDateTime) else False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        render_item=render_plain_types,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run(engine: Engine) -> None:
    """On SQLite a batch migration copies tables: with foreign keys on, it would empty their children."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        if sqlite and raw is not None:
            raw.execute("PRAGMA foreign_keys=OFF")
        try:
            migrate(connection)
            connection.commit()
            orphans = raw.execute("PRAGMA foreign_key_check").fetchall() if sqlite and raw is not None else []
        finally:
            if sqlite and raw is not None:
                raw.execute("PRAGMA foreign_keys=ON")
        if orphans:
            raise RuntimeError(f"the migration left {len(orphans)} rows without their parents")


run(context.config.attributes.get("engine") or make_engine(Settings().database()))
