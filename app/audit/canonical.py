"""Whether stored bytes are an entry in its canonical form, and what they would be searched by; of many, in few steps.

A pattern that takes nothing but canonical entries stands for parsing them; what it does not take is parsed.
"""

import json
import re
from collections.abc import Sequence

from app.audit.domain import LOG, SearchColumns, search_columns

Columns = tuple[str, str, str, str, str, str, str]
"""Action, id and kind of the actor, id of the entry, id and kind of the object, time: as they follow in an entry."""

_TEXT = r'"[^"\\\x00-\x1f]*"'
_FOUND = r'"([!#-\[\]-~]{0,200})"'
_PERHAPS = rf"(?:null|{_TEXT})"
_CANONICAL = re.compile(
    rf'^\{{"action":{_FOUND},"actor":\{{"id":{_FOUND},"kind":{_FOUND}\}},"case":{_PERHAPS},"commit":{_PERHAPS},'
    rf'"id":{_FOUND},"log":"shiming","object":\{{"id":{_FOUND},"kind":{_FOUND}\}},"outcome":{_TEXT},'
    rf'"reason":{_PERHAPS},"req":{_PERHAPS},"ts":{_FOUND},"v":1,"writer":"service"\}}$',
    re.MULTILINE,
)
_TEXTS = ("id", "ts", "action", "outcome")
_PERHAPS_TEXTS = ("reason", "case", "req", "commit")
_MEMBERS = {"v", "log", "writer", "actor", "object", *_TEXTS, *_PERHAPS_TEXTS}


def columns_of(entries: Sequence[bytes]) -> list[Columns] | None:
    """Of entries that are all canonical and plain; None where one has to be looked at by itself."""
    if any(b"\n" in entry for entry in entries):
        return None
    try:
        found: list[Columns] = _CANONICAL.findall(b"\n".join(entries).decode())
    except UnicodeDecodeError:
        return None
    return found if len(found) == len(entries) else None


def columns_of_one(entry: bytes) -> Columns | None:
    """Of any entry in canonical form; None for bytes that are none."""
    try:
        said = json.loads(entry)
        again = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        if again != entry or not _is_entry(said):
            return None
    except (ValueError, TypeError, RecursionError):
        return None
    return ordered(said["id"], search_columns(entry))


def _is_entry(said: object) -> bool:
    """Whether every member is there and is what it must be, as the pattern demands it."""
    if not isinstance(said, dict) or set(said) != _MEMBERS or type(said["v"]) is not int:
        return False
    parts = (said["actor"], said["object"])
    named = all(isinstance(part, dict) and set(part) == {"kind", "id"} for part in parts)
    texts = [said[name] for name in _TEXTS] + [text for part in parts if named for text in part.values()]
    perhaps = [said[name] for name in _PERHAPS_TEXTS if said[name] is not None]
    fixed = (said["v"], said["log"], said["writer"]) == (1, LOG, "service")
    return named and fixed and all(isinstance(text, str) for text in (*texts, *perhaps))


def ordered(entry_id: str, columns: SearchColumns) -> Columns:
    actor_id, actor_kind = columns.actor_id, columns.actor_kind
    return (columns.action, actor_id, actor_kind, entry_id, columns.object_id, columns.object_kind, columns.ts)
