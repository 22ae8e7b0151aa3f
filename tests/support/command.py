"""The real command in a process of its own, forked from one that has read the program: begun in milliseconds."""

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

from app.__main__ import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.support.command"])
_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2


def run_command(
    environment: Mapping[str, str], arguments: Sequence[str], *, cwd: Path | None = None, patience: float = 120
) -> CompletedProcess[str]:
    """To its end, with nothing but this environment; whatever it started ends with it. Raises `TimeoutExpired`."""
    with tempfile.TemporaryDirectory() as folder:
        said, complained = Path(folder) / "said", Path(folder) / "complained"
        process = _FORKS.Process(
            target=_become,
            args=(dict(environment), tuple(arguments), str(cwd or Path.cwd()), str(said), str(complained)),
        )
        process.start()
        process.join(patience)
        if hung := process.is_alive():
            with suppress(ProcessLookupError):
                os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()
        code = process.exitcode
        process.close()
        if hung:
            raise TimeoutExpired(["shiming", *arguments], patience)
        return CompletedProcess(arguments, code or 0, said.read_text("utf-8"), complained.read_text("utf-8"))


def _become(environment: Mapping[str, str], arguments: Sequence[str], cwd: str, said: str, complained: str) -> None:
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, path in ((_STANDARD_OUTPUT, said), (_STANDARD_ERROR, complained)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a text stream, as the interpreter opens it
    sys.argv = ["shiming", *arguments]
    main()
