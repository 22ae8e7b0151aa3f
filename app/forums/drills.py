"""Emergencies that were rehearsed: put on record, and never changed."""

from collections.abc import Sequence
from datetime import date

from app import policies
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import Transaction, UnitOfWork
from app.forums import pause_rows
from app.forums.domain import REASON_LENGTH, Drill, is_text
from app.forums.errors import DrillUnusable
from app.kernel.actor import Actor
from app.kernel.clock import SHANGHAI
from app.kernel.ids import new_id

_OUTCOME_LENGTH = range(1, policies.DRILL_OUTCOME_LONGEST.value + 1)


def newest_drill(tx: Transaction) -> date | None:
    """A step: the day in Shanghai of the last one."""
    return pause_rows.newest_drill(tx.session)


class Drills:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def record(self, actor: Actor, held_on: date, scenario: str, outcome: str) -> Drill:
        """`held_on` is a day in Shanghai, today at the latest; the outcome may have several lines.

        Raises `DrillUnusable` with every fault. Source: L5d.
        """
        with self._unit_of_work.begin(actor) as tx:
            faults = [
                pointer
                for pointer, right in {
                    "/held_on": held_on <= tx.now.astimezone(SHANGHAI).date(),
                    "/scenario": is_text(scenario, REASON_LENGTH),
                    "/outcome": is_text(outcome.replace("\n", " "), _OUTCOME_LENGTH),
                }.items()
                if not right
            ]
            if faults:
                raise DrillUnusable(faults)
            drill = Drill(new_id("drl", tx.now), held_on, scenario.strip(), outcome.strip(), tx.now, actor.id)
            pause_rows.add_drill(tx.session, drill)
            audit.record(tx, Action.DRILL_RECORDED, ObjectKind.DRILL, drill.id)
        return drill

    def list_all(self, before: str | None, limit: int) -> Sequence[Drill]:
        """The one recorded last first."""
        with self._unit_of_work.read() as tx:
            return pause_rows.list_drills(tx.session, before, limit)
