"""A database with every kind of sealed value in it, and for each value how the service opens it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from sqlalchemy import select, update

from app.crypto.envelope import Records, unseal
from app.crypto.keyring import load_keyring
from app.idempotency.domain import KeyedRequest
from app.idempotency.models import ClaimRow
from app.idempotency.service import _place
from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import PersonId
from app.settings import Settings
from app.vault import repository
from app.vault.domain import IdentityField, PhoneState
from app.vault.models import DocumentRow, HeldPhoneRow, OrganisationRow, PersonRow, PhoneRow
from app.vault.service import _document_place, _held_place, _key_place, _organisation_place, _phone_place
from app.wiring import Services
from tests.support.forum import ForumBackend, organisation_code, sandbox_number

READER = Actor(ActorKind.OPERATOR, "test", "req_test")
_FIELDS = [[field] for field in IdentityField] + [list(IdentityField)]
Values = tuple[object, ...]


@dataclass(frozen=True)
class Sealed:
    """One stored value: where it stands, how the service opens its bytes, and what the service reads with it."""

    kind: str
    table: Any
    row: str | int
    column: str
    open: Callable[[bytes], object]
    read: Callable[[], Values]

    @property
    def _key(self) -> Any:
        return next(iter(self.table.__table__.primary_key.columns))


class World:
    """Two people with document and phone, two with a phone, two phones that wait, two organisations, three answers."""

    def __init__(self, services: Services, settings: Settings, forum: ForumBackend) -> None:
        self._services, self._forum = services, forum
        self._envelope, self._records = services.vault._envelope, Records(load_keyring(settings.keys_dir))
        self.database = services.engine.dialect.name
        self.requests = [self._answered(number) for number in range(3)]
        for number in range(4):
            self._person(number)
        for number in range(2):
            account = forum.register(f"等码{number}")
            forum.ask_code(account["id"], f"1400000{2000 + number}")
        self.values = list(self._all())
        self.expected = {sealed.read: sealed.read() for sealed in self.values}

    def at(self, sealed: Sealed) -> bytes:
        with self._services.unit_of_work.read() as tx:
            found = tx.session.scalars(select(getattr(sealed.table, sealed.column)).where(sealed._key == sealed.row))
            return bytes(found.one())

    @contextmanager
    def holding(self, *changes: tuple[Sealed, bytes]) -> Iterator[None]:
        """These bytes stand there until the block ends."""
        before = [(sealed, self.at(sealed)) for sealed, _ in changes]
        self._write(changes)
        yield
        self._write(before)

    def _write(self, changes: Any) -> None:
        with self._services.unit_of_work.begin(READER) as tx:
            for sealed, value in changes:
                where = update(sealed.table).where(sealed._key == sealed.row)
                tx.session.execute(where.values({sealed.column: value}))

    def _answered(self, number: int) -> KeyedRequest:
        body, key = {"handle": f"昵称{number}"}, f"order-00000000000{number}"
        answer = self._forum.post("/v1/accounts", body, headers={"idempotency-key": key})
        assert answer.status_code == 201
        path = "/v1/accounts"
        return KeyedRequest(self._forum.credentials.client_id, path, path, key, answer.request.content)

    def _person(self, number: int) -> None:
        account = self._forum.register(f"测试者{number}")
        self._forum.phone_code(account["id"], f"1400000{1000 + number}")
        if number < 2:
            checked = self._forum.check_document(account["id"], sandbox_number(500 + number), f"测试{'乙丙'[number]}")
            assert checked.json()["outcome"] == "verified"
            marked = self._forum.mark_organisation(
                account["id"], organisation_code(organisation=f"MA00TEXT{number + 1}")
            )
            assert marked.json()["outcome"] == "verified"

    def _all(self) -> Iterator[Sealed]:
        with self._services.unit_of_work.read() as tx:
            persons, held = list(tx.session.scalars(select(PersonRow))), list(tx.session.scalars(select(HeldPhoneRow)))
            organisations = list(tx.session.scalars(select(OrganisationRow)))
        yield from chain.from_iterable(map(self._of_person, persons))
        yield from chain.from_iterable(map(self._of_held, held))
        yield from chain.from_iterable(map(self._of_organisation, organisations))
        for request in self.requests:
            yield self._of_answer(request)

    def _of_person(self, person: PersonRow) -> Iterator[Sealed]:
        person_id = PersonId(person.id)
        place_of_key = _key_place(person_id, person.audit_ref)
        data_key = self._envelope.unwrap(person.wrapped_key, place_of_key)
        read = partial(self._identity, person_id)
        yield Sealed("wrapped key", PersonRow, person.id, "wrapped_key", self._unwrap(place_of_key), read)
        with self._services.unit_of_work.read() as tx:
            documents = repository.documents_of(tx.session, person_id)
            phones = repository.phones_of(tx.session, person_id)
        for document in documents:
            for field in ("number", "name"):
                place = _document_place(person_id, document.scheme, field)
                opened = _unsealing(data_key, place)
                yield Sealed(f"document {field}", DocumentRow, document.id, f"sealed_{field}", opened, read)
        for phone in phones:
            opened = _unsealing(data_key, _phone_place(person_id))
            yield Sealed("phone", PhoneRow, phone.id, "sealed_number", opened, read)

    def _of_held(self, held: HeldPhoneRow) -> Iterator[Sealed]:
        place = _held_place(held.holder, held.person_id)
        data_key = self._envelope.unwrap(held.wrapped_key, place)
        read = partial(self._taken_up, held.holder)
        yield Sealed("held key", HeldPhoneRow, held.holder, "wrapped_key", self._unwrap(place), read)
        opened = _unsealing(data_key, _phone_place(PersonId(held.person_id)))
        yield Sealed("held phone", HeldPhoneRow, held.holder, "sealed_number", opened, read)

    def _of_organisation(self, row: OrganisationRow) -> Iterator[Sealed]:
        """Nobody reads them yet: read as the vault seals them."""
        key_place = _organisation_place(row.id, "data_key")
        data_key = self._envelope.unwrap(row.wrapped_key, key_place)
        opens = {"wrapped_key": self._unwrap(key_place)} | {
            f"sealed_{field}": _unsealing(data_key, _organisation_place(row.id, field)) for field in ("number", "name")
        }
        read = partial(self._organisation, row.id, opens)
        for column, opened in opens.items():
            yield Sealed(f"organisation {column}", OrganisationRow, row.id, column, opened, read)

    def _of_answer(self, request: KeyedRequest) -> Sealed:
        claim, read = self._services.idempotency._claim_of(request), partial(self._answer, request)
        place = _place(claim)
        return Sealed(
            "stored answer",
            ClaimRow,
            claim.id,
            "sealed_answer",
            lambda raw: self._records.unseal(raw, place).reveal(),
            read,
        )

    def _unwrap(self, place: Any) -> Callable[[bytes], object]:
        return lambda raw: self._envelope.unwrap(raw, place).material.reveal()

    def _answer(self, request: KeyedRequest) -> Values:
        return (self._services.idempotency.claim(request),)

    def _organisation(self, organisation_id: str, opens: Mapping[str, Callable[[bytes], object]]) -> Values:
        with self._services.unit_of_work.read() as tx:
            row = tx.session.get_one(OrganisationRow, organisation_id)
            return tuple(opened(getattr(row, column)) for column, opened in opens.items())

    def _identity(self, person_id: PersonId) -> Values:
        """Each field by itself, and all of them; as the vault does once the opening is on record."""
        vault = self._services.vault
        found: list[tuple[object, object]] = []
        for fields in _FIELDS:
            with self._services.unit_of_work.begin(READER) as tx:
                _, data_key = vault._data_key(tx, person_id)
                opened = vault._open(tx, person_id, data_key, frozenset(fields))
                found += [(field, value.reveal()) for field, value in opened]
        return tuple(found)

    def _taken_up(self, holder: str) -> Values:
        """The phone of the person that the code of this verification would make; then all is undone."""
        unit_of_work, vault = self._services.unit_of_work, self._services.vault
        found: list[Values] = []
        try:
            with unit_of_work.together(READER) as tx:
                found.append(self._identity(vault.new_person_of_held_phone(tx, holder, PhoneState.CLAIMED)))
                raise _UndoneError  # noqa: TRY301 -- the only way to undo a transaction
        except _UndoneError:
            return found[0]


class _UndoneError(Exception):
    pass


def _unsealing(data_key: Any, place: Any) -> Callable[[bytes], object]:
    return lambda raw: unseal(data_key, raw, place).reveal()
