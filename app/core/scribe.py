"""A process of its own that carries out what writes: whoever reads here then waits for nobody who writes.

Both ends of the line between them are here. A request goes over it as ASGI has it, and so do the calls that its
answering makes: what is received, sent and acknowledged in one process happens in the other, in the same order.
"""

import asyncio
import contextlib
import os
import pickle
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
from app.core.logs import told
from app.core.problems import Problem

_LOG: Final = structlog.get_logger("vestka")
_LENGTH: Final = 4  # bytes before each frame
_ENDS_WITHIN: Final = 10.0  # seconds
_NOT_AGAIN_FOR: Final = 60.0  # seconds after one that could not begin or was lost
_LOST: Final = (
    "The process that writes was lost. Whether this was written is not known: look, or send it again with the same "
    "`Idempotency-Key`."
)
# What a request is made of, but for who sent it: that stays in the process that was asked.
_SAID: Final = ("type", "asgi", "http_version", "method", "scheme", "server", "root_path")
_ASKED: Final = ("path", "raw_path", "query_string", "headers")

# What is said on the line, about a request with a number: to the scribe,
_OPEN, _SERVE, _GIVEN, _CANCEL = "open", "serve", "given", "cancel"
# by the scribe,
_READY, _RECEIVE, _SEND, _END = "ready", "receive", "send", "end"
# and by nobody: it is gone, or what it called for failed here.
_GONE, _FAILED = "gone", "failed"
_Said = tuple[int, str, Any]
_NOTHING: Final = 0  # the number of no request


class _Line:
    """One end of the line: frames of a few values, each with its length before it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "_Line":
        return cls(*await asyncio.open_unix_connection(sock=end))

    async def say(self, number: int, verb: str, value: object = None) -> None:
        """Say something; who says more than the other end takes waits."""
        frame = pickle.dumps((number, verb, value))
        self._writer.writelines((len(frame).to_bytes(_LENGTH), frame))
        await self._writer.drain()

    async def hear(self) -> _Said | None:
        """Give what the other end said next; None when it is gone."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH))
            frame = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            return None
        said: _Said = pickle.loads(frame)  # noqa: S301 - the other end of this pair is our own process
        return said

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


class Scribe:
    """The process, as those have it who hand requests to it.

    It runs ``module``, which is given the number of its end of the line, and told ``opened`` there. ``wrote`` is called
    before each answer is passed on. It ends with this process, however that ends.
    """

    def __init__(self, module: str, opened: object, wrote: Callable[[], None]) -> None:
        self._module = module
        self._opened = opened
        self._wrote = wrote
        self._numbers = count(_NOTHING + 1)
        self._handed: dict[int, _Handed] = {}
        self._line: _Line | None = None
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
        line: _Line | None = None
        try:
            with theirs:
                process = _begun(self._module, theirs.fileno())
            line = await _Line.over(ours)
            await line.say(_NOTHING, _OPEN, self._opened)
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

    async def _hear(self, line: _Line) -> None:
        while (said := await line.hear()) is not None:
            number, verb, value = said
            if verb == _READY:
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
        self, line: _Line, number: int, receive: Receive, send: Callable[[Any], Coroutine[Any, Any, None]]
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
            await self._line.say(self._number, _SERVE, scope)
            while not self._whole and (heard := await self.heard.get())[0] not in {_END, _GONE}:
                await self._called(*heard)
        except BaseException:
            with contextlib.suppress(OSError):
                await self._line.say(self._number, _CANCEL)
            raise
        finally:
            if self._receiving is not None:
                self._receiving.cancel()
        if self._whole:
            return None
        return _lost() if heard[0] == _GONE else heard[1] and RuntimeError(heard[1])

    async def _called(self, verb: str, value: Any) -> None:  # noqa: ANN401 - what is said with it
        if verb == _SEND:
            await self._send(value)
            self._whole = not value[0][-1].get("more_body", False)
            with contextlib.suppress(OSError):  # then it is heard that the scribe is gone, if that matters any more
                await self._line.say(self._number, _GIVEN, (_SEND, None))
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
            await self._line.say(self._number, _GIVEN, (_RECEIVE, message))


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
    return {name: scope[name] for name in (*_SAID, *_ASKED) if name in scope}


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


Opening = Callable[[Any], contextlib.AbstractAsyncContextManager[ASGIApp]]


async def carry_out(end: socket.socket, opening: Opening) -> None:
    """Be the process: answer what is asked on a line until nobody is there any more.

    ``opening`` makes the application of what the other end opened the line with.
    """
    line = await _Line.over(end)
    opened = await line.hear()
    if opened is None:
        return
    async with opening(opened[2]) as app:
        await line.say(_NOTHING, _READY)
        requests: dict[int, _Carried] = {}
        while (said := await line.hear()) is not None:
            number, verb, value = said
            if verb == _SERVE:
                requests[number] = _Carried(line, number, value)
                requests[number].begin(app, requests.pop)
            elif number in requests:
                requests[number].told(verb, value)
        # Whoever asked is gone: what has not been committed is not.
        tasks = [request.cancel() for request in requests.values()]
        await asyncio.gather(*tasks, return_exceptions=True)


class _Carried:
    """A request that is being answered in the process that writes."""

    def __init__(self, line: _Line, number: int, scope: Scope) -> None:
        self._line = line
        self._number = number
        self._identified: set[Any] = set()
        self._scope: Scope = {**scope, "client": None, IDENTIFIED: self._identified}
        self._given: dict[str, asyncio.Future[Any]] = {}
        self._task: asyncio.Task[None] | None = None
        self._given_up = False
        self._begun: list[Message] = []

    def begin(self, app: ASGIApp, ended: Callable[[int], object]) -> None:
        """Answer it, and tell when that has ended."""
        self._task = asyncio.create_task(self._answer(app))
        self._task.add_done_callback(lambda _: ended(self._number))

    def told(self, verb: str, value: Any) -> None:  # noqa: ANN401 - whatever was called for
        """Hear what a call gave, or that the request was given up."""
        if verb == _CANCEL:
            self.cancel()
        elif (given := self._given.get(value[0])) is not None and not given.done():
            given.set_result(value[1])

    def cancel(self) -> "asyncio.Task[None]":
        """Give it up."""
        if self._task is None:
            raise RuntimeError("it has not begun")
        self._given_up = True
        self._task.cancel()
        return self._task

    async def _answer(self, app: ASGIApp) -> None:
        failed = None
        try:
            await app(self._scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001 - its words stay here: they may be of what was sent
            failed = type(error).__name__
            _LOG.error("failed", **told(error))
        with contextlib.suppress(OSError):
            await self._line.say(self._number, _END, failed)

    async def _receive(self) -> Message:
        if self._given_up:
            return {"type": "http.disconnect"}
        message: Message = await self._call(_RECEIVE)
        return message

    async def _send(self, message: Message) -> None:
        # An answer goes with what it begins with: if this process is lost, it has begun with something or not at all.
        self._begun.append(message)
        if message["type"] != "http.response.start" and not self._given_up:  # or nobody listens any more
            sent, self._begun = self._begun, []
            await self._call(_SEND, (sent, list(self._identified)))

    async def _call(self, verb: str, value: object = None) -> Any:  # noqa: ANN401 - what the call gives
        given = self._given[verb] = asyncio.get_running_loop().create_future()
        await self._line.say(self._number, verb, value)
        return await given
