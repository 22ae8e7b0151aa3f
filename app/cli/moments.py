"""How commands print times, and the option to print data."""

from datetime import datetime
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]


def moment(at: datetime) -> str:
    """RFC 3339, to the second."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
