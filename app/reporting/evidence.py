"""What was published, kept as it was: its canonical form, its seal, its digest, and its end. Source: L7d.

The digest is that of the canonical form (RFC 8785), so that whoever has the evidence can compute it anew.
"""

import json
import os
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import rfc8785

from app import policies
from app.accounts.domain import Account
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.envelope import Place, Records
from app.crypto.errors import SealBroken
from app.db.unit_of_work import Transaction
from app.kernel.secret import Secret
from app.reporting import violation_rows
from app.reporting.offence_errors import EvidenceErased
from app.reporting.offences import Content, Violation, ViolationId
from app.reporting.violation_models import EvidenceRow

_VERSION = 1
_SALT_BYTES = 32
_OF_THE_CONTENT = ("ref", "text", "published_at", "ip", "port")
_AT_ONCE = policies.EVIDENCE_FORGOTTEN_AT_ONCE.value


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was kept, as it was written: times in UTC ending in `Z`. It holds a handle and never who is behind it."""

    salt: str
    """So that nobody can try out by the digest what the rest may have been."""
    violation_id: str
    forum_id: str
    account_id: str
    handle: str
    external_id: str | None
    board_id: str | None
    category: str
    source: str
    discovered_at: str
    recorded_at: str
    ref: str
    text: str = field(repr=False)
    published_at: str
    ip: str | None = field(repr=False)
    port: int | None = field(repr=False)

    def said(self) -> dict[str, object]:
        """In the shape in which it was written."""
        content = {name: getattr(self, name) for name in _OF_THE_CONTENT}
        outside = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _OF_THE_CONTENT}
        return {"v": _VERSION, **outside, "content": content}


@dataclass(frozen=True, slots=True)
class OpenedEvidence:
    """`verified` where the seal opened, and the digest and the violation are those that were recorded."""

    evidence: Evidence | None
    sha256: bytes
    verified: bool


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def written(violation: Violation, account: Account, content: Content) -> bytes:
    """The canonical form. Source: RFC 8785."""
    said: dict[str, Any] = {
        "v": _VERSION,
        "salt": os.urandom(_SALT_BYTES).hex(),
        "violation_id": violation.id,
        "forum_id": violation.forum_id,
        "account_id": violation.account_id,
        "handle": account.handle,
        "external_id": account.external_id,
        "board_id": violation.board_id,
        "category": violation.category.value,
        "source": violation.source.value,
        "discovered_at": moment(violation.discovered_at),
        "recorded_at": moment(violation.recorded_at),
        "content": {
            "ref": content.ref,
            "text": content.text,
            "published_at": moment(content.published_at),
            "ip": content.ip,
            "port": content.port,
        },
    }
    return rfc8785.dumps(said)


def keep(tx: Transaction, records: Records, violation: Violation, account: Account, content: Content) -> bytes:
    """A step: seals what was published; its digest."""
    plain = written(violation, account, content)
    digest = sha256(plain).digest()
    sealed = records.seal(Secret(plain.decode()), _place(violation.id))
    violation_rows.add_evidence(tx.session, violation.id, sealed, digest, violation.kept_until)
    return digest


def read(tx: Transaction, records: Records, violation_id: ViolationId) -> OpenedEvidence:
    """A step: what was kept, and whether it is what was kept. Raises `EvidenceErased`."""
    found = violation_rows.evidence_of(tx.session, violation_id)
    if found is None:
        raise EvidenceErased
    sealed, digest = found
    try:
        plain = records.unseal(sealed, _place(violation_id)).reveal().encode()
        evidence = _parsed(plain)
    except (SealBroken, ValueError, LookupError, TypeError):
        return OpenedEvidence(None, digest, verified=False)
    whole = sha256(plain).digest() == digest and evidence.violation_id == violation_id
    return OpenedEvidence(evidence, digest, verified=whole)


def forget_old(tx: Transaction) -> int:
    """A step: takes away evidence whose time is over and that nobody holds; how many.

    Boundary: exactly at `kept_until` it goes.
    """
    over = violation_rows.evidence_over(tx.session, tx.now, _AT_ONCE)
    if over:
        violation_rows.erase(tx.session, over, tx.now)
    for violation_id in over:
        audit.record(tx, Action.EVIDENCE_ERASED, ObjectKind.VIOLATION, violation_id)
    return len(over)


def _place(violation_id: ViolationId) -> Place:
    return Place(EvidenceRow.__tablename__, violation_id, "evidence")


def _parsed(plain: bytes) -> Evidence:
    said = json.loads(plain)
    content, version = said.pop("content"), said.pop("v")
    if version != _VERSION:
        raise ValueError("evidence of another version")
    return Evidence(**said, **content)
