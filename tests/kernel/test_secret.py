"""A secret travels without being seen."""

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from app.kernel.secret import Secret

CANARY = "110199199003070017"
SHOWN: dict[str, Callable[[object], str]] = {
    "repr": repr,
    "str": str,
    "format": format,
    "format with a width": lambda secret: format(secret, ">40"),
    "an f-string": lambda secret: f"{secret}",
    "an f-string asking for repr": lambda secret: f"{secret!r}",
    "an f-string with a width": lambda secret: f"{secret:>40}",
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 -- another way to print
    "a list": lambda secret: str([secret]),
    "a dictionary": lambda secret: str({"number": secret}),
    "an exception": lambda secret: repr(ValueError(secret)) + str(ValueError(secret)),
}


@dataclass(frozen=True)
class _Holder:
    number: Secret[str]


@pytest.mark.parametrize("way", SHOWN)
def test_no_way_of_printing_shows_a_secret(way: str) -> None:
    for secret in (Secret(CANARY), Secret(CANARY.encode())):
        shown = SHOWN[way](secret)
        assert "***" in shown
        assert CANARY not in shown


def test_a_secret_prints_as_three_stars_whatever_form_is_asked_for() -> None:
    assert [f"{Secret(CANARY)}", f"{Secret(CANARY):>40}", str(Secret(CANARY))] == ["***"] * 3


def test_a_record_that_holds_a_secret_does_not_show_it() -> None:
    assert repr(_Holder(Secret(CANARY))) == "_Holder(number=Secret(***))"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match=r"^a Secret is not pickled$"):
        pickle.dumps(Secret(CANARY), protocol)


def test_a_record_that_holds_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(_Holder(Secret(CANARY)))


def test_a_secret_is_not_copied_behind_its_back() -> None:
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            duplicate(Secret(CANARY))


def test_a_secret_is_not_written_as_json() -> None:
    with pytest.raises(TypeError) as refused:
        json.dumps({"number": Secret(CANARY)})
    assert CANARY not in str(refused.value)
    assert json.dumps({"number": Secret(CANARY)}, default=str) == '{"number": "***"}'


def test_a_secret_has_no_dictionary_of_attributes() -> None:
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


def test_a_guess_wrapped_as_a_secret_does_not_equal_it() -> None:
    assert Secret(CANARY) != Secret(CANARY)
    guess: object = CANARY
    assert Secret(CANARY) != guess


def test_only_reveal_gives_the_value_back() -> None:
    assert Secret(CANARY).reveal() == CANARY
    assert Secret(CANARY.encode()).reveal() == CANARY.encode()


def test_a_secret_tells_whether_it_is_empty() -> None:
    assert Secret(CANARY)
    assert not Secret("")
