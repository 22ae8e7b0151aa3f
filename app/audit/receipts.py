"""Acts that wait until the record shows them: what cannot be published does not happen. Source: L8i.

Two steps, one after the other and never in one transaction. First an entry that says `begun` is written, numbered,
signed, and kept outside the database; only then the act itself, with its own entry. So an act that took effect is
always on record where nobody with the database alone can take it away; an entry that says `begun` and nothing more is
an attempt.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Protocol

from app import policies
from app.audit.checkpoint import Checkpoint
from app.audit.domain import BEGUN, Action, AuditObject
from app.audit.errors import AuditNotPublished, SigningRefused
from app.audit.proofs import Proofs, Receipt
from app.audit.sequencer import Sequencer
from app.audit.service import record
from app.db.unit_of_work import UnitOfWork, inside_another
from app.kernel.actor import Actor
from app.kernel.errors import ShimingError

_PATIENCE_SECONDS = policies.AUDIT_PUBLISHED_WITHIN.value
_PAUSE_SECONDS = 0.02
_BATCH = policies.AUDIT_BATCH.value


class Keeper(Protocol):
    """Where checkpoints are kept that whoever has the database, the keys and this host cannot change: `Anchors`."""

    def keep(self, published: Checkpoint) -> None:
        """Returns once it is kept everywhere. Raises `Unavailable`."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is about to be done. `reason` is a code, `case` what it belongs to."""

    action: Action
    object: AuditObject
    reason: str | None = None
    case: str | None = None


@dataclass
class _Round:
    """One attempt to publish all that waits; whoever waits meanwhile shares it."""

    ended: Event = field(default_factory=Event)
    published: Checkpoint | None = None
    failure: Exception | None = None


class Publisher:
    """Publishes in a thread of its own, one at a time: what hangs (a disk, a lock) keeps nobody longer than they wait.

    So the command line needs no service that runs beside it.
    """

    def __init__(self, sequencer: Sequencer, anchors: Keeper) -> None:
        self._sequencer = sequencer
        self._anchors = anchors
        self._lock = Lock()
        self._round: _Round | None = None

    def join(self) -> _Round:
        """The round that is under way, or a new one."""
        with self._lock:
            if self._round is None or self._round.ended.is_set():
                self._round = _Round()
                Thread(target=self._publish, args=(self._round,), name="publishing", daemon=True).start()
            return self._round

    def _publish(self, this: _Round) -> None:
        try:
            while self._sequencer.go_on() >= _BATCH:
                pass
            published = self._sequencer.publish()
            if published is not None:
                self._anchors.keep(published)
            this.published = published
        except Exception as failure:  # noqa: BLE001 -- whoever waits says it, in words that are safe to say
            this.failure = failure
        finally:
            this.ended.set()


@dataclass
class _Attempt:
    """What somebody waits for, while a thread of its own does what may take longer than they wait."""

    ended: Event = field(default_factory=Event)
    given_up: bool = False
    receipt: Receipt | None = None
    refusal: Exception | None = None
    """What ends it; `failure` only what has kept it so far."""
    failure: Exception | None = None


class Receipts:
    """The door through which every act goes that must not happen unseen."""

    def __init__(
        self, unit_of_work: UnitOfWork, proofs: Proofs, publisher: Publisher, patience: float = _PATIENCE_SECONDS
    ) -> None:
        self._unit_of_work = unit_of_work
        self._proofs = proofs
        self._publisher = publisher
        self._patience = patience

    def fail_closed(self, actor: Actor, act: Act) -> Receipt:
        """Returns once an entry that this act was begun is published; the caller acts only then.

        The act's own entry, where it has one, names the `entry_id` of the receipt as its case. Raises `Unavailable`,
        `AuditNotPublished` after `patience` seconds, whatever hangs: nothing has happened, and the log may hold an
        attempt, or get it later.
        """

        def stage() -> str:
            with self._unit_of_work.begin(actor) as tx:
                acted_on = act.object
                return record(
                    tx, act.action, acted_on.kind, acted_on.id, outcome=BEGUN, reason=act.reason, case=act.case
                )

        return self._waited(stage)

    def published(self, entry_id: str) -> Receipt:
        """Likewise for an entry that a transaction of the caller's has left: returns once it is published.

        Whoever was refused may ask again, for the same entry. Raises like `fail_closed`.
        """
        return self._waited(lambda: entry_id)

    def _waited(self, stage: Callable[[], str]) -> Receipt:
        """A receipt for the entry that `stage` leaves; nobody waits longer than `patience`, whatever hangs."""
        if inside_another():
            raise RuntimeError("nothing is published inside a transaction: call this before it begins")
        this = _Attempt()
        Thread(target=self._try, args=(stage, this), name="putting on record", daemon=True).start()
        this.ended.wait(self._patience)
        this.given_up = True
        if this.receipt is not None:
            return this.receipt
        if this.refusal is not None:
            raise this.refusal
        raise AuditNotPublished(this.failure if isinstance(this.failure, ShimingError) else None)

    def _try(self, stage: Callable[[], str], this: _Attempt) -> None:
        try:
            this.receipt = self._published(stage(), this)
        except Exception as refusal:  # noqa: BLE001 -- whoever waits raises it
            this.refusal = refusal
        finally:
            this.ended.set()

    def _published(self, entry_id: str, attempt: _Attempt) -> Receipt | None:
        """None once nobody waits any more. Raises `AuditNotPublished` where waiting is in vain."""
        while not attempt.given_up:
            this = self._publisher.join()
            this.ended.wait(self._patience)
            if this.published and (receipt := self._proofs.receipt_under(entry_id, this.published)):
                return receipt
            attempt.failure = this.failure or attempt.failure
            if isinstance(this.failure, SigningRefused):
                raise AuditNotPublished(this.failure)
            if this.ended.is_set():  # it failed, it began before our entry was there, or another process numbers
                time.sleep(_PAUSE_SECONDS)
        return None
