"""Tracking codes: how they are read, and that no slip of the hand makes another one of them."""

import pytest

from app.kernel.secret import Secret
from app.reporting.errors import TrackingCodeMistyped
from app.reporting.tracking import ALPHABET, LENGTH, new_tracking_code, read_tracking_code


def read(typed: str) -> str:
    return read_tracking_code(Secret(typed)).reveal()


def is_read(typed: str) -> bool:
    try:
        read(typed)
    except TrackingCodeMistyped:
        return False
    return True


def test_a_code_is_twenty_characters_in_groups_of_four_and_no_two_are_alike() -> None:
    codes = {new_tracking_code().reveal() for _ in range(1000)}
    assert len(codes) == 1000
    assert all([len(group) for group in code.split("-")] == [4] * 5 for code in codes)
    assert set("".join(codes)) == {*ALPHABET, "-"}


def test_a_code_is_read_however_it_is_spelt() -> None:
    code = new_tracking_code().reveal()
    letters = code.replace("-", "")
    wide = "".join(chr(ord(one) + 0xFEE0) for one in letters)
    spellings = [
        code.lower(),
        letters,
        f"  {letters} \n",
        code.replace("-", "—"),
        code.replace("-", " \u2212\u200b "),
        wide,
        letters.replace("0", "o").replace("1", "l"),
        letters.replace("0", "Ｏ").replace("1", "i"),
    ]
    assert {read(spelling) for spelling in spellings} == {letters}


def test_every_single_wrong_character_and_every_swap_of_neighbours_is_found() -> None:
    for _ in range(20):
        letters = read(new_tracking_code().reveal())
        for place in range(LENGTH):
            for other in ALPHABET.replace(letters[place], ""):
                assert not is_read(letters[:place] + other + letters[place + 1 :])
        for place in range(LENGTH - 1):
            left, right = letters[place], letters[place + 1]
            if left != right:
                assert not is_read(letters[:place] + right + left + letters[place + 2 :])


@pytest.mark.parametrize(
    "typed", ["", "-", "K7QM", "U" * 20, "0" * 19, "0" * 21, "０" * 80, "A" * 10_000, "\ud800" * 20, "é" * 20, "٣" * 20]
)
def test_what_is_no_code_is_mistyped_and_nothing_worse(typed: str) -> None:
    assert not is_read(typed)
