"""What the verifier may find: a closed set of kinds, each with what it means and how it is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TOLD = 100
"""Findings of one kind in one log that are told one by one; of more, how many there are."""


class Kind(StrEnum):
    """The worst first. `docs/audit-verification.md` says what each is; `tools/verify_audit.py` has the same names."""

    ROLLED_BACK = "rolled-back"
    ANCHOR_CONTRADICTS = "anchor-contradicts"
    HISTORY_REWRITTEN = "history-rewritten"
    CHECKPOINT_CHANGED = "checkpoint-changed"
    KEY_SUPERSEDED = "key-superseded"
    LEAF_MISSING = "leaf-missing"
    LEAF_INSERTED = "leaf-inserted"
    LEAF_MOVED = "leaf-moved"
    LEAF_DUPLICATED = "leaf-duplicated"
    ENTRY_MISSING = "entry-missing"
    ENTRY_CHANGED = "entry-changed"
    SEARCH_COLUMN_CHANGED = "search-column-changed"
    TILE_CHANGED = "tile-changed"
    STAGED_LEFT_OUT = "staged-left-out"
    COMMITMENT_BROKEN = "commitment-broken"
    STAGED_NO_ENTRY = "staged-no-entry"
    """A warning: somebody has written into the database past the service, and nothing that was recorded is changed."""
    PROTECTION_MISSING = "protection-missing"
    """A warning: nothing has been changed, but the database would let it."""


_RANK = {kind: rank for rank, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Finding:
    """`number` is the first entry concerned, from 0, and of a checkpoint its size; None where no place can be named.

    Where only two checkpoints bound the place, it is from `number` up to `through`.
    """

    kind: Kind
    origin: str
    number: int | None
    sentence: str
    through: int | None = None

    @property
    def is_tampering(self) -> bool:
        return self.kind not in {Kind.STAGED_NO_ENTRY, Kind.PROTECTION_MISSING}


@dataclass(frozen=True, slots=True)
class LogRead:
    """A log that was read: so many entries, and whether anything signed vouches for all of them."""

    origin: str
    size: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that a verification has found, the worst first, and what it had no means to look at."""

    logs: Sequence[LogRead]
    findings: Sequence[Finding]
    unchecked: Sequence[str] = ()
    declared: Sequence[str] = ()
    """What recoveries have said that logs have lost: no finding, but something to ask about."""
    unverified: Sequence[str] = ()
    """What should lie outside the database and does not, or is such that nobody can tell what it is."""

    @property
    def tampering(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_tampering]

    @property
    def outcome(self) -> "Outcome":
        if self.tampering:
            return Outcome.TAMPERED
        return Outcome.UNVERIFIABLE if self.unverified else Outcome.CLEAN


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first, then by place; each once."""
    return sorted(dict.fromkeys(findings), key=lambda found: (_RANK[found.kind], found.origin, found.number or 0))


class Outcome(StrEnum):
    CLEAN = "clean"
    TAMPERED = "tampered"
    UNVERIFIABLE = "unverifiable"
    """It could not be done: the log, or what lies outside the database, could not be read, or is not there."""


@dataclass(frozen=True, slots=True)
class Verification:
    """One that was begun; without `ended_at` and `outcome` until it has ended. `kind`: of the worst finding.

    `declared`, how many losses recoveries have declared, is told by who did it, and not kept.
    """

    number: int
    began_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    entries: int = 0
    findings: int = 0
    kind: Kind | None = None
    origin: str | None = None
    place: int | None = None
    declared: int = 0
