"""What was asked in a few bytes that came before, word for word: read once, and not each time.

Frontends and followers ask the same again and again, in the same bytes. To read these takes longer than to answer them.
"""

from hashlib import blake2b
from secrets import token_bytes
from typing import Any, Final, NamedTuple

from starlette.types import Scope

from app.core.atonce import Question
from app.core.clients import FORWARDED

LONGEST: Final = 2_048  # bytes of a question that is looked for
MOST: Final = 4_000  # questions that are known


class Head(NamedTuple):
    """A question as the server reads it, without what its sender says of itself."""

    scope: dict[str, Any]
    asked: Question


class Heads:
    """The questions that are known, by a number of their bytes that tells nobody what these were.

    What stands in a head beside the question, such as the reader's program, is not kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._hash = blake2b(key=token_bytes(32), digest_size=16)
        self._known: dict[bytes, Head] = {}

    def mark(self, data: bytes) -> bytes:
        """Give the number of these bytes, which no two questions share."""
        made = self._hash.copy()
        made.update(data)
        return made.digest()

    def at(self, mark: bytes) -> Head | None:
        """Give the question that has this number, if it is known."""
        return self._known.get(mark)

    def learn(self, mark: bytes, scope: Scope, asked: Question) -> None:
        """Keep a question. One that was passed on says whose it is, and no other one has the same bytes."""
        if any(name == FORWARDED for name, _ in scope["headers"]):
            return
        if len(self._known) >= self._most:
            self._known.clear()
        said = {name: scope[name] for name in ("type", "method", "path", "query_string")}
        self._known[mark] = Head({**said, "headers": []}, asked)
