"""The offices of an account as its person sees them: what is due, and when powers go off."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.boards.domain import ModeratorFilter, ModeratorView, Role
from app.boards.schedules import ModeratorState
from app.kernel.ids import AccountId, ForumId
from app.wiring import Services

_SHOWN = 50
_TICK = timedelta(microseconds=1)
_ASKED = frozenset({ModeratorState.DUE, ModeratorState.OVERDUE, ModeratorState.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Office:
    """`due_on` and `powers_until` lie within the last day on which they are kept."""

    board: str
    role: Role
    state: ModeratorState
    due_on: datetime
    powers_until: datetime
    ended_at: datetime | None

    @property
    def asks(self) -> bool:
        """Whether a re-verification counts for it now."""
        return self.state in _ASKED


def offices_of(services: Services, forum_id: ForumId, account_id: AccountId) -> list[Office]:
    """Those in office, then those that ended; each oldest first."""
    return [
        _office(view)
        for state in (None, ModeratorState.ENDED)
        for view in services.moderators.list_all(
            ModeratorFilter(forum_id, state=state, account_id=account_id, limit=_SHOWN)
        )
    ]


def is_asked(services: Services, forum_id: ForumId, account_id: AccountId) -> bool:
    """Whether an office of this account asks for a re-verification now."""
    wanted = ModeratorFilter(forum_id, account_id=account_id, limit=_SHOWN)
    return any(view.standing.state in _ASKED for view in services.moderators.list_all(wanted))


def _office(view: ModeratorView) -> Office:
    standing = view.standing
    return Office(
        board=view.board.name,
        role=standing.appointment.role,
        state=standing.state,
        due_on=standing.deadline.due_at - _TICK,
        powers_until=standing.deadline.suspends_at - _TICK,
        ended_at=standing.appointment.ended_at,
    )
