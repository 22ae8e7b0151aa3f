"""CSV for a spreadsheet, which takes no cell of it for a formula. Source: OWASP, CSV injection."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize

from starlette.responses import Response

_BEFORE_FORMULAS = ("=", "+", "-", "@")
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
_BOM = "\ufeff"


def spreadsheet(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """The heads are the first row."""
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return Response(
        _BOM + text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}.csv"'},
    )


def _harmless(said: str) -> str:
    """Wide signs count as narrow ones, and whatever cannot be seen in front of a sign or a text as one."""
    unseen = _UNSEEN.match(said)
    shown = normalize("NFKC", said[unseen.end() :] if unseen else said)
    return f"'{said}" if unseen or shown.startswith(_BEFORE_FORMULAS) else said
