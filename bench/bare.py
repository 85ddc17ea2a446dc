"""The reference: an ASGI application that answers fixed bytes, as many as the path says (`/1200`)."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

_PORTION = 1 << 16


@cache
def _answer(size: int) -> tuple[dict[str, Any], dict[str, Any]]:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    return start, {"type": "http.response.body", "body": b"x" * size}


async def app(scope: dict[str, Any], _: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Answer `/N` with N bytes, `/stream/N` with N bytes in portions, `/304` without a body."""
    if scope["type"] != "http":
        return
    path: str = scope["path"]
    if path.startswith("/stream/"):
        await _stream(int(path[8:]), send)
        return
    if path == "/304":
        await send({"type": "http.response.start", "status": 304, "headers": []})
        await send({"type": "http.response.body"})
        return
    start, body = _answer(int(path[1:]))
    await send(start)
    await send(body)


async def _stream(size: int, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/jsonl")]})
    portion = b"x" * _PORTION
    for left in range(size, 0, -_PORTION):
        await send({"type": "http.response.body", "body": portion[:left], "more_body": True})
    await send({"type": "http.response.body"})
