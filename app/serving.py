"""The server as `vestka serve` runs it: it waits for nobody for long, and tells nothing of those who read."""

import signal
import sys
from contextlib import suppress
from typing import Any, Final, NoReturn

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

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
    config = uvicorn.Config(
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
    with serve_metrics(settings.metrics_host, settings.metrics_port):
        return 0 if _began(config) else 1


def _began(config: uvicorn.Config) -> bool:
    """Serve until somebody stops it, and tell whether that was why it ended: a worker that cannot begin ends all.

    As `uvicorn.run` does it, which ends the process with a code of its own, and with 0 when its workers cannot begin.
    """
    # A server that has ended in order sends itself the signal again that ended it, which would end all without order.
    signal.signal(signal.SIGTERM, _stopped)
    server = uvicorn.Server(config)
    workers: list[Process] = []
    with suppress(SystemExit, KeyboardInterrupt):
        if config.workers == 1:
            server.run()
        else:
            supervisor = Multiprocess(config, [config.bind_socket()])
            workers = supervisor.processes
            supervisor.run()
    if config.workers == 1:
        return server.started
    return bool(workers) and all(worker.exitcode != STARTUP_FAILURE for worker in workers)


def _stopped(*_: object) -> NoReturn:
    raise SystemExit
