"""Logs: what the service does, as JSON lines; never who reads, what they ask, or from where."""

import logging
import sys
from typing import Any

import structlog


def configure(level: str) -> None:
    """Set up the log on standard error, and silence the server's own about requests: it holds addresses and queries."""
    logging.getLogger("uvicorn.access").disabled = True
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_on_standard_error,
        cache_logger_on_first_use=False,
    )


def _on_standard_error(*_: Any) -> structlog.WriteLogger:  # noqa: ANN401 - as structlog calls it
    return structlog.WriteLogger(sys.stderr)
