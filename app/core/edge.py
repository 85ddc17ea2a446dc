"""The outermost layer: HEAD, OPTIONS, CORS, security headers, body limits, and no error that is not a problem."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.dialects import TooLong, is_passing
from app.core.logs import told
from app.core.problems import Problem
from app.core.requests import PATIENT

_LOG: Final = structlog.get_logger("vestka")
ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",  # pages say their own
    "Cache-Control": "no-store",  # unless it is said otherwise
}
_EXPOSED: Final = "ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy"
# Some questions are asked by POST: they are long, or not for the address.
_OPEN_METHODS: Final = "GET, HEAD, POST, OPTIONS"
_OPEN_HEADERS: Final = "Accept, Accept-Language, Content-Type, If-None-Match, Last-Event-ID"


_DRAINED_SECONDS: Final = 10
_DRAINED_BYTES: Final = 64_000_000
REFUSED: Final = "vestka.refused"  # in a request's scope: the problem that it gets, whatever it asks


class _TooLarge(Exception):  # noqa: N818 - caught a few lines below
    pass


class Methods:
    """Which methods each path takes, over all routes.

    A path that is written out is that of its own routes alone, though `/v1/persons/{id}` would match
    `/v1/persons/facets` as well.
    """

    def __init__(self, routes: Iterable[tuple[str, re.Pattern[str], frozenset[str]]]) -> None:
        self._written: dict[str, set[str]] = {}
        self._patterns: list[tuple[re.Pattern[str], frozenset[str]]] = []
        for path, pattern, methods in routes:
            if "{" in path:
                self._patterns.append((pattern, methods))
            else:
                self._written.setdefault(path, set()).update(_with_head(methods))

    def at(self, path: str) -> str:
        """Give the value of ``Allow`` for a path; empty for a path that there is not."""
        found = self._written.get(path) or _with_head(
            {method for pattern, methods in self._patterns if pattern.match(path) for method in methods}
        )
        return ", ".join(sorted(found | {"OPTIONS"})) if found else ""

    def refuse(self, path: str, method: str) -> bool:
        """Tell whether a path that is written out does not take a method."""
        methods = self._written.get(path)
        return methods is not None and method not in methods and method != "OPTIONS"


def _with_head(methods: Collection[str]) -> set[str]:
    return {*methods, "HEAD"} if "GET" in methods else {*methods}


class Edge:
    """Pure ASGI, so that a request pays for it in microseconds."""

    def __init__(self, app: ASGIApp, methods: Methods, limit: int, limits: Mapping[str, int], longest: int) -> None:
        self._app = app
        self._methods = methods
        self._limit = limit
        self._limits = limits
        self._longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = _Answer(send, headers, head=scope["method"] == "HEAD")
        try:
            await self._serve(scope, headers, receive, answer)
        except ClientDisconnect:
            pass  # gone before all was said: there is nobody to answer, and nothing to report
        except _TooLarge:
            answer.before_hanging_up = partial(_drained, receive)
            await answer.problem(scope, receive, Problem("too-large", headers={"Connection": "close"}))
        except (Exception, asyncio.CancelledError) as error:  # the last place that can answer
            await answer.problem(scope, receive, failure(scope, error))
            if isinstance(error, asyncio.CancelledError):
                raise

    def _refused(self, scope: Scope) -> Problem | None:
        refused: Problem | None = scope.get(REFUSED)
        if refused is not None:
            return refused
        if len(scope["path"]) + len(scope["query_string"]) > self._longest:
            return Problem("too-long", f"The address takes up to {self._longest} bytes. Ask in several requests.")
        if self._methods.refuse(scope["path"], scope["method"]):
            return Problem("method-not-allowed", headers={"Allow": self._methods.at(scope["path"])})
        return None

    async def _serve(self, scope: Scope, headers: Headers, receive: Receive, answer: "_Answer") -> None:
        if (refused := self._refused(scope)) is not None:
            await answer.problem(scope, receive, refused)
            return
        if scope["method"] == "OPTIONS":
            await self._options(scope, receive, answer)
            return
        if answer.head:
            scope = {**scope, "method": "GET", "head": True}  # what streams need not make its body
        receive = self._limited(scope, headers, receive)
        try:
            await self._app(scope, receive, answer)
        except TooLong:
            await self._app({**scope, PATIENT: True}, receive, answer)

    async def _options(self, scope: Scope, receive: Receive, send: Send) -> None:
        allow = self._methods.at(scope["path"])
        if not allow:
            await Problem("not-found").response()(scope, receive, send)
            return
        headers = {"Allow": allow}
        if "access-control-request-method" in Headers(scope=scope):
            headers |= {
                "Access-Control-Allow-Methods": _OPEN_METHODS,
                "Access-Control-Allow-Headers": _OPEN_HEADERS,
                "Access-Control-Max-Age": "86400",
            }
        await Response(status_code=204, headers=headers)(scope, receive, send)

    def _limited(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        limit = self._limits.get(scope["path"], self._limit)
        told = headers.get("content-length", "")
        if told.isdecimal() and int(told) > limit:
            raise _TooLarge
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _TooLarge
            return message

        return limited


class _Answer:
    """Sends an answer with what every answer carries, and without its body to HEAD."""

    def __init__(self, send: Send, request: Headers, *, head: bool) -> None:
        self._send = send
        self._request = request
        self.head = head
        self.before_hanging_up: Callable[[], Awaitable[None]] | None = None
        self._begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            self._complete(MutableHeaders(scope=message))
        elif self.head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        if self.before_hanging_up is not None and message["type"] == "http.response.body":
            await self._send({**message, "more_body": True})
            await self.before_hanging_up()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    def _complete(self, headers: MutableHeaders) -> None:
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
        # Open for reading what is public; a browser is never told that it may send a key from another site.
        if "authorization" not in self._request:
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = _EXPOSED

    async def problem(self, scope: Scope, receive: Receive, problem: Problem) -> None:
        """Answer with a problem, unless an answer has begun: then the connection breaks, and that says it."""
        if self._begun:
            raise ConnectionAbortedError
        await problem.response()(scope, receive, self)


async def _drained(receive: Receive) -> None:
    """Take in what a client still sends: hanging up on it would take the answer away before it is read.

    Not for long and not for ever; who sends more than this is hung up on (RFC 9112, section 9.6).
    """
    seen = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAINED_SECONDS):
            while seen < _DRAINED_BYTES:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
                seen += len(message.get("body", b""))


def failure(scope: Scope, error: BaseException) -> Problem:
    """Give the problem for what nobody expected; log where it happened, never what was asked or by whom."""
    if isinstance(error, Problem):
        return error
    # Cancelled is what the server has waited for long enough when it stops.
    if isinstance(error, asyncio.CancelledError) or is_passing(error):
        _LOG.warning("unavailable", error=type(error).__name__)
        return Problem("unavailable", headers={"Retry-After": "2"})
    _LOG.error("failed", route=getattr(scope.get("route"), "path", "none"), method=scope["method"], **told(error))
    return Problem("internal")
