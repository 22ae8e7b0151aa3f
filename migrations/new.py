"""Writes the next migration: brings an empty database up to date and compares it with the models."""

import sys
import tempfile
from pathlib import Path

from alembic import command

from app.db.engine import make_engine
from app.upkeep.schema import migrations, upgrade

_DIGITS = 4


def write(message: str) -> None:
    """Adds a numbered file under `migrations/versions`."""
    number = 1 + max((int(path.name[:_DIGITS]) for path in Path(__file__).parent.glob("versions/[0-9]*.py")), default=0)
    with tempfile.TemporaryDirectory() as directory:
        engine = make_engine(f"sqlite:///{directory}/empty.db")
        upgrade(engine)
        command.revision(migrations(engine), message=message, autogenerate=True, rev_id=f"{number:0{_DIGITS}d}")
        engine.dispose()


if __name__ == "__main__":
    write(" ".join(sys.argv[1:]).strip() or sys.exit('say what changes: make migration m="..."'))
