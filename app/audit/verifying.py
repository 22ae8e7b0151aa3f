"""The verification of the log: every byte, hash, tile, checkpoint and signature, and what lies outside the database.

It assumes that whoever bent the log could write into every table. What is sound is read once, in pieces; only a log
that is not is read again whole, to say where. Source: L8i.
"""

import json
from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.audit import verify_rows
from app.audit.canonical import columns_of_one
from app.audit.checkpoint import Checkpoint
from app.audit.declared import beginning_of
from app.audit.details import commitment, place_of
from app.audit.evidence import Outside, Trust, Witness
from app.audit.examining import Log
from app.audit.findings import Finding, Kind, LogRead, Report, in_order
from app.audit.repository import Origin
from app.audit.sifting import searched_under
from app.audit.tree import leaf_hash
from app.crypto.envelope import Records
from app.crypto.errors import SealBroken
from app.db.unit_of_work import UnitOfWork

MissingProtection = Callable[[Connection], Sequence[str]]
"""The tables that would let their rows be changed."""


class Verifier:
    """Reads in one snapshot, so that a log that grows meanwhile is no finding. Nothing is written."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        outside: Callable[[], Outside],
        *,
        records: Records | None = None,
        missing_protection: MissingProtection | None = None,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._outside = outside
        self._records = records
        self._missing_protection = missing_protection

    def verify(self, trust: Trust) -> Report:
        """Of all logs of the database. Raises `Unavailable`."""
        outside = self._outside()  # before the snapshot, which then holds at least all that was kept outside
        with self._unit_of_work.read() as tx:
            logs = _Logs(tx.session, trust, outside)
            logs.examine()
            logs.examine_commitments(self._records)
            unchecked = [*outside.unchecked, *([] if self._records else ["commitments: without the records key"])]
            bare = self._missing_protection(tx.session.connection()) if self._missing_protection else []
        warnings = [
            Finding(Kind.PROTECTION_MISSING, "", None, f"The database would let rows of {table} be changed.")
            for table in bare
        ]
        found = in_order([*logs.findings, *warnings])
        return Report(logs.read, found, unchecked, logs.declared(), logs.unverified())


def _commit_of(entry: bytes) -> str | None:
    committed = json.loads(entry)["commit"]
    return committed if isinstance(committed, str) else None


class _Logs:
    """One verification."""

    def __init__(self, session: Session, trust: Trust, outside: Outside) -> None:
        self._session = session
        self._trust = trust
        self._witness = Witness(outside, trust)
        self._orphans: list[verify_rows.StagedSeen] | None = None
        self._missing: set[bytes] = set()
        self._declared = list[Checkpoint]()
        self._lost: dict[str, int] = {}
        """Of which log how many entries had been signed, as recoveries declare and something outside bears out."""
        self._agreed: dict[str, int] = {}
        """Up to which size something outside agrees with what is left of a log."""
        self.findings: list[Finding] = []
        self.read: list[LogRead] = []

    def examine(self) -> None:
        origins = verify_rows.origins(self._session)
        begun = [beginning_of(self._session, origin.id) for origin in origins]
        self._declared = list(dict.fromkeys(old for beginning in begun for old in beginning.declared))
        for declared in filter(self._witness.knows, self._declared):
            self._lost[declared.origin] = max(declared.size, self._lost.get(declared.origin, 0))
        newest_key = len(self._trust.keys)
        for place, origin in enumerate(origins):
            log = Log(self._session, origin, self._trust, self._witness.vouched(origin.name), self.orphans)
            newest_key = log.examine(self._lost.get(origin.name, 0), newest_key)
            self.findings += log.findings
            by_itself = place > 0 and begun[place].by_itself
            self._examine_place(log, origin.name, is_newest=origin is origins[-1], by_itself=by_itself)
            self._missing |= log.missing
            self._agreed[origin.name] = log.agreed
            self.read.append(LogRead(origin.name, log.size))
        self._examine_strangers(origins)
        self._examine_staged(sum(log.size for log in self.read))

    def declared(self) -> list[str]:
        """What is no finding, because a recovery has said it, and what an inspector will want to ask about."""
        sizes, said = {log.origin: log.size for log in self.read}, list[str]()
        for old in self._declared:
            here = sizes.get(old.origin, 0)
            borne_out = "" if self._witness.knows(old) else " Nothing outside the database shows that so many were."
            if old.size > here or borne_out:
                begun = f"{old.origin} was signed up to {old.size} entries when a recovery began another log"
                agreed = f"something outside the database agrees with the first {self._agreed.get(old.origin, 0)}"
                left = f"{here} are here" + (f", and {agreed} of them" if here else "")
                said.append(f"{begun}; {left}.{borne_out}")
        return said

    def unverified(self) -> list[str]:
        return self._witness.unverified([log.origin for log in self.read])

    def orphans(self) -> list[verify_rows.StagedSeen]:
        if self._orphans is None:
            self._orphans = list(verify_rows.staged_without_leaf(self._session))
        return self._orphans

    def _examine_place(self, log: Log, name: str, *, is_newest: bool, by_itself: bool) -> None:
        """Among the other logs: none goes on after a later one has begun, and none but the first begins by itself."""
        end, told = self._witness.end_of(name), dict[int, str]()
        if not is_newest and (end is None or log.signed > end):
            told[end or 0] = "A later log has begun, and nothing outside the database shows that this one went on here."
        if by_itself:
            told[0] = "An older log is here, and this one does not begin with its recovery."
        self.findings += [Finding(Kind.HISTORY_REWRITTEN, name, number, said) for number, said in told.items()]

    def _examine_strangers(self, origins: Sequence[Origin]) -> None:
        """Rows of no known log, and signed words about logs that are not there."""
        known = {origin.name for origin in origins}
        for table in verify_rows.strangers(self._session, [origin.id for origin in origins]):
            kind = {"audit_leaves": Kind.LEAF_INSERTED, "audit_tiles": Kind.TILE_CHANGED}.get(
                table, Kind.CHECKPOINT_CHANGED
            )
            self.findings.append(Finding(kind, "", None, f"{table} has rows of a log that is not in the database."))
        gone = {name for name in self._witness.origins - known if self._signed(name) > self._lost.get(name, 0)}
        gone |= self._trust.names - known - self._lost.keys()
        for name in sorted(gone):
            sentence = "Signed checkpoints speak of this log, and it is not in the database."
            self.findings.append(Finding(Kind.ROLLED_BACK, name, 0, sentence))

    def _signed(self, name: str) -> int:
        """How many entries of a log were signed, by what lies outside."""
        return max(one.size for one in self._witness.vouched(name))

    def _examine_staged(self, numbered: int) -> None:
        if not self.findings and verify_rows.nothing_left_out(self._session, numbered):
            return
        for staged in self.orphans():
            if staged.entry is None:
                sentence = f"The bytes of {staged.id}, which waits for its number, are gone."
                self.findings.append(Finding(Kind.ENTRY_MISSING, "", None, sentence))
            elif staged.waiting:
                continue
            elif searched_under(staged.id, staged.entry) is None:
                sentence = f"What stands staged under {staged.id!r} is no entry; it was set aside."
                self.findings.append(Finding(Kind.STAGED_NO_ENTRY, "", None, sentence))
            elif leaf_hash(staged.entry) not in self._missing:
                sentence = f"Entry {staged.id} has no number and waits for none."
                self.findings.append(Finding(Kind.STAGED_LEFT_OUT, "", None, sentence))

    def examine_commitments(self, records: Records | None) -> None:
        told = {(found.origin, found.number) for found in self.findings}
        for detail in verify_rows.details(self._session):
            origin, number = verify_rows.places(self._session, detail.entry_id) or ("", None)
            if (origin, number) in told or (self.findings and detail.entry is None):
                continue  # of an entry that is not what it was, nothing more can be said
            committed = columns_of_one(detail.entry) and _commit_of(detail.entry) if detail.entry else None
            if records and committed:
                try:
                    body = records.unseal(detail.sealed, place_of(detail.entry_id))
                    holds = commitment(detail.salt, body) == committed
                except (SealBroken, UnicodeDecodeError):
                    holds = False
            else:
                holds = committed is not None
            if not holds:
                sentence = f"The detail of entry {detail.entry_id} is not the one that the entry commits to."
                self.findings.append(Finding(Kind.COMMITMENT_BROKEN, origin, number, sentence))
