"""The command `shiming worker`."""

import json
import signal
from typing import Annotated

import typer

from app.jobs.worker import Round, Worker
from app.settings import Settings
from app.web.logs import configure_logs
from app.wiring import Services, build

_SILENT = "CRITICAL"


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do all that is due, and exit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print data as JSON.")] = False,
) -> None:
    """Do the background jobs alone."""
    settings = Settings()
    services = build(settings)
    try:
        if once:
            # cron sends what is said: one line, unless the operator has asked for the log
            configure_logs(services.log_level if "log_level" in settings.model_fields_set else _SILENT)
            _report(Worker(services).run_once(), as_json=as_json)
        else:
            configure_logs(services.log_level)
            _run_until_told(services)
    finally:
        services.engine.dispose()


def _run_until_told(services: Services) -> None:
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # in every thread that is started from here on
    end = Worker(services).start_thread()
    signal.sigwait(ends)
    end()


def _report(turn: Round, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"done": turn.done, "failed": turn.failed}))
    else:
        for name, done in turn.done.items():
            typer.echo(f"{name}: {done}")
    if turn.failed:
        named = ", ".join(f"{name} ({error})" for name, error in turn.failed.items())
        total = len(turn.done) + len(turn.failed)
        typer.echo(
            f"shiming: {len(turn.failed)} of {total} jobs failed: {named}. Run `shiming doctor`; with"
            " SHIMING_LOG_LEVEL set the log says where.",
            err=True,
        )
        raise typer.Exit(1)
