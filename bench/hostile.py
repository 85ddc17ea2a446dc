"""Clients that mean harm: what they try, what they get, and how long others wait meanwhile.

Each function takes the address of a server and how much of it to try, so that a test tries little and
`python3 run.py trust` all of it. Every one raises ``Hurt`` when somebody else is not answered.
"""

import asyncio
import contextlib
import json
import resource
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

Address = tuple[str, int]
_ASKED: Final = "/healthz"
_PATIENCE: Final = 30.0  # seconds that others wait before they count as not answered
_AT_ONCE: Final = 500  # connections that are opened at a time


class Hurt(Exception):  # noqa: N818 - what is said to whoever measures
    """Others were not answered, or the server took what it should refuse."""


@dataclass(slots=True)
class Found:
    """What came of it: how many connections or requests were tried, what each got, and what others waited."""

    what: str
    tried: int
    got: Counter[str] = field(default_factory=Counter)
    waited: list[float] = field(default_factory=list)  # seconds, of others

    def __str__(self) -> str:
        got = ", ".join(f"{count:,} {what}" for what, count in sorted(self.got.items()))
        worst = max(self.waited, default=0.0) * 1000
        return f"{self.what:34}{self.tried:>8,}   others waited {worst:,.0f} ms at most   {got}"


async def idle(address: Address, connections: int) -> Found:
    """Open connections that say nothing, and ask beside them."""
    found = Found("idle connections", connections)
    async with _opened(address, connections, found) as opened:
        await _others(address, found)
        found.got["held"] += sum(not reader.at_eof() for reader, _ in opened)
    return found


async def slow_heads(address: Address, connections: int, seconds: float, pause: float = 1.0) -> Found:
    """Send heads a byte at a time (slowloris), and ask beside them."""
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 10_000
    return await _slowly(Found("slow heads", connections), address, head, seconds, pause)


async def slow_bodies(address: Address, connections: int, seconds: float, pause: float = 1.0) -> Found:
    """Send bodies a byte at a time, and ask beside them."""
    head = _request("POST", "/v1/match", "Content-Type: application/json", "Content-Length: 100000")
    return await _slowly(Found("slow bodies", connections), address, head + b" " * 10_000, seconds, pause, len(head))


async def slow_readers(address: Address, connections: int, path: str, seconds: float) -> Found:
    """Ask for much and take nothing of it."""
    found = Found("readers that take nothing", connections)
    async with _opened(address, connections, found, limit=1) as opened:
        for _, writer in opened:
            writer.write(_request("GET", path) * 50)
        await _others(address, found)
        await asyncio.sleep(seconds)
        await _others(address, found)
        cut = await asyncio.gather(*(_is_cut(writer) for _, writer in opened))
        found.got.update("cut" if one else "held" for one in cut)
    return found


async def large_heads(address: Address) -> Found:
    """Send addresses and fields of all sizes, in one piece and in many."""
    sizes = (20_000, 63_000, 70_000, 200_000, 2_000_000)
    asked = {f"address of {size:,}": _request("GET", "/" + "x" * size) for size in sizes}
    asked |= {f"field of {size:,}": _request("GET", "/", f"X-Large: {'x' * size}") for size in sizes[1:]}
    asked["3,000 fields"] = _request("GET", "/", *(f"X-{number}: some value" for number in range(3000)))
    asked["fields behind a body"] = (
        _request("POST", "/v1/match", "Transfer-Encoding: chunked") + b"0\r\n" + b"X-Trailer: some value\r\n" * 100_000
    )
    return await _each("large heads", address, asked, {"400", "404", "408", "413", "414", "415", "431"})


async def bombs(address: Address) -> Found:
    """Send bodies that are small on the wire and large once read."""
    deep = {"[": b"[" * 400_000, "{": b'{"a":' * 100_000, "whole": b"[" * 150 + b"]" * 150}
    asked = {f"deep JSON: {name}": _post(body) for name, body in deep.items()}
    asked["many names"] = _post(json.dumps({f"n{number}": 0 for number in range(50_000)}).encode())
    asked["a long number"] = _post(b'{"queries": ' + b"9" * 900_000 + b"}")
    asked |= {name: _post(b"\x1f\x8b", f"Content-Encoding: {name}") for name in ("gzip", "br", "zstd", "deflate")}
    return await _each("bombs", address, asked, {"400", "413", "415", "422"})


async def noise(address: Address, pieces: Sequence[bytes]) -> Found:
    """Send bytes that are no HTTP, each over a connection of its own."""
    asked = {f"noise {number}": piece for number, piece in enumerate(pieces)}
    return await _each("noise", address, asked, {"400", "404", "405", "408", "414", "431", "nothing"}, end=True)


async def _slowly(found: Found, address: Address, said: bytes, seconds: float, pause: float, at: int = 40) -> Found:
    """Send what comes before a place at once, and the rest byte by byte."""
    async with _opened(address, found.tried, found) as opened:
        for _, writer in opened:
            writer.write(said[:at])
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(pause)
            for reader, writer in opened:
                if not reader.at_eof():
                    writer.write(said[at : at + 1])
            at += 1
            await _others(address, found, times=1)
        found.got.update(await asyncio.gather(*(_status(reader, 0.1) for reader, _ in opened)))
    return found


async def _each(what: str, address: Address, asked: dict[str, bytes], allowed: set[str], *, end: bool = False) -> Found:
    found = Found(what, len(asked))
    for name, request in asked.items():
        status = await _answer(address, request, end=end)
        if status not in allowed:
            raise Hurt(f"{name}: {status}")
        found.got[status] += 1
    await _others(address, found)
    return found


async def _answer(address: Address, request: bytes, *, end: bool = False) -> str:
    reader, writer = await asyncio.open_connection(*address)
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(request)
            await asyncio.wait_for(writer.drain(), _PATIENCE)
            if end:
                writer.write_eof()
        return await _status(reader, _PATIENCE)
    finally:
        writer.close()


async def _status(reader: asyncio.StreamReader, patience: float) -> str:
    """Give the status of the answer that has arrived, if one has."""
    try:
        line = await asyncio.wait_for(reader.readline(), patience)
    except TimeoutError:
        return "held"
    except ConnectionError:
        return "nothing"
    return line.split(b" ")[1].decode() if line.startswith(b"HTTP/1.1 ") else "nothing"


async def _is_cut(writer: asyncio.StreamWriter) -> bool:
    try:
        for _ in range(3):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)
    except ConnectionError:
        return True
    return writer.transport.is_closing()


async def _others(address: Address, found: Found, times: int = 5) -> None:
    """Ask as others do, and note how long the answers took."""
    for _ in range(times):
        began = time.perf_counter()
        status = await _timed(_answer, address, _request("GET", _ASKED, "Connection: close"))
        if status != "200":
            raise Hurt(f"{found.what}: somebody else got {status}")
        found.waited.append(time.perf_counter() - began)


async def _timed(ask: Callable[[Address, bytes], Awaitable[str]], address: Address, request: bytes) -> str:
    try:
        return await asyncio.wait_for(ask(address, request), _PATIENCE)
    except (TimeoutError, OSError) as error:
        return type(error).__name__


@contextlib.asynccontextmanager
async def _opened(
    address: Address, count: int, found: Found, limit: int = 1 << 16
) -> AsyncIterator[list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + 100:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 100), hard))
    opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    try:
        for done in range(0, count, _AT_ONCE):
            wanted = range(min(_AT_ONCE, count - done))
            opened += await asyncio.gather(*(asyncio.open_connection(*address, limit=limit) for _ in wanted))
        yield opened
    except OSError as error:
        raise Hurt(f"{found.what}: after {len(opened)} connections: {error}") from error
    finally:
        for _, writer in opened:
            writer.transport.abort()


def _request(method: str, path: str, *fields: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *fields, "", ""]).encode()


def _post(body: bytes, *fields: str) -> bytes:
    said = ("Content-Type: application/json", f"Content-Length: {len(body)}", *fields)
    return _request("POST", "/v1/match", *said) + body
