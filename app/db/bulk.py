"""Statements about many rows that both databases take: any number of strings are one parameter."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, ColumnElement, Select, String, func, insert, inspect, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean

from app.db.base import Base

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class _Among(FunctionElement[bool]):
    inherit_cache = True
    name = "among"
    type = Boolean()


class _Members(FunctionElement[str]):
    inherit_cache = True
    name = "members"
    type = String()


def among(column: InstrumentedAttribute[str], values: Collection[str]) -> ColumnElement[bool]:
    """Whether a column holds one of these."""
    return _Among(column, _written(values))


def each_with(values: Collection[str], *more: ColumnElement[Any]) -> Select[str]:
    """A row for each of these, and beside it the same for all."""
    members = _Members(_written(values)).table_valued("value")
    return select(members.c.value, *more).where(members.c.value.is_not(None))  # without a WHERE, SQLite misreads it


def insert_new(
    session: Session, table: type[Base], names: Sequence[str], rows: Select[str], key: InstrumentedAttribute[str]
) -> set[str]:
    """Inserts the rows that no uniqueness rule refuses; the `key` of each that is new."""
    statement = _insert(session, table).from_select(names, rows, include_defaults=False).on_conflict_do_nothing()
    return set(session.scalars(statement.returning(key)))


def add_new(session: Session, rows: Sequence[Base], key: InstrumentedAttribute[str]) -> set[str]:
    """Likewise for rows of one table that stand in memory, in their order; they do not join the session."""
    if not rows:
        return set()
    columns = [attribute.key for attribute in inspect(type(rows[0])).column_attrs]
    values = [{name: getattr(row, name) for name in columns} for row in rows]
    statement = _insert(session, type(rows[0])).values(values).on_conflict_do_nothing()
    return set(session.scalars(statement.returning(key)))


def insert_many(session: Session, table: type[Base], columns: Mapping[str, Sequence[object]]) -> None:
    """Inserts rows that are given column by column, all of one length; nothing about them is looked up or returned.

    On PostgreSQL in one statement whatever their number, which costs a third of one for each row.
    """
    if session.get_bind().dialect.name != "postgresql":
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        session.connection().execute(insert(table), rows)
        return
    types = {column.key: column.type for column in inspect(table).columns}
    arrays = [literal(list(values), ARRAY(types[name])) for name, values in columns.items()]
    rows_of = func.unnest(*arrays).table_valued(*columns).render_derived()
    session.execute(insert(table).from_select(list(columns), select(rows_of), include_defaults=False))


def _insert(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _written(values: Collection[str]) -> ColumnElement[str]:
    return literal(json.dumps(list(values)), String)


@compiles(_Members, "postgresql")
def _members_of_json(element: _Members, compiler: "SQLCompiler", **how: object) -> str:
    return f"jsonb_array_elements_text(CAST({compiler.process(element.clauses, **how)} AS jsonb))"


@compiles(_Members, "sqlite")
def _members(element: _Members, compiler: "SQLCompiler", **how: object) -> str:
    return f"json_each({compiler.process(element.clauses, **how)})"


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: "SQLCompiler", **how: object) -> str:
    """An array and not a table: then no plan reads the whole table."""
    column, values = element.clauses
    listed = f"SELECT jsonb_array_elements_text(CAST({compiler.process(values, **how)} AS jsonb))"
    return f"{compiler.process(column, **how)} = ANY (ARRAY({listed}))"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: "SQLCompiler", **how: object) -> str:
    column, values = element.clauses
    listed = f"SELECT value FROM json_each({compiler.process(values, **how)})"  # noqa: S608 -- bound
    return f"{compiler.process(column, **how)} IN ({listed})"
