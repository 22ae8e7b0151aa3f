"""People are planted and must be found nowhere: not in the database, not in a log, not in an answer. Source: L8h."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, text

from app.forums.domain import Credentials
from app.kernel.actor import SYSTEM
from app.kernel.ids import AccountId, ClientId, ForumId
from app.kernel.secret import Secret
from app.settings import Settings
from app.vault.domain import IdentityField, ReadPurpose
from app.wiring import build
from tests.support.canaries import files_under, hits, spellings
from tests.support.forum import ForumBackend, organisation_code, sandbox_number
from tests.support.process import ServiceProcess, service_process, shiming

_PEOPLE = 10


@dataclass(frozen=True)
class Canary:
    number: str
    name: str
    phone: str
    external_id: str
    told_phone: str
    """A phone that only the provider hears of."""
    organisation: str

    def values(self) -> list[str]:
        return [self.number, self.name, self.phone, self.told_phone, self.organisation]


_SURNAMES = "甲乙丙丁戊己庚辛壬癸"
CANARIES = [
    Canary(
        sandbox_number(800 + n),
        f"金丝雀{_SURNAMES[n]}𠮷",
        f"1400000{7100 + n}",
        f"personal-user-id-{n}",
        f"1400000{7200 + n}",
        organisation_code(organisation=f"MA00CAN0{n}"),
    )
    for n in range(_PEOPLE)
]


@pytest.fixture(params=["sqlite", "postgresql"])
def service(
    request: pytest.FixtureRequest, tmp_path: Path, new_postgres_database: Callable[[str], str]
) -> Iterator[ServiceProcess]:
    """A service of its own, logging all it can."""
    url = new_postgres_database("canaries") if request.param == "postgresql" else ""
    with service_process(tmp_path, url, SHIMING_LOG_LEVEL="DEBUG") as running:
        yield running


def test_planted_people_are_found_nowhere_and_are_readable_through_the_vault(
    service: ServiceProcess, tmp_path: Path, postgres_folder: str
) -> None:
    began = time.time()
    added = json.loads(shiming(service.environment, "forum", "add", "金丝雀论坛", "--json").stdout)
    credentials = Credentials(ForumId(added["forum_id"]), ClientId(added["client_id"]), Secret(added["client_secret"]))
    forum = ForumBackend(service.address, credentials)
    accounts = [_plant(forum, canary, number) for number, canary in enumerate(CANARIES)]
    answers = {f"answer {n}": body for n, body in enumerate(_provoke_errors(forum, accounts))}
    forum.http.close()

    places = _database_files(service, tmp_path, Path(postgres_folder), began) | answers
    values = [value for canary in CANARIES for value in canary.values()]
    assert hits(values, places) == []
    log = {"log": service.output.read_bytes()}
    assert b'"route"' in log["log"], "the log was written"
    assert hits([*values, *(canary.external_id for canary in CANARIES), "planted_"], log) == []
    _read_back(service, accounts)


def test_the_search_finds_what_it_is_shown() -> None:
    for canary in CANARIES:
        for value in canary.values():
            for name, spelled in spellings(value).items():
                assert hits([value], {"place": b"before " + spelled + b" after"}), name


def _plant(forum: ForumBackend, canary: Canary, number: int) -> str:
    account = forum.register(f"planted_{number}", canary.external_id)["id"]
    assert forum.phone_code(account, canary.phone)["outcome"] == "verified"
    assert forum.check_document(account, canary.number, canary.name).json()["outcome"] == "verified"
    told = {"type": "resident_id", "number": canary.number, "name": canary.name}
    body = {"account_id": account, "method": "phone3", "document": told, "phone": canary.told_phone}
    assert forum.post("/v1/verifications", body).json()["outcome"] == "verified"
    assert forum.mark_organisation(account, canary.organisation, canary.name).json()["outcome"] == "verified"
    forum.accept_agreement(account)
    assert forum.token(account).status_code == httpx2.codes.CREATED
    return str(account)


def _provoke_errors(forum: ForumBackend, accounts: list[str]) -> list[bytes]:
    """Every kind of refusal, each time with a canary in what was sent; the answers, headers included."""
    found = []
    for canary, account in zip(CANARIES, accounts, strict=True):
        document = {"type": "resident_id", "number": canary.number, "name": canary.name}
        wrong_digit = canary.number[:-1] + ("0" if canary.number[-1] != "0" else "1")
        base = {"account_id": account, "method": "id2"}
        bodies: list[object] = [
            {**base, "document": {**document, "number": wrong_digit}},
            {**base, "document": {**document, "type": canary.name}},
            {**base, "document": {**document, canary.number: 1}},
            {**base, "document": {**document, "name": canary.name * 20}},
            {**base, "document": canary.number},
            {**base, "document": {**document, "type": "hmt_residence_permit"}},
            {**base, "method": canary.number, "document": document},
            {**base, "account_id": canary.phone, "document": document},
            {**base, "method": "phone_code", "phone": canary.number},
            {**base, "method": "phone_code", "phone": canary.phone + "9"},
            {**base, canary.phone: canary.name, "document": document},
            [document],
            canary.number,
        ]
        found += [forum.post("/v1/verifications", body) for body in bodies]
        raw = json.dumps({**base, "document": document}, ensure_ascii=False)
        headers = {"content-type": "application/json"}
        for broken in (raw[:-2], raw + "}", raw.replace('"name"', '"number"'), raw.replace("{", '{"x": NaN, ', 1)):
            found.append(forum.http.post("/v1/verifications", content=broken.encode(), headers=headers))
        found.append(forum.http.post("/v1/verifications", content=raw.encode(), headers={"content-type": "text/plain"}))
        found.append(forum.http.post("/v1/verifications", content=raw.encode() * 2000, headers=headers))
        found.append(forum.get(f"/v1/accounts/{canary.number}"))
        found.append(forum.get(f"/{canary.number}"))
        found.append(forum.get(f"/problems/{canary.phone}"))
        found.append(forum.get("/v1/accounts", params={"status": canary.number, "cursor": canary.phone}))
        found.append(forum.post("/v1/tokens", {"account_id": account, "scope": canary.number}))
        found.append(forum.post("/v1/tokens/verify", {"token": canary.number}))
        found.append(forum.post(f"/v1/verifications/{canary.phone}/code", {"code": canary.number}))
        found.append(forum.http.get("/v1/accounts", headers={"authorization": f"Bearer {canary.number}"}))
        form = {"grant_type": canary.number, "client_id": canary.phone, "client_secret": canary.number}
        found.append(forum.http.post("/oauth/token", data=form))
    assert all(answer.status_code < 500 for answer in found)
    return [answer.content + repr(dict(answer.headers)).encode() for answer in found]


def _database_files(service: ServiceProcess, folder: Path, cluster: Path, began: float) -> dict[str, bytes]:
    url = service.environment["SHIMING_DATABASE_URL"]
    if not url:
        files = files_under(folder / "var")
        assert any(name.endswith(".db-wal") for name in files)
        return files
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
    engine.dispose()
    files = files_under(cluster, began)
    assert any("pg_wal" in name for name in files)
    assert any("/base/" in name for name in files)
    return files


def _read_back(service: ServiceProcess, accounts: list[str]) -> None:
    given = {
        name.removeprefix("SHIMING_").lower(): value
        for name, value in service.environment.items()
        if name.startswith("SHIMING_")
    }
    services = build(Settings.model_validate(given))
    for canary, account in zip(CANARIES, accounts, strict=True):
        person = services.verifications.person_behind(AccountId(account))
        assert person is not None
        opened = services.vault.read_identity(
            SYSTEM, person, ReadPurpose.COURT_ORDER, set(IdentityField), case="(2026) 沙箱 1 号"
        )
        assert opened[IdentityField.DOCUMENT_NUMBER].reveal() == canary.number
        assert opened[IdentityField.NAME].reveal() == canary.name
        assert opened[IdentityField.PHONE].reveal() == canary.phone
    services.engine.dispose()
