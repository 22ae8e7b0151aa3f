"""The breaker: what opens it, how long, and how a probe closes it."""

import pytest

from app.verification.providers.breaker import Breaker
from app.verification.providers.reactions import BreakerEffect
from tests.support.clock import FakeClock

FAILURE, SUCCESS, OPENS, NONE = (BreakerEffect.FAILURE, BreakerEffect.SUCCESS, BreakerEffect.OPENS, BreakerEffect.NONE)


@pytest.fixture
def breaker(clock: FakeClock) -> Breaker:
    return Breaker(clock)


def opened(breaker: Breaker) -> Breaker:
    assert [breaker.note(FAILURE) for _ in range(5)] == [False] * 4 + [True]
    return breaker


def test_four_failures_are_too_few_and_the_fifth_opens_it(breaker: Breaker) -> None:
    for _ in range(4):
        breaker.note(FAILURE)
    assert breaker.admits()
    assert breaker.note(FAILURE)
    assert not breaker.admits()


def test_half_of_the_calls_must_have_failed(breaker: Breaker) -> None:
    for effect in (SUCCESS, SUCCESS, SUCCESS, FAILURE, FAILURE):
        assert not breaker.note(effect)
    assert breaker.note(FAILURE)


def test_what_failed_30_seconds_ago_is_forgotten(breaker: Breaker, clock: FakeClock) -> None:
    for _ in range(4):
        breaker.note(FAILURE)
    clock.advance(seconds=30)
    assert not breaker.note(FAILURE)
    assert breaker.admits()


def test_being_throttled_says_nothing_about_its_health(breaker: Breaker) -> None:
    assert not any(breaker.note(NONE) for _ in range(100))
    assert breaker.admits()


def test_after_30_seconds_one_probe_goes_and_its_success_closes_it(breaker: Breaker, clock: FakeClock) -> None:
    opened(breaker)
    clock.advance(seconds=30, milliseconds=-1)
    assert not breaker.admits()
    clock.advance(milliseconds=1)
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    breaker.note(SUCCESS)
    assert all(breaker.admits() for _ in range(3))
    opened(breaker)  # a fresh start: five failures again, and 30 seconds
    clock.advance(seconds=30)
    assert breaker.admits()


def test_each_failed_probe_doubles_the_pause_up_to_five_minutes(breaker: Breaker, clock: FakeClock) -> None:
    opened(breaker)
    clock.advance(seconds=30)
    for pause in (60, 120, 240, 300, 300):
        assert breaker.admits()
        assert breaker.note(FAILURE)
        clock.advance(seconds=pause, milliseconds=-1)
        assert not breaker.admits()
        clock.advance(milliseconds=1)


def test_a_probe_that_nobody_hears_of_again_is_followed_by_another(breaker: Breaker, clock: FakeClock) -> None:
    opened(breaker)
    clock.advance(seconds=30)
    assert [breaker.admits(), breaker.admits()] == [True, False]
    clock.advance(seconds=30)
    assert breaker.admits()


def test_an_answer_to_a_question_from_before_closes_nothing(breaker: Breaker) -> None:
    opened(breaker).note(SUCCESS)
    assert not breaker.admits()


def test_what_only_an_operator_can_mend_opens_it_at_once_for_ten_minutes(breaker: Breaker, clock: FakeClock) -> None:
    assert breaker.note(OPENS)
    clock.advance(minutes=10, milliseconds=-1)
    assert not breaker.admits()
    clock.advance(milliseconds=1)
    assert breaker.admits()
