"""An installation of the real service that is started again and again, its clock a minute further on each time."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from re import compile as pattern

from app.settings import Settings
from app.wiring import Services, build, initialise
from tests.support.postgres import Postgres
from tests.support.process import SHIMING, ServiceProcess, environment_of, free_address, serving_process

_PAST_EVERY_LEASE = 61
_WAL_SYNC = pattern(r"f(data)?sync\(\d+<[^>]*-wal>")
_NORMAL = """
from app.db import engine
engine._PRAGMAS = tuple(pragma.replace("synchronous=FULL", "synchronous=NORMAL") for pragma in engine._PRAGMAS)
from app.__main__ import main
main()
"""
CARELESS = (sys.executable, "-c", _NORMAL)
"""The same service with commits that wait for no disk."""


@dataclass
class House:
    """Keys, database and port of one installation; `server` is the PostgreSQL that is killed with it."""

    folder: Path
    url: str
    server: Postgres | None = None
    workers: int = 1
    command: tuple[str, ...] = SHIMING
    watched: bool = False
    """Whether the syncs of an SQLite database are counted, by strace."""
    address: str = field(default_factory=free_address)
    more: dict[str, str] = field(default_factory=dict)
    """Settings of the serving processes beside these."""
    starts: int = 0

    def __post_init__(self) -> None:
        initialise(self._settings())

    @contextmanager
    def services(self) -> Iterator[Services]:
        """The same installation in this process, at the same time of day."""
        built = build(self._settings())
        yield built
        built.engine.dispose()

    @contextmanager
    def serving(self) -> Iterator[ServiceProcess]:
        """Starts the service on what is there; every lease and every check that was open has run out meanwhile."""
        self.starts += 1
        environment = environment_of(
            self.folder,
            self.url,
            SHIMING_ISSUER=self.address,
            SHIMING_LOG_LEVEL="WARNING",
            SHIMING_SMS_PAUSE_SECONDS="0",
            SHIMING_CLOCK_OFFSET_SECONDS=str(self._offset),
            **self.more,
        )
        watched = (*self._strace(), *self.command)
        with serving_process(environment, self.folder / "output", command=watched, workers=self.workers) as running:
            yield running

    def syncs(self) -> int | None:
        """How often this start has made the log of an SQLite database last; None where nobody counts."""
        return len(_WAL_SYNC.findall(self._sync_log.read_text())) if self._sync_log.exists() else None

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def name(self) -> str:
        return "SQLite" if self.is_sqlite else "PostgreSQL"

    @property
    def counts_syncs(self) -> bool:
        return bool(self._strace())

    @property
    def _offset(self) -> int:
        return self.starts * _PAST_EVERY_LEASE

    @property
    def _sync_log(self) -> Path:
        return self.folder / f"syncs-{self.starts}"

    def _strace(self) -> tuple[str, ...]:
        strace = shutil.which("strace") if self.watched and self.is_sqlite else None
        traced = ("-f", "--seccomp-bpf", "-y", "-e", "trace=fsync,fdatasync", "-o", str(self._sync_log))
        return (strace, *traced) if strace else ()

    def _settings(self) -> Settings:
        return Settings(
            _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
            database_url=self.url,
            keys_dir=self.folder / "keys",
            data_dir=self.folder / "var",
            issuer=self.address,
            sms_pause_seconds=0,
            clock_offset_seconds=self._offset,
            log_level="WARNING",
        )
