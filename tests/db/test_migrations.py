"""Migrations and models agree, and every step can be taken back."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Inspector, inspect, text
from sqlalchemy.exc import IntegrityError

from app.all_models import METADATA
from app.db.engine import make_engine
from app.kernel.errors import StartRefused
from app.upkeep.schema import migrations, refuse_old_schema, upgrade

_VERSIONS = {"alembic_version"}
MakeEngine = Callable[[str], Engine]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeEngine]:
    """Makes empty databases of one kind."""
    made: list[Engine] = []

    def make(name: str) -> Engine:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path}/{name}.db"
        else:
            url = request.getfixturevalue("new_postgres_database")(f"migrations_{name}")
        made.append(make_engine(url))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


@pytest.fixture
def engine(make_empty: MakeEngine) -> Engine:
    return make_empty("main")


def _tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - _VERSIONS


def _described(engine: Engine) -> dict[str, object]:
    """All that the database itself says about its tables."""
    inspector = inspect(engine)
    return {name: _table(inspector, name) for name in inspector.get_table_names() if name not in _VERSIONS}


def _table(inspector: Inspector, name: str) -> dict[str, object]:
    return {
        "columns": {
            column["name"]: (repr(column["type"]), column["nullable"], column["default"])
            for column in inspector.get_columns(name)
        },
        "primary key": _plain(inspector.get_pk_constraint(name)),
        "foreign keys": sorted(_plain(key) for key in inspector.get_foreign_keys(name)),
        "unique": sorted(_plain(rule) for rule in inspector.get_unique_constraints(name)),
        "indexes": sorted(_plain(index) for index in inspector.get_indexes(name)),
        "checks": sorted(_plain(check) for check in inspector.get_check_constraints(name)),
    }


def _plain(described: object) -> str:
    """Sorted, and with the text of a partial index instead of the object that holds it."""
    if isinstance(described, dict):
        return "{" + ", ".join(f"{key}: {_plain(value)}" for key, value in sorted(described.items())) + "}"
    return str(described)


def test_an_empty_database_is_brought_up_to_date(engine: Engine) -> None:
    upgrade(engine)
    assert _tables(engine) == set(METADATA.tables)
    refuse_old_schema(engine)


def test_models_and_migrations_agree(engine: Engine) -> None:
    upgrade(engine)
    command.check(migrations(engine))  # raises when there is something to migrate


def test_a_migrated_database_is_the_one_that_the_models_describe(make_empty: MakeEngine) -> None:
    migrated, created = make_empty("migrated"), make_empty("created")
    upgrade(migrated)
    METADATA.create_all(created)
    assert _described(migrated) == _described(created)


def test_going_all_the_way_back_leaves_no_table_and_the_way_up_is_open_again(engine: Engine) -> None:
    upgrade(engine)
    before = _described(engine)
    command.downgrade(migrations(engine), "base")
    assert _tables(engine) == set()
    assert inspect(engine).get_view_names() == []
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            left = connection.execute(text("SELECT relname FROM pg_class WHERE relkind = 'S'")).all()
        assert left == []
    upgrade(engine)
    assert _described(engine) == before


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    before = _described(engine)
    upgrade(engine)
    assert _described(engine) == before


def test_a_database_that_was_never_migrated_is_refused_with_the_way_out(engine: Engine) -> None:
    with pytest.raises(StartRefused, match="shiming init"):
        refuse_old_schema(engine)


def test_a_database_of_a_newer_version_is_refused(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StartRefused, match="9999"):
        refuse_old_schema(engine)
    with pytest.raises(StartRefused, match="none that this version knows"):
        upgrade(engine)


def test_a_database_of_two_versions_at_once_is_refused(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
    with pytest.raises(StartRefused, match="0001, 0"):
        refuse_old_schema(engine)
    with pytest.raises(StartRefused, match="none that this version knows"):
        upgrade(engine)


_OLD_ROWS = (
    (
        "INSERT INTO forums (id, name, status, return_urls, created_at)"
        " VALUES ('frm_1', '论坛', 'active', '[]', '2026-11-21 04:00:00')"
    ),
    (
        "INSERT INTO accounts (id, forum_id, handle, handle_key, created_at, updated_at)"
        " VALUES ('acc_1', 'frm_1', '昵称', '昵称', '2026-11-21 04:00:00', '2026-11-21 04:00:00')"
    ),
)
_OLD_CHECK = """
    INSERT INTO verifications
    (id, forum_id, account_id, method, outcome, level, subject_digest, provider, sandbox, started_at)
    VALUES (:id, 'frm_1', 'acc_1', :method, 'pending', 'none', :digest, 'sandbox', TRUE, '2026-11-21 04:00:00')
"""


def test_checks_that_a_crash_left_open_are_closed_before_one_in_flight_becomes_the_rule(engine: Engine) -> None:
    script = ScriptDirectory.from_config(migrations(engine))
    step = next(one for one in script.walk_revisions() if one.doc.startswith("providers and organisations"))
    command.upgrade(migrations(engine), str(step.down_revision))
    with engine.begin() as connection:
        for statement in _OLD_ROWS:
            connection.execute(text(statement))
        for name, method, digest in (("1", "id2", b"x"), ("2", "id2", b"x"), ("3", "phone_code", None)):
            connection.execute(text(_OLD_CHECK), {"id": name, "method": method, "digest": digest})
    upgrade(engine)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id, outcome, reason FROM verifications ORDER BY id")).all()
    assert [tuple(row) for row in found] == [
        ("1", "pending", "outcome-unknown"),
        ("2", "pending", "outcome-unknown"),
        ("3", "pending", None),
    ]


def test_a_migration_leaves_foreign_keys_on(engine: Engine) -> None:
    upgrade(engine)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    orphan = "INSERT INTO clients (id, forum_id, scopes) VALUES ('cli_1', 'frm_none', '[]')"
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql(orphan)


def test_accounts_that_were_here_before_the_status_list_get_a_place_in_it(engine: Engine) -> None:
    command.upgrade(migrations(engine), "0002")
    day = "2026-11-21 04:00:00+00:00"
    with engine.begin() as connection:
        for forum in ("frm_1", "frm_2"):
            connection.execute(
                text("INSERT INTO forums VALUES (:id, '论坛', 'active', '[]', NULL, :day)"), {"id": forum, "day": day}
            )
            connection.execute(
                text(
                    "INSERT INTO accounts (id, forum_id, handle, handle_key, created_at, updated_at)"
                    " VALUES (:id, :forum, :id, :id, :day, :day)"
                ),
                [{"id": f"{forum}-{number}", "forum": forum, "day": day} for number in range(50)],
            )
    upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT forum_id, status_index FROM accounts ORDER BY id")).all()
    assert len(rows) == len(set(rows)) == 100
    assert all(0 <= place < 65_536 for _, place in rows)
    assert [place for _, place in rows] != sorted(place for _, place in rows)


def test_a_migration_says_nothing_above_a_warning(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        upgrade(engine)
    assert caplog.records == []


_BEFORE_LOOKS = "0002"
_OLD_ACCOUNT = (
    "INSERT INTO accounts (id, forum_id, handle, handle_key, created_at, updated_at)"
    " VALUES (:id, :forum, :handle, :handle, :at, :at)"
)


def test_of_old_accounts_that_look_alike_the_older_owns_the_look_and_both_keep_their_handle(engine: Engine) -> None:
    command.upgrade(migrations(engine), _BEFORE_LOOKS)
    at = datetime(2026, 11, 21, tzinfo=UTC)
    accounts = [("acc_2", "frm_1", "сосо", 1), ("acc_1", "frm_1", "coco", 2), ("acc_3", "frm_2", "coco", 3)]
    with engine.begin() as connection:
        for forum in ("frm_1", "frm_2"):
            connection.execute(
                text("INSERT INTO forums (id, name, status, return_urls, created_at) VALUES (:id, '', '', '[]', :at)"),
                {"id": forum, "at": at},
            )
        for account, forum, handle, day in accounts:
            values = {"id": account, "forum": forum, "handle": handle, "at": at + timedelta(days=day)}
            connection.execute(text(_OLD_ACCOUNT), values)
    upgrade(engine)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT id, handle FROM accounts ORDER BY id")).all()
        owners = connection.execute(
            text("SELECT forum_id, account_id, reserved_until FROM handles WHERE skeleton = 'coco' ORDER BY forum_id")
        ).all()
    assert [tuple(row) for row in kept] == [("acc_1", "coco"), ("acc_2", "сосо"), ("acc_3", "coco")]
    assert [tuple(row) for row in owners] == [("frm_1", "acc_2", None), ("frm_2", "acc_3", None)]


def test_what_was_recorded_before_there_was_a_log_waits_for_its_number_like_what_comes(engine: Engine) -> None:
    command.upgrade(migrations(engine), "0015")
    staged = text("INSERT INTO audit_stage (id, entry) VALUES (:id, :entry)")
    with engine.begin() as connection:
        connection.execute(staged, {"id": "before", "entry": b"{}"})
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(staged, {"id": "after", "entry": b"{}"})
        waiting = connection.execute(text("SELECT id FROM audit_waiting ORDER BY id")).scalars().all()
    assert waiting == ["after", "before"]
