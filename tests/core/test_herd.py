"""Many who ask for the same when a write has dropped it: it is made once, and nobody waits longer than for that."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
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
        self.fails = 0  # which one
        self.begun = 0
        self.at_once = 0  # how many had begun when it answered the first

    async def __call__(self, scope: Scope, _: Receive, send: Send, /) -> None:
        self.begun += 1
        mine, headers = self.begun, self.headers
        await self.may.wait()
        if mine == self.fails:
            raise ConnectionError
        unchanged = (b"if-none-match", dict(headers).get(b"etag")) in scope["headers"]
        await send({"type": "http.response.start", "status": 304 if unchanged else 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if unchanged else b"x" * 10_000})


async def dropped(slow: Slow, client: AsyncClient, paths: Sequence[str]) -> None:
    """Have answers that were ready until the state turned."""
    slow.may.set()
    for path in paths:
        await client.get(path)
    slow.may.clear()
    slow.begun, slow.state, slow.touched = 0, (2, 0), frozenset({("persons", WHO)})


def herd(slow: Slow) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(Hot(slow, lambda: slow, 200_000, kinds=KINDS)), base_url="http://t")


async def asked_at_once(slow: Slow, paths: Sequence[str], known: str = "", fails: int = 0) -> list[Any]:
    """Ask many times for what was ready, the first with the tag of what it knows."""
    async with herd(slow) as client:
        await dropped(slow, client, paths)
        slow.fails = fails
        first = {"If-None-Match": known} if known else {}
        asking = [asyncio.ensure_future(client.get(path, headers=first)) for path in paths]
        asking += [asyncio.ensure_future(client.get(path)) for path in paths for _ in range(7)]
        await settled()
        slow.at_once = slow.begun
        slow.may.set()
        return await asyncio.gather(*asking, return_exceptions=True)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_many_ask_for_after_a_write_is_made_once() -> None:
    slow = Slow()
    answers = await asked_at_once(slow, ["/a", f"/v1/persons/{WHO}"])
    assert [answer.status_code for answer in answers] == [200] * 16
    assert slow.begun == 2


async def test_also_if_the_first_of_them_has_it_already() -> None:
    slow = Slow()
    first, *others = await asked_at_once(slow, ["/a"], known='"1-a"')
    assert (first.status_code, first.content) == (304, b"")
    assert [(answer.status_code, len(answer.content)) for answer in others] == [(200, 10_000)] * 7
    assert slow.begun == 1


async def test_who_waits_for_an_answer_that_fails_asks_for_their_own() -> None:
    slow = Slow()
    first, *others = await asked_at_once(slow, ["/a"], fails=1)
    assert isinstance(first, ConnectionError)
    assert [answer.status_code for answer in others] == [200] * 7


async def test_what_was_never_ready_is_not_waited_for() -> None:
    slow = Slow()
    slow.headers = [(b"cache-control", b"no-store")]
    await asked_at_once(slow, ["/a"])
    assert slow.at_once == 8


async def test_what_is_made_while_the_state_turns_is_no_answer_to_who_asks_afterwards() -> None:
    slow = Slow()
    async with herd(slow) as client:
        await dropped(slow, client, ["/a"])
        early = [asyncio.ensure_future(client.get("/a")) for _ in range(3)]
        await settled()
        slow.state = (3, 0)
        slow.headers = [(name, b'"2-b"' if name == b"etag" else value) for name, value in slow.headers]
        late = [asyncio.ensure_future(client.get("/a")) for _ in range(3)]
        await settled()
        slow.may.set()
        assert {(await answer).headers["ETag"] for answer in early} <= {'"1-a"', '"2-b"'}
        assert {(await answer).headers["ETag"] for answer in late} == {'"2-b"'}
        await client.get("/a")
        assert slow.begun <= 3  # one of the earlier state, one of this; and one of who came in between


async def test_other_writes_do_not_end_that() -> None:
    slow = Slow()
    async with herd(slow) as client:
        await dropped(slow, client, ["/a", "/b"])
        slow.may.set()
        await client.get("/b")
        slow.may.clear()
        slow.begun, slow.state = 0, (3, 0)  # which drops one that was made again, and not the other
        asking = [asyncio.ensure_future(client.get("/a")) for _ in range(8)]
        await settled()
        slow.may.set()
        await asyncio.gather(*asking)
        assert slow.begun == 1


@pytest.mark.parametrize("where", ["http.response.start", "http.response.body"])
async def test_nobody_waits_for_a_client_that_does_not_read(where: str) -> None:
    slow, hangs, heard = Slow(), asyncio.Event(), asyncio.Event()
    hot = Hot(slow, lambda: slow, 200_000, kinds=KINDS)
    scope = {"type": "http", "method": "GET", "path": "/a", "query_string": b"", "headers": [(b"accept", b"*/*")]}

    async def send(message: Message) -> None:
        if message["type"] == where:
            heard.set()
            await hangs.wait()

    async with AsyncClient(transport=ASGITransport(hot), base_url="http://t") as client:
        await dropped(slow, client, ["/a"])
        slow.may.set()
        stuck = asyncio.ensure_future(hot(scope, never, send))
        async with asyncio.timeout(5):
            await heard.wait()
            assert (await client.get("/a")).status_code == 200
            assert slow.begun == 1
            slow.state = (3, 0)
            await asyncio.gather(*(client.get("/a") for _ in range(3)))
            assert slow.begun == 2
        hangs.set()
        await stuck


async def never() -> Message:
    raise AssertionError
