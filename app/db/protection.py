"""Tables to which rows are only added: triggers refuse the rest, whoever asks.

They stop mistakes and whoever has the service's role; an owner of the tables can take them away, which is why the
verifier of the log relies on none of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, text


class Change(StrEnum):
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    TRUNCATE = "TRUNCATE"
    """Unknown to SQLite, where a DELETE without a condition is one row after the other while a trigger stands."""


Protected = Mapping[str, Sequence[Change]]
"""Which changes each table refuses."""


@dataclass(frozen=True, slots=True)
class GuardedDelete:
    """A table whose rows may be deleted only where a condition holds, in which `OLD` is the row."""

    table: str
    only_if: str

    @property
    def trigger(self) -> str:
        return f"{self.table}_kept"


@dataclass(frozen=True, slots=True)
class InsertTrigger:
    """What the database does by itself after each row that is inserted, as a migration has put it up."""

    name: str
    table: str
    act: str


_SAID = "this table is append-only"
_KEPT = "this row is to be kept"
_FUNCTION = "shiming_append_only"
_BODY = f" BEGIN RAISE EXCEPTION USING MESSAGE = '{_SAID}', ERRCODE = 'restrict_violation'; END "
_TRIGGER_BITS = {Change.DELETE: 8, Change.UPDATE: 16, Change.TRUNCATE: 32}
_BEFORE_STATEMENT, _ROW, _INSERT = 2, 1, 4
_POSTGRES_FOUND = text(
    "SELECT c.relname, t.tgtype FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " JOIN pg_proc p ON p.oid = t.tgfoid WHERE c.relnamespace = CAST(current_schema() AS regnamespace)"
    " AND t.tgname = c.relname || '_append_only' AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL"
    " AND p.proname = :function AND p.prosrc = :body"
)
_POSTGRES_OF_ROWS = text(
    "SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname = :name"
    " AND t.tgrelid = to_regclass(:table) AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL AND t.tgtype = :type"
    " AND p.proname = :name AND p.prosrc = :body"
)
_SQLITE_FOUND = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name")


def protect(connection: Connection, tables: Protected) -> None:
    """Puts up every trigger that is not there as it must be; safe to run again. Needs the owner of the tables."""
    missing = unprotected(connection, tables)
    if missing and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$"
        )
    for table in missing:
        for statement in _statements(connection.dialect.name, table, tables[table]):
            connection.exec_driver_sql(statement)


def unprotected(connection: Connection, tables: Protected) -> list[str]:
    """The tables that miss a trigger, or whose trigger was bent."""
    found = _found_postgres if connection.dialect.name == "postgresql" else _found_sqlite
    whole = set(found(connection, tables))
    return [table for table in tables if table not in whole]


def guard(connection: Connection, guarded: GuardedDelete) -> None:
    """Puts up the trigger of a table whose rows are kept until a condition holds; safe to run again."""
    name = guarded.trigger
    if connection.dialect.name == "postgresql":
        for statement in (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${_kept_body(guarded)}$$",
            f"CREATE OR REPLACE TRIGGER {name} BEFORE DELETE ON {guarded.table} FOR EACH ROW EXECUTE FUNCTION {name}()",
            f"ALTER TABLE {guarded.table} ENABLE TRIGGER {name}",
        ):
            connection.exec_driver_sql(statement)
        return
    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
    connection.exec_driver_sql(_sqlite_kept(guarded))


def is_guarded(connection: Connection, guarded: GuardedDelete) -> bool:
    """Whether that trigger is there, is on, and refuses what it must."""
    if connection.dialect.name == "postgresql":
        said = {"name": guarded.trigger, "table": guarded.table, "body": _kept_body(guarded)}
        bits = _ROW + _BEFORE_STATEMENT + _TRIGGER_BITS[Change.DELETE]
        return connection.scalar(_POSTGRES_OF_ROWS, {**said, "type": bits}) is not None
    return bool(connection.scalar(_SQLITE_FOUND, {"name": guarded.trigger}) == _sqlite_kept(guarded))


def _kept_body(guarded: GuardedDelete) -> str:
    refused = f"RAISE EXCEPTION USING MESSAGE = '{_KEPT}', ERRCODE = 'restrict_violation'"
    return f" BEGIN IF NOT ({guarded.only_if}) THEN {refused}; END IF; RETURN OLD; END "


def _sqlite_kept(guarded: GuardedDelete) -> str:
    return (
        f"CREATE TRIGGER {guarded.trigger} BEFORE DELETE ON {guarded.table} WHEN NOT ({guarded.only_if})"
        f" BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END"
    )


def stands(connection: Connection, trigger: InsertTrigger) -> bool:
    """Whether this trigger is there, is on, and does what it must and nothing else."""
    if connection.dialect.name == "postgresql":
        said = {"name": trigger.name, "table": trigger.table, "body": f" BEGIN {trigger.act}; RETURN NULL; END "}
        return connection.scalar(_POSTGRES_OF_ROWS, {**said, "type": _ROW + _INSERT}) is not None
    found = connection.scalar(_SQLITE_FOUND, {"name": trigger.name})
    made = f"CREATE TRIGGER {trigger.name} AFTER INSERT ON {trigger.table} BEGIN {trigger.act}; END"
    return bool(found == made)


def _statements(dialect: str, table: str, changes: Iterable[Change]) -> Iterator[str]:
    if dialect == "postgresql":
        yield (
            f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE {' OR '.join(changes)} ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()"
        )
        yield f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only"
        return
    for name, statement in _sqlite_triggers(table, changes).items():
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield statement


def _sqlite_triggers(table: str, changes: Iterable[Change]) -> dict[str, str]:
    triggers = {}
    for change in changes:
        if change is not Change.TRUNCATE:
            name = f"{table}_no_{change.lower()}"
            triggers[name] = (
                f"CREATE TRIGGER {name} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
            )
    return triggers


def _found_postgres(connection: Connection, tables: Protected) -> Iterator[str]:
    rows = connection.execute(_POSTGRES_FOUND, {"function": _FUNCTION, "body": _BODY})
    found = {row.relname: row.tgtype for row in rows}
    for table, changes in tables.items():
        if found.get(table) == _BEFORE_STATEMENT + sum(_TRIGGER_BITS[change] for change in changes):
            yield table


def _found_sqlite(connection: Connection, tables: Protected) -> Iterator[str]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    found = {row.name: row.sql for row in rows}
    for table, changes in tables.items():
        if all(found.get(name) == statement for name, statement in _sqlite_triggers(table, changes).items()):
            yield table
