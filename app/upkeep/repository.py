"""Every query on key names."""

from collections.abc import Iterable

from sqlalchemy import delete, inspect, select

from app.crypto.keyring import Key
from app.db.unit_of_work import Transaction
from app.upkeep.models import KeyNameRow


def named_keys(tx: Transaction) -> dict[str, tuple[str, bytes]]:
    """Key id to purpose and check value; empty for a database that has no tables yet."""
    if not inspect(tx.session.connection()).has_table(KeyNameRow.__tablename__):
        return {}
    return {row.id: (row.purpose, row.check_value) for row in tx.session.scalars(select(KeyNameRow))}


def name_keys(tx: Transaction, keys: Iterable[Key]) -> None:
    tx.session.add_all(
        KeyNameRow(id=key.id, purpose=key.purpose, check_value=key.check_value(), named_at=tx.now) for key in keys
    )


def forget_keys(tx: Transaction, keys: Iterable[Key]) -> None:
    tx.session.execute(delete(KeyNameRow).where(KeyNameRow.id.in_([key.id for key in keys])))
