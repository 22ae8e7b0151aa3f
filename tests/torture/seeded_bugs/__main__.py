"""Puts the bugs in one at a time, each into a copy of the tree, and lets the suite find it: `make torture-bugs`."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.torture.form import ROOT, write_row
from tests.torture.seeded_bugs.bug import Bug
from tests.torture.seeded_bugs.table import BUGS

_MAY_ESCAPE = 1
_HANGS_AFTER = 3600
_FAILED = re.compile(r"^FAILED ([^\s\[]+)(?:\[.*?\])?(?: - (.*))?$", re.MULTILINE)
_SUITE = ("tests", "--ignore=tests/torture/seeded_bugs")  # its own test fails on every bug


@dataclass(frozen=True)
class Failure:
    """A test that failed: nothing that could not be imported, collected or set up is one."""

    test: str
    why: str


def main() -> int:
    """0 when all but one were noticed."""
    with _copy() as tree:
        if not _passes(tree, sorted({test for bug in BUGS for test in bug.noticed_by})):
            sys.stdout.write("the tests that are to notice fail without any bug\n")
            return 1
    named, others = 0, 0
    for number, bug in enumerate(BUGS, 1):
        failure, by_name = _noticed(bug)
        named, others = named + (by_name and failure is not None), others + (not by_name and failure is not None)
        said = f"{failure.test}: {failure.why}" if failure else "NOBODY NOTICED"
        sys.stdout.write(f"{number:2}  {bug.what}\n    {said}{'' if by_name else '  (whole suite)'}\n")
        sys.stdout.flush()
    noticed = named + others
    numbers = (
        f"{noticed} of {len(BUGS)} noticed by `make test`: {named} by the tests named beside them, {others} by others"
    )
    sys.stdout.write(f"{numbers}\n")
    write_row("seeded bugs", "make torture-bugs", numbers)
    return int(noticed < len(BUGS) - _MAY_ESCAPE)


def _noticed(bug: Bug) -> tuple[Failure | None, bool]:
    """The first test that fails of those that are named, else of the whole suite; and whether it was a named one."""
    with _copy() as tree:
        bug.put_in(tree)
        failure = _first_failure(tree, bug.noticed_by)
        if failure is not None:
            return failure, True
        failure = _first_failure(tree, _SUITE)
    with _copy() as clean:
        return (failure if failure is not None and _passes(clean, [failure.test]) else None), False


@contextmanager
def _copy() -> Iterator[Path]:
    """The files of this tree as they are now, without those that git ignores."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in filter(None, told.split("\0")):
            if (ROOT / name).exists():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, tree / name)
        yield tree


def _passes(tree: Path, tests: Sequence[str]) -> bool:
    return _run(tree, tests)[0] == 0


def _first_failure(tree: Path, tests: Sequence[str]) -> Failure | None:
    code, said = _run(tree, tests)
    found = _FAILED.search(said)
    return Failure(found[1], found[2] or "") if found and code == 1 else None


def _run(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """What pytest ended with and said; a run that hangs is interrupted, so that its database server ends too."""
    command = [sys.executable, "-m", "pytest", "-x", "-n", "0", "-rf", "--tb=no", *tests]
    wide = {**os.environ, "COLUMNS": "300"}
    with subprocess.Popen(command, cwd=tree, env=wide, stdout=subprocess.PIPE, text=True) as ran:
        try:
            said, _ = ran.communicate(timeout=_HANGS_AFTER)
        except subprocess.TimeoutExpired:
            ran.send_signal(signal.SIGINT)
            said, _ = ran.communicate()
    return ran.returncode, said


if __name__ == "__main__":
    sys.exit(main())
