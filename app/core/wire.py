"""What is no HTTP is answered with a problem too, before the application hears of it."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.problems import MEDIA_TYPE, Problem

_WORDS = (
    "This is no HTTP request that can be read, or its head is too long: the address takes up to 64,000 bytes, without "
    "control characters; percent-encode what is no ASCII."
)


class Wire(HttpToolsProtocol):
    """uvicorn's protocol, whose own refusals have the form of all others."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, in place of which we have ours
        """Refuse what cannot be parsed, and hang up: what follows cannot be told apart."""
        body = bytes(Problem("malformed", _WORDS).response().body)
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()
