"""Identity documents: how a number is normalised, and what each type accepts.

A passing check proves typing, never a person: only a provider's answer verifies.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.kernel.secret import Secret
from app.verification.countries import COUNTRIES
from app.verification.errors import DocumentFault, DocumentInvalid

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71".split()  # noqa: SIM905 -- a table is read more easily so
)
_HMT_REGIONS = frozenset({"810000", "820000", "830000"})
_HMT_PREFIX = "8"
_FOREIGNER_PREFIX = "9"
_HM_PREFIXES = frozenset("HM")
_MAINLAND_EXIT_PERMIT = "C"
_LIKE_DIGITS = frozenset("IO")
_TW_LENGTH = 8
_TAIWAN_NATIONAL_ID = re.compile(r"[A-Z][0-9]{9}", re.ASCII)
_PERMANENT_RESIDENT_2017 = re.compile(r"[A-Z]{3}[0-9]{12}", re.ASCII)
_FOREIGN_PASSPORT_LENGTH = range(1, 10)
_CHINESE_PASSPORT_LENGTH = 9
_CHINESE_PASSPORT = re.compile(r"[A-Z]{1,2}[0-9]+", re.ASCII)
_CHINA = "CHN"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_REGION = slice(2, 8)
_LENGTH = 18
_LEGACY_LENGTH = 15
_EARLIEST_BIRTH = 1800
_DIGITS = frozenset("0123456789")
_INVISIBLE = frozenset({"Cf", "Cc", "Zs", "Pd", "Zl", "Zp"})
_DOT_LOOKALIKES = str.maketrans(dict.fromkeys("\u2022\u2027\u30fb\u0387\uff0e\uff65", "\u00b7"))
_NAME_LENGTH = range(1, 33)
_MAX_TYPED = 64


class DocumentType(StrEnum):
    RESIDENT_ID = "resident_id"
    HMT_RESIDENCE_PERMIT = "hmt_residence_permit"
    HM_TRAVEL_PERMIT = "hm_travel_permit"
    TW_TRAVEL_PERMIT = "tw_travel_permit"
    FOREIGN_PERMANENT_RESIDENT_ID = "foreign_permanent_resident_id"
    PASSPORT = "passport"
    USCC = "uscc"


PERSONAL_DOCUMENTS = frozenset(DocumentType) - {DocumentType.USCC}
_LIFELONG = {DocumentType.HM_TRAVEL_PERMIT: 9}
"""How many characters of a number stay for life, where that is not all of them."""


@dataclass(frozen=True, slots=True)
class Document:
    """A number that is well-formed for its type, normalised, with the holder's name."""

    type: DocumentType
    number: Secret[str]
    name: Secret[str]
    key: Secret[str]
    """What stays with its holder: a renewed permit is no new person; a passport's number counts with its country."""
    birth: date | None
    """None where the number does not tell it."""
    country: str | None = None
    """Who issued a passport, ISO 3166 alpha-3; None for every other type."""
    phone: Secret[str] | None = None
    """For `phone3` only: it goes to the provider, and is kept nowhere."""

    @property
    def on_record(self) -> Secret[str]:
        """The number as the vault keeps it: a passport's is worth nothing without its country."""
        return self.number if self.country is None else Secret(f"{self.country} {self.number.reveal()}")

    def is_named_in(self, text: str) -> bool:
        """Whether a text holds the number, the name or the phone, however they are cut up."""
        given = (_bare(one.reveal()) for one in (self.number, self.name, self.phone) if one is not None)
        return any(value and value in _bare(text) for value in given)

    @property
    def unspeakable(self) -> bool:
        """Whether the name holds a private-use character, which means something else in every registry."""
        return any(unicodedata.category(mark) == "Co" for mark in self.name.reveal())


def normalise_number(typed: str) -> str:
    """One spelling for one number: NFKC, no spaces, hyphens or invisible characters, upper case."""
    folded = unicodedata.normalize("NFKC", typed)
    kept = "".join(mark for mark in folded if unicodedata.category(mark) not in _INVISIBLE)
    return unicodedata.normalize("NFKC", kept.upper())


def normalise_name(typed: str) -> str:
    """NFC, trimmed, every look-alike of the interpunct as U+00B7; Han is not required."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", typed).translate(_DOT_LOOKALIKES)).strip()


def read_document(
    document_type: DocumentType, number: Secret[str], name: Secret[str], today: date, country: str | None = None
) -> Document:
    """A well-formed document of the type that the holder states. Raises `DocumentInvalid`, and nothing else.

    `today` is the Shanghai date: a birth after it is refused. `country` is read for a passport only.
    """
    if len(number.reveal()) > _MAX_TYPED:
        raise DocumentInvalid("/document/number", DocumentFault.BAD_LENGTH)
    plain = normalise_number(number.reveal())
    holder = Secret(_read_name(name.reveal()))
    if document_type is DocumentType.PASSPORT:
        issuer = _read_country(country or "")
        _read_passport(plain, issuer)
        return Document(document_type, Secret(plain), holder, Secret(issuer + plain), None, issuer)
    birth = _READERS[document_type](plain, today)
    key = plain[: _LIFELONG.get(document_type, len(plain))]
    return Document(document_type, Secret(plain), holder, Secret(key), birth)


def _bare(text: str) -> str:
    return "".join(mark for mark in text.upper() if mark.isalnum())


def age_on(birth: date, today: date) -> int:
    """Whole years; one born on 29 February turns a year older on 1 March."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def _read_name(typed: str) -> str:
    name = normalise_name(typed) if len(typed) <= _MAX_TYPED else ""
    if len(name) not in _NAME_LENGTH:
        raise DocumentInvalid("/document/name", DocumentFault.BAD_LENGTH)
    if any(unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for mark in name):
        raise DocumentInvalid("/document/name", DocumentFault.BAD_CHARACTER)
    return name


def _read_resident_id(number: str, today: date) -> date:
    _refuse_shape(number)
    if number[0] in {_FOREIGNER_PREFIX, "0"} or number[:6] in _HMT_REGIONS:
        raise _fault(DocumentFault.TYPE_MISMATCH)
    birth = _read_birth_and_checksum(number, birth_at=6, today=today)
    if number[:2] not in _PROVINCES:
        raise _fault(DocumentFault.BAD_REGION)
    return birth


def _read_hmt_residence_permit(number: str, today: date) -> date:
    _refuse_shape(number)
    if number[0] != _HMT_PREFIX:
        raise _fault(DocumentFault.TYPE_MISMATCH)
    birth = _read_birth_and_checksum(number, birth_at=6, today=today)
    if number[:6] not in _HMT_REGIONS:
        raise _fault(DocumentFault.BAD_REGION)
    return birth


def _read_foreign_permanent_resident_id(number: str, today: date) -> date | None:
    """The card of 2023 with 18 digits, or the one of 2017 whose check digit nobody publishes."""
    if _PERMANENT_RESIDENT_2017.fullmatch(number):
        return None
    _refuse_shape(number)
    if number[0] != _FOREIGNER_PREFIX:
        raise _fault(DocumentFault.TYPE_MISMATCH)
    return _read_birth_and_checksum(number, birth_at=6, today=today)


def _read_hm_travel_permit(number: str, _today: date) -> None:
    """`H` or `M` and 8 lifelong digits, then perhaps 2 of the re-issue; since 2024 also `HA`, `MA` and 7 digits."""
    if number[:1] == _MAINLAND_EXIT_PERMIT:
        raise _fault(DocumentFault.WRONG_DOCUMENT)
    digits = number[2:] if number[1:2] == "A" else number[1:]
    if number[:1] not in _HM_PREFIXES or (digits[:1].isalpha() and digits[0] not in _LIKE_DIGITS):
        raise _fault(DocumentFault.BAD_PREFIX if number else DocumentFault.BAD_LENGTH)
    if any(mark not in _DIGITS for mark in digits):
        raise _fault(DocumentFault.BAD_CHARACTER)
    if len(digits) not in ((7,) if number[1:2] == "A" else (8, 10)):
        raise _fault(DocumentFault.BAD_LENGTH)


def _read_tw_travel_permit(number: str, _today: date) -> None:
    """Eight digits for life; a Taiwan national ID is another document."""
    if _TAIWAN_NATIONAL_ID.fullmatch(number):
        raise _fault(DocumentFault.WRONG_DOCUMENT)
    if len(number) != _TW_LENGTH:
        raise _fault(DocumentFault.BAD_LENGTH)
    if any(mark not in _DIGITS for mark in number):
        raise _fault(DocumentFault.BAD_CHARACTER)


def _read_country(typed: str) -> str:
    country = normalise_number(typed) if len(typed) <= _MAX_TYPED else ""
    if country not in COUNTRIES:
        raise DocumentInvalid("/document/country", DocumentFault.BAD_COUNTRY)
    return country


def _read_passport(number: str, country: str) -> None:
    """At most nine letters and digits; one of China's, its two regions included, has a shape of its own.

    Source: ICAO 9303. `I` and `O` begin no second place there, so they are a `1` or a `0` that was misread.
    """
    if any(not (mark.isascii() and mark.isalnum()) for mark in number):
        raise _fault(DocumentFault.BAD_CHARACTER)
    if len(number) not in _FOREIGN_PASSPORT_LENGTH:
        raise _fault(DocumentFault.BAD_LENGTH)
    if country != _CHINA:
        return
    if len(number) != _CHINESE_PASSPORT_LENGTH:
        raise _fault(DocumentFault.BAD_LENGTH)
    if number[1] in _LIKE_DIGITS:
        raise _fault(DocumentFault.SUSPECT_LETTER)
    if not _CHINESE_PASSPORT.fullmatch(number):
        raise _fault(DocumentFault.BAD_PREFIX if number[0] in _DIGITS else DocumentFault.BAD_CHARACTER)


def _read_uscc(number: str, _today: date) -> None:
    """One changed character, or two unequal neighbours that changed places, never pass.

    The weights are 3**n mod 31: 31 is a prime, so no weight is 0 and no two neighbours are equal.
    Source: GB 32100-2015.
    """
    if any(mark not in _USCC_ALPHABET for mark in number):
        raise _fault(DocumentFault.BAD_CHARACTER)
    if len(number) != _LENGTH:
        raise _fault(DocumentFault.BAD_LENGTH)
    if any(mark not in _DIGITS for mark in number[_USCC_REGION]):
        raise _fault(DocumentFault.BAD_CHARACTER)
    total = sum(pow(3, place, 31) * _USCC_ALPHABET.index(mark) for place, mark in enumerate(number[:-1]))
    if (total + _USCC_ALPHABET.index(number[-1])) % 31:
        raise _fault(DocumentFault.BAD_CHECKSUM)


def _refuse_shape(number: str) -> None:
    if len(number) == _LEGACY_LENGTH and all(mark in _DIGITS for mark in number):
        raise _fault(DocumentFault.LEGACY_15_DIGIT)
    if any(mark not in _DIGITS for mark in number[:-1]) or number[-1:] not in _DIGITS | {"X"}:
        raise _fault(DocumentFault.BAD_CHARACTER if number else DocumentFault.BAD_LENGTH)
    if len(number) != _LENGTH:
        raise _fault(DocumentFault.BAD_LENGTH)


def _read_birth_and_checksum(number: str, birth_at: int, today: date) -> date:
    """Source: GB 11643-1999, ISO 7064 MOD 11-2."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:-1], strict=True))
    if _CHECK_CHARACTERS[total % 11] != number[-1]:
        raise _fault(DocumentFault.BAD_CHECKSUM)
    written = number[birth_at : birth_at + 8]
    try:
        birth = date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:
        raise _fault(DocumentFault.BAD_DATE) from None
    if birth.year < _EARLIEST_BIRTH:
        raise _fault(DocumentFault.BAD_DATE)
    if birth > today:
        raise _fault(DocumentFault.BIRTH_IN_FUTURE)
    return birth


def _fault(fault: DocumentFault) -> DocumentInvalid:
    return DocumentInvalid("/document/number", fault)


_READERS: dict[DocumentType, Callable[[str, date], date | None]] = {
    DocumentType.RESIDENT_ID: _read_resident_id,
    DocumentType.HMT_RESIDENCE_PERMIT: _read_hmt_residence_permit,
    DocumentType.HM_TRAVEL_PERMIT: _read_hm_travel_permit,
    DocumentType.TW_TRAVEL_PERMIT: _read_tw_travel_permit,
    DocumentType.FOREIGN_PERMANENT_RESIDENT_ID: _read_foreign_permanent_resident_id,
    DocumentType.USCC: _read_uscc,
}
"""Every type but the passport, whose number is read together with its country."""
