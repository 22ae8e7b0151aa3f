"""Every query on pauses and drills."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from app.forums.domain import EVERYTHING, Drill, Pause, PausedPlace
from app.forums.models import DrillRow, PauseRow
from app.kernel.ids import BoardId, ForumId, PauseId

PAUSED_PLACES = (
    select(func.aggregate_strings(PauseRow.place, " "))
    .where(PauseRow.ended_at.is_(None), or_(PauseRow.forum == EVERYTHING, PauseRow.forum == bindparam("paused_in")))
    .scalar_subquery()
)
"""For the statement of another reader: what is paused in the forum `paused_in`, itself and everything too, with blanks
between. Every permit asks this, so it is put together once; an IN would be written out anew at each execution.
"""


def add_pause(session: Session, pause: Pause) -> None:
    session.add(
        PauseRow(
            id=pause.id,
            forum=pause.place.forum_id or EVERYTHING,
            place=pause.place.name,
            reason=pause.reason,
            began_at=pause.began_at,
            began_by=pause.began_by,
            ended_at=None,
            ended_by=None,
        )
    )
    session.flush()


def find_pause(session: Session, pause_id: str) -> Pause | None:
    """Held until the transaction ends."""
    if not pause_id.isascii():
        return None
    row = session.scalar(select(PauseRow).where(PauseRow.id == pause_id).with_for_update())
    return _pause(row) if row else None


def end_pause(session: Session, pause_id: PauseId, by: str, now: datetime) -> None:
    session.execute(update(PauseRow).where(PauseRow.id == pause_id).values(ended_at=now, ended_by=by))


def list_pauses(session: Session, before: str | None, limit: int, *, in_force: bool | None) -> list[Pause]:
    """Newest first."""
    query = select(PauseRow).order_by(PauseRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(PauseRow.id < before)
    if in_force is not None:
        query = query.where(PauseRow.ended_at.is_(None) if in_force else PauseRow.ended_at.is_not(None))
    return [_pause(row) for row in session.scalars(query)]


def all_in_force(session: Session) -> list[Pause]:
    """Oldest first."""
    rows = session.scalars(select(PauseRow).where(PauseRow.ended_at.is_(None)).order_by(PauseRow.id))
    return [_pause(row) for row in rows]


def add_drill(session: Session, drill: Drill) -> None:
    session.add(
        DrillRow(
            id=drill.id,
            held_on=drill.held_on,
            scenario=drill.scenario,
            outcome=drill.outcome,
            recorded_at=drill.recorded_at,
            recorded_by=drill.recorded_by,
        )
    )


def newest_drill(session: Session) -> date | None:
    return session.scalar(select(func.max(DrillRow.held_on)))


def list_drills(session: Session, before: str | None, limit: int) -> Sequence[Drill]:
    """The one recorded last first."""
    query = select(DrillRow).order_by(DrillRow.id.desc()).limit(limit)
    rows = session.scalars(query if before is None else query.where(DrillRow.id < before))
    return [Drill(row.id, row.held_on, row.scenario, row.outcome, row.recorded_at, row.recorded_by) for row in rows]


def _pause(row: PauseRow) -> Pause:
    return Pause(
        id=PauseId(row.id),
        place=_place(row.forum, row.place),
        reason=row.reason,
        began_at=row.began_at,
        began_by=row.began_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


def _place(forum: str, place: str) -> PausedPlace:
    if forum == EVERYTHING:
        return PausedPlace()
    return PausedPlace(ForumId(forum), None if place == forum else BoardId(place))
