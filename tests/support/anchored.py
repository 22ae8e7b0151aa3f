"""A service with an anchor and an inspector, as tests of what lies outside the database need it."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text

from app.audit import verify_rows
from app.audit.anchor_lines import anchor_line
from app.audit.checkpoint import Checkpoint, sign_checkpoint
from app.audit.declared import case_of
from app.audit.domain import Action, ObjectKind
from app.audit.findings import Kind, Report
from app.audit.inspection import Evidence
from app.audit.models import StagedEntryRow
from app.audit.recovery import Recovered
from app.audit.repository import StoredTiles
from app.audit.sequencer import OpenLog
from app.audit.service import record
from app.audit.tree import Edge
from app.crypto.ed25519 import AuditSigner
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import build
from tests.support.clock import TODAY, FakeClock
from tests.support.inspector import inspect_both_ways
from tests.support.log_keeping import put_back, record_entries, rows_of_the_log, stage_entries
from tests.support.tampering import take_triggers_away


class House:
    """A service with an anchor, a log of three checkpoints, and whoever inspects it."""

    def __init__(self, settings: Settings, clock: FakeClock, folder: Path) -> None:
        self.folder, self.clock = folder, clock
        self.anchors = folder / "elsewhere"
        anchored = {**settings.model_dump(), "audit_anchor_file": self.anchors}
        self.settings = Settings.model_validate(anchored)
        self.services = build(self.settings, clock=clock)
        self.signer = self.services.audit.signer
        for _ in range(3):
            self.grow(20)
        self.services.audit.anchors.anchor_now()

    @property
    def head(self) -> Path:
        return self.settings.audit_directory() / "audit-head.note"

    def grow(self, count: int) -> Checkpoint:
        record_entries(self.services, count)
        self.services.audit.sequencer.catch_up()
        published = self.services.audit.sequencer.publish()
        assert published
        return published

    def look(self, *, anchored: bool = True, keys: Sequence[AuditSigner] = ()) -> Report:
        evidence = Evidence(self.settings.audit_directory(), self.anchors if anchored else None)
        believed = [signer.public for signer in keys or (self.signer,)]
        return inspect_both_ways(self.services, evidence, believed, self.folder)

    def kinds(self, *, anchored: bool = True, keys: Sequence[AuditSigner] = ()) -> list[tuple[Kind, int | None]]:
        return [(found.kind, found.number) for found in self.look(anchored=anchored, keys=keys).tampering]

    def anchor(self, *lines: str) -> None:
        with self.anchors.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    def bend(self, statement: str, **values: object) -> None:
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            put_up = take_triggers_away(tx.session)
            tx.session.execute(text(statement), values)
            put_up()

    def sizes(self, origin_id: int = 1) -> list[int]:
        with self.services.unit_of_work.read() as tx:
            wanted = text("SELECT size FROM audit_checkpoints WHERE origin_id = :id ORDER BY size")
            return list(tx.session.scalars(wanted, {"id": origin_id}))

    def sign_anew(self, signer: AuditSigner, size: int) -> str:
        """Puts another key's signature under a checkpoint of the first log."""
        with self.services.unit_of_work.read() as tx:
            wanted = text(
                "SELECT o.name, c.root FROM audit_checkpoints c JOIN audit_origins o ON o.id = c.origin_id"
                " WHERE o.id = 1 AND c.size = :s"
            )
            name, root = tx.session.execute(wanted, {"s": size}).one()
        note = sign_checkpoint(Checkpoint(name, size, bytes(root)), signer)
        self.bend(
            "UPDATE audit_checkpoints SET note = :note WHERE origin_id = 1 AND size = :size", note=note, size=size
        )
        return note

    def forge(self, log: OpenLog, count: int) -> Checkpoint:
        """As whoever has the database and the key can: so many entries more at the end of any log."""
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            ids = stage_entries(tx, count)
            tx.session.flush()
            entries = [(one, tx.session.get_one(StagedEntryRow, one).entry) for one in ids]
            batch = self.services.audit.sequencer.append(tx, log, entries)
        return Checkpoint(batch.log.origin.name, batch.log.edge.size, batch.log.edge.root())

    def open(self, origin_id: int) -> OpenLog:
        with self.services.unit_of_work.read() as tx:
            (origin,) = (one for one in verify_rows.origins(tx.session) if one.id == origin_id)
            return OpenLog(origin, Edge.read(self.sizes(origin_id)[-1], StoredTiles(tx.session, origin_id)))

    def recover(self) -> Recovered:
        recovered = self.services.audit.recovery.recover(OPERATOR)
        self.services.audit.anchors.anchor_now()
        return recovered

    def forge_recovery(self, old: Checkpoint) -> None:
        """As whoever has the database and the key can: a log that begins with what they want to have been there."""
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            sequencer = self.services.audit.sequencer
            forged = record(tx, Action.AUDIT_RECOVERED, ObjectKind.LOG, old.origin, reason="x", case=case_of(old))
            tx.session.flush()
            entry = tx.session.get_one(StagedEntryRow, forged).entry
            note = sequencer.append(tx, sequencer.new_log(2), [(forged, entry)]).note
        self.services.audit.head.start_over(note)
        self.anchor(anchor_line(note, TODAY))


def lose(house: House) -> Checkpoint:
    """Yesterday's database, under today's head file and anchor; what was signed last."""
    yesterday = rows_of_the_log(house.services)
    lost = house.grow(30)
    house.services.audit.anchors.anchor_now()
    put_back(house.services, yesterday)
    return lost
