"""A thousand people are planted and must be found nowhere but where the table says, whatever fails. Source: L8h."""

import json
import shutil
import signal
import sqlite3
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import MetaData, create_engine, select, text
from sqlalchemy.exc import IntegrityError

from app.accounts.models import AccountRow
from app.crypto.keyring import KeyPurpose
from app.db.unit_of_work import ConstraintViolated
from app.forums.domain import Credentials
from app.kernel.actor import SYSTEM
from app.kernel.errors import StartRefused
from app.kernel.ids import AccountId, ClientId, ForumId
from app.kernel.secret import Secret
from app.settings import Settings
from app.vault.domain import IdentityField, ReadPurpose
from app.wiring import Services, build
from tests.support import misbehaving
from tests.support.canaries import codes_in, files_under, hits, spellings
from tests.support.forum import ForumBackend
from tests.support.planting import Person, Planter, person
from tests.support.postgres import Postgres, start_postgres
from tests.support.process import ServiceProcess, service_process, shiming
from tests.torture.form import Form

NOWHERE = frozenset[str]()
_PUBLIC = frozenset({"files", "rows", "server log", "answers", "echoed"})
MAY_STAND_IN = {
    "document number": NOWHERE,
    "name": NOWHERE,
    "phone": NOWHERE,
    "organisation": NOWHERE,
    "text to a phone": NOWHERE,  # and in /dev/outbox, which is not searched
    "idempotency key": NOWHERE,
    "access token": frozenset({"login"}),
    "posting token": frozenset({"permit"}),
    "remedy ticket": frozenset({"refusal"}),
    "client secret": frozenset({"forum add"}),
    "key": frozenset({"keys"}),
    "handle": _PUBLIC | {"permit"},
    "external id": _PUBLIC,
    "self-description": _PUBLIC,
    "stray": frozenset({"echoed", "server log"}),
    "refused by the database": frozenset({"files", "server log"}),
}
"""Where each kind of canary may stand.

A stray was sent where no person belongs: as an id, a status, a request id. A database server that was told to log the
values of statements logs those of a query for such an id. What the database refused we have given it ourselves.
"""
_TALKATIVE = ("log_statement=all", "log_parameter_max_length_on_error=-1", "log_line_prefix=")
_PATIENCE = 60


@dataclass
class Site:
    """A service that misbehaves as far as it can, its database, and what its processes have said."""

    folder: Path
    service: ServiceProcess
    server: Postgres | None
    began: float = field(default_factory=time.time)
    said: bytearray = field(default_factory=bytearray)

    def run(self, *command: str, **more: str) -> str:
        """A command of the operator, its whole output kept."""
        done = shiming({**self.service.environment, **more}, *command)
        self.said += (done.stdout + done.stderr).encode()
        return done.stdout

    def settings(self, **more: object) -> Settings:
        prefix, given = "SHIMING_", self.service.environment
        return Settings.model_validate(
            {name.removeprefix(prefix).lower(): given[name] for name in given if name.startswith(prefix)} | more
        )

    def database(self) -> str:
        return self.settings().database()


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    server = start_postgres(*_TALKATIVE) if request.param == "postgresql" else None
    url = server.url("postgres") if server else ""
    (tmp_path / "tmp").mkdir()
    more = {"SHIMING_LOG_LEVEL": "DEBUG", "TMPDIR": str(tmp_path / "tmp"), "PYTHONFAULTHANDLER": "1"}
    try:
        with service_process(tmp_path, url, module=misbehaving.__name__, **more) as running:
            yield Site(tmp_path, running, server)
    finally:
        if server:
            server.stop()


def test_people_are_found_nowhere_whatever_fails_and_are_readable_through_the_vault(site: Site, form: Form) -> None:
    people = [person(n) for n in range(form.size(short=10, long=1000))]
    culprits = [person(n, misbehaving.BIRTH, 9200, 0x6000) for n in range(misbehaving.MISDEEDS)]
    strays = [person(n, "19870613", 9300, 0x7000) for n in range(form.size(short=2, long=50))]
    added = json.loads(shiming(site.service.environment, "forum", "add", "金丝雀论坛", "--json").stdout)
    credentials = Credentials(ForumId(added["forum_id"]), ClientId(added["client_id"]), Secret(added["client_secret"]))
    planter = Planter(ForumBackend(site.service.address, credentials))

    with ThreadPoolExecutor(4) as pool:
        accounts = list(pool.map(planter.plant, people, range(len(people))))
    for stray in strays:
        planter.provoke(stray, accounts[0])
    _misbehave(planter, culprits, people)
    _run_commands(site)
    _lose_keys(site)
    refused = person(0, "19870617", 9400, 0x8000)
    exceptions = _break_rules(site, accounts[0], refused)
    _disturb_database(site, planter, strays[0])
    _read_back(site, people, accounts)
    _publish_decoy(site, planter, culprits[0])
    rows, files = _rows(site), _files(site)
    _ruin_database(site, planter, people[-1])
    planter.forum.http.close()
    _crash(site.service)

    places = {name: bytes(heard) for name, heard in planter.heard.items()} | _logs(site) | files
    places |= {"rows": rows, "exceptions": exceptions, "forum add": json.dumps(added).encode()}
    values = _values([*people, *culprits[1:]], planter, site, credentials)
    values |= {"stray": _all_of(strays), "refused by the database": _all_of([refused])}
    _assert_nowhere(values, places)
    assert sum(codes_in(planter.codes, content) for name, content in places.items() if name not in files) == 0
    _assert_decoy_is_found(culprits[0], places)
    _assert_search_finds(values, places)
    size = sum(map(len, places.values())) // 1_000_000
    form.tell(
        f"canaries, {'postgresql' if site.server else 'sqlite'}",
        f"{len(people)} people, {sum(map(len, values.values()))} values, 9 encodings, {len(places)} places,"
        f" {size} MB: 0 hits; {len(people)} of {len(people)} opened through the vault",
    )


# -- what fails -----------------------------------------------------------------------------------------------------


def _misbehave(planter: Planter, culprits: list[Person], people: list[Person]) -> None:
    """Provider and sender say whom they were asked about in every way; between them one that is well, for the breaker.

    What they say of a person they have asked about must never come out as a verdict.
    """
    for n, culprit in enumerate(culprits):
        account = planter.register(culprit)
        checked = planter.forum.check_document(account, culprit.number, culprit.name)
        assert checked.json()["outcome"] == ("verified" if n < 2 else "pending"), checked.text
        well = planter.register(person(n, "19870614"))
        assert planter.forum.check_document(well, people[n].number, people[n].name).json()["outcome"] == "rejected"
    statuses = set()
    for n in range(misbehaving.SMS_MISDEEDS):
        account = planter.register(person(n, "19870615"))
        statuses.add(planter.forum.ask_code(account, f"{misbehaving.PHONES}{n:03d}").status_code)
    assert {201, 422, 429, 500} == statuses


def _run_commands(site: Site) -> None:
    """Every command that reads the database, and the demonstration."""
    site.run("doctor")
    site.run("forum", "list")
    assert site.run("worker", "--once")
    assert "Done: a real person" in site.run("demo")


def _lose_keys(site: Site) -> None:
    """Each key once, at the start; and all of them while the service runs, which has read them."""
    keys = site.folder / "keys"
    for purpose in KeyPurpose:
        shutil.copytree(keys, site.folder / "fewer")
        for file in (site.folder / "fewer").glob(f"{purpose}-*"):
            file.unlink()
        with pytest.raises(StartRefused) as refused:
            build(site.settings(keys_dir=site.folder / "fewer"))
        site.said += _all_said(refused.value)
        if purpose is KeyPurpose.ROOT:
            site.run("serve", "--port", "0", SHIMING_KEYS_DIR=str(site.folder / "fewer"))
        shutil.rmtree(site.folder / "fewer")
    keys.rename(site.folder / "gone")
    httpx2.get(f"{site.service.address}/readyz")
    (site.folder / "gone").rename(keys)


def _break_rules(site: Site, account_id: str, one: Person) -> bytes:
    """What the database's errors say of the values that they refused: all that a logger could print of them."""
    services = build(site.settings())
    said = bytearray()
    broken: dict[str, dict[str, object]] = {
        "foreign key": {"forum_id": one.number},
        "unique": {"id": account_id, "forum_id": one.number, "display_name": one.name},
        "not null": {"handle": one.name, "forum_id": None},
    }
    for values in broken.values():
        said += _failure(services, values, one)
    services.engine.dispose()
    return bytes(said)


def _failure(services: Services, values: dict[str, object], one: Person) -> bytes:
    columns = {column.name for column in AccountRow.__table__.columns}
    row = {"id": one.number, "forum_id": one.number, "handle": one.name, "created_at": services.clock.now()}
    given = {name: value for name, value in (row | values).items() if name in columns}
    try:
        with services.unit_of_work.begin(SYSTEM) as tx:
            tx.session.execute(AccountRow.__table__.insert().values(given))  # type: ignore[attr-defined] # it is a Table
    except (IntegrityError, ConstraintViolated) as error:
        return _all_said(error)
    raise AssertionError(values)


def _all_said(error: BaseException | None) -> bytes:
    """`str`, `repr`, arguments and traceback of an exception and of every one behind it, suppressed or not."""
    said = b""
    while error is not None:
        said += f"{error!s} {error!r} {error.args!r} {''.join(traceback.format_exception(error))}\n".encode()
        error = error.__cause__ or error.__context__
    return said


def _disturb_database(site: Site, planter: Planter, stray: Person) -> None:
    """Transactions that lose their connection, or that wait for a lock in vain: 503 or an answer, nothing else."""
    disturbed = threading.Thread(target=_kill_backends if site.server else _hold_lock, args=(site,))
    disturbed.start()
    statuses = set()
    n = 0
    while disturbed.is_alive():
        one = person(n, "19870616")
        body = {"handle": one.handle, "external_id": one.external_id, "profile": {"bio": one.bio}}
        statuses.add(planter.forum.post("/v1/accounts", body).status_code)
        statuses.add(planter.forum.check_document(stray.external_id, stray.number, stray.name).status_code)
        n += 1
    disturbed.join(_PATIENCE)
    assert statuses - {201, 401, 404} == {503}, statuses


def _kill_backends(site: Site) -> None:
    engine = create_engine(site.database().replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename <> ''"
    with engine.connect() as connection:
        for _ in range(200):
            connection.execute(text(others))
            time.sleep(0.01)
    engine.dispose()


def _hold_lock(site: Site) -> None:
    connection = sqlite3.connect(site.folder / "var" / "shiming.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(6)
    connection.execute("ROLLBACK")
    connection.close()


def _ruin_database(site: Site, planter: Planter, one: Person) -> None:
    """The server is killed; the embedded file is no database any more."""
    if site.server:
        site.server.process.kill()
        site.server.process.wait(_PATIENCE)
    else:
        for name in ("shiming.db", "shiming.db-wal"):
            (site.folder / "var" / name).write_bytes(b"no database" * 10_000)
    statuses = {
        planter.forum.get("/v1/accounts", params={"external_id": one.external_id}).status_code,
        planter.forum.post("/v1/accounts", {"handle": one.handle}).status_code,
        planter.forum.check_document(one.external_id, one.number, one.name).status_code,
    }
    assert statuses <= {404, 422, 500, 503}, statuses
    assert statuses & {500, 503}, statuses


def _crash(service: ServiceProcess) -> None:
    """With the fault handler on, which prints every thread's frames."""
    service.process.send_signal(signal.SIGABRT)
    assert service.process.wait(_PATIENCE) == -signal.SIGABRT
    assert b"Fatal Python error: Aborted" in service.output.read_bytes()


# -- where it is looked for -----------------------------------------------------------------------------------------


def _values(people: list[Person], planter: Planter, site: Site, credentials: Credentials) -> dict[str, list[str]]:
    keys = [json.loads(file.read_text())["material"] for file in (site.folder / "keys").glob("*.key")]
    texted = [f"{misbehaving.PHONES}{n:03d}" for n in range(misbehaving.SMS_MISDEEDS)]
    return {
        "document number": [*(one.number for one in people), misbehaving.JOB_FAILS_ON],
        "name": [one.name for one in people],
        "phone": [*(one.phone for one in people), *(one.told_phone for one in people), *texted],
        "organisation": [one.organisation for one in people],
        "text to a phone": ["【实名】验证码"],
        "idempotency key": [one.key for one in people],
        "access token": list(planter.access_tokens),
        "posting token": list(planter.permits),
        "remedy ticket": list(planter.tickets),
        "client secret": [credentials.client_secret.reveal()],
        "key": keys,
        "handle": [one.handle for one in people],
        "external id": [one.external_id for one in people],
        "self-description": [one.bio for one in people],
    }


def _all_of(people: list[Person]) -> list[str]:
    return [value for one in people for value in (one.number, one.name, one.phone)]


def _logs(site: Site) -> dict[str, bytes]:
    log = site.service.output.read_bytes()
    for event in (b'"route"', b'"job-failed"', b'"request-failed"', b'"vendor.sdk"', b'"py.warnings"'):
        assert event in log, event
    server = {"server log": (site.server.folder / "log").read_bytes()} if site.server else {}
    assert all(b"INSERT INTO person_documents" in said for said in server.values())
    return {"log": log, "commands": bytes(site.said)} | server


def _files(site: Site) -> dict[str, bytes]:
    """Every file that was written since, but for the logs; the metrics are asked for here too, while they are there."""
    if site.server:
        with create_engine(site.server.url("postgres")).connect() as connection:
            connection.execute(text("CHECKPOINT"))
            connection.detach()
    cluster = files_under(site.server.folder / "data", site.began) if site.server else {}
    files = cluster | files_under(site.folder / "var") | files_under(site.folder / "tmp")
    assert any(("/pg_wal/" if site.server else ".db-wal") in name for name in files)
    keys = b"\n".join(files_under(site.folder / "keys").values())
    metrics = httpx2.get(f"{site.service.address}/metrics").content
    assert b"shiming_requests_total" in metrics
    return {f"files {name}": content for name, content in files.items()} | {"keys": keys, "metrics": metrics}


def _rows(site: Site) -> bytes:
    """Every text and every string of bytes in every table, as no compression of a file can hide it."""
    engine, tables, found = build(site.settings()).engine, MetaData(), list[bytes]()
    tables.reflect(engine)
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            for row in connection.execute(select(table)):
                found += [value.encode() if isinstance(value, str) else value for value in row if _is_text(value)]
    engine.dispose()
    return b"\n".join(found)


def _is_text(value: object) -> bool:
    return isinstance(value, str | bytes)


def _assert_nowhere(values: Mapping[str, list[str]], places: Mapping[str, bytes]) -> None:
    assert values.keys() == MAY_STAND_IN.keys()
    assert all(values.values())
    found = {}
    for kind, canaries in values.items():
        elsewhere = {name: said for name, said in places.items() if name.split()[0] not in _words(kind)}
        found[kind] = hits(canaries, elsewhere)
    assert {kind: where for kind, where in found.items() if where} == {}


def _words(kind: str) -> set[str]:
    return {place.split()[0] for place in MAY_STAND_IN[kind]}


def _publish_decoy(site: Site, planter: Planter, decoy: Person) -> None:
    """One person's number is let out on purpose: a table, an answer; the provider has printed it."""
    engine = build(site.settings()).engine
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE decoys (said VARCHAR(40))"))
        connection.execute(text("INSERT INTO decoys VALUES (:said)"), {"said": decoy.number})
    engine.dispose()
    planter.forum.get("/v1/accounts", headers={"x-request-id": decoy.number})


def _assert_decoy_is_found(decoy: Person, places: Mapping[str, bytes]) -> None:
    found = {hit.split()[0].removesuffix(":") for hit in hits([decoy.number], places)}
    assert found == {"files", "rows", "log", "echoed", *({"server"} & {name.split()[0] for name in places})}


def _assert_search_finds(values: Mapping[str, list[str]], places: Mapping[str, bytes]) -> None:
    """Each kind, in each encoding, in the middle of each kind of place."""
    samples = {name.split()[0]: content[:4096] for name, content in places.items()}
    for canaries in values.values():
        for encoding, spelled in spellings(canaries[-1]).items():
            planted = {name: sample + spelled + sample for name, sample in samples.items()}
            assert {f"{name}: {encoding}" for name in samples} <= set(hits(canaries, planted))


def _read_back(site: Site, people: list[Person], accounts: list[str]) -> None:
    services = build(site.settings())
    for one, account in zip(people, accounts, strict=True):
        found = services.verifications.person_behind(AccountId(account))
        assert found is not None
        opened = services.vault.read_identity(
            SYSTEM, found, ReadPurpose.COURT_ORDER, set(IdentityField), case="(2026) 沙箱 1 号"
        )
        assert opened[IdentityField.DOCUMENT_NUMBER].reveal() == one.number
        assert opened[IdentityField.NAME].reveal() == one.name
        assert opened[IdentityField.PHONE].reveal() == one.phone
    services.engine.dispose()
