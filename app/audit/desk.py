"""All that the log offers to faces, in one place."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from app.audit.evidence import Trust, read_outside
from app.audit.export import Export
from app.audit.head import HeadFile
from app.audit.sequencer import Sequencer
from app.audit.verifications import Verifications
from app.audit.verifying import MissingProtection, Verifier
from app.crypto.ed25519 import AuditSigner
from app.crypto.envelope import Records
from app.crypto.keyring import KeyPurpose, Keyring
from app.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AuditDesk:
    signer: AuditSigner
    head: HeadFile
    sequencer: Sequencer
    verifications: Verifications


@dataclass(frozen=True, slots=True)
class Inspection:
    """Reads the log; needs no key but public ones."""

    verifier: Verifier
    export: Export
    trust: Trust


def open_desk(unit_of_work: UnitOfWork, keyring: Keyring, directory: Path, issuer: str) -> AuditDesk:
    """`directory` is where the last signed checkpoint lies; `issuer` lends the logs its host. Raises `StartRefused`."""
    signer, head = AuditSigner(keyring.current(KeyPurpose.AUDIT)), HeadFile(directory)
    host = urlsplit(issuer).hostname or "shiming"
    inspection = open_inspection(unit_of_work, keyring, directory)
    verifications = Verifications(unit_of_work, lambda: inspection.verifier.verify(inspection.trust))
    return AuditDesk(signer, head, Sequencer(unit_of_work, signer, head, host), verifications)


def open_inspection(
    unit_of_work: UnitOfWork,
    keyring: Keyring,
    directory: Path,
    *,
    trust: Trust | None = None,
    anchor_file: Path | None = None,
    missing_protection: MissingProtection | None = None,
) -> Inspection:
    """Without `trust` the audit keys of the key directory are believed. Details are opened where their key is here.

    Raises `StartRefused`.
    """
    outside = partial(read_outside, HeadFile(directory), anchor_file)
    records = Records(keyring) if keyring.of(KeyPurpose.RECORDS) else None
    verifier = Verifier(unit_of_work, outside, records=records, missing_protection=missing_protection)
    if trust is None:
        trust = Trust([AuditSigner(key).public for key in keyring.of(KeyPurpose.AUDIT)])
    return Inspection(verifier, Export(unit_of_work, outside), trust)
