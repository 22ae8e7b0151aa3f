"""What an authority is told: a canonical document (RFC 8785) of what was published and done, never of who is behind it.

Source: L7e.
"""

import dataclasses
import json
from dataclasses import dataclass, field

import rfc8785

from app.boards.service import find_board
from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction
from app.forums.service import get_forum
from app.kernel.secret import Secret
from app.reporting import evidence
from app.reporting.evidence import moment
from app.reporting.offence_errors import EvidenceErased
from app.reporting.offences import AuthorityReport, Measure
from app.reporting.violations import get_violation, view_of

_VERSION = 1


@dataclass(frozen=True, slots=True)
class ToldForum:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToldAuthority:
    id: str
    name: str
    kind: str
    region: str


@dataclass(frozen=True, slots=True)
class ToldViolation:
    id: str
    category: str
    source: str
    discovered_at: str
    recorded_at: str
    evidence_sha256: str


@dataclass(frozen=True, slots=True)
class ToldAccount:
    """A handle; who is behind it is told by a disclosure, where an instrument asks for it."""

    id: str
    handle: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class ToldBoard:
    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class ToldContent:
    ref: str
    url: str | None
    text: str = field(repr=False)
    published_at: str
    ip: str | None = field(repr=False)
    port: int | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToldMeasure:
    measure: str
    taken_at: str
    confirmed_at: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """Times in UTC ending in `Z`."""

    v: int
    report_id: str
    forum: ToldForum
    authority: ToldAuthority
    violation: ToldViolation
    account: ToldAccount
    board: ToldBoard | None
    content: ToldContent
    measures: tuple[ToldMeasure, ...]
    note: str | None = field(repr=False)
    disclosure_id: str | None


def document_of(tx: Transaction, records: Records, report: AuthorityReport, note: Secret[str] | None) -> Document:
    """A step: as it would be sent now. Raises `EvidenceErased`, also for evidence that is not what was kept."""
    violation = get_violation(tx, None, report.violation_id)
    opened, seen = evidence.read(tx, records, violation.id), view_of(tx, violation)
    kept = opened.evidence
    if kept is None or not opened.verified:
        raise EvidenceErased
    board = find_board(tx, violation.forum_id, violation.board_id) if violation.board_id else None
    return Document(
        v=_VERSION,
        report_id=report.id,
        forum=ToldForum(violation.forum_id, get_forum(tx, violation.forum_id).name),
        authority=ToldAuthority(
            report.authority_id, report.authority.name, report.authority.kind.value, report.authority.region
        ),
        violation=ToldViolation(
            violation.id, kept.category, kept.source, kept.discovered_at, kept.recorded_at, opened.sha256.hex()
        ),
        account=ToldAccount(kept.account_id, kept.handle, kept.external_id),
        board=ToldBoard(board.id, board.slug, board.name) if board else None,
        content=ToldContent(kept.ref, violation.content.url, kept.text, kept.published_at, kept.ip, kept.port),
        measures=tuple(_told(one) for one in seen.measures),
        note=note.reveal() if note else None,
        disclosure_id=report.disclosure_id,
    )


def write_document(document: Document) -> str:
    said = dataclasses.asdict(document)
    said["measures"] = list(said["measures"])
    return rfc8785.dumps(said).decode()


def read_document(written: str) -> Document:
    """Raises `ValueError`, `TypeError` or `LookupError` for what was not written here."""
    said = json.loads(written)
    return Document(
        v=said["v"],
        report_id=said["report_id"],
        forum=ToldForum(**said["forum"]),
        authority=ToldAuthority(**said["authority"]),
        violation=ToldViolation(**said["violation"]),
        account=ToldAccount(**said["account"]),
        board=ToldBoard(**said["board"]) if said["board"] else None,
        content=ToldContent(**said["content"]),
        measures=tuple(ToldMeasure(**one) for one in said["measures"]),
        note=said["note"],
        disclosure_id=said["disclosure_id"],
    )


def _told(measure: Measure) -> ToldMeasure:
    confirmed = moment(measure.confirmed_at) if measure.confirmed_at else None
    return ToldMeasure(measure.kind.value, moment(measure.taken_at), confirmed, measure.reason)
