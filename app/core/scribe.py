"""A process of its own that carries out what writes: whoever reads here then waits for nobody who writes.

A request goes over the line as ASGI has it, and so do the calls that its answering makes: what is received, sent and
acknowledged in one process happens in the other, in the same order. `app.core.carrying` is the other end.
"""

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from itertools import count
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.access import IDENTIFIED
from app.core.line import CANCEL, END, GIVEN, NOTHING, OPEN, READY, RECEIVE, SEND, SERVE, Line
from app.core.logs import told
from app.core.problems import Problem

_LOG: Final = structlog.get_logger("vestka")
_ENDS_WITHIN: Final = 10.0  # seconds
_NOT_AGAIN_FOR: Final = 60.0  # seconds after one that could not begin or was lost
_LOST: Final = (
    "The process that writes was lost. Whether this was written is not known: look, or send it again with the same "
    "`Idempotency-Key`."
)
# What a request is made of, but for who sent it: that stays in the process that was asked.
_SAID: Final = (
    *("type", "asgi", "http_version", "method", "scheme", "server"),
    *("root_path", "path", "raw_path", "query_string", "headers"),
)
# What is heard, and nobody said: it is gone, or what it called for failed here.
_GONE, _FAILED = "gone", "failed"


class Scribe:
    """The process, as those have it who hand requests to it.

    It runs ``module``, which is given the number of its end of the line, and told ``opened`` there. ``wrote`` is called
    before each answer is passed on. It ends with this process, however that ends.
    """

    def __init__(self, module: str, opened: object, wrote: Callable[[], None]) -> None:
        self._module = module
        self._opened = opened
        self._wrote = wrote
        self._numbers = count(NOTHING + 1)
        self._handed: dict[int, _Handed] = {}
        self._line: Line | None = None
        self._running: asyncio.Task[None] | None = None
        self._not_before = 0.0

    def is_ready(self) -> bool:
        """Tell whether it takes requests."""
        return self._line is not None

    def runs(self) -> bool:
        """Tell whether it has been begun and has not ended."""
        return self._running is not None and not self._running.done()

    def begin(self) -> None:
        """Begin it where it does not run, unless that has just failed."""
        if not self.runs() and time.monotonic() >= self._not_before:
            self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Let it end, when all that was handed to it has been answered."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        """Begin it, hear what it says, and see it end."""
        ours, theirs = socket.socketpair()
        process: subprocess.Popen[bytes] | None = None
        line: Line | None = None
        try:
            with theirs:
                process = _begun(self._module, theirs.fileno())
            line = await Line.over(ours)
            await line.say(NOTHING, OPEN, self._opened)
            await self._hear(line)
            _LOG.error("the process that writes was lost")
        except Exception as error:  # noqa: BLE001 - whatever it is, this process writes itself then
            _LOG.error("the process that writes could not begin", **told(error))
        finally:
            self._line, self._not_before = None, time.monotonic() + _NOT_AGAIN_FOR
            for handed in self._handed.values():
                handed.heard.put_nowait((_GONE, None))
            (line or ours).close()
            if process is not None:
                await asyncio.shield(asyncio.to_thread(_end, process))

    async def _hear(self, line: Line) -> None:
        while (said := await line.hear()) is not None:
            number, verb, value = said
            if verb == READY:
                self._line = line
            elif number in self._handed:  # or its request was given up
                self._handed[number].heard.put_nowait((verb, value))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered there; raise the problem that says that nobody knows how it ended."""
        line, number = self._line, next(self._numbers)
        if line is None:
            raise _lost()

        async def passing_on(said: tuple[list[Message], list[Any]]) -> None:
            messages, identified = said
            if messages[0]["type"] == "http.response.start":
                scope.get(IDENTIFIED, set()).update(identified)
                self._wrote()
            for message in messages:
                await send(message)

        handed = self._handed[number] = _Handed(line, number, receive, passing_on)
        try:
            failed = await handed.answer(_sent(scope))
        except OSError:
            failed = _lost()
        finally:
            del self._handed[number]
        if failed is not None:
            raise failed


class _Handed:
    """A request that was handed to the scribe, and what is called for while it is answered there."""

    def __init__(
        self, line: Line, number: int, receive: Receive, send: Callable[[Any], Coroutine[Any, Any, None]]
    ) -> None:
        self._line = line
        self._number = number
        self._receive = receive
        self._send = send
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._receiving: asyncio.Task[None] | None = None
        self._whole = False

    async def answer(self, scope: Scope) -> Exception | None:
        """Have it answered; give what it failed by. Who gives up meanwhile has it given up there."""
        try:
            await self._line.say(self._number, SERVE, scope)
            while not self._whole and (heard := await self.heard.get())[0] not in {END, _GONE}:
                await self._called(*heard)
        except BaseException:
            with contextlib.suppress(OSError):
                await self._line.say(self._number, CANCEL)
            raise
        finally:
            if self._receiving is not None:
                self._receiving.cancel()
        if self._whole:
            return None
        return _lost() if heard[0] == _GONE else heard[1] and RuntimeError(heard[1])

    async def _called(self, verb: str, value: Any) -> None:  # noqa: ANN401 - what is said with it
        if verb == SEND:
            await self._send(value)
            self._whole = not value[0][-1].get("more_body", False)
            with contextlib.suppress(OSError):  # then it is heard that the scribe is gone, if that matters any more
                await self._line.say(self._number, GIVEN, (SEND, None))
        elif verb == _FAILED:
            raise value
        else:  # beside what is sent: who waits for the client to go away may answer meanwhile
            self._receiving = asyncio.create_task(self._hand_on())

    async def _hand_on(self) -> None:
        try:
            message = await self._receive()
        except Exception as error:  # noqa: BLE001 - such as that it is too much: raised where it is handed on
            self.heard.put_nowait((_FAILED, error))
            return
        with contextlib.suppress(OSError):
            await self._line.say(self._number, GIVEN, (RECEIVE, message))


class Apart:
    """A layer that hands what is written with a key to the scribe, when there is one and it is ready.

    ``writes`` are the methods and paths of the routes that change something. The scribe begins when something has been
    written here: not for who reads, nor for who only tries.
    """

    def __init__(
        self, app: ASGIApp, scribe: Callable[[], Scribe | None], writes: Sequence[tuple[str, re.Pattern[str]]]
    ) -> None:
        self._app = app
        self._scribe = scribe
        self._writes = writes
        self._methods = frozenset(method for method, _ in writes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, here or there."""
        scribe = self._scribe() if scope["type"] == "http" and self.is_write(scope) else None
        if scribe is None:
            await self._app(scope, receive, send)
        elif scribe.is_ready():
            await scribe(scope, receive, send)
        else:
            await self._app(scope, receive, _heard(scribe, send))

    def is_write(self, scope: Scope) -> bool:
        """Tell whether a request may write something."""
        method, path = scope["method"], scope["path"]
        return (
            method in self._methods
            and any(name == b"authorization" for name, _ in scope["headers"])
            and any(said == method and pattern.match(path) for said, pattern in self._writes)
        )


def _heard(scribe: Scribe, send: Send) -> Send:
    """Begin the scribe when it is answered that something was written."""

    async def heard(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < HTTPStatus.MULTIPLE_CHOICES:
            scribe.begin()
        await send(message)

    return heard


def _lost() -> Problem:
    return Problem("unavailable", _LOST, headers={"Retry-After": "2"})


def _sent(scope: Scope) -> Scope:
    return {name: scope[name] for name in _SAID if name in scope}


def _begun(module: str, line: int) -> "subprocess.Popen[bytes]":
    """Begin a module as a program that finds its parts where this process does."""
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", module, str(line)],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
        pass_fds=[line],
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
