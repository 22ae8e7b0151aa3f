"""Reads a forum's list of users: UTF-8 CSV with a header, line by line. What is wrong with a line is that line's."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from app import policies
from app.accounts.domain import ExistingUser, Profile
from app.kernel.errors import StartRefused

_REQUIRED, _OPTIONAL = ("handle", "external_id"), ("display_name", "bio", "signature")
_LONGEST = policies.IMPORT_LONGEST_LINE.value
_HEADER = (
    f"The first line must name the columns: {','.join(_REQUIRED)}, and perhaps {', '.join(_OPTIONAL)}; in UTF-8, each"
    " once, with commas between."
)
_MOST_LINES = 1000
"""That quotes hold together: no text that is allowed has as many breaks."""
_OPEN_QUOTE = "unexpected end of data"


@dataclass(frozen=True, slots=True)
class GoodLine:
    number: int
    user: ExistingUser


@dataclass(frozen=True, slots=True)
class BadLine:
    """What keeps a line from being read; never what stands in it."""

    number: int
    code: str
    said: str


def read_users(file: BinaryIO) -> Iterator[GoodLine | BadLine]:
    """Each line, by its number from 1; blank ones count and say nothing. Raises `StartRefused` for the header.

    A quoted text may hold line breaks; a quote that is never closed spoils its own line only.
    """
    lines = _Lines(file)
    columns = _columns(lines)
    while (line := lines.take()) is not None:
        if isinstance(line, BadLine):
            yield line
        elif line.text.strip():
            fields = _fields(line, lines)
            yield fields if isinstance(fields, BadLine) else _user(line.number, columns, fields)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str


class _Lines:
    """Lines of a file, of which some may be put back."""

    def __init__(self, file: BinaryIO) -> None:
        self._new = _read(file)
        self._back: deque[_Line | BadLine] = deque()

    def take(self) -> _Line | BadLine | None:
        return self._back.popleft() if self._back else next(self._new, None)

    def put_back(self, lines: Iterable[_Line | BadLine]) -> None:
        self._back.extendleft(reversed(list(lines)))


def _read(file: BinaryIO) -> Iterator[_Line | BadLine]:
    number = 0
    while raw := file.readline(_LONGEST + 1):
        number += 1
        if len(raw) > _LONGEST:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(_LONGEST)
            yield BadLine(number, "line-too-long", f"The line is longer than {_LONGEST} bytes.")
            continue
        try:
            yield _Line(number, raw.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError:
            yield BadLine(number, "not-utf-8", "The line is not UTF-8.")


def _columns(lines: _Lines) -> list[str]:
    """Raises `StartRefused`."""
    line = lines.take()
    try:
        names = next(csv.reader([line.text], strict=True)) if isinstance(line, _Line) else []
    except (csv.Error, StopIteration):
        names = []
    names = [name.strip() for name in names]
    if len(set(names)) < len(names) or not set(_REQUIRED) <= set(names) <= {*_REQUIRED, *_OPTIONAL}:
        raise StartRefused(_HEADER)
    return names


def _fields(line: _Line, lines: _Lines) -> list[str] | BadLine:
    """The fields of a record, which takes further lines where a quote is open; they go back when it stays so."""
    text, taken = line.text, list[_Line]()
    while True:
        try:
            return next(csv.reader([text], strict=True))
        except csv.Error as error:
            is_open = str(error) == _OPEN_QUOTE and len(taken) < _MOST_LINES
        more = _until_quote(lines, _LONGEST - len(text)) if is_open else []
        taken += more
        if not more:
            lines.put_back(taken)
            return BadLine(line.number, "quotes-broken", "A quote is not closed, or text follows where one closes.")
        text += "".join(one.text for one in more)


def _until_quote(lines: _Lines, room: int) -> list[_Line]:
    """Further lines, up to one with a quote; none when no such line comes in time, and they stay where they are."""
    taken, line = list[_Line](), lines.take()
    while isinstance(line, _Line) and room > 0:
        taken.append(line)
        if '"' in line.text:
            return taken
        room -= len(line.text)
        line = lines.take()
    lines.put_back([*taken, line] if line else taken)
    return []


def _user(number: int, columns: list[str], fields: list[str]) -> GoodLine | BadLine:
    if len(fields) != len(columns):
        return BadLine(number, "columns-differ", f"The line has {len(fields)} fields, the header {len(columns)}.")
    # a break inside a text is a break, whichever system wrote the file
    given = {name: text.replace("\r\n", "\n") for name, text in zip(columns, fields, strict=True)}
    display_name, bio, signature = (given.get(name) or None for name in _OPTIONAL)
    return GoodLine(number, ExistingUser(given["handle"], given["external_id"], Profile(display_name, bio, signature)))
