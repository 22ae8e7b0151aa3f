"""Reads a forum's list: UTF-8 CSV with a header, line by line. What is wrong with a line is that line's."""

import csv
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app import policies
from app.kernel.errors import StartRefused

_MEBIBYTE = 1024 * 1024
_LONGEST = policies.IMPORT_LONGEST_LINE.value
_MOST_LINES = 1000
"""That quotes hold together: no text that is allowed has as many breaks."""
_OPEN_QUOTE = "unexpected end of data"


@dataclass(frozen=True, slots=True)
class Columns:
    """What a list has: one of these rows of columns, in any order, and perhaps the optional ones."""

    required: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()

    def fit(self, names: list[str]) -> bool:
        given = set(names)
        return len(given) == len(names) and any(set(row) <= given <= {*row, *self.optional} for row in self.required)

    def __str__(self) -> str:
        rows = " or ".join(",".join(row) for row in self.required)
        return f"{rows}, and perhaps {', '.join(self.optional)}" if self.optional else rows


USERS = Columns((("handle", "external_id"),), ("display_name", "bio", "signature"))
MODERATORS = Columns((("board", "external_id", "role"), ("board", "handle", "role")))


@dataclass(frozen=True, slots=True)
class GoodLine:
    number: int
    fields: Mapping[str, str]
    """By the names of their columns."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """What keeps a line from being read; never what stands in it."""

    number: int
    code: str
    said: str


def open_list(file: Path) -> BinaryIO:
    """Raises `StartRefused` for what cannot be read, and for a file that is too large."""
    try:
        source = file.open("rb")
    except OSError as error:
        raise StartRefused(f"{file} cannot be read: {error.strerror}.") from None
    if os.fstat(source.fileno()).st_size > policies.IMPORT_LARGEST.value * _MEBIBYTE:
        source.close()
        raise StartRefused(f"{file} is larger than {policies.IMPORT_LARGEST.value} MiB. Split it.")
    return source


def read_list(file: BinaryIO, columns: Columns) -> Iterator[GoodLine | BadLine]:
    """Each line, by its number from 1; blank ones count and say nothing. Raises `StartRefused` for the header.

    A quoted text may hold line breaks; a quote that is never closed spoils its own line only.
    """
    lines = _Lines(file)
    names = _header(lines, columns)
    while (line := lines.take()) is not None:
        if isinstance(line, BadLine):
            yield line
        elif line.text.strip():
            fields = _fields(line, lines)
            yield fields if isinstance(fields, BadLine) else _named(line.number, names, fields)


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


def _header(lines: _Lines, columns: Columns) -> list[str]:
    """Raises `StartRefused`."""
    line = lines.take()
    try:
        names = next(csv.reader([line.text], strict=True)) if isinstance(line, _Line) else []
    except (csv.Error, StopIteration):
        names = []
    names = [name.strip() for name in names]
    if not columns.fit(names):
        raise StartRefused(
            f"The first line must name the columns: {columns}; in UTF-8, each once, with commas between."
        )
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


def _named(number: int, names: list[str], fields: list[str]) -> GoodLine | BadLine:
    if len(fields) != len(names):
        return BadLine(number, "columns-differ", f"The line has {len(fields)} fields, the header {len(names)}.")
    # a break inside a text is a break, whichever system wrote the file
    texts = (text.replace("\r\n", "\n") for text in fields)
    return GoodLine(number, dict(zip(names, texts, strict=True)))
