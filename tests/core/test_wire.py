"""The protocol below the application: what it lets through, and what it refuses by itself."""

import asyncio
import json
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from app.core.wire import Wire


async def _echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    said = [scope["path"], scope["query_string"].decode(), body.decode()]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(said).encode() + b"\n"})


async def _ask(*pieces: bytes) -> bytes:
    config = uvicorn.Config(_echo, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: Wire(config, state, {}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.write_eof()
        answered = await reader.read()
        writer.close()
    return answered


def _heard(answered: bytes) -> list[Any]:
    return [json.loads(line) for line in answered.splitlines() if line.startswith(b"[")]


def _request(target: str, body: str = "") -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    return (head + body).encode()


async def test_an_address_with_letters_as_they_are_is_understood() -> None:
    answered = await _ask(_request("/v1/é?q=Мікалай%20х&b=1"), _request("/a?q=ў"))
    assert _heard(answered) == [
        ["/v1/é", "q=%D0%9C%D1%96%D0%BA%D0%B0%D0%BB%D0%B0%D0%B9%20%D1%85&b=1", ""],
        ["/a", "q=%D1%9E", ""],
    ]


async def test_a_body_that_looks_like_a_request_stays_as_it_is() -> None:
    body = "GET /ў HTTP/1.1\r\n"
    whole = _request("/a", body)
    cut = len(whole) - len(body.encode())
    answered = await _ask(whole[:cut], whole[cut:])
    assert _heard(answered) == [["/a", "", body]]


async def test_what_is_no_http_gets_a_problem() -> None:
    for nonsense in (
        b"\xd0\xbf\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xd0\xbf\x01 HTTP/1.1\r\n\r\n",
    ):
        answered = await _ask(nonsense)
        assert answered.startswith(b"HTTP/1.1 400 Bad Request")
        assert json.loads(answered.partition(b"\r\n\r\n")[2])["type"] == "/problems/malformed"
