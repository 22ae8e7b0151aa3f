"""What reads the log without changing it: the verification and the export, by public keys alone."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.audit.evidence import Trust, read_outside
from app.audit.export import Export
from app.audit.findings import Report
from app.audit.verifying import MissingProtection, Verifier
from app.crypto.envelope import Records
from app.crypto.keyring import Key, KeyPurpose, Keyring, audit_public_half, has_private_half
from app.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Inspection:
    verifier: Verifier
    export: Export
    trust: Trust
    can_sign: bool
    """Whether a private audit key is here: what is done to the log is then recorded in it."""

    def verify(self) -> Report:
        """Raises `Unavailable`."""
        return self.verifier.verify(self.trust)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where that lies which a database alone does not show."""

    directory: Path
    """Of the checkpoint that was signed last."""
    anchor_file: Path | None = None
    missing_protection: MissingProtection | None = None


def open_inspection(
    unit_of_work: UnitOfWork, keyring: Keyring, evidence: Evidence, trust: Trust | None = None
) -> Inspection:
    """Without `trust` the audit keys of the key directory are believed. Details are opened where their key is here.

    Raises `StartRefused`.
    """
    outside = partial(read_outside, evidence.directory, evidence.anchor_file)
    records = Records(keyring) if keyring.of(KeyPurpose.RECORDS) else None
    verifier = Verifier(unit_of_work, outside, records=records, missing_protection=evidence.missing_protection)
    if trust is None:
        keys = sorted(keyring.of(KeyPurpose.AUDIT), key=Key.current_since, reverse=True)
        trust = Trust([half for key in keys if (half := audit_public_half(key.material))])
    can_sign = any(map(has_private_half, keyring.of(KeyPurpose.AUDIT)))
    return Inspection(verifier, Export(unit_of_work, outside), trust, can_sign)
