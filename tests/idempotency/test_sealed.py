"""What is stored about a request tells nobody anything without the keys."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text, update

from app.crypto.errors import SealBroken
from app.idempotency.domain import Claim, KeyedRequest, StoredAnswer
from app.idempotency.models import ClaimRow
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import Services
from tests.support.canaries import files_under, hits

SECRET, BODY, KEY = "whsec_金丝雀𠮷-7b1f", "金丝雀的请求-4c2e", "canary-key-20261121-91d3"


def _request(key: str = KEY) -> KeyedRequest:
    return KeyedRequest("cli_1", "/v1/webhooks", "/v1/webhooks", key, f'{{"x": "{BODY}"}}'.encode())


def _answer() -> StoredAnswer:
    return StoredAnswer(201, {"location": f"/{SECRET.encode().hex()}"}, f'{{"secret": "{SECRET}"}}'.encode())


def _store(services: Services, key: str = KEY) -> Claim:
    claim = services.idempotency.claim(_request(key))
    assert isinstance(claim, Claim)
    assert services.idempotency.complete(claim, _answer) == _answer()
    return claim


def _database_files(settings: Settings, tmp_path: Path, folder: str) -> dict[str, bytes]:
    if settings.database().startswith("sqlite"):
        files = {name: content for name, content in files_under(tmp_path).items() if "shiming.db" in name}
        assert any(name.endswith("-wal") and content for name, content in files.items())
        return files
    engine = create_engine(settings.database())
    with engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
    engine.dispose()
    return files_under(Path(folder))


def test_neither_answer_nor_body_nor_key_is_found_in_any_database_file_and_the_caller_hears_all_of_it(
    settings: Settings, services: Services, tmp_path: Path, postgres_folder: str
) -> None:
    claim = _store(services)
    files = _database_files(settings, tmp_path, postgres_folder)
    assert any(claim.id.encode() in content for content in files.values()), "the row is in what was searched"
    assert hits([SECRET, BODY, KEY], files) == []
    assert services.idempotency.claim(_request()) == _answer()


def test_a_stored_answer_opens_at_its_own_request_only(services: Services) -> None:
    _store(services)
    other = _store(services, KEY + "-other")
    with services.unit_of_work.begin(OPERATOR) as tx:
        sealed = tx.session.scalar(select(ClaimRow.sealed_answer).where(ClaimRow.id != other.id))
        tx.session.execute(update(ClaimRow).where(ClaimRow.id == other.id).values(sealed_answer=sealed))
    with pytest.raises(SealBroken):
        services.idempotency.claim(_request(KEY + "-other"))


def test_equal_bodies_under_two_keys_cannot_be_told_to_be_equal(services: Services) -> None:
    _store(services)
    _store(services, KEY + "-other")
    with services.unit_of_work.read() as tx:
        assert len(set(tx.session.scalars(select(ClaimRow.body_digest)))) == 2


def test_nothing_of_a_request_shows_in_a_repr() -> None:
    shown = repr(_request()) + repr(_answer())
    assert hits([SECRET, BODY, KEY], {"repr": shown.encode()}) == []
