"""Words of what reviewers do about a text short of deciding: claims, notes, and handing it on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app import policies
from app.kernel.secret import Secret

_CLAIM = timedelta(minutes=policies.REVIEW_CLAIM.value)


class StepKind(StrEnum):
    CLAIMED = "claimed"
    RELEASED = "released"
    ESCALATED = "escalated"
    """Handed on: another reviewer is to decide."""
    NOTED = "noted"


TAKES_WORDS = frozenset({StepKind.ESCALATED, StepKind.NOTED})


@dataclass(frozen=True, slots=True)
class Step:
    kind: StepKind
    at: datetime
    actor_id: str
    words: Secret[str] | None = None
    """None also once the text is gone that they are about."""


@dataclass(frozen=True, slots=True)
class Handling:
    """All steps of one review, the oldest first. Nobody is kept from deciding: a claim only says who is at it."""

    steps: Sequence[Step] = ()

    def holder(self, now: datetime) -> str | None:
        """Who claims it now; a claim ends with its time, when it is given back, and when the text is handed on."""
        last = next((step for step in reversed(self.steps) if step.kind is not StepKind.NOTED), None)
        claims = last is not None and last.kind is StepKind.CLAIMED and now < last.at + _CLAIM
        return last.actor_id if last and claims else None

    @property
    def handed_on_by(self) -> frozenset[str]:
        return frozenset(step.actor_id for step in self.steps if step.kind is StepKind.ESCALATED)
