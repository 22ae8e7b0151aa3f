"""Seals what a person proved, finds a person again by a number, and opens a record for a stated purpose only."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from app import policies
from app.audit import service as audit
from app.audit.domain import BEGUN, Action, ObjectKind
from app.audit.proofs import Receipt
from app.crypto.blind_index import IndexValue
from app.crypto.envelope import DataKey, Envelope, Place, seal, unseal
from app.crypto.errors import SealBroken
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.actor import SYSTEM
from app.kernel.ids import PersonId, new_person_id
from app.kernel.secret import Secret
from app.vault import repository
from app.vault.domain import (
    DocumentRecord,
    FrozenPhone,
    HeldPhone,
    IdentityField,
    PersonRecord,
    PhoneState,
    ReadPurpose,
)
from app.vault.errors import HeldPhoneGone, PersonUnknown, ReadingNotOnRecord
from app.vault.models import DocumentRow, HeldPhoneRow, OrganisationRow, PersonRow, PhoneRow

_NOBODY = "nobody"


class Vault:
    """Steps for `verification` (they join its transaction), and those by which `disclosure` opens an identity."""

    def __init__(self, unit_of_work: UnitOfWork, envelope: Envelope) -> None:
        self._unit_of_work = unit_of_work
        self._envelope = envelope

    # -- documents ----------------------------------------------------------------------------------------------

    def person_with_document(self, tx: Transaction, index: IndexValue) -> PersonId | None:
        """Whose document this is."""
        return repository.person_with_document(tx.session, index)

    def new_person(self, tx: Transaction, document: DocumentRecord) -> PersonId:
        person_id = new_person_id()
        data_key = self._envelope.new_data_key()
        repository.add_person(tx.session, self._person_row(person_id, data_key, document.adult_from, tx.now))
        self._seal_document(tx, person_id, data_key, document)
        return person_id

    def add_document(self, tx: Transaction, person_id: PersonId, document: DocumentRecord) -> None:
        """Gives a person who was known by phone alone their document. Raises `PersonUnknown`."""
        person, data_key = self._data_key(tx, person_id)
        person.adult_from = document.adult_from
        self._seal_document(tx, person_id, data_key, document)

    def adult_from(self, tx: Transaction, person_id: PersonId) -> int | None:
        """The year in which a person turns 18; None where it is unknown."""
        person = repository.get_person(tx.session, person_id)
        return person.adult_from if person else None

    def confirm_document_again(self, tx: Transaction, index: IndexValue) -> None:
        repository.confirm_document_again(tx.session, index, tx.now)

    # -- phones -------------------------------------------------------------------------------------------------

    def hold_phone(self, tx: Transaction, holder: str, number: Secret[str], index: IndexValue, until: datetime) -> None:
        """Keeps a phone, sealed, until its code comes or `until` passes."""
        person_id, data_key = new_person_id(), self._envelope.new_data_key()
        _drop_expired_phones(tx)
        repository.add_held_phone(
            tx.session,
            HeldPhoneRow(
                holder=holder,
                person_id=person_id,
                wrapped_key=self._envelope.wrap(data_key, _held_place(holder, person_id)),
                sealed_number=seal(data_key, number, _phone_place(person_id)),
                index_version=index.version,
                blind_index=index.digest,
                expires_at=until,
            ),
        )

    def drop_expired_phones(self) -> int:
        """A use case of the background: phones whose code nobody entered in time; how many they were."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            return _drop_expired_phones(tx)

    def drop_held_phone(self, tx: Transaction, holder: str) -> None:
        repository.drop_held_phone(tx.session, holder)

    def held_phone(self, tx: Transaction, holder: str) -> HeldPhone:
        """Raises `HeldPhoneGone`."""
        held = repository.get_held_phone(tx.session, holder)
        if held is None:
            raise HeldPhoneGone
        return HeldPhone(held.index_version, held.blind_index)

    def person_with_phone(self, tx: Transaction, phone: HeldPhone) -> PersonId | None:
        """Whose number it is now."""
        found = repository.current_holder(tx.session, phone.version, phone.digest)
        return found.person_id if found else None

    def persons_with_phone(self, tx: Transaction, phone: HeldPhone) -> list[PersonId]:
        """Whose number it is now, and who claims it."""
        return repository.persons_with_phone(tx.session, phone.version, phone.digest)

    def held_number(self, tx: Transaction, holder: str) -> Secret[str]:
        """The number itself, nobody's yet, for whoever has just typed it. Raises `HeldPhoneGone`, `SealBroken`."""
        held = repository.get_held_phone(tx.session, holder)
        if held is None:
            raise HeldPhoneGone
        person_id = PersonId(held.person_id)
        data_key = self._envelope.unwrap(held.wrapped_key, _held_place(holder, person_id))
        return unseal(data_key, held.sealed_number, _phone_place(person_id))

    def new_person_of_held_phone(self, tx: Transaction, holder: str, state: PhoneState) -> PersonId:
        """Makes a person of the phone whose code came back. Raises `HeldPhoneGone`, `SealBroken`.

        `state` follows from what the caller has judged by. Raises `ConstraintViolated` when the number became
        somebody's since: then that has to be judged again.
        """
        held = repository.get_held_phone(tx.session, holder)
        if held is None:
            raise HeldPhoneGone
        person_id = PersonId(held.person_id)
        data_key = self._envelope.unwrap(held.wrapped_key, _held_place(holder, person_id))
        unseal(data_key, held.sealed_number, _phone_place(person_id))
        repository.add_person(tx.session, self._person_row(person_id, data_key, None, tx.now))
        repository.add_phone(
            tx.session,
            PhoneRow(
                person_id=person_id,
                state=state,
                index_version=held.index_version,
                blind_index=held.blind_index,
                sealed_number=held.sealed_number,
                since=tx.now,
            ),
        )
        repository.drop_held_phone(tx.session, holder)
        return person_id

    def take_up_phone(self, tx: Transaction, person_id: PersonId, digest: bytes, state: PhoneState) -> None:
        """A number of somebody without a document came back by its code. `state` and `ConstraintViolated` as above."""
        for phone in repository.phones_of(tx.session, person_id):
            if phone.blind_index == digest and phone.state != PhoneState.CURRENT:
                repository.set_phone_state(tx.session, phone.id, state, tx.now)

    def settle_claimed_phones(self, tx: Transaction, person_id: PersonId) -> None:
        """Once this person's document is confirmed, the numbers they claimed are theirs: the old bindings freeze."""
        for phone in repository.phones_of(tx.session, person_id):
            if phone.state != PhoneState.CLAIMED:
                continue
            holder = repository.current_holder(tx.session, phone.index_version, phone.blind_index)
            if holder is not None:
                repository.set_phone_state(tx.session, holder.id, PhoneState.FROZEN, tx.now)
                before = repository.get_person(tx.session, holder.person_id)
                if before is not None:
                    audit.record(tx, Action.PHONE_FROZEN, ObjectKind.PERSON, before.audit_ref, reason="number-moved")
            repository.set_phone_state(tx.session, phone.id, PhoneState.CURRENT, tx.now)

    def freeze_phones(self, tx: Transaction, person_id: PersonId) -> None:
        """By none of these numbers anybody proves to be this person any more. Raises `PersonUnknown`."""
        for phone in repository.phones_of(tx.session, person_id):
            if phone.state != PhoneState.FROZEN:
                repository.set_phone_state(tx.session, phone.id, PhoneState.FROZEN, tx.now)
        audit.record(tx, Action.PHONE_FROZEN, ObjectKind.PERSON, self.audit_ref(tx, person_id), reason="misuse")

    def drop_documents(self, tx: Transaction, person_id: PersonId) -> None:
        """A document that was never theirs is its owner's: the record of it goes. Raises `PersonUnknown`."""
        person = repository.get_person(tx.session, person_id, lock=True)
        if person is None:
            raise PersonUnknown
        repository.drop_documents(tx.session, person_id)
        person.adult_from = None

    def phone_to_write_to(self, tx: Transaction, person_id: PersonId) -> Secret[str] | None:
        """The number that is theirs now, for one text to them and for nobody to read; None where they have none.

        Raises `SealBroken`.
        """
        person = repository.get_person(tx.session, person_id)
        phone = repository.current_phone_of(tx.session, person_id)
        if person is None or phone is None:
            return None
        return unseal(self._unwrapped(person), phone.sealed_number, _phone_place(person_id))

    # -- organisations ------------------------------------------------------------------------------------------

    def seal_organisation(self, tx: Transaction, number: Secret[str], name: Secret[str]) -> str:
        """Keeps who an organisation is under a key of its own; the random name of the record."""
        organisation_id, data_key = f"org_{os.urandom(16).hex()}", self._envelope.new_data_key()
        repository.add_organisation(
            tx.session,
            OrganisationRow(
                id=organisation_id,
                wrapped_key=self._envelope.wrap(data_key, _organisation_place(organisation_id, "data_key")),
                sealed_number=seal(data_key, number, _organisation_place(organisation_id, "number")),
                sealed_name=seal(data_key, name, _organisation_place(organisation_id, "name")),
                confirmed_at=tx.now,
            ),
        )
        return organisation_id

    def drop_organisation(self, tx: Transaction, organisation_id: str) -> None:
        repository.drop_organisation(tx.session, organisation_id)

    # -- persons ------------------------------------------------------------------------------------------------

    def record_of(self, tx: Transaction, person_id: PersonId | None) -> PersonRecord:
        """What is on file for a person; for nobody the same statements are run and find nothing."""
        wanted = person_id or _NOBODY
        return PersonRecord(
            repository.has_document(tx.session, wanted), repository.phone_records_of(tx.session, wanted)
        )

    def hold(self, tx: Transaction, person_ids: Collection[PersonId]) -> None:
        """A step: until this transaction ends, nobody else changes what these persons have."""
        repository.lock_persons(tx.session, person_ids)

    def audit_ref(self, tx: Transaction, person_id: PersonId) -> str:
        """The random name under which the audit log knows this person. Raises `PersonUnknown`."""
        person = repository.get_person(tx.session, person_id)
        if person is None:
            raise PersonUnknown
        return person.audit_ref

    def dissolve(self, tx: Transaction, person_id: PersonId) -> None:
        """Ends a person known by phone alone whose only account turned out to be somebody's who is on file."""
        audit.record(tx, Action.PERSON_DISSOLVED, ObjectKind.PERSON, self.audit_ref(tx, person_id))
        repository.delete_person(tx.session, person_id)

    def begin_reading(
        self, tx: Transaction, person_id: PersonId, purpose: ReadPurpose, fields: Collection[IdentityField], case: str
    ) -> str:
        """A step: puts on record that these fields of a person's identity are about to be read; the id of that entry.

        `case` is an id of ours, nothing that people write. Raises `PersonUnknown`, and `SealBroken` where the name that
        the log has for them is not theirs. Source: L1, L5h, L8h.
        """
        person, _ = self._data_key(tx, person_id)
        return audit.record(
            tx,
            Action.IDENTITY_READ,
            ObjectKind.PERSON,
            person.audit_ref,
            outcome=BEGUN,
            reason=f"{purpose}:{','.join(sorted(set(fields)))}",
            case=case,
        )

    def open_read(
        self, tx: Transaction, person_id: PersonId, fields: Collection[IdentityField], receipt: Receipt, case: str
    ) -> Mapping[IdentityField, Secret[str]]:
        """A step, the only one that opens an identity: the named fields of one person, whose reading is published.

        `receipt` is that of an entry of `begin_reading` by the same actor about the same person and case that names all
        of these fields. What is not on file is absent. Raises `ReadingNotOnRecord`, `PersonUnknown`, `SealBroken`.
        Source: L1, L5h, L8h.
        """
        person, data_key = self._data_key(tx, person_id)
        if not _announces(receipt, tx.actor.id, person.audit_ref, fields, case):
            raise ReadingNotOnRecord
        return dict(self._open(tx, person_id, data_key, frozenset(fields)))

    def _open(
        self, tx: Transaction, person_id: PersonId, data_key: DataKey, fields: frozenset[IdentityField]
    ) -> Iterator[tuple[IdentityField, Secret[str]]]:
        """Decrypts the asked fields and no others; a number also where its type is asked, for that its seal vouches."""
        for document in repository.documents_of(tx.session, person_id):
            number, name = (_document_place(person_id, document.scheme, field) for field in ("number", "name"))
            if fields & {IdentityField.DOCUMENT_TYPE, IdentityField.DOCUMENT_NUMBER}:
                opened = unseal(data_key, document.sealed_number, number)
                both = {IdentityField.DOCUMENT_TYPE: Secret(document.scheme), IdentityField.DOCUMENT_NUMBER: opened}
                yield from ((field, value) for field, value in both.items() if field in fields)
            if IdentityField.NAME in fields:
                yield IdentityField.NAME, unseal(data_key, document.sealed_name, name)
        for phone in repository.phones_of(tx.session, person_id):
            if IdentityField.PHONE in fields and phone.state != PhoneState.FROZEN:
                yield IdentityField.PHONE, unseal(data_key, phone.sealed_number, _phone_place(person_id))

    def _data_key(self, tx: Transaction, person_id: PersonId) -> tuple[PersonRow, DataKey]:
        person = repository.get_person(tx.session, person_id, lock=True)
        if person is None:
            raise PersonUnknown
        return person, self._unwrapped(person)

    def _person_row(self, person_id: PersonId, data_key: DataKey, adult_from: int | None, now: datetime) -> PersonRow:
        audit_ref = f"prf_{os.urandom(16).hex()}"
        return PersonRow(
            id=person_id,
            audit_ref=audit_ref,
            wrapped_key=self._envelope.wrap(data_key, _key_place(person_id, audit_ref)),
            adult_from=adult_from,
            created_at=now,
        )

    def _unwrapped(self, person: PersonRow) -> DataKey:
        """Under another `audit_ref` the key does not open: nobody is read under somebody else's name in the log.

        The keys of persons who were here before this was bound say nothing of it. Raises `SealBroken`.
        """
        person_id = PersonId(person.id)
        try:
            return self._envelope.unwrap(person.wrapped_key, _key_place(person_id, person.audit_ref))
        except SealBroken:
            return self._envelope.unwrap(person.wrapped_key, _key_place_before(person_id))

    def _seal_document(self, tx: Transaction, person_id: PersonId, data_key: DataKey, document: DocumentRecord) -> None:
        scheme = document.scheme
        repository.add_document(
            tx.session,
            DocumentRow(
                person_id=person_id,
                scheme=scheme,
                index_version=document.index.version,
                blind_index=document.index.digest,
                sealed_number=seal(data_key, document.number, _document_place(person_id, scheme, "number")),
                sealed_name=seal(data_key, document.name, _document_place(person_id, scheme, "name")),
                confirmed_at=tx.now,
            ),
        )


def frozen_phones(tx: Transaction, since: datetime) -> list[FrozenPhone]:
    """A step: which numbers have become somebody else's since then, oldest binding first."""
    return repository.frozen_phones(tx.session, since)


def _announces(receipt: Receipt, actor_id: str, audit_ref: str, fields: Collection[IdentityField], case: str) -> bool:
    """Whether a published entry says that this actor reads these fields of this person for this case."""
    entry = json.loads(receipt.entry)
    said = entry["action"], entry["outcome"], entry["actor"]["id"], entry["object"], entry["case"]
    wanted = Action.IDENTITY_READ, BEGUN, actor_id, {"kind": ObjectKind.PERSON, "id": audit_ref}, case
    named = str(entry["reason"]).partition(":")[2].split(",")
    return said == wanted and set(fields) <= set(named)


def _drop_expired_phones(tx: Transaction) -> int:
    grace = timedelta(minutes=policies.HELD_PHONE_GRACE.value)  # who waits for a lock has an older `now` than we
    return repository.drop_expired_phones(tx.session, tx.now - grace)


def _key_place(person_id: PersonId, audit_ref: str) -> Place:
    return Place("persons", person_id, f"data_key of {audit_ref}")


def _key_place_before(person_id: PersonId) -> Place:
    return Place("persons", person_id, "data_key")


def _held_place(holder: str, person_id: str) -> Place:
    """Of a phone that waits: another verification's code does not take it up."""
    return Place("held_phones", person_id, f"data_key for {holder}")


def _organisation_place(organisation_id: str, field: str) -> Place:
    return Place("organisations", organisation_id, field)


def _phone_place(person_id: PersonId) -> Place:
    return Place("person_phones", person_id, "number")


def _document_place(person_id: PersonId, scheme: str, field: str) -> Place:
    return Place("person_documents", person_id, f"{scheme}.{field}")
