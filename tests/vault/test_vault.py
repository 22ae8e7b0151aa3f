"""The vault gives back what was sealed, to a stated purpose, on record, and to nobody who holds the tables alone."""

import json
from collections.abc import Collection
from dataclasses import replace
from hashlib import md5, sha1, sha256
from itertools import combinations
from typing import Any, get_type_hints

import pytest
import rfc8785
from sqlalchemy import inspect, select, text

from app.audit.models import StagedEntryRow
from app.audit.search import Question
from app.crypto.envelope import Place
from app.crypto.errors import SealBroken
from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import AccountId, PersonId, new_person_id
from app.vault.domain import IdentityField, ReadPurpose
from app.vault.errors import PersonUnknown, ReadingNotOnRecord
from app.vault.models import DocumentRow, PersonRow, PhoneRow
from app.vault.service import Vault
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import PERSON, ForumBackend, Json, sandbox_number
from tests.support.opening import read_identity

PHONE, ANOTHER_PHONE = "14000001234", "14000005678"
WRITTEN_NAME, NAME = "测试\u2022古丽", "测试\u00b7古丽"
OTHER_NUMBER, OTHER_NAME = sandbox_number(500), "测试乙"
WIDE = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}
READER = Actor(ActorKind.OPERATOR, "test", "req_test")
CASE = "沪公（网）调证字〔2026〕1号"
EVERYTHING = {
    IdentityField.NAME: NAME,
    IdentityField.DOCUMENT_TYPE: "resident_id",
    IdentityField.DOCUMENT_NUMBER: PERSON,
    IdentityField.PHONE: PHONE,
}


def verified(
    forum: ForumBackend, handle: str = "山间清风", phone: str = PHONE, number: str = PERSON, name: str = WRITTEN_NAME
) -> AccountId:
    account = forum.register(handle)
    forum.phone_code(account["id"], phone)
    assert forum.check_document(account["id"], number, name).json()["outcome"] == "verified"
    return AccountId(account["id"])


def person_of(services: Services, account_id: AccountId) -> PersonId:
    person_id = services.verifications.person_behind(account_id)
    assert person_id is not None
    return person_id


def read(
    services: Services, person_id: PersonId, fields: Collection[IdentityField] = tuple(IdentityField)
) -> dict[IdentityField, str]:
    opened = read_identity(services, READER, person_id, ReadPurpose.LAWFUL_REQUEST, fields, CASE)
    return {field: value.reveal() for field, value in opened.fields.items()}


def reads_on_record(services: Services) -> list[Json]:
    with services.unit_of_work.read() as tx:
        entries = [row.entry for row in tx.session.scalars(select(StagedEntryRow).order_by(StagedEntryRow.id))]
    return [entry for entry in map(_parsed, entries) if entry["action"] == "identity.read"]


def _parsed(canonical: bytes) -> Json:
    entry: Json = json.loads(canonical)
    assert rfc8785.dumps(entry) == canonical
    return entry


def test_an_identity_is_read_exactly_as_it_was_proved(services: Services, forum: ForumBackend) -> None:
    person_id = person_of(services, verified(forum, number=PERSON.translate(WIDE)))
    assert read(services, person_id) == EVERYTHING


def test_only_the_named_fields_come_out(services: Services, forum: ForumBackend) -> None:
    person_id = person_of(services, verified(forum))
    for size in range(len(IdentityField) + 1):
        for fields in combinations(IdentityField, size):
            assert read(services, person_id, fields) == {field: EVERYTHING[field] for field in fields}


def test_a_field_that_is_not_on_file_is_absent(services: Services, forum: ForumBackend) -> None:
    by_document, by_phone = forum.register("山间清风"), forum.register("海上明月")
    forum.check_document(by_document["id"], OTHER_NUMBER, OTHER_NAME)
    forum.phone_code(by_phone["id"], ANOTHER_PHONE)
    assert read(services, person_of(services, AccountId(by_document["id"]))) == {
        IdentityField.NAME: OTHER_NAME,
        IdentityField.DOCUMENT_TYPE: "resident_id",
        IdentityField.DOCUMENT_NUMBER: OTHER_NUMBER,
    }
    assert read(services, person_of(services, AccountId(by_phone["id"]))) == {IdentityField.PHONE: ANOTHER_PHONE}


def test_a_phone_that_became_somebody_elses_is_no_longer_read_as_ones_own(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    before = verified(forum)
    clock.advance(minutes=1)
    after = verified(forum, "新机主", PHONE, OTHER_NUMBER, OTHER_NAME)
    assert read(services, person_of(services, before), [IdentityField.PHONE]) == {}
    assert read(services, person_of(services, after), [IdentityField.PHONE]) == {IdentityField.PHONE: PHONE}


def test_an_identity_is_read_for_the_four_lawful_purposes_and_no_other() -> None:
    assert get_type_hints(Vault.begin_reading)["purpose"] is ReadPurpose
    assert {purpose.value for purpose in ReadPurpose} == {
        *("lawful_request", "court_order", "subject_request", "breach_notice")
    }
    with pytest.raises(ValueError, match="curiosity"):
        ReadPurpose("curiosity")


def test_every_read_leaves_an_entry_with_its_case_and_nothing_of_the_person(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    person_id = person_of(services, verified(forum))
    assert reads_on_record(services) == []
    read_identity(services, READER, person_id, ReadPurpose.LAWFUL_REQUEST, [IdentityField.NAME], CASE)
    clock.advance(seconds=1)
    opened = [IdentityField.PHONE, IdentityField.DOCUMENT_TYPE, IdentityField.PHONE]
    read_identity(services, READER, person_id, ReadPurpose.COURT_ORDER, opened, "另案")

    first, second = reads_on_record(services)

    assert (first["case"], first["reason"]) == (CASE, "lawful_request:name")
    assert (second["case"], second["reason"]) == ("另案", "court_order:document_type,phone")
    assert first["actor"] == {"kind": "operator", "id": "test"}
    assert first["req"] == "req_test"
    assert first["ts"] == "2026-11-21T04:00:00.000Z"
    with services.unit_of_work.read() as tx:
        audit_ref = services.vault.audit_ref(tx, person_id)
    assert first["object"] == second["object"] == {"kind": "person", "id": audit_ref}
    for secret in (PERSON, NAME, PHONE, person_id):
        assert secret not in str([first, second])


def test_nobody_reads_under_an_entry_about_somebody_else_or_by_somebody_else(
    services: Services, forum: ForumBackend
) -> None:
    mine, other = (person_of(services, verified(forum)), person_of(services, _another(forum)))
    receipt = read_identity(services, READER, mine, fields=[]).receipt
    added = services.forums.add(READER, "别的事")
    services.audit.sequencer.catch_up()
    (unrelated,) = services.audit.search.find(Question(object=added.forum_id), 1)
    for reader, person_id, under, case in (
        (READER, other, receipt, "案1"),
        (replace(READER, id="somebody"), mine, receipt, "案1"),
        (READER, mine, receipt, "案2"),
        (READER, mine, services.audit.proofs.inclusion(unrelated.entry_id), "案1"),
    ):
        with services.unit_of_work.begin(reader) as tx, pytest.raises(ReadingNotOnRecord):
            services.vault.open_read(tx, person_id, tuple(IdentityField), under, case)


def test_nobody_is_read_under_the_name_that_the_log_has_for_somebody_else(
    services: Services, forum: ForumBackend
) -> None:
    person_id = person_of(services, verified(forum))
    with services.unit_of_work.begin(READER) as tx:
        tx.session.get_one(PersonRow, person_id).audit_ref = "prf_another"
    with pytest.raises(SealBroken):
        read(services, person_id)


def test_who_was_here_before_that_was_bound_is_still_read(services: Services, forum: ForumBackend) -> None:
    person_id = person_of(services, verified(forum))
    with services.unit_of_work.begin(READER) as tx:
        person, data_key = services.vault._data_key(tx, person_id)
        person.wrapped_key = services.vault._envelope.wrap(data_key, Place("persons", person_id, "data_key"))
    assert read(services, person_id) == EVERYTHING


def _another(forum: ForumBackend) -> AccountId:
    return verified(forum, "静水流深", ANOTHER_PHONE, OTHER_NUMBER, OTHER_NAME)


def test_a_person_who_is_not_there_is_not_read_and_leaves_no_entry(services: Services) -> None:
    with pytest.raises(PersonUnknown):
        read(services, new_person_id())
    assert reads_on_record(services) == []


def _sealed(services: Services, table: Any, columns: tuple[str, ...]) -> dict[str, tuple[bytes, ...]]:
    """What stands in these columns, by person."""
    key = table.id if table is PersonRow else table.person_id
    with services.unit_of_work.read() as tx:
        found = tx.session.execute(select(key, *(getattr(table, column) for column in columns)))
        return {row[0]: tuple(row[1:]) for row in found}


def _write(services: Services, table: Any, person_id: str, values: dict[str, bytes]) -> None:
    key = table.id if table is PersonRow else table.person_id
    with services.unit_of_work.begin(READER) as tx:
        row = tx.session.scalars(select(table).where(key == person_id)).one()
        for column, value in values.items():
            setattr(row, column, value)


_SEALED: list[tuple[Any, str]] = [
    (DocumentRow, "sealed_number"),
    (DocumentRow, "sealed_name"),
    (PhoneRow, "sealed_number"),
    (PersonRow, "wrapped_key"),
]


def test_what_was_sealed_for_one_person_does_not_open_for_another(services: Services, forum: ForumBackend) -> None:
    first = person_of(services, verified(forum))
    second = person_of(services, verified(forum, "另一人", ANOTHER_PHONE, OTHER_NUMBER, OTHER_NAME))
    for table, column in _SEALED:
        sealed = _sealed(services, table, (column,))
        for person_id, other in ((first, second), (second, first)):
            _write(services, table, person_id, {column: sealed[other][0]})
        for person_id in (first, second):
            with pytest.raises(SealBroken):
                read(services, person_id)
        for person_id in (first, second):
            _write(services, table, person_id, {column: sealed[person_id][0]})
        assert read(services, first) == EVERYTHING


def test_a_whole_row_sealed_for_one_person_does_not_open_under_anothers_key(
    services: Services, forum: ForumBackend
) -> None:
    first = person_of(services, verified(forum))
    second = person_of(services, verified(forum, "另一人", ANOTHER_PHONE, OTHER_NUMBER, OTHER_NAME))
    documents = _sealed(services, DocumentRow, ("sealed_number", "sealed_name"))
    keys, phones = _sealed(services, PersonRow, ("wrapped_key",)), _sealed(services, PhoneRow, ("sealed_number",))
    _write(services, DocumentRow, first, {"sealed_number": documents[second][0], "sealed_name": documents[second][1]})
    _write(services, PhoneRow, first, {"sealed_number": phones[second][0]})
    _write(services, PersonRow, first, {"wrapped_key": keys[second][0]})
    with pytest.raises(SealBroken):
        read(services, first)


def test_a_name_does_not_open_in_the_place_of_a_number(services: Services, forum: ForumBackend) -> None:
    person_id = person_of(services, verified(forum))
    [(number, name)] = _sealed(services, DocumentRow, ("sealed_number", "sealed_name")).values()
    _write(services, DocumentRow, person_id, {"sealed_number": name, "sealed_name": number})
    with pytest.raises(SealBroken):
        read(services, person_id)


def test_one_changed_bit_is_noticed_wherever_it_lies(services: Services, forum: ForumBackend) -> None:
    person_id = person_of(services, verified(forum))
    [(sealed,)] = _sealed(services, DocumentRow, ("sealed_name",)).values()
    for place in (0, 1, 2, 9, 10, 21, 22, len(sealed) - 1):
        changed = bytes(byte ^ (place == at) for at, byte in enumerate(sealed))
        _write(services, DocumentRow, person_id, {"sealed_name": changed})
        with pytest.raises(SealBroken):
            read(services, person_id)
    for shorter in (b"", sealed[:10], sealed[:-1]):
        _write(services, DocumentRow, person_id, {"sealed_name": shorter})
        with pytest.raises(SealBroken):
            read(services, person_id)


def test_no_column_of_any_table_holds_anything_of_a_person_to_read_or_to_guess(
    services: Services, forum: ForumBackend
) -> None:
    person_id = person_of(services, verified(forum))
    forum.check_document(forum.register("冒名者")["id"], PERSON, WRITTEN_NAME)
    waiting = forum.register("海上明月")
    asked, code = forum.ask_code(waiting["id"], ANOTHER_PHONE).json()["id"], forum.read_code(ANOTHER_PHONE)
    secret = forum.credentials.client_secret.reveal()
    read(services, person_id)

    columns = _every_column(services)

    assert {"persons", "person_documents", "person_phones", "held_phones", "verifications", "one_time_codes"} <= {
        table for table, _, _ in columns
    }
    whole = (PERSON, NAME, WRITTEN_NAME, PHONE, ANOTHER_PHONE, secret)
    planted = [spelling for plain in whole for spelling in _forms(plain)]
    planted += [form for plain in (code, asked + code) for form in _forms(plain) if len(form) >= 16]
    found = [(table, column) for table, column, raw in columns for spelling in planted if spelling in raw]
    assert found == []


def _forms(plain: str) -> list[bytes]:
    """A value as it might lie about: in any encoding, reversed, or under a hash that anybody can compute."""
    encoded = [plain.encode(), plain.encode("utf-16-le"), plain.encode("gb18030"), plain[::-1].encode()]
    digests = [make(plain.encode()).digest() for make in (sha256, sha1, md5)]
    return [form for raw in (*encoded, *digests) for form in (raw, raw.hex().encode())]


def _every_column(services: Services) -> list[tuple[str, str, bytes]]:
    """Every value of every table, as bytes."""
    values: list[tuple[str, str, bytes]] = []
    with services.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings():
                values += [(table, column, _bytes_of(value)) for column, value in row.items()]
    return values


def _bytes_of(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
