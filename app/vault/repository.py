"""Every query on the vault's tables; ciphertexts go in and out, never plain values."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import CursorResult, delete, exists, select, update
from sqlalchemy.orm import Session

from app.crypto.blind_index import IndexValue
from app.db.words import read_word
from app.kernel.ids import PersonId
from app.vault.domain import FrozenPhone, PhoneRecord, PhoneState
from app.vault.models import DocumentRow, HeldPhoneRow, OrganisationRow, PersonRow, PhoneRow


def add_person(session: Session, row: PersonRow) -> None:
    session.add(row)
    session.flush()


def get_person(session: Session, person_id: PersonId, *, lock: bool = False) -> PersonRow | None:
    query = select(PersonRow).where(PersonRow.id == person_id)
    return session.scalar(query.with_for_update() if lock else query)


def lock_persons(session: Session, person_ids: Collection[PersonId]) -> None:
    """Holds the rows of these persons until the transaction ends, always in one order: nobody waits in a ring."""
    session.execute(select(PersonRow.id).where(PersonRow.id.in_(person_ids)).order_by(PersonRow.id).with_for_update())


def person_with_document(session: Session, index: IndexValue) -> PersonId | None:
    found = session.scalar(
        select(DocumentRow.person_id).where(
            DocumentRow.scheme == index.scheme,
            DocumentRow.index_version == index.version,
            DocumentRow.blind_index == index.digest,
        )
    )
    return PersonId(found) if found else None


def add_document(session: Session, row: DocumentRow) -> None:
    session.add(row)
    session.flush()


def documents_of(session: Session, person_id: PersonId) -> list[DocumentRow]:
    return list(session.scalars(select(DocumentRow).where(DocumentRow.person_id == person_id).order_by(DocumentRow.id)))


def has_document(session: Session, person_id: str) -> bool:
    return bool(session.scalar(select(exists().where(DocumentRow.person_id == person_id))))


def confirm_document_again(session: Session, index: IndexValue, now: datetime) -> None:
    session.execute(
        update(DocumentRow)
        .where(
            DocumentRow.scheme == index.scheme,
            DocumentRow.index_version == index.version,
            DocumentRow.blind_index == index.digest,
        )
        .values(confirmed_at=now)
    )


def drop_documents(session: Session, person_id: PersonId) -> None:
    session.execute(delete(DocumentRow).where(DocumentRow.person_id == person_id))


def phones_of(session: Session, person_id: PersonId) -> list[PhoneRow]:
    return list(session.scalars(select(PhoneRow).where(PhoneRow.person_id == person_id).order_by(PhoneRow.id)))


def phone_records_of(session: Session, person_id: str) -> tuple[PhoneRecord, ...]:
    """What is known of a person's phones, without the numbers."""
    return tuple(
        PhoneRecord(row.id, PersonId(row.person_id), read_word(PhoneState, row.state, row.id), row.blind_index)
        for row in session.execute(
            select(PhoneRow.id, PhoneRow.person_id, PhoneRow.state, PhoneRow.blind_index)
            .where(PhoneRow.person_id == person_id)
            .order_by(PhoneRow.id)
        )
    )


def current_holder(session: Session, version: str, digest: bytes) -> PhoneRecord | None:
    row = session.execute(
        select(PhoneRow.id, PhoneRow.person_id, PhoneRow.state, PhoneRow.blind_index).where(
            PhoneRow.index_version == version, PhoneRow.blind_index == digest, PhoneRow.state == PhoneState.CURRENT
        )
    ).one_or_none()
    return (
        PhoneRecord(row.id, PersonId(row.person_id), read_word(PhoneState, row.state, row.id), row.blind_index)
        if row
        else None
    )


def persons_with_phone(session: Session, version: str, digest: bytes) -> list[PersonId]:
    query = select(PhoneRow.person_id).where(
        PhoneRow.index_version == version, PhoneRow.blind_index == digest, PhoneRow.state != PhoneState.FROZEN
    )
    return [PersonId(person_id) for person_id in session.scalars(query)]


def add_phone(session: Session, row: PhoneRow) -> None:
    session.add(row)
    session.flush()


def set_phone_state(session: Session, phone_id: int, state: PhoneState, now: datetime) -> None:
    frozen_at = now if state is PhoneState.FROZEN else None
    session.execute(update(PhoneRow).where(PhoneRow.id == phone_id).values(state=state, frozen_at=frozen_at))


def current_phone_of(session: Session, person_id: PersonId) -> PhoneRow | None:
    query = select(PhoneRow).where(PhoneRow.person_id == person_id, PhoneRow.state == PhoneState.CURRENT)
    return session.scalar(query.order_by(PhoneRow.since.desc(), PhoneRow.id.desc()).limit(1))


def frozen_phones(session: Session, since: datetime) -> list[FrozenPhone]:
    query = select(PhoneRow.id, PhoneRow.person_id, PhoneRow.frozen_at).where(PhoneRow.frozen_at >= since)
    return [
        FrozenPhone(row.id, PersonId(row.person_id), row.frozen_at)
        for row in session.execute(query.order_by(PhoneRow.id))
    ]


def add_held_phone(session: Session, row: HeldPhoneRow) -> None:
    session.add(row)


def get_held_phone(session: Session, holder: str) -> HeldPhoneRow | None:
    return session.get(HeldPhoneRow, holder)


def drop_held_phone(session: Session, holder: str) -> None:
    session.execute(delete(HeldPhoneRow).where(HeldPhoneRow.holder == holder))


def drop_expired_phones(session: Session, now: datetime) -> int:
    """How many there were."""
    result = session.execute(delete(HeldPhoneRow).where(HeldPhoneRow.expires_at <= now))
    return result.rowcount if isinstance(result, CursorResult) else 0


def add_organisation(session: Session, row: OrganisationRow) -> None:
    session.add(row)
    session.flush()


def drop_organisation(session: Session, organisation_id: str) -> None:
    session.execute(delete(OrganisationRow).where(OrganisationRow.id == organisation_id))


def delete_person(session: Session, person_id: PersonId) -> None:
    session.execute(delete(PhoneRow).where(PhoneRow.person_id == person_id))
    session.execute(delete(PersonRow).where(PersonRow.id == person_id))
