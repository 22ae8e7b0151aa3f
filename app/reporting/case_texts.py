"""Seals and opens the texts of cases, each bound to its case and place, under a key that opens no identity."""

import json
from dataclasses import dataclass

from app.crypto.envelope import Place, Records
from app.kernel.secret import Secret
from app.reporting.domain import Contact

_TABLE, _MESSAGES, _NOTES = "cases", "case_messages", "case_notes"


class CaseTexts:
    """`field` is the name of the column without `sealed_`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def seal(self, case_id: str, field: str, text: Secret[str] | None) -> bytes | None:
        return None if text is None else self._records.seal(text, Place(_TABLE, case_id, field))

    def open(self, case_id: str, field: str, sealed: bytes | None) -> Secret[str] | None:
        """None where nothing was, or its time is over. Raises `SealBroken`."""
        return None if sealed is None else self._records.unseal(sealed, Place(_TABLE, case_id, field))

    def seal_message(self, case_id: str, number: int, text: Secret[str]) -> bytes:
        return self._records.seal(text, Place(_MESSAGES, case_id, str(number)))

    def open_message(self, case_id: str, number: int, sealed: bytes) -> Secret[str]:
        """Raises `SealBroken`."""
        return self._records.unseal(sealed, Place(_MESSAGES, case_id, str(number)))

    def seal_note(self, case_id: str, number: int, text: Secret[str]) -> bytes:
        return self._records.seal(text, Place(_NOTES, case_id, str(number)))

    def open_note(self, case_id: str, number: int, sealed: bytes) -> Secret[str]:
        """Raises `SealBroken`."""
        return self._records.unseal(sealed, Place(_NOTES, case_id, str(number)))


@dataclass(frozen=True, slots=True)
class WholeTexts:
    """What stands in a case in full, for who handles it; None where its time is over."""

    target_ref: Secret[str] | None
    description: Secret[str] | None
    evidence: tuple[Secret[str], ...]
    appeal_grounds: Secret[str] | None


def packed_evidence(evidence: tuple[Secret[str], ...]) -> Secret[str] | None:
    return Secret(json.dumps([one.reveal() for one in evidence], ensure_ascii=False)) if evidence else None


def unpacked_evidence(packed: Secret[str] | None) -> tuple[Secret[str], ...]:
    return () if packed is None else tuple(Secret(one) for one in json.loads(packed.reveal()))


def packed_contact(contact: Contact | None) -> Secret[str] | None:
    given = _given(contact)
    return (
        Secret(json.dumps({way: said.reveal() for way, said in given.items()}, ensure_ascii=False)) if given else None
    )


def unpacked_contact(packed: Secret[str]) -> Contact:
    said: dict[str, str] = json.loads(packed.reveal())
    return Contact(**{way: Secret(text) for way, text in said.items()})


def channels_of(contact: Contact | None) -> list[str]:
    """Which ways were given, and nothing of them."""
    return sorted(_given(contact))


def _given(contact: Contact | None) -> dict[str, Secret[str]]:
    ways = {} if contact is None else {"phone": contact.phone, "email": contact.email}
    return {way: said for way, said in ways.items() if said is not None}
