"""Steps that keep a text, sealed, and open a review of it."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import policies
from app.crypto.envelope import Place, Records
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId, ForumId, new_id
from app.kernel.secret import Secret
from app.screening.domain import Action, Category, Evasion, Hit, Judged, Origin, Subject
from app.screening.models import KeptTextRow, ReviewRow

_KEPT = timedelta(days=policies.SCREENED_TEXT_KEPT.value)
_LONE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a text comes from."""

    forum_id: ForumId
    account_id: AccountId | None = None
    """Who wrote it, where that is known."""
    board: str | None = None
    ref: str | None = None
    screening_id: str | None = None
    position: int = 0


def kept_until(decided_at: datetime) -> datetime:
    """When a text is forgotten that was decided then."""
    return decided_at + _KEPT


def keep(
    tx: Transaction, records: Records, judged: Judged, lexicon_version: int, where: Provenance, *, waits: bool
) -> KeptTextRow:
    """A step: a row to be added; `waits` where a review decides, and then the text's time begins only after it."""
    text_id = new_id("txt", tx.now)
    return KeptTextRow(
        id=text_id,
        screening_id=where.screening_id,
        position=where.position,
        forum_id=where.forum_id,
        account_id=where.account_id,
        board=where.board,
        ref=where.ref,
        field=judged.field.value,
        digest=judged.digest,
        decision=judged.verdict.decision.value,
        lexicon_version=lexicon_version,
        hits=write_hits(judged.verdict.hits),
        sealed_text=records.seal(Secret(without_surrogates(judged.text)), text_place(text_id)),
        screened_at=tx.now,
        keep_until=None if waits else kept_until(tx.now),
    )


def review_of(tx: Transaction, kept: KeptTextRow, origin: Origin, subject: Subject | None, *, held: bool) -> ReviewRow:
    """A step: a row to be added, open."""
    return ReviewRow(
        id=new_id("rev", tx.now),
        version=1,
        text_id=kept.id,
        forum_id=kept.forum_id,
        origin=origin.value,
        subject_kind=subject.kind.value if subject else None,
        subject_id=subject.id if subject else None,
        account_id=kept.account_id,
        field=kept.field,
        digest=kept.digest,
        held=held,
        opened_at=tx.now,
    )


def unseal(records: Records, kept: KeptTextRow) -> Secret[str] | None:
    """None once its time is over."""
    return None if kept.sealed_text is None else records.unseal(kept.sealed_text, text_place(kept.id))


def text_place(text_id: str) -> Place:
    return Place("kept_texts", text_id, "text")


def write_hits(hits: tuple[Hit, ...]) -> str:
    """With the lexicon's terms: for the house alone."""
    rows = [
        [hit.start, hit.end, hit.category, hit.severity, hit.action.value, list(hit.evasions), hit.term] for hit in hits
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def read_hits(written: str) -> tuple[Hit, ...]:
    return tuple(
        Hit(start, end, Category(category), severity, Action(action), tuple(map(Evasion, evasions)), term)
        for start, end, category, severity, action, evasions, term in json.loads(written)
    )


def without_surrogates(text: str) -> str:
    """A lone surrogate has no bytes; offsets stay what they are."""
    return _LONE.sub("\ufffd", text)
