"""The matcher against the slow, obviously right one of `tests/screening`, for long."""

from tests.screening.test_against_slow_matcher import TEXTS, differences
from tests.torture.form import Form


def test_very_many_lexicons_and_texts_at_random_make_no_difference(form: Form) -> None:
    lexicons = form.size(short=10, long=5_000)
    found = differences(seed=20261130, lexicons=lexicons)
    form.tell(
        "screening against the slow matcher",
        f"{lexicons * TEXTS:,} pairs of a lexicon and a text, {len(found)} differences",
    )
    assert found == []
