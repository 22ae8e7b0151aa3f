"""What staff has at hand in an emergency: the switch, and the record of rehearsals."""

from dataclasses import dataclass

from app.db.unit_of_work import UnitOfWork
from app.forums.domain import ForumOfBoard
from app.forums.drills import Drills
from app.forums.pauses import Pauses


@dataclass(frozen=True, slots=True)
class EmergencyDesk:
    pauses: Pauses
    drills: Drills


def open_emergency_desk(unit_of_work: UnitOfWork, forum_of_board: ForumOfBoard) -> EmergencyDesk:
    return EmergencyDesk(Pauses(unit_of_work, forum_of_board), Drills(unit_of_work))
