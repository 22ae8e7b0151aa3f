"""A forum hears the same, to the byte, whether a person it knows is behind a handle or behind another one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.wiring import Services
from tests.oracle.observer import Observer
from tests.oracle.strategies import STRATEGIES, Strategy, with_the_persons_own_phone
from tests.oracle.world import QuickIndex, Stage, stage
from tests.support.clock import FakeClock


@pytest.fixture(scope="session")
def quick_index(keys_dir: Path, sqlite_template: Path) -> QuickIndex:
    assert sqlite_template.exists()  # it made the keys
    return QuickIndex(keys_dir)


@pytest.fixture
def prepared(services: Services, quick_index: QuickIndex, clock: FakeClock) -> Iterator[Stage]:
    with stage(services, quick_index, clock) as made:
        yield made


def heard(prepared: Stage, strategy: Strategy, *, person_behind_x: bool) -> Observer:
    with prepared.world(person_behind_x=person_behind_x) as world:
        observer = Observer(world, 0)
        strategy(observer)
        return observer


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.__name__)
def test_what_a_forum_hears_does_not_depend_on_who_is_behind_the_handle(prepared: Stage, strategy: Strategy) -> None:
    assert strategy.__doc__
    here, elsewhere = (heard(prepared, strategy, person_behind_x=each) for each in (True, False))
    assert here.heard == elsewhere.heard
    assert not any(status >= 500 for status, _, _ in here.heard)


def test_the_pack_notices_what_can_be_told(prepared: Stage) -> None:
    """Who holds the person's phone is no stranger; that this shows proves that the worlds differ at all."""
    here, elsewhere = (heard(prepared, with_the_persons_own_phone, person_behind_x=each) for each in (True, False))
    assert here.heard[:-1] == elsewhere.heard[:-1]
    assert here.heard[-1] != elsewhere.heard[-1]
