"""Tells the entries among what is staged from other bytes: only an entry gets a number.

Whoever may write into the database may stage anything. With a number it would be a finding for ever, and without this
look one row that is no entry would keep all behind it from theirs.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.audit.canonical import Columns, columns_of, columns_of_one

_ID = re.compile("[0-9a-f-]{36}")
"""What is called otherwise, such as with a letter that nobody sees, is none of ours."""
Waiting = tuple[str | None, bytes | None]
"""The id and the bytes of what is staged; None where the database holds something else in their place."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """Entries, what each is searched by and called; and of the rest the ids, None for those that are no text."""

    entries: Sequence[bytes]
    columns: Sequence[Columns]
    strangers: Sequence[str | None] = ()

    @property
    def ids(self) -> list[str]:
        return [columns[3] for columns in self.columns]


def sift(waiting: Sequence[Waiting]) -> Sifted:
    """In their order. An entry is canonical, and is staged under the id that it says."""
    entries = [entry for _, entry in waiting if entry is not None]
    columns = columns_of(entries) if len(entries) == len(waiting) else None
    if (
        columns is not None
        and all(map(_ID.fullmatch, (found[3] for found in columns)))
        and [found[3] for found in columns] == [entry_id for entry_id, _ in waiting]
    ):
        return Sifted(entries, columns)
    return _one_by_one(waiting)


def _one_by_one(waiting: Iterable[Waiting]) -> Sifted:
    entries, columns, strangers = list[bytes](), list[Columns](), list[str | None]()
    for entry_id, entry in waiting:
        found = searched_under(entry_id, entry)
        if entry is None or found is None:
            strangers.append(entry_id)
        else:
            entries.append(entry)
            columns.append(found)
    return Sifted(entries, columns, strangers)


def searched_under(entry_id: str | None, entry: bytes | None) -> Columns | None:
    """What an entry is searched by; None for what is no entry, or not the one of this id."""
    if entry is None:
        return None
    plain = columns_of([entry])
    found = plain[0] if plain else columns_of_one(entry)
    return found if found is not None and found[3] == entry_id and _ID.fullmatch(found[3]) else None
