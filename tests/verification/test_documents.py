"""Every row of the reference tables of 18-digit documents and permits; what holds for all numbers, names and ages."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.secret import Secret
from app.verification.documents import Document, DocumentType, age_on, normalise_name, normalise_number, read_document
from app.verification.errors import DocumentFault, DocumentInvalid
from tests.support.forum import NAME, PERSON, sandbox_number

RESIDENT = DocumentType.RESIDENT_ID
PERMIT = DocumentType.HMT_RESIDENCE_PERMIT
FOREIGNER = DocumentType.FOREIGN_PERMANENT_RESIDENT_ID
LATER = date(2120, 1, 1)
TODAY = date(2026, 11, 21)
READABLE = [DocumentType.RESIDENT_ID, DocumentType.HMT_RESIDENCE_PERMIT, DocumentType.FOREIGN_PERMANENT_RESIDENT_ID]
PERMITS = [DocumentType.HM_TRAVEL_PERMIT, DocumentType.TW_TRAVEL_PERMIT]
INTERPUNCT = "\u00b7"
unhurried = settings(deadline=None, database=None)


def read(kind: DocumentType, number: str, today: date = TODAY, name: str = NAME) -> Document:
    return read_document(kind, Secret(number), Secret(name), today)


def fault_of(kind: DocumentType, number: str, today: date = TODAY, name: str = NAME) -> tuple[str, str]:
    """Where the fault is and what it is, as a forum reads it."""
    with pytest.raises(DocumentInvalid) as refused:
        read(kind, number, today, name)
    [field] = refused.value.fields
    assert field.reason == refused.value.fault
    return field.pointer, field.reason


@pytest.mark.parametrize(
    ("kind", "number", "today", "birth"),
    [
        (RESIDENT, "110101209503070014", LATER, date(2095, 3, 7)),
        (RESIDENT, "310115209602290026", LATER, date(2096, 2, 29)),
        (RESIDENT, "11010120950307009X", LATER, date(2095, 3, 7)),
        (RESIDENT, "510104209912319996", LATER, date(2099, 12, 31)),
        (RESIDENT, "11010519491231002X", TODAY, date(1949, 12, 31)),
        (RESIDENT, "440524188001010014", TODAY, date(1880, 1, 1)),
        (RESIDENT, sandbox_number(1, birth="18000101"), TODAY, date(1800, 1, 1)),
        (RESIDENT, "110199199003070017", TODAY, date(1990, 3, 7)),
        (RESIDENT, "110199199003070025", TODAY, date(1990, 3, 7)),
        (RESIDENT, "11019919900307005X", TODAY, date(1990, 3, 7)),
        (RESIDENT, "110199200002290013", TODAY, date(2000, 2, 29)),
        (PERMIT, "810000209501010011", LATER, date(2095, 1, 1)),
        (PERMIT, "820000209501010013", LATER, date(2095, 1, 1)),
        (PERMIT, "830000209501010015", LATER, date(2095, 1, 1)),
        (PERMIT, "81000020961130001X", LATER, date(2096, 11, 30)),
        (PERMIT, "820000209611300011", LATER, date(2096, 11, 30)),
        (PERMIT, "830000209611300013", LATER, date(2096, 11, 30)),
        (PERMIT, "810000190001010018", TODAY, date(1900, 1, 1)),
        (PERMIT, "810000190001010026", TODAY, date(1900, 1, 1)),
        (PERMIT, "82000019000101001X", TODAY, date(1900, 1, 1)),
        (PERMIT, "820000190001010028", TODAY, date(1900, 1, 1)),
        (PERMIT, "830000190001010011", TODAY, date(1900, 1, 1)),
        (PERMIT, "83000019000101002X", TODAY, date(1900, 1, 1)),
        (FOREIGNER, "911840209501150013", LATER, date(2095, 1, 15)),
        (FOREIGNER, "93139220960920002X", LATER, date(2096, 9, 20)),
        (FOREIGNER, "944826209712310030", LATER, date(2097, 12, 31)),
        (FOREIGNER, "911840190001010017", TODAY, date(1900, 1, 1)),
        (FOREIGNER, "931392190001010028", TODAY, date(1900, 1, 1)),
    ],
)
def test_a_well_formed_number_is_read_with_its_birth_date(
    kind: DocumentType, number: str, today: date, birth: date
) -> None:
    document = read(kind, number, today)
    assert document.type is kind
    assert document.number.reveal() == number
    assert document.name.reveal() == NAME
    assert document.birth == birth


@pytest.mark.parametrize(
    ("kind", "number", "today", "fault"),
    [
        (RESIDENT, "110101209503070015", LATER, DocumentFault.BAD_CHECKSUM),
        (RESIDENT, "110101209703290026", LATER, DocumentFault.BAD_CHECKSUM),
        (RESIDENT, "110199199003070018", TODAY, DocumentFault.BAD_CHECKSUM),
        (RESIDENT, "310115209702290015", LATER, DocumentFault.BAD_DATE),
        (RESIDENT, "110101209513010015", LATER, DocumentFault.BAD_DATE),
        (RESIDENT, "11019919900230001X", TODAY, DocumentFault.BAD_DATE),
        (RESIDENT, sandbox_number(1, birth="17991231"), TODAY, DocumentFault.BAD_DATE),
        (RESIDENT, "11010120950307009\u0425", LATER, DocumentFault.BAD_CHARACTER),
        (RESIDENT, "11010120950307009\u0445", LATER, DocumentFault.BAD_CHARACTER),
        (RESIDENT, "11010120950307009\u03a7", LATER, DocumentFault.BAD_CHARACTER),
        (RESIDENT, "110199X99003070017", TODAY, DocumentFault.BAD_CHARACTER),
        (RESIDENT, "1101991990030700A7", TODAY, DocumentFault.BAD_CHARACTER),
        (RESIDENT, "\u0661\u0661\u0660\u0661\u0669\u0669199003070017", TODAY, DocumentFault.BAD_CHARACTER),
        (RESIDENT, "110199900307001", TODAY, DocumentFault.LEGACY_15_DIGIT),
        (RESIDENT, "11019919900307001", TODAY, DocumentFault.BAD_LENGTH),
        (RESIDENT, "1101991990030700171", TODAY, DocumentFault.BAD_LENGTH),
        (RESIDENT, "", TODAY, DocumentFault.BAD_LENGTH),
        (RESIDENT, " - \u200b", TODAY, DocumentFault.BAD_LENGTH),
        (RESIDENT, "1" * 10_000, TODAY, DocumentFault.BAD_LENGTH),
        (RESIDENT, "110101209503070014", TODAY, DocumentFault.BIRTH_IN_FUTURE),
        (RESIDENT, "110199209001010017", TODAY, DocumentFault.BIRTH_IN_FUTURE),
        (RESIDENT, "911840209501150013", LATER, DocumentFault.TYPE_MISMATCH),
        (RESIDENT, "990199199003070010", TODAY, DocumentFault.TYPE_MISMATCH),
        (RESIDENT, sandbox_number(1, address="010199"), TODAY, DocumentFault.TYPE_MISMATCH),
        (RESIDENT, "810000209501010011", LATER, DocumentFault.TYPE_MISMATCH),
        (PERMIT, "810000209501010012", LATER, DocumentFault.BAD_CHECKSUM),
        (PERMIT, "840000209501010017", LATER, DocumentFault.BAD_REGION),
        (PERMIT, "830000209502300014", LATER, DocumentFault.BAD_DATE),
        (PERMIT, "810000209501010011", TODAY, DocumentFault.BIRTH_IN_FUTURE),
        (FOREIGNER, "911840209501150014", LATER, DocumentFault.BAD_CHECKSUM),
        (FOREIGNER, "91184020950230001X", LATER, DocumentFault.BAD_DATE),
        (FOREIGNER, "9118402095011500", LATER, DocumentFault.BAD_LENGTH),
        (FOREIGNER, "91184019850101001", TODAY, DocumentFault.BAD_LENGTH),
        (FOREIGNER, "911840209501150013", TODAY, DocumentFault.BIRTH_IN_FUTURE),
    ],
)
def test_a_malformed_number_is_refused_for_its_own_reason(
    kind: DocumentType, number: str, today: date, fault: DocumentFault
) -> None:
    assert fault_of(kind, number, today) == ("/document/number", fault)


_MATRIX = {
    **dict.fromkeys((f"{first}10199" for first in "123456"), RESIDENT),
    "810000": PERMIT,
    "820000": PERMIT,
    "830000": PERMIT,
    "911840": FOREIGNER,
}


@pytest.mark.parametrize("kind", READABLE)
@pytest.mark.parametrize("prefix", _MATRIX)
def test_an_18_digit_number_is_of_one_type_only(prefix: str, kind: DocumentType) -> None:
    number = sandbox_number(1, birth="20950307", address=prefix)
    if kind is _MATRIX[prefix]:
        assert read(kind, number, LATER).number.reveal() == number
    else:
        assert fault_of(kind, number, LATER)[1] in {DocumentFault.TYPE_MISMATCH, DocumentFault.BAD_REGION}


_PROVINCES = {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71}


@pytest.mark.parametrize("province", range(10, 90))
def test_a_citizens_number_comes_from_one_of_the_32_provinces(province: int) -> None:
    assert len(_PROVINCES) == 32
    number = sandbox_number(1, birth="20950307", address=f"{province}0199")
    if province in _PROVINCES:
        assert read(RESIDENT, number, LATER).number.reveal() == number
    else:
        assert fault_of(RESIDENT, number, LATER) == ("/document/number", DocumentFault.BAD_REGION)


def test_a_text_of_64_characters_is_read_and_a_longer_one_is_not() -> None:
    spaces = " " * (64 - len(PERSON))
    assert read(RESIDENT, spaces + PERSON).number.reveal() == PERSON
    assert fault_of(RESIDENT, f" {spaces}{PERSON}") == ("/document/number", DocumentFault.BAD_LENGTH)
    spaces = " " * (64 - len(NAME))
    assert read(RESIDENT, PERSON, name=spaces + NAME).name.reveal() == NAME
    assert fault_of(RESIDENT, PERSON, name=f" {spaces}{NAME}") == ("/document/name", DocumentFault.BAD_LENGTH)


def test_a_county_that_no_longer_exists_is_no_fault() -> None:
    assert read(RESIDENT, sandbox_number(1, birth="19000101", address="659999")).birth == date(1900, 1, 1)


def test_only_the_day_after_today_is_in_the_future() -> None:
    born_today = sandbox_number(1, birth="20261121")
    assert read(RESIDENT, born_today, TODAY).birth == TODAY
    assert fault_of(RESIDENT, born_today, date(2026, 11, 20))[1] == DocumentFault.BIRTH_IN_FUTURE


@pytest.mark.parametrize(
    "typed",
    [
        "11010120950307009x",
        "\uff11\uff11\uff10\uff11\uff10\uff11\uff12\uff10\uff19\uff15\uff10\uff13\uff10\uff17\uff10\uff10\uff19\uff38",
        "11010120950307009\uff58",
        "11010120950307009\u2169",
        " 11010120950307009X\n",
        "110101 20950307 009X",
        "110101\u300020950307\u00a0009X",
        "110101-20950307-009X",
        "110101\u201320950307\u2014009\uff0dX",
        "110101\u200b2095\u200c0307\u200d\u2060009X\ufeff",
        "\u202d11010120950307009X\u202c",
        "110101\u202820950307\u2029009X",
    ],
)
def test_every_spelling_of_one_number_is_the_same_number(typed: str) -> None:
    assert normalise_number(typed) == "11010120950307009X"
    assert read(RESIDENT, typed, LATER).number.reveal() == "11010120950307009X"


@pytest.mark.parametrize("lookalike", ["\u2022", "\u2027", "\u30fb", "\u0387", "\uff0e", "\uff65"])
def test_every_lookalike_of_the_interpunct_becomes_the_interpunct(lookalike: str) -> None:
    assert read(RESIDENT, PERSON, name=f"测试{lookalike}甲").name.reveal() == f"测试{INTERPUNCT}甲"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\U00020bb7测试", "\U00020bb7测试"),
        ("测试〇", "测试〇"),
        ("Jose\u0301 Te\u0301st", "José Tést"),
        ("JEAN-PIERRE O'TEST", "JEAN-PIERRE O'TEST"),
        ("\u3000 测试甲 ", "测试甲"),
        ("\uf900", "\u8c48"),
        ("\uff34\uff45\uff53\uff54", "\uff34\uff45\uff53\uff54"),
        ("㈱", "㈱"),
    ],
)
def test_a_name_is_kept_as_written_but_for_nfc_and_its_ends(typed: str, kept: str) -> None:
    assert read(RESIDENT, PERSON, name=typed).name.reveal() == kept


@pytest.mark.parametrize("length", [1, 32])
@pytest.mark.parametrize("character", ["测", "\U00020bb7"])
def test_a_name_of_1_to_32_code_points_is_read(character: str, length: int) -> None:
    assert read(RESIDENT, PERSON, name=character * length).name.reveal() == character * length


@pytest.mark.parametrize("name", ["", " \u3000\u00a0", "测" * 33, "\U00020bb7" * 33, "测" * 100_000])
def test_a_name_without_or_beyond_32_code_points_is_refused(name: str) -> None:
    assert fault_of(RESIDENT, PERSON, name=name) == ("/document/name", DocumentFault.BAD_LENGTH)


@pytest.mark.parametrize("hidden", ["\u0000", "\n", "\u200b", "\u202e", "\ufeff", "\u2028", "\u2029", "\ud83d"])
def test_a_name_with_invisible_characters_is_refused(hidden: str) -> None:
    assert fault_of(RESIDENT, PERSON, name=f"测{hidden}试") == ("/document/name", DocumentFault.BAD_CHARACTER)


def test_a_text_that_holds_number_or_name_however_cut_up_is_known_by_it() -> None:
    found = read_document(DocumentType.RESIDENT_ID, Secret(PERSON), Secret(NAME), TODAY)
    named = (f"id {PERSON[:6]}-{PERSON[6:]}!", f"[{' '.join(NAME)}]")
    assert all(found.is_named_in(said) for said in named)
    assert not any(found.is_named_in(said) for said in ("smith, john: e1234567", ""))


def test_a_passport_is_a_passport_and_small_letters_hide_nobody() -> None:
    found = read_document(DocumentType.PASSPORT, Secret("E12345678"), Secret("STRASSER EVA"), TODAY, "DEU")
    assert found.type is DocumentType.PASSPORT
    assert [found.is_named_in(said) for said in ("Straßer-eva, or so", "number e1234 5678", "nobody")] == [
        True,
        True,
        False,
    ]


def test_a_document_shows_neither_number_nor_name_when_printed() -> None:
    shown = repr(read(RESIDENT, PERSON))
    assert PERSON not in shown
    assert NAME not in shown


_VALID = st.builds(
    lambda sequence, birth: sandbox_number(sequence, birth=f"{birth:%Y%m%d}"),
    st.integers(0, 999),
    st.dates(date(1900, 1, 1), TODAY),
)
_ADDRESSES = {RESIDENT: "110199", PERMIT: "810000", FOREIGNER: "911840"}
_VALID_OF_ANY_TYPE = st.builds(
    lambda kind, sequence, birth: (kind, sandbox_number(sequence, birth=f"{birth:%Y%m%d}", address=_ADDRESSES[kind])),
    st.sampled_from(READABLE),
    st.integers(0, 999),
    st.dates(date(1900, 1, 1), TODAY),
)


@unhurried
@given(_VALID_OF_ANY_TYPE, st.integers(0, 17), st.integers(1, 10))
def test_any_changed_character_of_a_number_is_noticed(valid: tuple[DocumentType, str], place: int, step: int) -> None:
    kind, number = valid
    characters = "0123456789X" if place == 17 else "0123456789"
    changed = characters[(characters.index(number[place]) + step) % len(characters)]
    if changed == number[place]:
        changed = characters[(characters.index(number[place]) + 1) % len(characters)]
    fault_of(kind, number[:place] + changed + number[place + 1 :])


@unhurried
@given(_VALID_OF_ANY_TYPE, st.data())
def test_any_two_unequal_neighbours_swapped_are_noticed(valid: tuple[DocumentType, str], data: st.DataObject) -> None:
    kind, number = valid
    places = [place for place in range(17) if number[place] != number[place + 1]]
    place = data.draw(st.sampled_from(places))
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    fault_of(kind, swapped)


@unhurried
@given(_VALID)
def test_every_valid_number_is_read_back_as_it_was(number: str) -> None:
    document = read(RESIDENT, number)
    assert document.number.reveal() == number
    assert f"{document.birth:%Y%m%d}" == number[6:14]


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)
_NEARLY = st.text("0123456789Xx \u200b-０\u0660\u0425", max_size=20)


@unhurried
@given(st.sampled_from(DocumentType), ANY_TEXT | _NEARLY, ANY_TEXT, st.dates(), st.none() | ANY_TEXT)
def test_no_text_raises_anything_but_document_invalid(
    kind: DocumentType, number: str, name: str, today: date, country: str | None
) -> None:
    try:
        document = read_document(kind, Secret(number), Secret(name), today, country)
    except DocumentInvalid:
        return
    assert document.birth is None or document.birth <= today


@unhurried
@given(ANY_TEXT)
def test_normalising_twice_changes_nothing_more(typed: str) -> None:
    number, name = normalise_number(typed), normalise_name(typed)
    assert normalise_number(number) == number
    assert normalise_name(name) == name
    assert unicodedata.is_normalized("NFC", name)


@pytest.mark.parametrize(
    ("birth", "today", "age"),
    [
        (date(2012, 11, 21), date(2026, 11, 20), 13),
        (date(2012, 11, 21), date(2026, 11, 21), 14),
        (date(2000, 2, 29), date(2014, 2, 28), 13),
        (date(2000, 2, 29), date(2014, 3, 1), 14),
        (date(2000, 2, 29), date(2016, 2, 28), 15),
        (date(2000, 2, 29), date(2016, 2, 29), 16),
        (date(2000, 1, 1), date(2000, 1, 1), 0),
        (date(1900, 12, 31), date(2026, 12, 30), 125),
        (date(1900, 12, 31), date(2026, 12, 31), 126),
    ],
)
def test_a_year_is_added_on_the_birthday(birth: date, today: date, age: int) -> None:
    assert age_on(birth, today) == age


@unhurried
@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 120))
def test_an_age_begins_on_its_birthday_and_not_a_day_earlier(birth: date, years: int) -> None:
    leaps = birth.month == 2 and birth.day == 29 and not _is_leap(birth.year + years)
    birthday = date(birth.year + years, 3, 1) if leaps else birth.replace(year=birth.year + years)
    assert age_on(birth, birthday) == years
    assert age_on(birth, date.fromordinal(birthday.toordinal() - 1)) == years - 1


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


_HM, _TW = PERMITS
_PERMANENT = DocumentType.FOREIGN_PERMANENT_RESIDENT_ID


@pytest.mark.parametrize(
    ("kind", "typed", "key"),
    [
        (_HM, "H00000000", "H00000000"),
        (_HM, "M00000000", "M00000000"),
        (_HM, "H0000000001", "H00000000"),
        (_HM, "m00000000", "M00000000"),
        (_HM, "H1234567800", "H12345678"),
        (_HM, "HA0000000", "HA0000000"),
        (_HM, "MA0000000", "MA0000000"),
        (_HM, "HA0000001", "HA0000001"),
        (_HM, "H12345678", "H12345678"),
        (_HM, "M87654321", "M87654321"),
        (_HM, "HA1234567", "HA1234567"),
        (_HM, "MA7654321", "MA7654321"),
        (_TW, "00000000", "00000000"),
        (_TW, "1234 5678", "12345678"),
        (_TW, "12345678", "12345678"),
        (_PERMANENT, "UTO110185010110", "UTO110185010110"),
        (_PERMANENT, "AAA110185010110", "AAA110185010110"),
        (_PERMANENT, "ZZZ110185010110", "ZZZ110185010110"),
        (_PERMANENT, "UTO310095011519", "UTO310095011519"),
        (_PERMANENT, "UTO440096092029", "UTO440096092029"),
        (_PERMANENT, "UTO110097123137", "UTO110097123137"),
        (_PERMANENT, "UTO310095011510", "UTO310095011510"),
    ],
)
def test_a_permit_without_a_birth_date_is_read_and_a_renewed_one_is_the_same_person(
    kind: DocumentType, typed: str, key: str
) -> None:
    document = read_document(kind, Secret(typed), Secret("测试甲"), date(2026, 11, 21))
    assert (document.key.reveal(), document.birth) == (key, None)


@pytest.mark.parametrize(
    ("kind", "typed", "fault"),
    [
        (_HM, "H0000000", DocumentFault.BAD_LENGTH),
        (_HM, "H1234567", DocumentFault.BAD_LENGTH),
        (_HM, "H000000000", DocumentFault.BAD_LENGTH),
        (_HM, "K00000000", DocumentFault.BAD_PREFIX),
        (_HM, "C00000000", DocumentFault.WRONG_DOCUMENT),
        (_HM, "CA0000000", DocumentFault.WRONG_DOCUMENT),
        (_HM, "HO0000000", DocumentFault.BAD_CHARACTER),
        (_HM, "HA000000", DocumentFault.BAD_LENGTH),
        (_HM, "HB0000000", DocumentFault.BAD_PREFIX),
        (_HM, "00000000", DocumentFault.BAD_PREFIX),
        (_HM, "", DocumentFault.BAD_LENGTH),
        (_TW, "0000000001", DocumentFault.BAD_LENGTH),
        (_TW, "0000000001(B)", DocumentFault.BAD_LENGTH),
        (_TW, "0000000", DocumentFault.BAD_LENGTH),
        (_TW, "000000000", DocumentFault.BAD_LENGTH),
        (_TW, "T0000000", DocumentFault.BAD_CHARACTER),
        (_TW, "A123456789", DocumentFault.WRONG_DOCUMENT),
        (_TW, "Z123456789", DocumentFault.WRONG_DOCUMENT),
        (_TW, "1234567890", DocumentFault.BAD_LENGTH),
        (_PERMANENT, "110199900307001", DocumentFault.LEGACY_15_DIGIT),
        (DocumentType.RESIDENT_ID, "UTO310095011519", DocumentFault.BAD_CHARACTER),
    ],
)
def test_a_permit_of_another_shape_is_refused_with_its_reason(
    kind: DocumentType, typed: str, fault: DocumentFault
) -> None:
    with pytest.raises(DocumentInvalid) as refused:
        read_document(kind, Secret(typed), Secret("测试甲"), date(2026, 11, 21))
    assert refused.value.fault is fault


@pytest.mark.parametrize(
    ("number", "types"),
    [
        *((sandbox_number(1, address=f"{first}10199"), {RESIDENT}) for first in "12345"),
        (sandbox_number(1, address="610199"), {RESIDENT}),
        ("810000190001010018", {PERMIT}),
        ("82000019000101001X", {PERMIT}),
        ("830000190001010011", {PERMIT}),
        ("911840190001010017", {FOREIGNER}),
        ("UTO110185010110", {FOREIGNER}),
        ("12345678", {_TW}),
        ("H12345678", {_HM}),
        ("M1234567800", {_HM}),
        ("HA1234567", {_HM}),
        ("MA7654321", {_HM}),
        ("C12345678", set()),
        ("CA1234567", set()),
    ],
)
def test_no_number_is_taken_for_a_document_of_another_type(number: str, types: set[DocumentType]) -> None:
    """The confusion matrix; a passport may look like most of them, which is why the holder states the type."""
    read_as = set()
    for kind in set(DocumentType) - {DocumentType.PASSPORT}:
        try:
            read(kind, number)
        except DocumentInvalid:
            continue
        read_as.add(kind)
    assert read_as == types
