"""What anybody may keep changes by the hour, whoever was running when."""

from collections.abc import Callable

from app.audit.anchor_lines import claimed
from app.audit.public_checkpoints import PublicCheckpoints
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.log_keeping import record_entries


def _sizes(services: Services) -> Callable[[], int | None]:
    def size() -> int | None:
        # one that has looked before, and a process that was just started
        notes = {known.newest(), PublicCheckpoints(services.unit_of_work, services.audit.sequencer).newest()}
        assert len(notes) == 1
        claim = claimed(notes.pop() or "")
        return claim.size if claim else None

    known = PublicCheckpoints(services.unit_of_work, services.audit.sequencer)
    return size


def _grow(services: Services, count: int) -> int:
    record_entries(services, count)
    services.audit.sequencer.catch_up()
    return services.audit.watch.look().size


def test_the_public_checkpoint_is_that_of_the_full_hour_and_before_the_first_one_the_first(
    services: Services, clock: FakeClock
) -> None:
    size = _sizes(services)
    assert size() is None
    clock.advance(minutes=60 - clock.now().minute, seconds=-clock.now().second)  # a full hour
    clock.advance(minutes=10)
    first = _grow(services, 3)
    second = _grow(services, 3)
    assert size() == first
    clock.advance(minutes=49, seconds=50)
    at_the_last_moment = _grow(services, 1)
    clock.advance(seconds=9)
    too_late = _grow(services, 1)
    assert size() == first
    clock.advance(seconds=1)
    assert size() == at_the_last_moment > second
    _grow(services, 1)
    assert size() == at_the_last_moment < too_late
    clock.advance(minutes=30)
    late = _grow(services, 2)
    clock.advance(hours=5)  # nobody was running meanwhile
    assert size() == late
    _grow(services, 2)
    assert size() == late
