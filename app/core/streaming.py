"""Answers that are sent while they are made."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

# A reader who takes nothing for so long has gone, or holds what others wait for.
STALLED_SECONDS: Final = 60


class Stream(Response):
    """Sends pieces as they are made; ends when the reader goes away or takes nothing for a minute.

    What makes the pieces is closed in every case, so that it gives back its connection. HEAD gets the headers only.
    """

    def __init__(
        self, first: bytes, rest: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(None, 200, dict(headers or {}), media_type)
        del self.headers["content-length"]
        self._first = first
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        sending = asyncio.ensure_future(self._send(send, head=scope.get("head", False)))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not sending.done():
                sending.cancel()
            await asyncio.wait({sending, leaving})
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send, *, head: bool) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._rest) as rest:  # type: ignore[type-var]  # generators have aclose
            if not head:
                await _piece(send, self._first)
                async for piece in rest:
                    await _piece(send, piece)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _piece(send: Send, piece: bytes) -> None:
    async with asyncio.timeout(STALLED_SECONDS):
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
