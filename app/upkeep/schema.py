"""Brings the schema up to date, or says that it is not."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

from app.audit.protection import PROTECTED
from app.db.protection import Protected, guard, protect
from app.db.unit_of_work import translated
from app.forums.protection import APPEND_ONLY
from app.kernel.errors import StartRefused
from app.reporting.protection import EVIDENCE, KEPT_EVIDENCE

_MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"
SCHEMA_VERSION_TABLE = "alembic_version"
PROTECTED_TABLES: Protected = {**PROTECTED, **APPEND_ONLY, **EVIDENCE}
"""Those of the log, and every other one to which rows are only added."""
_FOREIGN = "is none that this version knows. Run the version that made it, or restore a backup."


def migrations(engine: Engine) -> Config:
    """Alembic's configuration for this engine."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["engine"] = engine
    return config


@cache
def _scripts() -> ScriptDirectory:
    """Reading them costs more than the rest of a start."""
    return ScriptDirectory(str(_MIGRATIONS))


def upgrade(engine: Engine) -> None:
    """All migrations, then the triggers of append-only tables, wherever one is missing.

    Raises `StartRefused` for a database that another version made, `Unavailable` when it does not answer.
    """
    try:
        with translated():
            command.upgrade(migrations(engine), "head")
            with engine.begin() as connection:
                protect(connection, PROTECTED_TABLES)
                guard(connection, KEPT_EVIDENCE)
    except CommandError:
        raise StartRefused(f"The database's schema {_FOREIGN}") from None


def refuse_old_schema(engine: Engine) -> None:
    """Raises `StartRefused` when migrations are missing from the database, or the database is newer than the code.

    Raises `Unavailable` when it does not answer.
    """
    scripts = _scripts()
    wanted = scripts.get_current_head()
    with translated(), engine.connect() as connection:
        found = ", ".join(sorted(MigrationContext.configure(connection).get_current_heads()))
    if found == wanted:
        return
    if not found:
        raise StartRefused("The database has no tables yet. Run `shiming init`.")
    if found not in {script.revision for script in scripts.walk_revisions()}:
        raise StartRefused(f"The database's schema, {found}, {_FOREIGN}")
    raise StartRefused(f"The database schema is at {found}, this version needs {wanted}. Run `shiming init`.")
