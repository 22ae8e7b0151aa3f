"""A compiled lexicon as bytes: named columns behind a head that says which engine and tables wrote them."""

import hashlib
import json
import struct
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from app.screening.errors import BlobOutdated

_FORMAT = 4
"""To be raised with every change of what compiled columns mean."""
_MAGIC = b"shiming-lexicon\n"
_LENGTH = struct.Struct("<Q")
_ALIGNED = 8


def write(columns: Mapping[str, bytes]) -> bytes:
    places, length, body = {}, 0, []
    for name, column in columns.items():
        places[name] = (length, len(column))
        body += [column, b"\0" * (-len(column) % _ALIGNED)]
        length += len(column) + len(body[-1])
    head = json.dumps(places).encode()
    head += b" " * (-len(head) % _ALIGNED)
    return b"".join([_MAGIC, _stamp(), _LENGTH.pack(len(head)), _LENGTH.pack(length), head, *body])


def read(blob: bytes) -> dict[str, memoryview]:
    """The columns, not copied. Raises `BlobOutdated` for half a blob and for what other tables or engines wrote."""
    begin = _MAGIC + _stamp()
    first = len(begin) + 2 * _LENGTH.size
    if not blob.startswith(begin) or len(blob) < first:
        raise BlobOutdated
    head, length = (_LENGTH.unpack_from(blob, len(begin) + place * _LENGTH.size)[0] for place in (0, 1))
    if len(blob) != first + head + length:
        raise BlobOutdated
    body = memoryview(blob)[first + head :]
    places = json.loads(blob[first : first + head])
    return {name: body[start : start + size] for name, (start, size) in places.items()}


@cache
def _stamp() -> bytes:
    tables = sorted((files("app.screening") / "data").iterdir(), key=lambda file: file.name)
    seen = hashlib.blake2b(str(_FORMAT).encode(), digest_size=16)
    for table in tables:
        if table.name.endswith(".txt"):
            seen.update(table.name.encode() + b"\0" + table.read_bytes())
    return seen.digest()
