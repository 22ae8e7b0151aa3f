"""What the public is told of counts: none that is small, none from which a small one follows, and nothing that runs."""

from collections import Counter
from datetime import timedelta

import httpx2
import pytest

from app import policies
from app.reporting.transparency import SMALL_CELL, Withheld, told, told_parts
from tests.reporting.complaining import Anybody, act, decide, waiting
from tests.support.clock import FakeClock

SMALL, BESIDE = Withheld.SMALL, Withheld.BESIDE


def test_exactly_ten_are_told_and_nine_or_none_are_not() -> None:
    assert [told(number) for number in (0, SMALL_CELL - 1, SMALL_CELL)] == [SMALL, SMALL, SMALL_CELL]


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ((40, 30, 20), [40, 30, 20]),
        ((40, 30, 3), [40, BESIDE, SMALL]),
        ((40, 6, 5), [40, SMALL, SMALL]),
        ((40, 0, 5), [BESIDE, SMALL, SMALL]),
        ((2, 0, 5), [SMALL, SMALL, SMALL]),
    ],
)
def test_a_small_part_cannot_be_computed_from_the_sum_and_the_others(
    parts: tuple[int, ...], shown: list[int | Withheld]
) -> None:
    assert list(told_parts(dict(zip("abc", parts, strict=True))).values()) == shown


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_decided_is_told_from_the_next_day_on_and_counts_under_ten_never(
    anybody: Anybody, reviewer: httpx2.Client, clock: FakeClock
) -> None:
    for number in range(11):
        anybody.code(target={"kind": "content", "ref": f"post-{number}"})
    for case in waiting(reviewer):
        act(reviewer, case["id"], "accept")
        act(reviewer, case["id"], "assign")
    clock.advance(hours=1)
    for number, case in enumerate(waiting(reviewer)):
        decide(reviewer, case["id"], "upheld" if number else "not_upheld", "other").raise_for_status()
    assert _complaints(anybody) == {"under 10"}
    clock.advance(days=1, seconds=policies.TRANSPARENCY_CACHED.value)
    # Eleven were decided and one was not upheld: neither is told, nor the ten from which it followed.
    assert _complaints(anybody) == {"11", "1.0 hours", "under 10", "not told"}
    later = timedelta(days=policies.TRANSPARENCY_DAYS.value)
    clock.advance(seconds=later.total_seconds())
    assert _complaints(anybody) == {"under 10"}


def _complaints(anybody: Anybody) -> set[str]:
    answer = anybody.http.get("/transparency/figures.csv", headers={"accept-language": "en"})
    rows = [line.split(",") for line in answer.text.splitlines()]
    told = [row[-1] for row in rows if row[0] == "Complaints" and row[-1] != "too few to tell"]
    assert Counter(row[0] for row in rows)["Complaints"] == 9
    return set(told)
