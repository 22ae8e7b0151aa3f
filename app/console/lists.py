"""The one pattern of every list: filters, order and place stand in the address; the same rows as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from app.web.spreadsheets import spreadsheet

PAGE = 50


@dataclass(frozen=True, slots=True)
class Column:
    """`sorted`: `ascending` or `descending` where the rows are in its order; `href` turns it."""

    said: str
    number: bool = False
    href: str | None = None
    sorted: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """`badge`: the state of a moderator, shown as one; `pick`: the value of a box to tick, in no file."""

    said: object
    href: str | None = None
    plain: str | None = None
    """What a file says instead of what is shown."""
    badge: str | None = None
    pick: str | None = None
    picked: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    said: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """`empty`: what is said where nothing is; `clear`: where to, when only the filters leave nothing."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str
    chips: Sequence[Chip] = field(default_factory=tuple)
    clear: str | None = None
    first: str | None = None
    next: str | None = None
    csv: str | None = None


def address(request: Request, **changes: str | None) -> str:
    """This page with other filters: None takes one away. A place in the list, and what is ticked, outlive no change."""
    kept: Mapping[str, str] = {**request.query_params}
    fresh = {"cursor": None, "picked": None, "lang": None}
    changed = {name: value for name, value in {**kept, **fresh, **changes}.items() if value}
    return f"{request.url.path}?{urlencode(changed)}" if changed else request.url.path


def chips(request: Request, name: str, options: Sequence[tuple[str, str]], everything: str) -> list[Chip]:
    """One for each value of a filter, and one for all."""
    chosen = request.query_params.get(name, "")
    offered = [("", everything), *options]
    return [Chip(said, address(request, **{name: value or None}), value == chosen) for value, said in offered]


def csv_response(name: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Response:
    return spreadsheet(name, [[one.said for one in columns], *([_written(cell) for cell in row] for row in rows)])


def _written(cell: Cell) -> str:
    return str(cell.said) if cell.plain is None else cell.plain
