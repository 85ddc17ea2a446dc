"""Logs: what the service does, as JSON lines; never who reads, what they ask, or from where."""

import logging
import sys
import threading
import traceback
from typing import Any, Final

import structlog

_LOG: Final = structlog.get_logger("vestka")
# The server's modules that never see a request; what they say is for the operator, whole.
_BEFORE_REQUESTS: Final = {"server", "config", "on", "multiprocess"}


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


def guard() -> None:
    """Have what libraries say of themselves pass through here, while the process serves.

    Their words may hold what a reader sent: a value in an error's text, an address, a query. What is logged is which of
    them spoke, the kind of error, and the places in the code.
    """
    root = logging.getLogger()
    root.handlers = [_Foreign(logging.WARNING)]
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        theirs = logging.getLogger(name)
        theirs.handlers, theirs.propagate = [], True
        theirs.setLevel(max(theirs.level, logging.INFO))  # lower ones tell of each connection and message
    logging.raiseExceptions = False  # it would print the record that could not be written
    sys.unraisablehook = lambda said: _LOG.error("unraisable", **told(said.exc_value))
    threading.excepthook = lambda said: _LOG.error("thread", **told(said.exc_value))


class _Foreign(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Log that a library said something; its words only where they cannot be about a request."""
        said: dict[str, Any] = {"logger": record.name, "at": [f"{record.filename}:{record.lineno} {record.funcName}"]}
        if record.name == "uvicorn.error" and record.module in _BEFORE_REQUESTS:
            said["words"] = record.getMessage()
        said |= told(record.exc_info[1]) if record.exc_info else {}
        _LOG.log(record.levelno, "library", **said)


def told(error: BaseException | None) -> dict[str, Any]:
    """Give what may be logged of an error: its kind, and where it happened; never its words."""
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "at": places}
