"""Logs: what the service does, as JSON lines; never who reads, what they ask, or from where."""

import logging

import structlog


def configure(level: str) -> None:
    """Set up the log on standard error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=None),
        cache_logger_on_first_use=False,
    )
