"""Takes the triggers of append-only tables out of the way of a test that bends rows, as whoever owns them could."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from app.audit.protection import PROTECTED
from app.db.protection import Protected, protect
from app.db.unit_of_work import Transaction


@contextmanager
def unprotected(tx: Transaction, tables: Protected = PROTECTED) -> Iterator[None]:
    """Inside this transaction; afterwards the triggers stand as before."""
    connection = tx.session.connection()
    for table in tables:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"DROP TRIGGER {table}_append_only ON {table}"))
            continue
        for change in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{change}"))
    yield
    protect(connection, tables)
