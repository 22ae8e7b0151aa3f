"""Passports and codes of organisations: every row of the reference tables, and what a check digit promises."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.secret import Secret
from app.verification.countries import COUNTRIES
from app.verification.documents import Document, DocumentType, read_document
from app.verification.errors import DocumentFault, DocumentInvalid
from tests.support.forum import NAME, organisation_code

PASSPORT, USCC = DocumentType.PASSPORT, DocumentType.USCC
TODAY = date(2026, 11, 21)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
unhurried = settings(deadline=None, database=None)


def read(kind: DocumentType, number: str, country: str | None = None, name: str = NAME) -> Document:
    return read_document(kind, Secret(number), Secret(name), TODAY, country)


def fault_of(kind: DocumentType, number: str, country: str | None = None) -> tuple[str, DocumentFault]:
    with pytest.raises(DocumentInvalid) as refused:
        read(kind, number, country)
    [field] = refused.value.fields
    return field.pointer, refused.value.fault


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("UTO", "L898902C3"),
        ("CHN", "E00000000"),
        ("CHN", "EA0000000"),
        ("CHN", "E12345678"),
        ("CHN", "EA1234567"),
        ("CHN", "G12345678"),
        ("CHN", "DE0000000"),
        ("CHN", "SE0000000"),
        ("CHN", "PE0000000"),
        ("CHN", "K00000000"),
        ("CHN", "KJ0000000"),
        ("CHN", "MA0000000"),
        ("JPN", "TZ0000000"),
        ("USA", "000000000"),
        ("FRA", "1"),
    ],
)
def test_a_passport_is_read_and_counts_with_the_country_that_issued_it(country: str, number: str) -> None:
    document = read(PASSPORT, number, country)
    assert (document.number.reveal(), document.country, document.birth) == (number, country, None)
    assert document.key.reveal() == country + number
    assert document.on_record.reveal() == f"{country} {number}"


@pytest.mark.parametrize(
    ("country", "number", "pointer", "fault"),
    [
        ("CHN", "EI0000000", "/document/number", DocumentFault.SUSPECT_LETTER),
        ("CHN", "EO0000000", "/document/number", DocumentFault.SUSPECT_LETTER),
        ("CHN", "EI1234567", "/document/number", DocumentFault.SUSPECT_LETTER),
        ("CHN", "E0000000", "/document/number", DocumentFault.BAD_LENGTH),
        ("CHN", "E000000000", "/document/number", DocumentFault.BAD_LENGTH),
        ("CHN", "000000000", "/document/number", DocumentFault.BAD_PREFIX),
        ("CHN", "0E0000000", "/document/number", DocumentFault.BAD_PREFIX),
        ("CHN", "EAA000000", "/document/number", DocumentFault.BAD_CHARACTER),
        ("CHN", "E0000000A", "/document/number", DocumentFault.BAD_CHARACTER),
        ("UTO", "L898902C34567", "/document/number", DocumentFault.BAD_LENGTH),
        ("UTO", "L898902C34", "/document/number", DocumentFault.BAD_LENGTH),
        ("UTO", "", "/document/number", DocumentFault.BAD_LENGTH),
        ("UTO", "L898902C\u0421", "/document/number", DocumentFault.BAD_CHARACTER),
        ("UTO", "L898902<3", "/document/number", DocumentFault.BAD_CHARACTER),
        ("UTO", "1" * 65, "/document/number", DocumentFault.BAD_LENGTH),
        ("XXX", "L898902C3", "/document/country", DocumentFault.BAD_COUNTRY),
        ("CN", "E00000000", "/document/country", DocumentFault.BAD_COUNTRY),
        ("156", "E00000000", "/document/country", DocumentFault.BAD_COUNTRY),
        ("", "E00000000", "/document/country", DocumentFault.BAD_COUNTRY),
        (None, "E00000000", "/document/country", DocumentFault.BAD_COUNTRY),
        ("U" * 100, "L898902C3", "/document/country", DocumentFault.BAD_COUNTRY),
        (" " * 62 + "UTO", "L898902C3", "/document/country", DocumentFault.BAD_COUNTRY),
    ],
)
def test_a_passport_that_is_none_is_refused_for_its_own_reason(
    country: str | None, number: str, pointer: str, fault: DocumentFault
) -> None:
    assert fault_of(PASSPORT, number, country) == (pointer, fault)


def test_country_and_number_of_a_passport_have_one_spelling() -> None:
    assert read(PASSPORT, "L898902C3", " " * 61 + "UTO").country == "UTO"
    assert read(PASSPORT, "l8989 02c-3", " uto ").key.reveal() == read(PASSPORT, "L898902C3", "UTO").key.reveal()


def test_one_number_of_two_countries_is_two_passports() -> None:
    assert read(PASSPORT, "000000001", "JPN").key.reveal() != read(PASSPORT, "000000001", "USA").key.reveal()


def test_the_countries_are_those_of_iso_3166_and_one_that_is_none() -> None:
    assert len(COUNTRIES) == 249 + 1
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in COUNTRIES)
    assert {"CHN", "HKG", "MAC", "TWN", "JPN", "UTO"} <= COUNTRIES


@pytest.mark.parametrize(
    "number",
    [
        "91110000MA000000XB",
        "124400000000000090",
        "91110199MA00TEXT15",
        "12110199400000001N",
        "511101995000000011",
        "92110199MA00TEXT25",
        "Y1110199000000000B",
        "A11101990000000000",
        "N2110199MF00000011",
        "91110000600037341L",
    ],
)
def test_the_code_of_an_organisation_is_read(number: str) -> None:
    document = read(USCC, number, name="测试公司")
    assert (document.number.reveal(), document.key.reveal(), document.birth) == (number, number, None)
    assert read(USCC, f" {number[:9].lower()}-{number[9:]}").number.reveal() == number


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("91110000MA000000XA", DocumentFault.BAD_CHECKSUM),
        ("91110000600037341K", DocumentFault.BAD_CHECKSUM),
        ("91110000MA0000I0XB", DocumentFault.BAD_CHARACTER),
        ("9111000060003734IL", DocumentFault.BAD_CHARACTER),
        ("91A10000MA000000XB", DocumentFault.BAD_CHARACTER),
        ("91110000MA000000X\u0412", DocumentFault.BAD_CHARACTER),
        ("91110000MA000000X", DocumentFault.BAD_LENGTH),
        ("9111019MA00TEXT15", DocumentFault.BAD_LENGTH),
        ("91110199MA00TEXT155", DocumentFault.BAD_LENGTH),
        ("", DocumentFault.BAD_LENGTH),
    ],
)
def test_a_malformed_code_of_an_organisation_is_refused_for_its_own_reason(number: str, fault: DocumentFault) -> None:
    assert fault_of(USCC, number) == ("/document/number", fault)


_CODES = st.builds(
    organisation_code,
    st.text(ALPHABET, min_size=2, max_size=2),
    st.text(ALPHABET, min_size=9, max_size=9),
    st.text("0123456789", min_size=6, max_size=6),
)


@unhurried
@given(_CODES, st.integers(0, 17), st.integers(1, 30))
def test_any_changed_character_of_a_code_is_noticed(number: str, place: int, step: int) -> None:
    assert read(USCC, number).number.reveal() == number
    changed = ALPHABET[(ALPHABET.index(number[place]) + step) % 31]
    fault_of(USCC, number[:place] + changed + number[place + 1 :])


@unhurried
@given(_CODES.filter(lambda number: len(set(number)) > 1), st.data())
def test_any_two_unequal_neighbours_of_a_code_that_change_places_are_noticed(number: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([at for at in range(17) if number[at] != number[at + 1]]))
    fault_of(USCC, number[:place] + number[place + 1] + number[place] + number[place + 2 :])


@pytest.mark.parametrize("mark", ["\ue000", "\uf8ff", "\U000f0000", "\U0010fffd"])
def test_a_name_with_a_private_character_is_well_formed_and_means_nothing_to_a_registry(mark: str) -> None:
    assert read(PASSPORT, "L898902C3", "UTO", name=f"测{mark}试").unspeakable
    assert not read(PASSPORT, "L898902C3", "UTO", name="测\U00020bb7试").unspeakable
