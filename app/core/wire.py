"""What is no HTTP is answered with a problem too, before the application hears of it."""

import re
from typing import Final
from urllib.parse import quote_from_bytes

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.problems import MEDIA_TYPE, Problem

_WORDS = (
    "This is no HTTP request that can be read, or its head is too long: the address takes up to 64,000 bytes, without "
    "control characters."
)
_TARGET: Final = re.compile(rb"([A-Z]+ )(/[^ \r\n]*)( HTTP/1\.[01]\r\n)")
_ASCII: Final = bytes(range(0x80)).decode()


class Wire(HttpToolsProtocol):
    """uvicorn's protocol, whose own refusals have the form of all others."""

    def data_received(self, data: bytes) -> None:
        """Take in what arrived; an address with letters as they are, as curl sends them, is percent-encoded first."""
        if not data.isascii() and (self.cycle is None or self.cycle.response_complete):  # the head of a request
            data = _TARGET.sub(_encoded, data, count=1) if _TARGET.match(data) else data
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, in place of which we have ours
        """Refuse what cannot be parsed, and hang up: what follows cannot be told apart."""
        body = bytes(Problem("malformed", _WORDS).response().body)
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()


def _encoded(head: re.Match[bytes]) -> bytes:
    method, target, version = head.groups()
    return b"%b%b%b" % (method, quote_from_bytes(target, safe=_ASCII).encode(), version)
