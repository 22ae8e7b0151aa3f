"""The command `shiming worker`."""

import signal
from typing import Annotated

import typer

from app.jobs.worker import Worker
from app.settings import Settings
from app.web.logs import configure_logs
from app.wiring import build


def worker(once: Annotated[bool, typer.Option("--once", help="Do what is due, and exit.")] = False) -> None:
    """Do the background jobs alone."""
    settings = Settings()
    services = build(settings)
    configure_logs(services.log_level)
    jobs = Worker(services)
    if once:
        for name, done in jobs.run_due().items():
            typer.echo(f"{name}: {done}")
    else:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: jobs.stop())
        jobs.run()
    services.engine.dispose()
