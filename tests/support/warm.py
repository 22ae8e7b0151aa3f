"""What every forked command does first is done once by the process that they are forked from: caches are full then."""

import gc
import tempfile
from pathlib import Path

from app.main import application
from app.settings import Settings
from app.wiring import build, initialise


def _start_once() -> None:
    """An installation is made, started and forgotten. No thread of it is left, or a fork would take it along."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
            database_url=f"sqlite:///{home}/shiming.db",
            data_dir=home,
            keys_dir=home / "keys",
        )
        initialise(settings)
        services = build(settings)
        application(services)
        services.engine.dispose()
    gc.collect()
    gc.freeze()  # or the first search for garbage in each fork would copy all that they share


_start_once()
