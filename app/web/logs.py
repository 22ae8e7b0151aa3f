"""Structured logs without personal data: ids and codes, never names, numbers, handles or a forum's user ids."""

import json
import logging
import sys
from datetime import UTC, datetime

import structlog
from structlog.typing import ExcInfo

from app.kernel.sentence import Sentence

_OURS = "shiming"
_MAX_FRAMES = 12


def configure_logs(level: str) -> None:
    """JSON lines on stderr. Libraries log warnings only: at DEBUG some print rows and form fields."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_names_and_places),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=_refuse_values),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class Formatter(logging.Formatter):
    """Our lines as they are; of what a library says the place alone, since its words may hold anything."""

    def format(self, record: logging.LogRecord) -> str:
        if record.name == _OURS:
            return record.getMessage()
        line: dict[str, object] = {
            "event": "library",
            "logger": record.name,
            "place": f"{record.pathname}:{record.lineno} {record.funcName}",
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = _names_and_places(record.exc_info)
        return json.dumps(line)


def _names_and_places(exc_info: ExcInfo) -> list[dict[str, object]]:
    """What failed and where: types and lines, never a message or a local variable, which may hold anything."""
    stacks = structlog.tracebacks.extract(*exc_info, show_locals=False).stacks
    return [
        {
            "exc_type": stack.exc_type,
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in stack.frames[-_MAX_FRAMES:]],
        }
        for stack in stacks
    ]


def _refuse_values(value: object) -> str:
    return value.en if isinstance(value, Sentence) else f"<{type(value).__name__}>"


def logger() -> structlog.stdlib.BoundLogger:
    found: structlog.stdlib.BoundLogger = structlog.get_logger(_OURS)
    return found
