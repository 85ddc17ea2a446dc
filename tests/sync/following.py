"""What tests of the feed share: followers, and clients of streams."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from httpx2 import AsyncClient

Item = dict[str, Any]
Held = dict[tuple[str, str], Any]


async def items_of(client: AsyncClient, **query: Any) -> list[Item]:
    """Give everything that the feed holds after a cursor, page by page."""
    items: list[Item] = []
    while True:
        answer = await client.get("/v1/changes", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["items"] or not page["has_more"]
        items += page["items"]
        if not page["has_more"]:
            return items
        query["after"] = page["cursor"]


async def cursor_of(client: AsyncClient) -> str:
    """Give the cursor at the end of the feed."""
    cursor = ""
    while True:
        page = (await client.get("/v1/changes", params={"after": cursor} if cursor else {})).json()
        cursor = str(page["cursor"])
        if not page["has_more"]:
            return cursor


@dataclass
class Copy:
    """What a follower holds, and every version that it was ever given."""

    held: Held = field(default_factory=dict)
    given: list[tuple[str, str, int]] = field(default_factory=list)
    cursor: str | None = None

    def take(self, item: Item) -> None:
        key = (item["kind"], item["id"])
        self.given.append((*key, item["version"]))
        self.cursor = item["cursor"]
        if item["action"] == "upsert":
            self.held[key] = item["record"]
        else:
            assert item["record"] is None
            self.held.pop(key, None)


async def exported(client: AsyncClient, **query: Any) -> tuple[Item, list[Item], Item]:
    """Give the first line of an export, its records, and its last line."""
    answer = await client.get("/v1/export", params=query)
    assert answer.status_code == 200, answer.text
    first, *records, last = map(json.loads, answer.text.splitlines())
    assert last["count"] == len(records)
    return first, records, last


def held_in(records: list[Item]) -> Held:
    """Give what an export holds, as a follower would hold it."""
    return {(line["kind"], line["record"]["id"]): line["record"] for line in records}


class _Exchange:
    """Both ends of one request, without a server in between."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        self.left = asyncio.Event()
        self._asked = False

    async def receive(self) -> Any:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            told = {name.decode(): value.decode() for name, value in message["headers"]}
            await self.pieces.put(json.dumps({"status": message["status"], **told}).encode())
        elif message["body"]:
            await self.pieces.put(message["body"])
        if not message.get("more_body", True):
            await self.pieces.put(None)

    async def body(self) -> AsyncIterator[bytes]:
        while (piece := await self.pieces.get()) is not None:
            yield piece

    async def leave(self, serving: "asyncio.Future[None]") -> None:
        self.left.set()
        while not serving.done():
            if not self.pieces.empty():
                self.pieces.get_nowait()
            await asyncio.sleep(0.001)
        await serving


def _scope(path: str, method: str, headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
    target, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": target,
        "raw_path": target.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "server": ("t", 80),
        "client": ("t", 1),
    }


@asynccontextmanager
async def streamed(
    app: FastAPI, path: str, *headers: tuple[str, str], method: str = "GET"
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Ask for an answer that does not end, and go away when the block does.

    Gives the pieces of the body as they are sent; the first is the start of the answer, as JSON.
    """
    exchange = _Exchange()
    serving = asyncio.ensure_future(app(_scope(path, method, headers), exchange.receive, exchange.send))
    try:
        yield exchange.body()
    finally:
        await exchange.leave(serving)


async def events_of(body: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, Item]]:
    """Give the id and the data of each event of a stream."""
    rest = b""
    async for piece in body:
        *whole, rest = (rest + piece).split(b"\n\n")
        for text in whole:
            lines = dict(line.split(b": ", 1) for line in text.split(b"\n"))
            if b"data" in lines:
                yield lines[b"id"].decode(), json.loads(lines[b"data"])
