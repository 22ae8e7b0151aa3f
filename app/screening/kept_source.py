"""Kept texts that a forum may show: those that a reviewer let pass, and those that were masked."""

from collections.abc import Iterator, Sequence

from app import policies
from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction
from app.kernel.ids import ForumId
from app.screening import patrol_rows
from app.screening.domain import Field, PublicText, Ruling
from app.screening.keeping import read_hits, unseal
from app.screening.masking import masked
from app.screening.patrol_rows import KeptAndRuling

_PAGE = policies.PATROL_LARGEST_BATCH.value << 20
_NEWEST = policies.REHEARSAL_LARGEST.value << 20


class KeptTexts:
    """A `TextSource`. Names are no part of it: what of them is shown stands with their account or board."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def page(self, tx: Transaction, after: str, limit: int) -> list[PublicText]:
        """A step: so many behind `after`, oldest first, fewer where they are large."""
        return list(self._opened(patrol_rows.page_of_shown(tx.session, after, limit, _PAGE)))

    def recent(self, tx: Transaction, limit: int) -> list[PublicText]:
        """A step: the newest."""
        return list(self._opened(patrol_rows.newest_shown(tx.session, limit, _NEWEST)))

    def _opened(self, rows: Sequence[KeptAndRuling]) -> Iterator[PublicText]:
        for kept, ruling in rows:
            sealed = unseal(self._records, kept)
            if sealed is None:
                continue
            text = sealed.reveal()
            if ruling != Ruling.PASS:
                text = masked(text, [(hit.start, hit.end) for hit in read_hits(kept.hits)])
            yield PublicText(kept.id, Field(kept.field), text, ForumId(kept.forum_id), None)
