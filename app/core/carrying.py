"""The process that writes, from within: it answers what comes over the line (`app.core.scribe` has the other end)."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Scope

from app.core.access import IDENTIFIED
from app.core.line import CANCEL, END, NOTHING, READY, RECEIVE, SEND, SERVE, Line
from app.core.logs import told

_LOG: Final = structlog.get_logger("vestka")
Opening = Callable[[Any], contextlib.AbstractAsyncContextManager[ASGIApp]]


async def carry_out(end: socket.socket, opening: Opening) -> None:
    """Be the process: answer what is asked on a line until nobody is there any more.

    ``opening`` makes the application of what the other end opened the line with.
    """
    line = await Line.over(end)
    opened = await line.hear()
    if opened is None:
        return
    try:
        async with opening(opened[2]) as app:
            await line.say(NOTHING, READY)
            await _answer_all(line, app)
    except Exception as error:  # noqa: BLE001 - its words are not for the log: they may be of an address
        _LOG.error("the process that writes ended", **told(error))


async def _answer_all(line: Line, app: ASGIApp) -> None:
    requests: dict[int, _Carried] = {}
    while (said := await line.hear()) is not None:
        number, verb, value = said
        if verb == SERVE:
            requests[number] = _Carried(line, number, app, value)
            requests[number].task.add_done_callback(partial(_forget, requests, number))
        elif number in requests:
            requests[number].told(verb, value)
    # Whoever asked is gone: what has not been committed is not.
    left = list(requests.values())
    for request in left:
        request.give_up()
    await asyncio.gather(*(request.task for request in left), return_exceptions=True)


def _forget(requests: "dict[int, _Carried]", number: int, _: object) -> None:
    del requests[number]


class _Carried:
    """A request that is being answered in the process that writes."""

    def __init__(self, line: Line, number: int, app: ASGIApp, scope: Scope) -> None:
        self._line = line
        self._number = number
        self._identified: set[Any] = set()
        self._given: dict[str, asyncio.Future[Any]] = {}
        self._given_up = False
        self._begun: list[Message] = []
        self.task = asyncio.create_task(self._answer(app, {**scope, "client": None, IDENTIFIED: self._identified}))

    def told(self, verb: str, value: Any) -> None:  # noqa: ANN401 - whatever was called for
        """Hear what a call gave, or that the request was given up."""
        if verb == CANCEL:
            self.give_up()
        elif (given := self._given.get(value[0])) is not None and not given.done():
            given.set_result(value[1])

    def give_up(self) -> None:
        """End it, and say nothing more of it."""
        self._given_up = True
        self.task.cancel()

    async def _answer(self, app: ASGIApp, scope: Scope) -> None:
        failed = None
        try:
            await app(scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001 - its words stay here: they may be of what was sent
            failed = type(error).__name__
            _LOG.error("failed", **told(error))
        with contextlib.suppress(OSError):
            await self._line.say(self._number, END, failed)

    async def _receive(self) -> Message:
        if self._given_up:
            return {"type": "http.disconnect"}
        message: Message = await self._call(RECEIVE)
        return message

    async def _send(self, message: Message) -> None:
        # An answer goes with what it begins with: if this process is lost, it has begun with something or not at all.
        self._begun.append(message)
        if message["type"] != "http.response.start" and not self._given_up:  # or nobody listens any more
            sent, self._begun = self._begun, []
            await self._call(SEND, (sent, list(self._identified)))

    async def _call(self, verb: str, value: object = None) -> Any:  # noqa: ANN401 - what the call gives
        given = self._given[verb] = asyncio.get_running_loop().create_future()
        await self._line.say(self._number, verb, value)
        return await given
