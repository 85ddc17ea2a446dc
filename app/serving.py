"""The server as `vestka serve` runs it: it waits for nobody for long, and tells nothing of those who read."""

import sys
from contextlib import suppress
from typing import Any, Final

import uvicorn

from app.core.metrics import serve_metrics
from app.settings import Settings

_UNIX: Final = sys.platform != "win32"


def run(settings: Settings, host: str, port: int, workers: int) -> int:
    """Serve until somebody stops it: 0, or 1 where it could not begin."""
    protocol: dict[str, Any] = {}
    if _UNIX:
        from app.core.crowd import raise_the_limit  # noqa: PLC0415 - there are no such limits elsewhere

        raise_the_limit()
        protocol["http"] = "app.core.wire:Wire"
    # The server program ends the process with a code of its own when it could not begin.
    with serve_metrics(settings.metrics_host, settings.metrics_port), suppress(SystemExit):
        uvicorn.run(
            "app.main:app",
            host=host,
            port=port,
            workers=workers,
            ws="none",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # whom a request is from is decided in app/core/clients.py
            log_level="warning",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=10,
            **protocol,
        )
        return 0
    return 1
