"""All that the log offers to faces, in one place."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.audit.head import HeadFile
from app.audit.sequencer import Sequencer
from app.crypto.ed25519 import AuditSigner
from app.crypto.keyring import KeyPurpose, Keyring
from app.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AuditDesk:
    signer: AuditSigner
    head: HeadFile
    sequencer: Sequencer


def open_desk(unit_of_work: UnitOfWork, keyring: Keyring, directory: Path, issuer: str) -> AuditDesk:
    """`directory` is where the last signed checkpoint lies; `issuer` lends the logs its host. Raises `StartRefused`."""
    signer, head = AuditSigner(keyring.current(KeyPurpose.AUDIT)), HeadFile(directory)
    host = urlsplit(issuer).hostname or "shiming"
    return AuditDesk(signer, head, Sequencer(unit_of_work, signer, head, host))
