"""Streams: who takes nothing is let go, and who is slow, or is told nothing for long, is not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from starlette.types import Message

from app.core import streaming
from app.core.streaming import Stream

MINUTE = 0.3  # seconds, here


class Told:
    """What came of a stream: whether it was closed, and what a reader took."""

    def __init__(self, reads: Callable[[int], Awaitable[object]]) -> None:
        self.closed = False
        self.taken: list[bytes] = []
        self._reads = reads

    async def pieces(self, waits: float) -> AsyncIterator[bytes]:
        try:
            for number in range(2):
                await asyncio.sleep(waits)
                yield b"%d" % number
        finally:
            self.closed = True

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            await self._reads(len(self.taken))
            self.taken.append(message["body"])


async def _stays() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def told(reads: Callable[[int], Awaitable[object]], waits: float = 0) -> Told:
    found = Told(reads)
    pieces = found.pieces(waits)
    stream = Stream(await anext(pieces), pieces, "text/plain")  # as routes do it: the first is made before
    await asyncio.wait_for(stream({"type": "http", "method": "GET"}, _stays, found.send), 10)
    return found


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "STALLED_SECONDS", MINUTE)


@pytest.mark.parametrize("at", [0, 1])
async def test_a_reader_who_takes_nothing_is_let_go(at: int) -> None:
    async def stalls(number: int) -> None:
        if number == at:
            await asyncio.Event().wait()

    found = await told(stalls)
    assert found.closed
    assert len(found.taken) == at


async def test_a_slow_reader_gets_everything() -> None:
    found = await told(lambda _: asyncio.sleep(MINUTE / 2))
    assert found.taken == [b"0", b"1", b""]


async def test_pieces_that_take_long_to_make_are_waited_for() -> None:
    found = await told(lambda _: asyncio.sleep(0), waits=2.5 * MINUTE)
    assert found.taken == [b"0", b"1", b""]
