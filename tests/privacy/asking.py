"""Requests straight to the application, and their answers as they left it."""

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import zstandard
from starlette.types import ASGIApp

from tests.privacy.marks import readable

_STREAMED = "text/event-stream"


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __str__(self) -> str:
        said = "".join(f" {name}: {value[:60]}" for name, value in self.headers if name != "authorization")
        return f"{self.method} {self.target[:300]}{said} {self.body[:200]!r}"


@dataclass
class Answer:
    """An answer, whole; of a stream, its beginning."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """All of it that can be read, headers included."""
        head = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        body = _decoders[self.headers.get("content-encoding", "")](self.body)
        return f"{head}\n\n{readable(body, self.headers.get('content-type', ''))}"


_decoders: Final[dict[str, Callable[[bytes], bytes]]] = {
    "": lambda body: body,
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


class _Exchange:
    def __init__(self, body: bytes) -> None:
        self.answer = Answer()
        self._body: bytes | None = body
        self._left = asyncio.Event()

    async def receive(self) -> Any:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            for name, value in message["headers"]:
                key = name.decode().lower()
                had = self.answer.headers.get(key)
                self.answer.headers[key] = value.decode("latin-1") if had is None else f"{had}, {value.decode()}"
            return
        self.answer.body += message.get("body", b"")
        # An endless answer has said all that there is when it says that it waits.
        if self.answer.headers.get("content-type", "").startswith(_STREAMED) and b": still here" in self.answer.body:
            self._left.set()


async def ask(app: ASGIApp, asked: Asked) -> Answer:
    """Send a request, and give its answer."""
    parts = urlsplit(asked.target)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(b"host", b"t"), *((name.lower().encode(), value.encode()) for name, value in asked.headers)],
        "server": ("t", 80),
        "client": ("t", 1),
    }
    exchange = _Exchange(asked.body)
    await app(scope, exchange.receive, exchange.send)
    return exchange.answer
