"""Mainland mobile numbers: which are numbers, and that one number has one spelling."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.secret import Secret
from app.verification.errors import PhoneInvalid
from app.verification.phones import read_phone

PHONE = "14000001234"
unhurried = settings(deadline=None, database=None)


@pytest.mark.parametrize(
    "typed",
    [
        PHONE,
        f"+86{PHONE}",
        f"0086{PHONE}",
        f"+86 {PHONE}",
        f"\uff0b\uff18\uff16 {PHONE}",
        "140 0000 1234",
        "140-0000-1234",
        "140\u20130000\u20131234",
        "\u3000140\u00a00000\u20031234 ",
        "\uff11\uff14\uff10\uff10\uff10\uff10\uff10\uff11\uff12\uff13\uff14",
        "140\u200b0000\u200d1234\ufeff",
        f"\u202d{PHONE}\u202c",
        "140\t00001234\n",
        " " * 29 + PHONE,
    ],
)
def test_every_spelling_of_one_phone_is_the_same_phone(typed: str) -> None:
    assert read_phone(Secret(typed)).reveal() == PHONE


@pytest.mark.parametrize("second", "3456789")
def test_a_mobile_number_has_3_to_9_in_second_place(second: str) -> None:
    assert read_phone(Secret(f"1{second}000001234")).reveal() == f"1{second}000001234"


@pytest.mark.parametrize(
    "typed",
    [
        "10000000000",
        "11000000000",
        "12000000000",
        "24000001234",
        "1400000123",
        "140000012345",
        "86" + PHONE,
        "+85214000001234",
        "+1 4000001234",
        "1400000123a",
        "1400000123\u0664",
        "1400000123\u00bd",
        "140.0000.1234",
        PHONE + "#1",
        "",
        " ",
        "+86",
    ],
)
def test_what_is_not_a_mainland_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(PhoneInvalid) as refused:
        read_phone(Secret(typed))
    assert [(field.pointer, field.reason) for field in refused.value.fields] == [("/phone", "bad-format")]


def test_a_text_too_long_for_any_phone_is_refused_unread() -> None:
    with pytest.raises(PhoneInvalid) as refused:
        read_phone(Secret(" " * 30 + PHONE))
    assert [(field.pointer, field.reason) for field in refused.value.fields] == [("/phone", "bad-length")]


@unhurried
@given(st.text(st.characters(exclude_categories=()), max_size=50) | st.text("+0123456789 \u200b-", max_size=16))
def test_no_text_raises_anything_but_phone_invalid(typed: str) -> None:
    try:
        phone = read_phone(Secret(typed)).reveal()
    except PhoneInvalid:
        return
    assert len(phone) == 11
    assert phone.isascii()
    assert read_phone(Secret(phone)).reveal() == phone
