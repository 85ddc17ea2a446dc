"""Answers that are given at once: whole, as they go on the wire, before a request becomes a task.

What stands in front of the routes may have an answer without waiting for anything. Then nothing of the way of other
requests is worth walking: it costs several times what such an answer does.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from starlette.types import Message, Scope, Send

Header = tuple[bytes, bytes]
Pieces = tuple[bytes | memoryview, ...]
WHOLE: Final = b"HTTP/1.1 200 OK\r\n"
_UNCHANGED: Final = b"HTTP/1.1 304 Not Modified\r\n"
_BODILESS: Final = {b"content-length", b"content-type"}
_NOTHING: Final[Message] = {"type": "http.response.body", "body": b""}


class Answer(NamedTuple):
    """An answer: its headers and body as ASGI has them, and its head as it is written, up to the last header.

    What is large and made of several pieces has the others in ``rest``: to join them takes as long as to send them.
    """

    status: int
    headers: list[Header]
    body: bytes
    head: bytes
    rest: Pieces = ()

    @property
    def unchanged(self) -> "Answer":
        """Give what is said to those who have this answer."""
        fewer = [header for header in self.headers if header[0] not in _BODILESS]
        return Answer(304, fewer, b"", _UNCHANGED + written(fewer))

    async def send(self, send: Send, *, bodiless: bool = False) -> None:
        """Answer a request that has become a task."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send(_NOTHING if bodiless else {"type": "http.response.body", "body": b"".join((self.body, *self.rest))})


class Question(NamedTuple):
    """What a public answer depends on beside the address: ``Accept``; and the entity tags that the client has."""

    accept: bytes
    known: bytes | None


AtOnce = Callable[[Scope, Question], Answer | None]


def asked_publicly(scope: Scope) -> Question | None:
    """Read a request for something public; None for one that is not answered in front of the routes."""
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return None
    accept: bytes | None = None
    known: bytes | None = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            return None
        if name == b"if-none-match":
            known = _after(known, value)
        elif name == b"accept":
            accept = _after(accept, value)
    return Question(accept or b"", known)


def _after(said: bytes | None, value: bytes) -> bytes:
    """Give what lines of one name say together (RFC 9110, 5.3)."""
    return value if said is None else said + b", " + value


def written(headers: Iterable[Header]) -> bytes:
    """Write headers, each with the end of its line."""
    return b"".join([part for name, value in headers for part in (name, b": ", value, b"\r\n")])


def at_once_of(app: object) -> AtOnce:
    """Give what answers at once in an application; it may never do."""
    found: AtOnce | None = getattr(app, "at_once", None)
    return found or _never


def whole_of(app: object) -> AtOnce:
    """Give what makes whole answers at once, also for those who may have them."""
    found: AtOnce = getattr(app, "whole", _never)
    return found


def _never(_: Scope, __: Question) -> Answer | None:
    return None


def has(known: bytes | None, tag: bytes) -> bool:
    """Tell whether ``If-None-Match`` names this entity tag."""
    return known is not None and (tag in known or known.strip() == b"*")
