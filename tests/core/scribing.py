"""An application for the process that writes which does what tests ask of it, and that process."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.access import IDENTIFIED
from app.core.carrying import carry_out

KEY = UUID(int=7)
_START = {"type": "http.response.start", "status": 201, "headers": [(b"x-invented", b"1")]}


async def _echo(_: Scope, receive: Receive, send: Send) -> None:
    await send(_START)
    more = True
    while more:
        message = await receive()
        more = message["more_body"]
        await send({"type": "http.response.body", "body": message["body"], "more_body": more})


async def _take(_: Scope, receive: Receive, send: Send) -> None:
    taken, more = 0, True
    while more:
        message = await receive()
        taken, more = taken + len(message["body"]), message["more_body"]
    await send(_START)
    await send({"type": "http.response.body", "body": str(taken).encode()})


async def _tell(scope: Scope, _: Receive, send: Send) -> None:
    scope[IDENTIFIED].add(KEY)
    await send(_START)
    await send({"type": "http.response.body", "body": repr((sorted(scope), scope["client"])).encode()})


async def _die(_: Scope, __: Receive, ___: Send) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _answer_and_die(_: Scope, __: Receive, send: Send) -> None:
    await send(_START)
    await send({"type": "http.response.body", "body": b"written"})
    os.kill(os.getpid(), signal.SIGKILL)


async def _fail(_: Scope, __: Receive, ___: Send) -> None:
    raise KeyError("invented words")


async def _break(_: Scope, __: Receive, send: Send) -> None:
    await send(_START)
    await send({"type": "http.response.body", "body": b"part", "more_body": True})
    raise KeyError("invented words")


class _Waiting:
    """Waits for ever, and tells how many still do."""

    def __init__(self) -> None:
        self._count = 0

    async def wait(self, _: Scope, receive: Receive, send: Send) -> None:
        self._count += 1
        try:
            await asyncio.sleep(600)
        finally:
            await send(_START)  # as the edge does, to nobody
            await receive()
            self._count -= 1

    async def until_gone(self, _: Scope, receive: Receive, send: Send) -> None:
        """Answer when the client goes away, and send something before."""
        await receive()
        waiting = asyncio.create_task(asyncio.wait_for(receive(), 600))
        await send(_START)
        await send({"type": "http.response.body", "body": b"still there, ", "more_body": True})
        await waiting
        await send({"type": "http.response.body", "body": b"gone"})

    async def count(self, _: Scope, __: Receive, send: Send) -> None:
        await send(_START)
        await send({"type": "http.response.body", "body": str(self._count).encode()})


@asynccontextmanager
async def opened(said: str) -> AsyncIterator[ASGIApp]:
    if said == "broken":
        raise OSError("invented words")
    waiting = _Waiting()
    apps = {
        "/echo": _echo,
        "/take": _take,
        "/tell": _tell,
        "/die": _die,
        "/answer-and-die": _answer_and_die,
        "/fail": _fail,
        "/break": _break,
    }
    apps |= {"/wait": waiting.wait, "/count": waiting.count, "/until-gone": waiting.until_gone}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await apps[scope["path"]](scope, receive, send)

    yield app


if __name__ == "__main__":
    asyncio.run(carry_out(socket.socket(fileno=int(sys.argv[1])), opened))
