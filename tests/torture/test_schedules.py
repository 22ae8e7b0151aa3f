"""Histories of moderators through the real services, against a model that goes day after day."""

from random import Random
from time import process_time

import pytest

from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.histories import History
from tests.torture.form import Form

_STEPS = 8


def test_random_histories_are_judged_as_by_the_model(
    services: Services, clock: FakeClock, form: Form, request: pytest.FixtureRequest
) -> None:
    """State, due date, loss of powers, permit to moderate, what lists find by: after every step, worker or not."""
    lives, began = form.size(short=4, long=500), process_time()
    for number in range(lives):
        history = History(services, clock, Random(number), number)  # noqa: S311 -- a history to be found again
        history.begin()
        history.live(_STEPS)
        history.end()
        clock.advance(days=1)
    database = "PostgreSQL" if "postgresql" in request.node.name else "SQLite"
    steps = f"{lives} histories of {_STEPS} steps, each of two offices: all as by the model"
    form.tell(f"schedules, {database}", f"{steps}; {process_time() - began:.0f} s of CPU")
