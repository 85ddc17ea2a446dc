"""Clients that are slow, greedy or many: given up in time, and the others do not notice."""

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.core import crowd
from app.core.crowd import Crowd
from app.core.edge import ALWAYS, REFUSED
from app.core.wire import Wire
from bench import hostile
from tests.serving import served

LOOK = 0.02
PATIENCE = LOOK * (crowd.PATIENCE + 2)
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class App:
    """Answers after the body, with as many bytes as the path says; `/early` before it, `/late` after a while."""

    def __init__(self) -> None:
        self.gone = 0
        self.refused: list[str] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if REFUSED in scope:
            self.refused.append(scope[REFUSED].type.slug)
        if scope["path"] != "/early":
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.gone += 1
                    return
                if not message["more_body"]:
                    break
        if scope["path"] == "/late":
            await asyncio.sleep(2 * PATIENCE)
        body = b"x" * int(scope["path"][1:] if scope["path"][1:].isdecimal() else 2)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
async def opened(app: App, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[], Awaitable[Streams]]]:
    monkeypatch.setattr(crowd, "LOOK_SECONDS", LOOK)
    async with _serving(app) as (address, _):
        yield lambda: asyncio.open_connection(*address)


@asynccontextmanager
async def _serving(app: App) -> AsyncIterator[tuple[tuple[str, int], ServerState]]:
    config = uvicorn.Config(app, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: Wire(config, state, {}), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname(), state
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


def head(path: str = "/", *fields: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *fields, "", ""]).encode()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    said = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in said[1:] if line)
    body = await reader.readexactly(int(fields.get("content-length", 0)))
    return int(said[0].split()[1]), fields, body


async def refused(reader: asyncio.StreamReader, status: int, slug: str) -> None:
    """Hold that a problem comes, with what every answer carries, and then nothing more."""
    given, fields, body = await answer(reader)
    assert (given, json.loads(body)["type"]) == (status, f"/problems/{slug}")
    assert fields["content-type"] == "application/problem+json"
    assert fields["connection"] == "close"
    assert {name.lower(): value.lower() for name, value in ALWAYS.items()}.items() <= fields.items()
    assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_a_head_that_does_not_end_is_refused(opened: Callable[[], Awaitable[Streams]]) -> None:
    reader, writer = await opened()
    began = asyncio.get_running_loop().time()
    for byte in head("/" + "x" * 1000):
        writer.write(bytes([byte]))
        await asyncio.sleep(0.01)
        if asyncio.get_running_loop().time() - began > PATIENCE:
            break
    await refused(reader, 408, "too-slow")
    assert asyncio.get_running_loop().time() - began < 10 * PATIENCE
    writer.close()


async def test_who_says_nothing_is_hung_up_on_without_a_word(opened: Callable[[], Awaitable[Streams]]) -> None:
    reader, writer = await opened()
    assert await asyncio.wait_for(reader.read(), 20 * PATIENCE) == b""
    writer.close()


@pytest.mark.parametrize("first", ["/", "/early"])
async def test_who_keeps_a_connection_open_with_what_is_no_request_is_hung_up_on(
    opened: Callable[[], Awaitable[Streams]], first: str
) -> None:
    reader, writer = await opened()
    writer.write(head(first, "Content-Length: 2", method="POST") + b"xx")
    assert (await answer(reader))[0] == 200
    for _ in range(200):
        writer.write(b"\r\n")
        await asyncio.sleep(LOOK)
        if reader.at_eof() or writer.is_closing():
            break
    else:
        pytest.fail("the connection is still open")
    writer.close()


async def test_a_body_that_does_not_come_is_refused_and_the_application_hears_of_it(
    opened: Callable[[], Awaitable[Streams]], app: App
) -> None:
    reader, writer = await opened()
    writer.write(head("/", "Content-Length: 100000", method="POST"))
    for _ in range(100):
        writer.write(b"x" * 10)
        await asyncio.sleep(LOOK / 2)
        if reader.at_eof() or app.gone:
            break
    await refused(reader, 408, "too-slow")
    assert app.gone == 1
    writer.close()


async def test_a_body_that_comes_slowly_but_comes_is_taken(opened: Callable[[], Awaitable[Streams]]) -> None:
    reader, writer = await opened()
    writer.write(head("/", "Content-Length: 300000", method="POST"))
    for _ in range(30):
        writer.write(b"x" * 10_000)
        await asyncio.sleep(LOOK)
    assert (await answer(reader))[0] == 200
    writer.close()


async def test_an_answer_may_take_its_time_and_a_connection_may_wait_for_the_next_request(
    opened: Callable[[], Awaitable[Streams]],
) -> None:
    reader, writer = await opened()
    for path in ("/late", "/"):
        writer.write(head(path))
        assert (await answer(reader))[0] == 200
        await asyncio.sleep(2 * PATIENCE)
    writer.close()


@pytest.mark.parametrize(("taken", "held"), [(0, False), (1_000_000, True)])
async def test_who_takes_nothing_of_an_answer_is_cut_and_who_takes_a_little_is_not(
    app: App, monkeypatch: pytest.MonkeyPatch, taken: int, *, held: bool
) -> None:
    monkeypatch.setattr(crowd, "LOOK_SECONDS", LOOK)
    async with _serving(app) as (address, state):
        reader, writer = await asyncio.open_connection(*address, limit=1)
        writer.write(head("/30000000"))
        for _ in range(30):
            await asyncio.sleep(LOOK)
            await reader.read(taken) if taken else None
        assert bool(state.connections) is held
        writer.close()


async def test_the_client_that_is_cut_has_no_request_left_at_work(
    opened: Callable[[], Awaitable[Streams]], app: App
) -> None:
    _, writer = await opened()
    writer.write(head("/late") * 3)
    await asyncio.sleep(LOOK)
    writer.transport.abort()
    await asyncio.sleep(3 * PATIENCE)
    assert app.gone == 0


@pytest.mark.parametrize(
    ("sent", "status", "slug"),
    [
        ([b"GET /", *[b"x" * 30_000] * 3], 414, "too-long"),
        ([b"GET / HTTP/1.1\r\n", *[b"X-Large: " + b"x" * 30_000] * 4], 431, "head-too-large"),
        ([b"GET / HTTP/1.1\r\n", *[b"X-Large: x\r\n" * 3000] * 4], 431, "head-too-large"),
        ([b"GET / HTTP/1.1\r\nHost: \x01\r\n\r\n"], 400, "malformed"),
        ([b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n"], 414, "too-long"),
        ([b"CONNECT example.org:443 HTTP/1.1\r\n\r\n"], 400, "malformed"),
        ([CHUNKED, b"0\r\nX: x", *[b"x" * 60_000] * 20], 400, "malformed"),
    ],
)
async def test_what_is_larger_than_anybody_needs_is_refused_while_it_comes(
    opened: Callable[[], Awaitable[Streams]], sent: list[bytes], status: int, slug: str
) -> None:
    reader, writer = await opened()
    for piece in sent:
        writer.write(piece)
        await asyncio.sleep(0.005)
    await refused(reader, status, slug)
    writer.close()


async def test_a_large_head_that_came_at_once_is_refused_by_the_application(
    opened: Callable[[], Awaitable[Streams]], app: App
) -> None:
    reader, writer = await opened()
    writer.write(head("/", "X-Large: " + "x" * 31_000) + head("/", "X-Large: " + "x" * 33_000))
    assert [(await answer(reader))[0] for _ in range(2)] == [200, 200]
    assert app.refused == ["head-too-large"]
    writer.close()


async def test_many_requests_at_once_and_many_answered_early_are_no_large_head(
    opened: Callable[[], Awaitable[Streams]],
) -> None:
    reader, writer = await opened()
    writer.write(head("/", "X-Some: " + "x" * 400) * 300)
    assert {(await answer(reader))[0] for _ in range(300)} == {200}
    for _ in range(120):
        writer.write(head("/early", "X-Some: " + "x" * 10_000, "Content-Length: 300", method="POST") + b"x" * 300)
        assert (await answer(reader))[0] == 200
    writer.close()


async def test_what_cannot_be_read_behind_a_request_does_not_take_its_answer(
    opened: Callable[[], Awaitable[Streams]],
) -> None:
    reader, writer = await opened()
    writer.write(head("/late"))
    await asyncio.sleep(LOOK)
    writer.write(b"nonsense\r\n\r\n")
    assert (await answer(reader))[0] == 200
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_where_there_is_no_room_the_longest_idle_gives_way_and_those_at_work_do_not(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "room", lambda: 3)
    async with _serving(app) as (address, state):
        idle = await asyncio.open_connection(*address)
        busy = []
        for number in range(3):
            state_of = crowd.crowd_of(state)
            state_of.looks += 1
            busy.append(await asyncio.open_connection(*address))
            busy[number][1].write(head("/late"))
            await asyncio.sleep(0.01)
        assert await asyncio.wait_for(idle[0].read(), 5) == b""
        reader, writer = await asyncio.open_connection(*address)
        given, fields, body = await answer(reader)
        assert (given, json.loads(body)["type"], fields["retry-after"]) == (503, "/problems/unavailable", "5")
        assert [(await answer(one))[0] for one, _ in busy] == [200] * 3
        for _, one in [idle, *busy, (reader, writer)]:
            one.close()


def test_a_crowd_that_is_full_lets_a_portion_go_at_once() -> None:
    class Idle:
        def __init__(self, since: int) -> None:
            self.idle_since: int | None = since
            self.left = False

        def look(self, looks: int) -> None: ...

        def make_room(self) -> None:
            self.left, self.idle_since = True, None

    async def full() -> list[int]:
        everybody = [Idle(number) for number in range(161)]
        connections: set[crowd.Connection] = set(everybody)
        assert Crowd(connections, 60, 160).has_room_for(everybody[-1])
        return [number for number, one in enumerate(everybody) if one.left]

    assert asyncio.run(full()) == list(range(11))


async def test_a_server_with_hostile_clients_answers_the_others(sqlite_url: str) -> None:
    """As `python3 run.py trust` does with 10,000 connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with served(sqlite_url) as running:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            address = running.address
            assert (await hostile.idle(address, 400)).got == {"held": 400}
            assert (await hostile.large_heads(address)).got == {"404": 1, "414": 4, "431": 6}
            assert (await hostile.bombs(address)).got.keys() == {"400", "415", "422"}
            await hostile.slow_heads(address, 20, 0.5, 0.1)
            await hostile.slow_bodies(address, 20, 0.5, 0.1)
            await hostile.slow_readers(address, 5, "/static/swagger/swagger-ui-bundle.js", 0.1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
