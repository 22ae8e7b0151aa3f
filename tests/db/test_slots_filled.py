"""Accounts that were linked before there were slots get one each."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from app.db.engine import make_engine
from app.upkeep.schema import migrations, upgrade

_ACCOUNTS = ("a1", "a2", "a3", "a4", "b1", "claims")
_BEFORE = (
    (
        "INSERT INTO forums (id, name, status, return_urls, created_at) VALUES"
        " ('frm_a', 'a', 'active', '[]', :now), ('frm_b', 'b', 'active', '[]', :now)"
    ),
    (
        "INSERT INTO persons (id, audit_ref, wrapped_key, created_at) VALUES"
        " ('per_1', 'prf_1', :raw, :now), ('per_2', 'prf_2', :raw, :now)"
    ),
    (
        "INSERT INTO person_phones (person_id, state, index_version, blind_index, sealed_number, since) VALUES"
        " ('per_1', 'current', '1', :raw, :raw, :now), ('per_2', 'claimed', '1', :raw, :raw, :now)"
    ),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/old.db"
    else:
        new_database: Callable[[str], str] = request.getfixturevalue("new_postgres_database")
        url = new_database("slots_filled")
    made = make_engine(url)
    yield made
    made.dispose()


def test_linked_accounts_get_slots_in_the_order_of_their_links_beyond_the_limit_too(engine: Engine) -> None:
    command.upgrade(migrations(engine), _revision_before_slots(engine))
    values = {"raw": b"x", "now": "2026-11-21 04:00:00+00"}
    with engine.begin() as connection:
        for statement in _BEFORE:
            connection.execute(text(statement), values)
        for place, name in enumerate(_ACCOUNTS):
            row = {"id": name, "forum": "frm_b" if name == "b1" else "frm_a", "now": f"2026-11-21 04:00:0{place}+00"}
            row["person"] = "per_2" if name == "claims" else "per_1"
            connection.execute(
                text(
                    "INSERT INTO accounts (id, forum_id, handle, handle_key, created_at, updated_at)"
                    " VALUES (:id, :forum, :id, :id, :now, :now)"
                ),
                row,
            )
            connection.execute(
                text(
                    "INSERT INTO person_links (account_id, person_id, level, method, verified_at, sandbox)"
                    " VALUES (:id, :person, 'phone', 'phone_code', :now, true)"
                ),
                row,
            )
    upgrade(engine)
    with engine.connect() as connection:
        slots = connection.execute(text("SELECT account_id, forum_id, person_id, slot FROM account_slots ORDER BY 1"))
        assert [tuple(row) for row in slots] == [
            ("a1", "frm_a", "per_1", 1),
            ("a2", "frm_a", "per_1", 2),
            ("a3", "frm_a", "per_1", 3),
            ("a4", "frm_a", "per_1", 4),
            ("b1", "frm_b", "per_1", 1),
            ("claims", "frm_a", "per_1", 5),
        ]


def _revision_before_slots(engine: Engine) -> str:
    for revision in ScriptDirectory.from_config(migrations(engine)).walk_revisions():
        if revision.path.endswith("account_slots.py"):
            return str(revision.down_revision)
    raise AssertionError("no migration makes slots")
