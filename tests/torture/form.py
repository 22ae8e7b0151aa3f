"""How long a test of this folder goes on, and where its long form writes down what came out."""

import subprocess
import sys
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PAGE = ROOT / "docs" / "torture.md"
_TABLE = "| what | command | commit | numbers |\n| --- | --- | --- | --- |\n"


@dataclass(frozen=True)
class Form:
    """Short with `make test`, long with `make torture` (`pytest --long`)."""

    long: bool
    test: str

    def size(self, *, short: int, long: int) -> int:
        return long if self.long else short

    def tell(self, what: str, numbers: str) -> None:
        """Says what came out; the long form puts it into the row `what` of `docs/torture.md`."""
        sys.stdout.write(f"{what}: {numbers}\n")
        if not self.long:
            return
        write_row(what, f"pytest --long {self.test}", numbers)


def write_row(what: str, command: str, numbers: str) -> None:
    """Puts what came out into the row `what` of `docs/torture.md`, with the commit that was tested."""
    before, table, after = _PAGE.read_text(encoding="utf-8").partition(_TABLE)
    assert table, f"{_PAGE.name} has lost its table"
    rows = list(takewhile(lambda line: line.startswith("|"), after.splitlines(keepends=True)))
    kept = [row for row in rows if not row.startswith(f"| {what} |")]
    kept.append(f"| {what} | `{command}` | {tested_commit()} | {numbers} |\n")
    _PAGE.write_text(before + table + "".join(sorted(kept)) + after[len("".join(rows)) :], encoding="utf-8")


def tested_commit() -> str:
    """The commit that was tested, with a `+` when the product was changed since."""
    changed = _git("status", "--porcelain", "--", "app", "migrations", "tests")
    return _git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
