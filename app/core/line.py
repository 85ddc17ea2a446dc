"""The line between a worker and the process that writes for it: frames over a pair of sockets that only they have."""

import asyncio
import pickle
import socket
from typing import Any, Final

_LENGTH: Final = 4  # bytes before each frame
NOTHING: Final = 0  # the number of no request

# What is said on the line, about a request with a number: to the scribe,
OPEN, SERVE, GIVEN, CANCEL = "open", "serve", "given", "cancel"
# by the scribe,
READY, RECEIVE, SEND, END = "ready", "receive", "send", "end"
Said = tuple[int, str, Any]


class Line:
    """One end of the line: frames of a few values, each with its length before it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Line":
        return cls(*await asyncio.open_unix_connection(sock=end))

    async def say(self, number: int, verb: str, value: object = None) -> None:
        """Say something; who says more than the other end takes waits."""
        frame = pickle.dumps((number, verb, value))
        self._writer.writelines((len(frame).to_bytes(_LENGTH), frame))
        await self._writer.drain()

    async def hear(self) -> Said | None:
        """Give what the other end said next; None when it is gone."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH))
            frame = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            return None
        said: Said = pickle.loads(frame)  # noqa: S301 - the other end of this pair is our own process
        return said

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
