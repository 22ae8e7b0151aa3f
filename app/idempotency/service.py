"""Use cases around a request under a key: claim it, end it with its answer, give it back, forget it after a day."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from app import policies
from app.crypto.envelope import Place, Records
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision, hold_key
from app.idempotency import repository
from app.idempotency.domain import METHOD, Claim, KeyedRequest, StoredAnswer
from app.idempotency.errors import InProgress, KeyReused
from app.kernel.actor import SYSTEM
from app.kernel.secret import Secret

_LEASE = timedelta(seconds=policies.IDEMPOTENCY_LEASE.value)
_KEPT = timedelta(hours=policies.IDEMPOTENCY_KEPT.value)
_BATCH = policies.IDEMPOTENCY_PURGED_AT_ONCE.value


class Idempotency:
    def __init__(self, unit_of_work: UnitOfWork, mac: Mac, records: Records) -> None:
        self._unit_of_work = unit_of_work
        self._mac = mac
        self._records = records

    def claim(self, request: KeyedRequest) -> Claim | StoredAnswer:
        """The right to work on this request, committed; or the answer that it has had.

        An answer is given again for less than 24 hours. A claim whose lease has ended goes to who asks next, with its
        `subject`. Raises `KeyReused`, `InProgress`.
        """
        claim = self._claim_of(request)
        with self._unit_of_work.begin(SYSTEM) as tx:
            hold_key(tx, bytes.fromhex(claim.id))
            repository.drop_old(tx.session, tx.now - _KEPT, tx.now, _BATCH)
            row = repository.find(tx.session, claim.id)
            if row is None or (row.created_at <= tx.now - _KEPT and row.claimed_until <= tx.now):
                repository.add(tx.session, claim, tx.now + _LEASE, tx.now)
                return claim
            if row.body_digest != claim.body_digest:
                raise KeyReused
            if row.sealed_answer is not None:
                return StoredAnswer.unpacked(self._records.unseal(row.sealed_answer, _place(claim)).reveal())
            if tx.now < row.claimed_until <= tx.now + 2 * _LEASE:  # a later end is from before the clock was set back
                raise InProgress
            row.owner, row.claimed_until = claim.owner, tx.now + _LEASE
            return replace(claim, subject=row.subject)

    def _claim_of(self, request: KeyedRequest) -> Claim:
        place = (request.client_id, METHOD, request.route, request.path, request.key)
        claim_id = self._mac.digest(MacUse.IDEMPOTENCY_KEY, *place).hex()
        body_digest = self._mac.digest(MacUse.IDEMPOTENCY_BODY, claim_id, request.content())
        return Claim(claim_id, os.urandom(16).hex(), body_digest)

    def note_subject(self, tx: Transaction, claim: Claim, subject: str) -> None:
        """A step of what asks somebody outside: from here on the request never runs again. Renews the lease.

        Raises `InProgress` when another one has taken the claim over.
        """
        if not repository.change(tx.session, claim, subject=subject, claimed_until=tx.now + _LEASE):
            raise InProgress

    def complete(self, claim: Claim, work: Callable[[], StoredAnswer]) -> StoredAnswer:
        """Runs use cases and stores what they are answered with, in one transaction.

        Raises what they raise, and `InProgress` when another one has taken the claim over; then nothing has happened.
        """
        return again_on_collision(lambda: self._complete(claim, work))

    def _complete(self, claim: Claim, work: Callable[[], StoredAnswer]) -> StoredAnswer:
        with self._unit_of_work.together(SYSTEM) as tx:
            answer = work()
            sealed = self._records.seal(Secret(answer.packed()), _place(claim))
            if not repository.change(tx.session, claim, sealed_answer=sealed):
                raise InProgress
            return answer

    def release(self, claim: Claim) -> None:
        """Lets the caller try again at once; not where somebody outside may have been asked."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            repository.drop(tx.session, claim)

    def purge(self) -> int:
        """A use case of the background: forgets a batch of what is older than a day; the number of rows."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            return repository.drop_old(tx.session, tx.now - _KEPT, tx.now, _BATCH)


def _place(claim: Claim) -> Place:
    return Place("idempotency_claims", claim.id, f"answer to {claim.body_digest.hex()}")
