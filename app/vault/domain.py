"""Words of the vault: what is sealed, why it may be opened, and what comes out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.crypto.blind_index import IndexValue
from app.kernel.ids import PersonId
from app.kernel.secret import Secret


class ReadPurpose(StrEnum):
    """The only grounds on which an identity may be read. Source: L1, L5h, N4."""

    LAWFUL_REQUEST = "lawful_request"
    COURT_ORDER = "court_order"
    SUBJECT_REQUEST = "subject_request"
    BREACH_NOTICE = "breach_notice"


class IdentityField(StrEnum):
    NAME = "name"
    DOCUMENT_TYPE = "document_type"
    DOCUMENT_NUMBER = "document_number"
    PHONE = "phone"


class PhoneState(StrEnum):
    """A phone belongs to a person for a time."""

    CURRENT = "current"
    CLAIMED = "claimed"
    """Proved by a code while it was current for somebody else; that binding stands until a document is confirmed."""
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document that a provider confirmed, on its way into the vault."""

    scheme: str
    number: Secret[str]
    name: Secret[str]
    index: IndexValue
    adult_from: int | None
    """The year in which the holder turns 18, None where unknown; the birth date itself is not kept."""


@dataclass(frozen=True, slots=True)
class HeldPhone:
    """The index of a phone that waits for its code."""

    version: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class PhoneRecord:
    id: int
    person_id: PersonId
    state: PhoneState
    digest: bytes


@dataclass(frozen=True, slots=True)
class FrozenPhone:
    """A binding that ended because the number became somebody else's."""

    id: int
    person_id: PersonId
    frozen_at: datetime


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """What is on file for a person, nothing for nobody; phones by the digests of their index."""

    has_document: bool = False
    phones: tuple[PhoneRecord, ...] = ()

    @property
    def current_phones(self) -> frozenset[bytes]:
        return frozenset(phone.digest for phone in self.phones if phone.state is PhoneState.CURRENT)

    @property
    def phones_on_record(self) -> frozenset[bytes]:
        """The numbers by which this person can prove to be themselves.

        A frozen number, now somebody else's, proves nothing about a person with a document.
        """
        return frozenset(
            phone.digest for phone in self.phones if not self.has_document or phone.state is not PhoneState.FROZEN
        )
