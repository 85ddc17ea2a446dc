"""Metrics on a port of their own: how many requests, how long; never which record, query or reader."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ENVIRONMENT: Final = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def serve_metrics(host: str, port: int) -> Iterator[None]:
    """Serve ``/metrics`` for all workers while the block runs; nothing happens when the port is 0."""
    if port == 0:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="vestka-metrics-") as folder:
        # Workers count into files in this folder; they hold numbers by route template, nothing of readers.
        os.environ[_ENVIRONMENT] = folder
        from prometheus_client import CollectorRegistry, multiprocess, start_http_server  # noqa: PLC0415 - reads the environment

        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # as its makers left it
        server, thread = start_http_server(port, host, registry)
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            os.environ.pop(_ENVIRONMENT, None)


class Counted:
    """Counts requests by method, route template and status."""

    def __init__(self, app: ASGIApp) -> None:
        from prometheus_client import Counter, Histogram  # noqa: PLC0415 - reads the environment

        self._app = app
        labels = ("method", "route", "status")
        self._requests = Counter("vestka_requests_total", "Requests answered.", labels)
        self._seconds = Histogram("vestka_request_seconds", "Time to answer.", ("method", "route"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 0, perf_counter()

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            self._count(scope, status, perf_counter() - began)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route: Any = scope.get("route")
        template = getattr(route, "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._requests.labels(method, template, str(status)).inc()
        self._seconds.labels(method, template).observe(seconds)


def count_ready(status: int) -> None:
    """Count an answer that was ready, without its route: looking that up would cost more than the answer."""
    _ready().labels(str(status)).inc()


@cache
def _ready() -> Any:  # noqa: ANN401 - its type is known where the environment has been read
    from prometheus_client import Counter  # noqa: PLC0415 - reads the environment

    return Counter("vestka_ready_answers_total", "Answers that were ready.", ("status",))


def count_refused(policy: str) -> None:
    """Count a request that was over the limit."""
    _refused().labels(policy).inc()


@cache
def _refused() -> Any:  # noqa: ANN401 - its type is known where the environment has been read
    from prometheus_client import Counter  # noqa: PLC0415 - reads the environment

    return Counter("vestka_refused_requests_total", "Requests over the limit.", ("policy",))


_METHODS: Final = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


def wanted() -> bool:
    """Tell whether this process counts: only when somebody serves the numbers."""
    return _ENVIRONMENT in os.environ
