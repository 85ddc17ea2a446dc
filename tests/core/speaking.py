"""Speaks to the protocol below an application in bytes, piece by piece, as clients and networks may cut them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from app.core.wire import Wire

_PATIENCE: Final = 60.0  # seconds


@asynccontextmanager
async def spoken_to(app: Any) -> AsyncIterator[Callable[..., Awaitable[bytes]]]:
    """Serve an application; give what sends pieces over a new connection and gives all that is answered."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"today")]
    server = await asyncio.get_running_loop().create_server(lambda: Wire(config, state, {}), "127.0.0.1", 0)

    async def say(*pieces: bytes, answers: int = 0) -> bytes:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        answered = b""
        async with asyncio.timeout(_PATIENCE):
            while answered.count(b"HTTP/1.1 ") < answers and (more := await reader.read(65_536)):
                answered += more
        writer.write_eof()
        answered += await reader.read()
        writer.close()
        return answered

    async with server:
        yield say


async def ask(*pieces: bytes, app: Any, answers: int = 0) -> bytes:
    """Send pieces to an application over one connection; give all that is answered.

    Who hangs up is not answered any more: that is done when so many ``answers`` have begun.
    """
    async with spoken_to(app) as say:
        return await say(*pieces, answers=answers)


def heard(answered: bytes) -> list[Any]:
    """Give the lines of answers that are lists in JSON."""
    return [json.loads(line) for line in answered.splitlines() if line.startswith(b"[")]
