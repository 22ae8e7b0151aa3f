"""Takes the triggers of append-only tables out of the way of a test that bends rows, as whoever owns them could."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from app.audit.protection import PROTECTED
from app.db.protection import protect
from app.db.unit_of_work import Transaction


@contextmanager
def unprotected(tx: Transaction) -> Iterator[None]:
    """Inside this transaction; afterwards the triggers stand as before."""
    connection = tx.session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield
        connection.execute(text("SET LOCAL session_replication_role = origin"))
        return
    for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        connection.execute(text(f"DROP TRIGGER {name}"))
    yield
    protect(connection, PROTECTED)
