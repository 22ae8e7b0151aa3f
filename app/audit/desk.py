"""All that the log offers to faces, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.audit.anchors import Anchors
from app.audit.head import HeadFile
from app.audit.proofs import Proofs
from app.audit.public_checkpoints import PublicCheckpoints
from app.audit.receipts import Publisher, Receipts
from app.audit.recovery import Recovery
from app.audit.search import Search
from app.audit.sequencer import Sequencer
from app.audit.sinks import Sink
from app.audit.superseded import SupersededHeads
from app.audit.watch import AuditWatch
from app.crypto.ed25519 import AuditKeys, AuditSigner
from app.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AuditDesk:
    keys: AuditKeys
    head: HeadFile
    sequencer: Sequencer
    anchors: Anchors
    recovery: Recovery
    public_checkpoints: PublicCheckpoints
    watch: AuditWatch
    receipts: Receipts
    proofs: Proofs
    search: Search

    @property
    def signer(self) -> AuditSigner:
        """The one that signs now; it changes when the key is rotated."""
        return self.keys.signer()


@dataclass(frozen=True, slots=True)
class AuditPlaces:
    """Where the last signed checkpoint lies, and where anchors go; `issuer` lends the logs its host."""

    directory: Path
    issuer: str
    sinks: Sequence[Sink] = ()


def open_desk(unit_of_work: UnitOfWork, keys: AuditKeys, places: AuditPlaces) -> AuditDesk:
    head, host = HeadFile(places.directory), urlsplit(places.issuer).hostname or "shiming"

    def remembered() -> list[str]:
        return [note for sink in places.sinks for note in sink.newest(sequencer.signed_by_us)]

    sequencer = Sequencer(unit_of_work, keys, head, host, remembered)
    anchors, proofs = Anchors(unit_of_work, sequencer, places.sinks), Proofs(unit_of_work, sequencer, keys)
    return AuditDesk(
        keys=keys,
        head=head,
        sequencer=sequencer,
        anchors=anchors,
        recovery=Recovery(unit_of_work, sequencer, head, SupersededHeads(places.directory), places.sinks),
        public_checkpoints=PublicCheckpoints(unit_of_work, sequencer),
        watch=AuditWatch(unit_of_work, anchors.names),
        receipts=Receipts(unit_of_work, proofs, Publisher(sequencer, anchors)),
        proofs=proofs,
        search=Search(unit_of_work),
    )
