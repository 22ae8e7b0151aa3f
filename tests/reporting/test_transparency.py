"""What the public is told of counts: none that is small, none from which a small one follows, and nothing that runs."""

import httpx2
import pytest

from app import policies
from app.reporting.transparency import SMALL_CELL, Handled, Withheld, count, told, told_parts
from app.wiring import Services
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
    anybody: Anybody, reviewer: httpx2.Client, services: Services, clock: FakeClock
) -> None:
    for number in range(11):
        anybody.code(target={"kind": "content", "ref": f"post-{number}"})
    for case in waiting(reviewer):
        act(reviewer, case["id"], "accept")
        act(reviewer, case["id"], "assign")
    clock.advance(hours=1)
    for number, case in enumerate(waiting(reviewer)):
        decide(reviewer, case["id"], "upheld" if number else "not_upheld", "other").raise_for_status()
    assert _complaints(services).decided is SMALL
    clock.advance(days=1)
    found = _complaints(services)
    assert (found.received, found.decided, found.in_time, found.hours) == (11, 11, 100, 1.0)
    # Nor are the ten told from which it followed that one was not upheld.
    assert (found.outcomes["not_upheld"], found.outcomes["upheld"]) == (SMALL, BESIDE)
    table = anybody.http.get("/transparency/figures.csv", headers={"accept-language": "en"}).text
    assert "Complaints,Decided,11\r\n" in table
    assert "Complaints,Outcome: Upheld,not told\r\n" in table
    assert "Disclosures,Identities opened,under 10\r\n" in table
    clock.advance(days=policies.TRANSPARENCY_DAYS.value)
    assert _complaints(services).decided is SMALL


def _complaints(services: Services) -> Handled:
    with services.unit_of_work.read() as tx:
        return count(tx).complaints
