"""Identifiers: the layout of RFC 9562, time in front, noise behind."""

import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.kernel.ids import first_id, new_id, new_person_id, uuid7
from tests.support.clock import TODAY

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VERSION_7 = 7


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def test_an_identifier_is_a_version_7_uuid_of_the_rfc_variant() -> None:
    for _ in range(200):
        made = uuid7(TODAY)
        assert made.version == VERSION_7
        assert made.variant == uuid.RFC_4122


@pytest.mark.parametrize("microseconds", [0, 1, 999, 1000, 1999, 93_999, 499_500, 999_000, 999_999])
def test_the_first_48_bits_are_the_time_in_whole_milliseconds(microseconds: int) -> None:
    moment = TODAY + timedelta(microseconds=microseconds)
    assert uuid7(moment).int >> 80 == _milliseconds(moment)


def test_every_millisecond_of_a_second_has_its_own_time_part() -> None:
    for millisecond in range(1000):
        moment = TODAY + timedelta(milliseconds=millisecond)
        assert uuid7(moment).int >> 80 == _milliseconds(TODAY) + millisecond


def test_identifiers_of_later_milliseconds_sort_later_as_text() -> None:
    made = [str(uuid7(TODAY + timedelta(milliseconds=step))) for step in range(100)]
    assert all(earlier < later for earlier, later in pairwise(made))


def test_a_time_zone_changes_nothing() -> None:
    elsewhere = TODAY.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+08:00").tzinfo)
    assert uuid7(elsewhere).int >> 80 == uuid7(TODAY).int >> 80


def test_identifiers_of_one_millisecond_differ_and_use_all_their_noise() -> None:
    made = [uuid7(TODAY).int for _ in range(500)]
    assert len(set(made)) == len(made)
    ever_set, always_set = 0, (1 << 128) - 1
    for number in made:
        ever_set, always_set = ever_set | number, always_set & number
    noise = (((1 << 12) - 1) << 64) | ((1 << 62) - 1)
    assert ever_set & noise == noise
    assert always_set & noise == 0


def test_a_new_identifier_tells_its_kind_and_sorts_by_time() -> None:
    earlier, later = new_id("acc", TODAY), new_id("acc", TODAY + timedelta(milliseconds=1))
    assert earlier.startswith("acc_")
    assert earlier < later
    assert uuid.UUID(earlier.removeprefix("acc_")).version == VERSION_7


def test_a_persons_identifier_tells_no_time() -> None:
    written = [new_person_id().removeprefix("per_") for _ in range(200)]
    assert {len(one) for one in written} == {32}
    made = [int(one, 16) for one in written]
    assert len(set(made)) == len(made)
    # were the front a time, all of them would share it
    assert len({number >> 80 for number in made}) == len(made)


def test_ids_are_divided_by_the_first_one_of_a_moment() -> None:
    moment = datetime(2026, 11, 21, 4, 0, 0, 5_000, tzinfo=UTC)
    earlier = [new_id("vrf", moment - timedelta(milliseconds=1)) for _ in range(50)]
    later = [new_id("vrf", moment) for _ in range(50)]
    assert max(earlier) < first_id("vrf", moment) <= min(later)
