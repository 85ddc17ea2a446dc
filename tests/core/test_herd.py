"""Many who ask for the same when a write has dropped it: it is made once, and nobody waits longer than for that."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from httpx2 import ASGITransport, AsyncClient
from starlette.types import Message, Receive, Scope, Send

from app.core.hot import Hot
from app.register import KINDS
from tests.core.test_hot import Routes

WHO = UUID(int=1)


class Slow(Routes):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Event()
        self.fails = False  # the next one
        self.begun = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fails, self.fails = self.fails, False
        self.begun += 1
        await self.may.wait()
        if fails:
            raise ConnectionError
        await super().__call__(scope, receive, send)


async def asked_at_once(slow: Slow, paths: Sequence[str], *, fails: bool = False) -> list[Any]:
    """Ask many times for what was ready until the state turned."""
    hot = Hot(slow, lambda: slow, 200_000, kinds=KINDS)
    async with AsyncClient(transport=ASGITransport(hot), base_url="http://t") as client:
        slow.may.set()
        for path in paths:
            await client.get(path)
        slow.may.clear()
        slow.begun, slow.fails, slow.state, slow.touched = 0, fails, (2, 0), frozenset({("persons", WHO)})
        asking = [asyncio.ensure_future(client.get(path)) for path in paths for _ in range(8)]
        for _ in range(20):
            await asyncio.sleep(0)
        slow.may.set()
        return await asyncio.gather(*asking, return_exceptions=True)


async def test_what_many_ask_for_after_a_write_is_made_once() -> None:
    slow = Slow()
    answers = await asked_at_once(slow, ["/a", f"/v1/persons/{WHO}"])
    assert [answer.status_code for answer in answers] == [200] * 16
    assert slow.begun == 2


async def test_who_waits_for_an_answer_that_fails_asks_for_their_own() -> None:
    slow = Slow()
    first, *others = await asked_at_once(slow, ["/a"], fails=True)
    assert isinstance(first, ConnectionError)
    assert [answer.status_code for answer in others] == [200] * 7


async def test_what_was_never_ready_is_not_waited_for() -> None:
    slow = Slow()
    slow.headers = [(b"cache-control", b"no-store")]
    await asked_at_once(slow, ["/a"])
    assert slow.begun == 8


async def test_nobody_waits_for_a_client_that_does_not_read() -> None:
    slow, hangs, heard = Slow(), asyncio.Event(), asyncio.Event()
    hot = Hot(slow, lambda: slow, 200_000, kinds=KINDS)
    slow.may.set()
    scope = {"type": "http", "method": "GET", "path": "/a", "query_string": b"", "headers": [(b"accept", b"*/*")]}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            heard.set()
            await hangs.wait()

    async with AsyncClient(transport=ASGITransport(hot), base_url="http://t") as client:
        await client.get("/a")
        slow.state = (2, 0)
        stuck = asyncio.ensure_future(hot(scope, never, send))
        await heard.wait()
        async with asyncio.timeout(5):
            assert (await client.get("/a")).status_code == 200
        assert slow.begun == 2
        hangs.set()
        await stuck


async def never() -> Message:
    raise AssertionError
