"""What a column really holds: SQLite keeps whatever it is given, and fails to read what is not of its type."""

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, LargeBinary, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class _Bytes(FunctionElement[bytes]):
    inherit_cache = True
    name = "stored_bytes"
    type = LargeBinary()


class _Text(FunctionElement[str]):
    inherit_cache = True
    name = "stored_text"
    type = String()


def bytes_in(column: InstrumentedAttribute[bytes], longest: int) -> ColumnElement[bytes]:
    """The bytes of a column; NULL where it holds something else, or more than this many."""
    return _Bytes(column, literal(longest))


def text_in(column: InstrumentedAttribute[str], longest: int) -> ColumnElement[str]:
    """The text of a column; NULL where it holds something else or, on SQLite, more than this of printable ASCII."""
    return _Text(column, literal(longest))


@compiles(_Bytes, "postgresql")
def _bytes_of_postgres(element: _Bytes, compiler: "SQLCompiler", **how: object) -> str:
    column, longest = (compiler.process(part, **how) for part in element.clauses)
    return f"CASE WHEN octet_length({column}) <= {longest} THEN {column} END"


@compiles(_Bytes, "sqlite")
def _bytes_of_sqlite(element: _Bytes, compiler: "SQLCompiler", **how: object) -> str:
    column, longest = (compiler.process(part, **how) for part in element.clauses)
    return f"CASE WHEN typeof({column}) = 'blob' AND length({column}) <= {longest} THEN {column} END"


@compiles(_Text, "postgresql")
def _text_of_postgres(element: _Text, compiler: "SQLCompiler", **how: object) -> str:
    column, longest = (compiler.process(part, **how) for part in element.clauses)
    return f"CASE WHEN length({column}) <= {longest} THEN {column} END"


@compiles(_Text, "sqlite")
def _text_of_sqlite(element: _Text, compiler: "SQLCompiler", **how: object) -> str:
    """The second length counts up to a NUL, the first does not."""
    column, longest = (compiler.process(part, **how) for part in element.clauses)
    whole = f"length(CAST({column} AS BLOB)) = length({column}) AND length({column}) <= {longest}"
    return f"CASE WHEN typeof({column}) = 'text' AND {whole} AND {column} NOT GLOB '*[^ -~]*' THEN {column} END"
