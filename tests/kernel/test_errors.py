"""The families of refusal: what each carries, and that what is told twice is told the same."""

from collections.abc import Callable

import pytest

from app.kernel.errors import FieldError, Invalid, Later, NotFound, TooMany, Unavailable
from app.kernel.sentence import Sentence

OWN = Sentence("另一句。", "Another sentence.")


def test_a_refusal_says_its_familys_sentence_where_it_has_none_of_its_own() -> None:
    assert NotFound().detail == NotFound.sentence
    assert NotFound(OWN).detail == OWN
    assert str(NotFound(OWN)) == "not-found"  # what a log shows: the code, no sentence


def test_a_refusal_of_fields_tells_each_and_none_where_none_is_named() -> None:
    field = FieldError("/handle", "too-short", OWN)
    assert Invalid().fields == ()
    assert Invalid().detail == Invalid.sentence
    told = Invalid([field], OWN)
    assert (told.fields, told.detail, str(told)) == ((field,), OWN, "validation-failed")


@pytest.mark.parametrize(
    ("refuse", "seconds", "detail", "code"),
    [
        (lambda: TooMany(30), 30, TooMany.sentence, "rate-limited"),
        (lambda: TooMany(30, OWN), 30, OWN, "rate-limited"),
        (lambda: Unavailable(), 2, Unavailable.sentence, "unavailable"),  # noqa: PLW0108 -- what it is without more
        (lambda: Unavailable(7, OWN), 7, OWN, "unavailable"),
    ],
)
def test_a_refusal_for_now_says_when_to_come_back(
    refuse: Callable[[], Later], seconds: int, detail: Sentence, code: str
) -> None:
    refusal = refuse()
    assert (refusal.retry_after, refusal.detail, str(refusal)) == (seconds, detail, code)
