"""Every query about anchors and about how far the log has come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.audit.models import AnchorStateRow, CheckpointRow, LeafRow, OriginRow, StagedEntryRow, WaitingEntryRow
from app.db.stored import text_in

_LONGEST_ID = 40


@dataclass(frozen=True, slots=True)
class AnchorState:
    """How far a sink has come, by what the processes wrote down."""

    sink: str
    origin: str | None
    size: int | None
    anchored_at: datetime | None
    tried_at: datetime
    failing_since: datetime | None
    failure: str | None


def anchor_states(session: Session) -> dict[str, AnchorState]:
    rows = session.scalars(select(AnchorStateRow)).all()
    return {
        row.sink: AnchorState(
            *(row.sink, row.origin, row.size, row.anchored_at, row.tried_at, row.failing_since, row.failure)
        )
        for row in rows
    }


def name_sink(session: Session, sink: str, now: datetime) -> bool:
    """From now on there is a row about it; whether there was none."""
    if session.scalar(select(AnchorStateRow.sink).where(AnchorStateRow.sink == sink)) is not None:
        return False
    session.execute(insert(AnchorStateRow), {"sink": sink, "tried_at": now})
    return True


def take_turn(session: Session, sink: str, state: AnchorState | None, now: datetime) -> bool:
    """Whether nobody else has tried since this state was read."""
    if state is None:
        return name_sink(session, sink, now)
    return _update(session, {"tried_at": now}, AnchorStateRow.sink == sink, AnchorStateRow.tried_at == state.tried_at)


def note_anchored(session: Session, sink: str, origin: str, size: int, now: datetime) -> None:
    """What another process brought further stays there."""
    further = or_(AnchorStateRow.origin.is_distinct_from(origin), AnchorStateRow.size <= size)
    well = {"tried_at": now, "failing_since": None, "failure": None, "anchored_at": now}
    _update(session, well, AnchorStateRow.sink == sink)
    _update(session, {"origin": origin, "size": size}, AnchorStateRow.sink == sink, further)


def note_failure(session: Session, sink: str, failure: str, now: datetime) -> None:
    since = func.coalesce(AnchorStateRow.failing_since, now)
    _update(session, {"tried_at": now, "failing_since": since, "failure": failure}, AnchorStateRow.sink == sink)


def _update(session: Session, values: Mapping[str, object], *conditions: ColumnElement[bool]) -> bool:
    changed = session.execute(
        update(AnchorStateRow).where(*conditions).values(values).execution_options(synchronize_session=False)
    )
    return isinstance(changed, CursorResult) and changed.rowcount == 1


def note_signed_before(session: Session, origin_id: int, moment: datetime) -> str | None:
    """The newest note of a log that was signed at this moment at the latest."""
    return session.scalar(
        select(CheckpointRow.note)
        .where(CheckpointRow.origin_id == origin_id, CheckpointRow.signed_at <= moment)
        .order_by(CheckpointRow.size.desc())
        .limit(1)
    )


def newest_signed_at(session: Session) -> datetime | None:
    newest = select(CheckpointRow.signed_at).order_by(CheckpointRow.origin_id.desc(), CheckpointRow.size.desc())
    return session.scalar(newest.limit(1))


def first_note(session: Session, origin_id: int) -> str | None:
    return session.scalar(
        select(CheckpointRow.note).where(CheckpointRow.origin_id == origin_id).order_by(CheckpointRow.size).limit(1)
    )


def origin_name(session: Session, origin_id: int) -> str | None:
    return session.scalar(select(OriginRow.name).where(OriginRow.id == origin_id))


def entries_left_out(session: Session) -> list[str]:
    """Ids of what is staged, has no number and waits for none, as far as they are ids. Reads the whole log."""
    named = text_in(StagedEntryRow.id, _LONGEST_ID)
    wanted = (
        select(named)
        .outerjoin(LeafRow, LeafRow.entry_id == StagedEntryRow.id)
        .outerjoin(WaitingEntryRow, WaitingEntryRow.id == StagedEntryRow.id)
        .where(LeafRow.entry_id.is_(None), WaitingEntryRow.id.is_(None), named.is_not(None))
    )
    return list(session.scalars(wanted))


def let_wait(session: Session, ids: Iterable[str]) -> None:
    rows = [{"id": entry_id} for entry_id in ids]
    if rows:
        session.execute(insert(WaitingEntryRow), rows)


def note_of(session: Session, origin: str, size: int) -> str | None:
    """The note of a checkpoint, by the name of its log."""
    return session.scalar(
        select(CheckpointRow.note)
        .join(OriginRow, OriginRow.id == CheckpointRow.origin_id)
        .where(OriginRow.name == origin, CheckpointRow.size == size)
    )
