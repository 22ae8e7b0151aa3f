"""The log as tests need it: entries in it, and yesterday's tables put back as a restore does."""

from sqlalchemy import Row, delete, insert, select

from app.all_models import METADATA
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import Transaction
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.unprotected import unprotected

_TABLES = [
    METADATA.tables[f"audit_{name}"]
    for name in ("stage", "waiting", "origins", "leaves", "tiles", "checkpoints", "detail", "anchor_states")
]
Rows = dict[str, list[Row[tuple[object, ...]]]]


def record_entries(services: Services, count: int) -> list[str]:
    """Staged, without a number yet."""
    with services.unit_of_work.begin(OPERATOR) as tx:
        return stage_entries(tx, count)


def stage_entries(tx: Transaction, count: int) -> list[str]:
    return [audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, f"acc_{number}") for number in range(count)]


def rows_of_the_log(services: Services) -> Rows:
    with services.unit_of_work.read() as tx:
        return {str(table): list(tx.session.execute(select(table))) for table in _TABLES}


def put_back(services: Services, rows: Rows) -> None:
    """What a restore of the database does; files stay as they are."""
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx):
        for table in _TABLES:
            tx.session.execute(delete(table))
            if kept := rows[str(table)]:
                tx.session.execute(insert(table), [dict(row._mapping) for row in kept])
