"""The database itself keeps the log append-only: by triggers on both, and by a second role on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.audit.protection import PROTECTED, is_queued, missing_protection
from app.db.engine import make_engine
from app.db.protection import Change, protect
from app.db.roles import changeable
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.start_rules import refuse_powerful_postgres
from app.wiring import Services, build, initialise
from tests.support.clock import FakeClock

_REFUSED = "append-only|23001"
_FORBIDDEN = {
    Change.UPDATE: "UPDATE {0} SET {1} = {1}",
    Change.DELETE: "DELETE FROM {0}",
    Change.TRUNCATE: "TRUNCATE {0}",
}


@pytest.fixture
def log(services: Services) -> Engine:
    """Of whose every table a row is there."""
    with services.unit_of_work.begin(OPERATOR) as tx:
        for number in range(300):
            audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, f"acc_{number}")
        tx.session.execute(text("INSERT INTO audit_detail VALUES ('x', :blob, :blob)"), {"blob": b"x"})
    services.audit.sequencer.catch_up()
    return services.engine


def _column(connection: Connection, table: str) -> str:
    return next(iter(connection.execute(text(f"SELECT * FROM {table}")).keys()))


def test_no_row_of_the_log_is_changed_or_taken_away(log: Engine) -> None:
    sqlite = log.dialect.name == "sqlite"
    for table, changes in PROTECTED.items():
        for change in changes:
            if sqlite and change is Change.TRUNCATE:
                continue
            with log.connect() as connection, pytest.raises(DBAPIError, match=_REFUSED):
                connection.execute(text(_FORBIDDEN[change].format(table, _column(connection, table))))
    replace = (
        "INSERT OR REPLACE INTO audit_stage SELECT id, 'x' FROM audit_stage"
        if sqlite
        else "INSERT INTO audit_stage SELECT * FROM audit_stage ON CONFLICT (id) DO UPDATE SET entry = 'x'"
    )
    with log.connect() as connection, pytest.raises(DBAPIError, match=_REFUSED):
        connection.execute(text(replace))
    with log.begin() as connection:
        assert connection.execute(text("DELETE FROM audit_detail")).rowcount == 1


def _bend_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("DROP TRIGGER audit_leaves_no_delete")
    connection.exec_driver_sql("DROP TRIGGER audit_stage_no_update")
    connection.exec_driver_sql("CREATE TRIGGER audit_stage_no_update BEFORE UPDATE ON audit_stage BEGIN SELECT 1; END")


def _bend_postgres(connection: Connection) -> None:
    connection.exec_driver_sql("DROP TRIGGER audit_leaves_append_only ON audit_leaves")
    connection.exec_driver_sql("ALTER TABLE audit_stage DISABLE TRIGGER audit_stage_append_only")


def test_a_trigger_that_is_gone_or_bent_is_found_and_put_up_again(log: Engine) -> None:
    with log.connect() as connection:
        assert missing_protection(connection) == []
        (_bend_sqlite if log.dialect.name == "sqlite" else _bend_postgres)(connection)
        assert missing_protection(connection) == ["audit_stage", "audit_leaves"]
        protect(connection, PROTECTED)
        assert missing_protection(connection) == []
        with pytest.raises(DBAPIError, match=_REFUSED):
            connection.execute(text("DELETE FROM audit_leaves"))


def test_a_function_that_refuses_nothing_any_more_is_found(log: Engine) -> None:
    if log.dialect.name == "sqlite":
        return  # its triggers are their own text
    with log.connect() as connection:
        bent = "CREATE OR REPLACE FUNCTION shiming_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        connection.exec_driver_sql(f"{bent} $$ BEGIN RETURN NEW; END $$")
        assert missing_protection(connection) == list(PROTECTED)
        protect(connection, PROTECTED)
        assert missing_protection(connection) == []


def test_a_queue_that_is_there_by_its_name_only_is_found(log: Engine) -> None:
    if log.dialect.name == "sqlite":
        bent = "CREATE TRIGGER audit_stage_waits AFTER INSERT ON audit_stage BEGIN SELECT 1; END"
        statements = ["DROP TRIGGER audit_stage_waits", bent]
    else:
        bent = "CREATE OR REPLACE FUNCTION audit_stage_waits() RETURNS trigger LANGUAGE plpgsql AS"
        statements = [f"{bent} $$ BEGIN RETURN NULL; END $$"]
    with log.connect() as connection:
        assert is_queued(connection)
        for statement in statements:
            connection.exec_driver_sql(statement)
        assert not is_queued(connection)


@pytest.fixture
def role(
    new_postgres_database: Callable[[str], str], keys_dir: Path, sqlite_template: Path, tmp_path: Path, worker_id: str
) -> Iterator[tuple[Settings, Settings]]:
    """The settings of an installation whose owner and whose server are two roles."""
    assert sqlite_template.exists()  # it made the keys
    name, url = f"shiming_service_{worker_id}", make_url(new_postgres_database("roles"))
    engine = make_engine(str(url))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")

    def of(role: URL) -> Settings:
        return Settings(
            _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
            database_url=str(role),
            database_role=name,
            keys_dir=keys_dir,
            data_dir=tmp_path,
            audit_dir=tmp_path,
        )

    yield of(url), of(url.set(username=name))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {name}; DROP ROLE {name}")
    engine.dispose()


def test_the_role_that_serves_does_all_its_work_and_cannot_change_the_log(
    role: tuple[Settings, Settings], clock: FakeClock
) -> None:
    owner, server = role
    initialise(owner, clock)
    initialise(owner, clock)  # safe to run again
    serving = build(server, clock=clock)
    serving.forums.add(OPERATOR, "论坛")
    assert serving.audit.sequencer.catch_up() > 0
    with serving.engine.connect() as connection:
        assert changeable(connection, PROTECTED) == []
        assert missing_protection(connection) == []
    for statement in (
        *(_FORBIDDEN[change].format("audit_leaves", "number") for change in Change),
        "DROP TRIGGER audit_leaves_append_only ON audit_leaves",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = '0001'",
    ):
        with serving.engine.connect() as connection, pytest.raises(DBAPIError, match="42501"):
            connection.execute(text(statement))
    refuse_powerful_postgres(serving.engine)
    serving.engine.dispose()


def test_a_role_that_is_no_weaker_than_the_owner_is_refused(role: tuple[Settings, Settings], clock: FakeClock) -> None:
    for name, told in (("nobody_there", "no role nobody_there"), ("postgres", "all that the owner")):
        with pytest.raises(StartRefused, match=told):
            initialise(role[0].model_copy(update={"database_role": name}), clock)
    engine = make_engine(role[0].database_url)
    with engine.connect() as connection:
        assert changeable(connection, PROTECTED) == list(PROTECTED)
    with pytest.raises(StartRefused, match="SHIMING_DATABASE_ROLE"):
        refuse_powerful_postgres(engine)
    engine.dispose()
