"""Queries on versions of lexicons and on what was published of them."""

import json
from collections.abc import Mapping

from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session, defer

from app.db.words import read_word
from app.kernel.actor import Actor, ActorKind
from app.screening.editions import LexiconVersion, Published
from app.screening.models import LexiconVersionRow, PublicationRow

_WITHOUT_CONTENT = defer(LexiconVersionRow.content, raiseload=True)
_WITHOUT_BLOB = defer(PublicationRow.blob, raiseload=True)


def versions(session: Session) -> list[LexiconVersion]:
    """Of all lexicons, by name, the newest of each first."""
    order = (LexiconVersionRow.name, LexiconVersionRow.number.desc())
    return [_version(row) for row in session.scalars(_versions().order_by(*order))]


def find_version(session: Session, name: str, number: int | None) -> LexiconVersion | None:
    """The newest where no number is named."""
    query = _versions().where(LexiconVersionRow.name == name).order_by(LexiconVersionRow.number.desc()).limit(1)
    if number is not None:
        query = query.where(LexiconVersionRow.number == number)
    row = session.scalars(query).one_or_none()
    return _version(row) if row else None


def version_called(session: Session, version_id: str) -> LexiconVersion | None:
    row = session.scalars(_versions().where(LexiconVersionRow.id == version_id)).one_or_none()
    return _version(row) if row else None


def _versions() -> Select[LexiconVersionRow]:
    return select(LexiconVersionRow).options(_WITHOUT_CONTENT)


def _version(row: LexiconVersionRow) -> LexiconVersion:
    actor = Actor(read_word(ActorKind, row.actor_kind, row.id), row.actor_id)
    return LexiconVersion(row.id, row.name, row.number, row.terms, row.digest, row.created_at, actor)


def add_version(session: Session, version: LexiconVersion, content: bytes) -> None:
    session.add(
        LexiconVersionRow(
            id=version.id,
            name=version.name,
            number=version.number,
            terms=version.terms,
            digest=version.digest,
            content=content,
            created_at=version.created_at,
            actor_kind=version.actor.kind.value,
            actor_id=version.actor.id,
        )
    )
    session.flush()


def newest_parts(session: Session) -> tuple[int, dict[str, int]]:
    """The number of the newest publication and which version of each lexicon it holds; 0 and none before the first."""
    columns = (PublicationRow.number, PublicationRow.parts)
    row = session.execute(select(*columns).order_by(PublicationRow.number.desc()).limit(1)).first()
    return (row.number, json.loads(row.parts)) if row else (0, {})


def newest_of_each(session: Session) -> dict[str, Published]:
    """The newest publication that concerns a lexicon, by its name: where that one is in force, since when."""
    newest: dict[str, Published] = {}
    for row in session.scalars(select(PublicationRow).options(_WITHOUT_BLOB).order_by(PublicationRow.number)):
        newest[row.name] = _published(row)
    return newest


def _published(row: PublicationRow) -> Published:
    number = json.loads(row.parts).get(row.name)
    return Published(
        row.name,
        number,
        row.number,
        row.published_at,
        Actor(read_word(ActorKind, row.actor_kind, row.name), row.actor_id),
    )


def add_publication(
    session: Session, published: Published, parts: Mapping[str, int], digest: bytes, blob: bytes
) -> None:
    session.execute(
        insert(PublicationRow).values(
            number=published.publication,
            name=published.lexicon,
            parts=json.dumps(parts, sort_keys=True),
            digest=digest,
            blob=blob,
            published_at=published.published_at,
            actor_kind=published.actor.kind.value,
            actor_id=published.actor.id,
        )
    )


def forget_blobs(session: Session, until: int) -> None:
    """Of publications up to this number."""
    old = (PublicationRow.number <= until, PublicationRow.blob.is_not(None))
    session.execute(update(PublicationRow).where(*old).values(blob=None))


def replace_blob(session: Session, publication: int, digest: bytes, blob: bytes) -> None:
    session.execute(update(PublicationRow).where(PublicationRow.number == publication).values(digest=digest, blob=blob))
