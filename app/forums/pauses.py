"""The emergency switch: one person stops posting on a board, in a forum or everywhere, and another lets it go on."""

from collections.abc import Sequence

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork
from app.events.catalogue import EventType, PauseScope, PostingPayload
from app.events.service import publish, publish_to_all
from app.forums import pause_rows, repository
from app.forums.domain import EVERYTHING, REASON_LENGTH, ForumOfBoard, Pause, PausedPlace, is_text
from app.forums.errors import AlreadyPaused, LiftedByAnother, NoSuchPause, PauseIsOver, PlaceNotFound, ReasonUnusable
from app.kernel.actor import Actor
from app.kernel.ids import ForumId, PauseId, new_id


class Pauses:
    def __init__(self, unit_of_work: UnitOfWork, forum_of_board: ForumOfBoard) -> None:
        self._unit_of_work = unit_of_work
        self._forum_of_board = forum_of_board

    def pause(self, actor: Actor, place: PausedPlace, reason: str) -> Pause:
        """Stops posting there: no permit is given or holds from the moment that this returns. Reading goes on.

        Waits for no outside record: an emergency is no time to be refused. Everything that a forum or a board is
        told of stands in the same transaction. Raises `ReasonUnusable`, `PlaceNotFound`, `AlreadyPaused`. Source: L5d.
        """
        if not is_text(reason, REASON_LENGTH):
            raise ReasonUnusable
        try:
            with self._unit_of_work.begin(actor) as tx:
                paused = Pause(
                    id=PauseId(new_id("pau", tx.now)),
                    place=self._found(tx, place),
                    reason=reason.strip(),
                    began_at=tx.now,
                    began_by=actor.id,
                )
                pause_rows.add_pause(tx.session, paused)
                audit.record(tx, Action.POSTING_PAUSED, ObjectKind.PAUSE, paused.id, case=paused.place.name)
                _announce(tx, EventType.POSTING_PAUSED, paused.place)
        except ConstraintViolated:
            raise AlreadyPaused from None
        return paused

    def resume(self, actor: Actor, pause_id: str) -> None:
        """Lifts one pause; posting goes on where no other one holds.

        Raises `NoSuchPause`, `PauseIsOver`, `LiftedByAnother` for whoever began it. Source: L5d.
        """
        with self._unit_of_work.begin(actor) as tx:
            found = pause_rows.find_pause(tx.session, pause_id)
            if found is None:
                raise NoSuchPause
            if found.ended_at is not None:
                raise PauseIsOver
            if found.began_by == actor.id:
                raise LiftedByAnother
            pause_rows.end_pause(tx.session, found.id, actor.id, tx.now)
            audit.record(tx, Action.POSTING_RESUMED, ObjectKind.PAUSE, found.id, case=found.place.name)
            _announce(tx, EventType.POSTING_RESUMED, found.place)

    def list_all(self, before: str | None, limit: int, *, in_force: bool | None = None) -> Sequence[Pause]:
        """Newest first, those that are over as well unless `in_force` says."""
        with self._unit_of_work.read() as tx:
            return pause_rows.list_pauses(tx.session, before, limit, in_force=in_force)

    def list_in_force(self) -> Sequence[Pause]:
        """Oldest first."""
        with self._unit_of_work.read() as tx:
            return pause_rows.all_in_force(tx.session)

    def _found(self, tx: Transaction, place: PausedPlace) -> PausedPlace:
        """The same place, a board with its forum. Raises `PlaceNotFound`."""
        if place.board_id is not None:
            forum_id = self._forum_of_board(tx, place.board_id)
            if forum_id is None or place.forum_id not in (None, forum_id):
                raise PlaceNotFound
            return PausedPlace(forum_id, place.board_id)
        if place.forum_id is not None and repository.find_forum(tx.session, place.forum_id) is None:
            raise PlaceNotFound
        return place


def places_paused(tx: Transaction, forum_id: ForumId) -> tuple[str, ...]:
    """A step: where posting is paused in a forum now: boards by id, the forum by its own, and `all`."""
    pauses = (pause.place for pause in pause_rows.all_in_force(tx.session))
    return tuple(sorted(place.name for place in pauses if place.forum_id in (None, forum_id)))


def _announce(tx: Transaction, kind: EventType, place: PausedPlace) -> None:
    if place.forum_id is None:
        publish_to_all(tx, kind, PostingPayload(PauseScope(all=True)), subject=EVERYTHING)
        return
    scope = PauseScope(board_id=place.board_id) if place.board_id else PauseScope(forum_id=place.forum_id)
    publish(tx, place.forum_id, kind, PostingPayload(scope), subject=place.name)
