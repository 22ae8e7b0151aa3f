"""Structured logs without personal data: ids and codes, never names, numbers, handles or a forum's user ids."""

import logging
import sys

import structlog

from app.kernel.sentence import Sentence

_OURS = "shiming"


def configure_logs(level: str) -> None:
    """JSON lines on stderr. Libraries log warnings only: at DEBUG some print rows and form fields."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s", force=True)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
            ),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=_refuse_values),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _refuse_values(value: object) -> str:
    return value.en if isinstance(value, Sentence) else f"<{type(value).__name__}>"


def logger() -> structlog.stdlib.BoundLogger:
    found: structlog.stdlib.BoundLogger = structlog.get_logger(_OURS)
    return found
