"""The command `shiming demo`."""

import sys
from typing import Annotated

import typer

from app.demo.backend import ServiceFailed
from app.demo.offline import TokenRefused
from app.demo.play import Stage, StepFailed, play
from app.demo.service import own_service, refuse_silence
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import build


def demo(
    start: Annotated[bool, typer.Option("--start", help="Start a service of its own, and stop it at the end.")] = False,
) -> None:
    """Play the main job against a running service, printing each step."""
    try:
        if start:
            with own_service() as service:
                settings = Settings.model_validate(_settings_of(service.environment))
                _play(settings)
        else:
            _play(Settings())
    except (StepFailed, ServiceFailed, TokenRefused) as failed:
        sys.exit(f"shiming: the demonstration failed: {failed}")


def _settings_of(environment: dict[str, str]) -> dict[str, str]:
    prefix = "SHIMING_"
    return {name.removeprefix(prefix).lower(): value for name, value in environment.items() if name.startswith(prefix)}


def _play(settings: Settings) -> None:
    refuse_silence(settings.issuer)
    services = build(settings)
    credentials = services.forums.add(OPERATOR, "示例论坛")
    services.engine.dispose()
    typer.echo(
        f"$ shiming forum add 示例论坛\n  forum {credentials.forum_id}, client {credentials.client_id}, secret ***\n"
    )
    play(Stage(settings.issuer, credentials, typer.echo))
