"""Answers that are sent while they are made."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

# A reader who takes nothing for so long has gone, or holds what others wait for.
STALLED_SECONDS: Final = 60


class Stream(Response):
    """Sends pieces as they are made; ends when the reader goes away or takes nothing for a minute or two.

    What makes the pieces is closed in every case, so that it gives back its connection. HEAD gets the headers only.
    """

    def __init__(
        self, first: bytes, rest: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(None, 200, dict(headers or {}), media_type)
        del self.headers["content-length"]
        self._first = first
        self._rest = rest
        self._offered: Message | None = None  # what the reader is to take; nothing while the next piece is made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        sending = asyncio.ensure_future(self._send(send, head=scope.get("head", False)))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await self._over({sending, leaving})
        finally:
            leaving.cancel()
            if not sending.done():
                sending.cancel()
            await asyncio.wait({sending, leaving})
        if not sending.cancelled():
            sending.result()

    async def _over(self, tasks: set[asyncio.Future[None]]) -> None:
        """Wait until a task ends, or the reader was found at one and the same piece twice; no piece has a timer."""
        offered: Message | None = None
        while not (await asyncio.wait(tasks, timeout=STALLED_SECONDS, return_when=asyncio.FIRST_COMPLETED))[0]:
            if self._offered is not None and self._offered is offered:
                return
            offered = self._offered

    async def _send(self, send: Send, *, head: bool) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._rest) as rest:  # type: ignore[type-var]  # generators have aclose
            if not head:
                await self._offer(send, self._first)
                async for piece in rest:
                    await self._offer(send, piece)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _offer(self, send: Send, piece: bytes) -> None:
        self._offered = {"type": "http.response.body", "body": piece, "more_body": True}
        await send(self._offered)
        self._offered = None


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
