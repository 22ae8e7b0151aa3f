"""The real command in a process of its own, forked from one that has read the program: begun in milliseconds."""

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from typing import Any, Protocol

from app.__main__ import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.support.command", "tests.support.warm", "anyio._backends._asyncio"])
_STANDARD_INPUT, _STANDARD_OUTPUT, _STANDARD_ERROR = 0, 1, 2


class Process(Protocol):
    """What tests ask of a process, by whatever way it was begun."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...


class Forked:
    """The leader of a session of its own; what it says goes to the end of the two files. It speaks like a `Popen`."""

    def __init__(
        self,
        what: Callable[..., None],
        arguments: Sequence[Any],
        environment: Mapping[str, str],
        said: Path,
        complained: Path | None = None,
        *,
        cwd: Path | None = None,
    ) -> None:
        self.said, self.complained = said, complained or said
        streams = (str(self.said), str(self.complained))
        self._process = _FORKS.Process(
            target=_become, args=(what, tuple(arguments), dict(environment), str(cwd or Path.cwd()), streams)
        )
        self._process.start()
        self.pid = self._process.pid or 0
        with suppress(ProcessLookupError):  # ended already
            while os.getpgid(self.pid) != self.pid:
                time.sleep(0.001)

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Its exit code, a signal's number below zero. Raises `TimeoutExpired`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutExpired([str(self.pid)], timeout)
        return self._process.exitcode

    def send_signal(self, number: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def end_session(self, number: int = signal.SIGKILL) -> None:
        """Whatever it started ends with it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        self._process.join()


def start_command(
    environment: Mapping[str, str],
    arguments: Sequence[str],
    said: Path,
    complained: Path | None = None,
    *,
    cwd: Path | None = None,
) -> Forked:
    """With nothing but this environment."""
    return Forked(_command, arguments, environment, said, complained, cwd=cwd)


def run_command(
    environment: Mapping[str, str], arguments: Sequence[str], *, cwd: Path | None = None, patience: float = 120
) -> CompletedProcess[str]:
    """To its end, with nothing but this environment; whatever it started ends with it. Raises `TimeoutExpired`."""
    with tempfile.TemporaryDirectory() as folder:
        said, complained = Path(folder) / "said", Path(folder) / "complained"
        process = start_command(environment, arguments, said, complained, cwd=cwd)
        try:
            code = process.wait(patience)
        except TimeoutExpired:
            process.end_session()
            raise
        return CompletedProcess(arguments, code, said.read_text("utf-8"), complained.read_text("utf-8"))


def _command(*arguments: str) -> None:
    sys.argv = ["shiming", *arguments]
    main()


def _become(
    what: Callable[..., None],
    arguments: Sequence[Any],
    environment: Mapping[str, str],
    cwd: str,
    streams: tuple[str, str],
) -> None:
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), _STANDARD_INPUT)
    sys.stdin = os.fdopen(_STANDARD_INPUT, closefd=False)  # its own processes get it by its number
    for descriptor, path in zip((_STANDARD_OUTPUT, _STANDARD_ERROR), streams, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a text stream, as the interpreter opens it
    what(*arguments)
