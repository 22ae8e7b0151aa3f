"""Use case: who acted on content and people, whose decisions were reversed, what companies had removed. Source: L9."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.audit.domain import Action
from app.audit.search import count_acts
from app.db.unit_of_work import Transaction, UnitOfWork
from app.forums.service import client_of
from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import ForumId
from app.reporting import case_rows
from app.reporting.case_rows import case_of
from app.reporting.domain import Case
from app.reporting.outcomes import GRANTED, PARTLY_GRANTED
from app.reporting.recusals import recused_from

ACTS = (
    Action.REVIEW_DECIDED,
    Action.COMPLAINT_DECIDED,
    Action.COMPLAINT_APPEAL_DECIDED,
    Action.APPEAL_DECIDED,
    Action.VIOLATION_MEASURED,
    Action.ACCOUNT_SUSPENDED,
    Action.ACCOUNT_BANNED,
    Action.ACCOUNT_REINSTATED,
    Action.BOARD_FROZEN,
    Action.MODERATOR_SANCTIONED,
    Action.SANCTION_LIFTED,
)
"""What is done to content and people; each entry of the log has its actor, its reason and its case."""
REVERSED = frozenset({GRANTED, PARTLY_GRANTED})


@dataclass(frozen=True, slots=True)
class ActorRecord:
    """What one actor did in a while, and how often an appeal showed a decision of theirs wrong, wholly or in part."""

    kind: str
    id: str
    acts: Mapping[Action, int] = field(default_factory=dict)
    appealed: int = 0
    reversed: int = 0

    @property
    def all_acts(self) -> int:
        return sum(self.acts.values())


@dataclass(frozen=True, slots=True)
class IntegrityRecord:
    since: datetime
    actors: Sequence[ActorRecord]
    """Whose decisions were reversed most first."""
    for_companies: Sequence[Case]
    """Complaints on behalf of companies that ended in measures, the newest first."""


class Integrity:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def read(self, actor: Actor, days: int) -> IntegrityRecord:
        """Of the last days; cases that concern whoever reads are in no list and no count."""
        with self._unit_of_work.read() as tx:
            since, recused = tx.now - timedelta(days=days), recused_from(tx, actor.id)
            acts = count_acts(tx, ACTS, since)
            found = case_rows.appeals_heard(tx.session, since, recused)
            heard = {_as_actor(tx, *by): outcomes for by, outcomes in found.items()}
            companies = [case_of(row) for row in case_rows.for_companies(tx.session, since, recused)]
        appealed = {by: sum(heard[by].values()) for by in heard}
        wrong = {by: sum(number for outcome, number in heard[by].items() if outcome in REVERSED) for by in heard}
        who = {(kind, actor_id) for kind, actor_id, _ in acts} | set(heard)
        actors = [
            ActorRecord(
                kind,
                actor_id,
                {action: acts[kind, actor_id, action] for action in ACTS if (kind, actor_id, action) in acts},
                appealed.get((kind, actor_id), 0),
                wrong.get((kind, actor_id), 0),
            )
            for kind, actor_id in who
        ]
        return IntegrityRecord(since, sorted(actors, key=lambda one: (-one.reversed, -one.all_acts, one.id)), companies)


def _as_actor(tx: Transaction, kind: str, actor_id: str) -> tuple[str, str]:
    """A forum acts through its client."""
    return kind, client_of(tx, ForumId(actor_id)) if kind == ActorKind.CLIENT else actor_id
