"""A thousand people are planted and must be found nowhere but where the table says, whatever fails. Source: L8h."""

import json
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import MetaData, create_engine, select, text

from app.forums.domain import Credentials
from app.kernel.actor import SYSTEM
from app.kernel.ids import AccountId, ClientId, ForumId
from app.kernel.secret import Secret
from app.vault.domain import IdentityField
from app.wiring import build
from tests.support import misbehaving
from tests.support.breaking import (
    Site,
    break_rules,
    crash,
    disturb_database,
    lose_keys,
    misbehave,
    ruin_database,
    run_commands,
)
from tests.support.canaries import codes_in, files_under, hits, spellings
from tests.support.forum import ForumBackend
from tests.support.opening import read_identity
from tests.support.planting import Person, Planter, person
from tests.support.postgres import start_postgres
from tests.support.process import service_process, shiming
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
    "client secret": NOWHERE,  # but in what `forum add` said to its operator, which is not searched
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


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    server = start_postgres(*_TALKATIVE) if request.param == "postgresql" else None
    url = server.url("postgres") if server else ""
    (tmp_path / "tmp").mkdir()
    more = {"SHIMING_LOG_LEVEL": "DEBUG", "TMPDIR": str(tmp_path / "tmp"), "PYTHONFAULTHANDLER": "1"}
    try:
        with service_process(tmp_path, url, command=(sys.executable, "-m", misbehaving.__name__), **more) as running:
            yield Site(tmp_path, running, server)
    finally:
        if server:
            server.stop()


def test_people_are_found_nowhere_whatever_fails_and_are_readable_through_the_vault(site: Site, form: Form) -> None:
    people = [person(n) for n in range(form.size(short=10, long=1000))]
    culprits = [person(n, misbehaving.BIRTH, 9200, 0x6000) for n in range(misbehaving.MISDEEDS)]
    strays = [person(n, "19870613", 9300, 0x7000) for n in range(form.size(short=2, long=50))]
    refused = person(0, "19870617", 9400, 0x8000)
    planter = Planter(ForumBackend(site.service.address, _credentials(site)))

    with ThreadPoolExecutor(4) as pool:
        accounts = list(pool.map(planter.plant, people, range(len(people))))
    for stray in strays:
        planter.provoke(stray, accounts[0])
    misbehave(planter, culprits, people)
    run_commands(site)
    if not site.server:  # keys are files, whatever the database
        lose_keys(site)
    exceptions = break_rules(site, accounts[0], refused)
    disturb_database(site, planter, strays[0])
    _read_back(site, people, accounts)
    _publish_decoy(site, planter, culprits[0])
    places = {"exceptions": exceptions, "rows": _rows(site)} | _files(site)
    ruin_database(site, planter, people[-1])
    planter.forum.http.close()
    crash(site.service)

    places |= {name: bytes(heard) for name, heard in planter.heard.items()} | _logs(site)
    values = _values([*people, *culprits[1:]], planter, site)
    values |= {"stray": _all_of(strays), "refused by the database": _all_of([refused])}
    _assert_nowhere(values, places)
    assert codes_in(planter.codes, b"\n".join(said for name, said in places.items() if name.split()[0] != "files")) == 0
    _assert_decoy_is_found(culprits[0], places)
    _assert_search_finds(values, places)
    form.tell(
        f"canaries, {'postgresql' if site.server else 'sqlite'}",
        f"{len(people)} people, {sum(map(len, values.values()))} values in 9 encodings, {len(places)} places,"
        f" {sum(map(len, places.values())) // 1_000_000} MB: 0 hits; all {len(people)} opened through the vault",
    )


def _credentials(site: Site) -> Credentials:
    added = json.loads(shiming(site.service.environment, "forum", "add", "金丝雀论坛", "--json").stdout)
    return Credentials(ForumId(added["forum_id"]), ClientId(added["client_id"]), Secret(added["client_secret"]))


def _values(people: list[Person], planter: Planter, site: Site) -> dict[str, list[str]]:
    keys = [json.loads(file.read_text())["material"] for file in (site.folder / "keys").glob("*.key")]
    texted = [f"{misbehaving.PHONES}{n:02d}" for n in range(misbehaving.SMS_MISDEEDS)]
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
        "client secret": [planter.forum.credentials.client_secret.reveal()],
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
        opened = read_identity(services, SYSTEM, found)
        assert opened.fields[IdentityField.DOCUMENT_NUMBER].reveal() == one.number
        assert opened.fields[IdentityField.NAME].reveal() == one.name
        assert opened.fields[IdentityField.PHONE].reveal() == one.phone
    services.engine.dispose()
