"""Whether the process is up and can work: what is down is named, and what needs nothing goes on."""

from dataclasses import replace

import httpx2
from sqlalchemy import text

from app.crypto.keyring import Keyring
from app.db.engine import make_engine
from app.db.unit_of_work import UnitOfWork
from app.upkeep.keys import refuse_missing_keys
from app.wiring import Services
from tests.support.clock import TODAY
from tests.support.serving import serving


def _assert_unready(address: str, what: str, said_in_chinese: str) -> None:
    answer = httpx2.get(f"{address}/readyz", headers={"accept-language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["detail"].startswith(what)
    assert int(answer.headers["retry-after"]) >= 1
    assert said_in_chinese in httpx2.get(f"{address}/readyz").json()["detail"]
    for path in ("/livez", "/.well-known/jwks.json", "/"):
        assert httpx2.get(f"{address}{path}").status_code == 200, path


def test_what_is_whole_is_ready(address: str) -> None:
    assert httpx2.get(f"{address}/livez").json() == {"status": "ok"}
    assert httpx2.get(f"{address}/readyz").json() == {"status": "ok", "database": "ok", "keys": "ok"}


def test_a_database_that_does_not_answer_is_named(services: Services) -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    nowhere = UnitOfWork(engine, services.clock)
    broken = replace(services, refuse_missing_keys=lambda: refuse_missing_keys(nowhere, Keyring([]), "keys"))
    with serving(broken) as address:
        _assert_unready(address, "The database", "数据库没有应答")
    engine.dispose()


def test_a_database_that_names_a_key_which_this_process_lacks_is_not_served(services: Services, address: str) -> None:
    row = {"id": "f" * 16, "check": bytes(16), "at": TODAY}
    with services.engine.begin() as connection:
        connection.execute(text("INSERT INTO key_names VALUES (:id, 'root', :check, :at)"), row)
    try:
        _assert_unready(address, "Keys", "密钥不全")
    finally:
        with services.engine.begin() as connection:
            connection.execute(text("DELETE FROM key_names WHERE id = :id"), row)
    assert httpx2.get(f"{address}/readyz").status_code == 200
