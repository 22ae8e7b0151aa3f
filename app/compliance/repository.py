"""Queries on the counts of posters, by the day."""

import json
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.domain import AccountStatus
from app.compliance.domain import Posters
from app.compliance.models import PosterCountRow


def newest(session: Session) -> Posters | None:
    """With the day since which nobody unverified could post, by all that was counted since."""
    row = session.scalar(select(PosterCountRow).order_by(PosterCountRow.day.desc()).limit(1))
    return replace(_read(row), all_verified_since=all_verified_since(session)) if row else None


def all_verified_since(session: Session) -> date | None:
    """The first counted day after the last one on which somebody could post unverified; None where none is."""
    table = PosterCountRow
    last_bad = session.scalar(select(func.max(table.day)).where(table.worst_unverified > 0)) or ""
    first = session.scalar(select(func.min(table.day)).where(table.day > last_bad, table.may_post > 0))
    return date.fromisoformat(first) if first else None


def keep(session: Session, day: str, posters: Posters) -> None:
    """In place of an earlier count of that day; the worst of them stays."""
    known = session.get(PosterCountRow, day)
    worst = max(posters.unverified, known.worst_unverified if known else 0)
    row = PosterCountRow(
        day=day,
        counted_at=posters.counted_at,
        may_post=posters.may_post,
        worst_unverified=worst,
        figures=_written(posters),
    )
    session.merge(row)


def _written(posters: Posters) -> str:
    oldest = posters.oldest_verification
    return json.dumps(
        {
            "accounts": posters.accounts,
            "by_status": {status.value: number for status, number in posters.by_status.items()},
            "unverified": posters.unverified,
            "oldest_verification": oldest.isoformat() if oldest else None,
            "verified_by_week": posters.verified_by_week,
        }
    )


def _read(row: PosterCountRow) -> Posters:
    found = json.loads(row.figures)
    oldest = found["oldest_verification"]
    return Posters(
        accounts=found["accounts"],
        by_status={status: found["by_status"].get(status.value, 0) for status in AccountStatus},
        may_post=row.may_post,
        unverified=found["unverified"],
        oldest_verification=datetime.fromisoformat(oldest) if oldest else None,
        verified_by_week=tuple((monday, number) for monday, number in found["verified_by_week"]),
        counted_at=row.counted_at,
    )
