"""How many requests a minute each client may send: counted in memory, said in every answer, refused beyond.

The headers have the form of draft-ietf-httpapi-ratelimit-headers-11.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from math import ceil
from secrets import token_bytes
from typing import Final
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.access import IDENTIFIED
from app.core.atonce import Answer, Question, at_once_of, written
from app.core.clients import Clients
from app.core.edge import REFUSED
from app.core.problems import Problem

SECONDS: Final = 60
CLIENTS: Final = 50_000  # that are counted one by one in a minute
_SHARED: Final = 2  # bytes of a client's number that tell further ones apart
_KEYS: Final = 10_000
_UNAUTHORIZED: Final = 401
_NOBODY: Final = UUID(int=0)
# Who asks whether the server lives is not told to wait because others read much, and counts apart.
_PROBES: Final = frozenset({"/healthz", "/readyz"})
_STANDING: Final = "vestka.standing"  # in the scope of a request that was counted before it became a task
Header = tuple[bytes, bytes]
Standing = tuple[int, int]  # requests left, and seconds until there are more; less than none is a refusal
Clock = Callable[[], float]


class Counts:
    """Counts requests in a sliding minute: those of this minute, and the share of the last that is not over yet.

    However many ``clients`` there are, bounded room is taken: when so many are counted, further ones share counts.
    What is refused does not count, so who waits as long as told is let in.
    """

    def __init__(self, clock: Clock = time.monotonic, clients: int = CLIENTS) -> None:
        self._clock = clock
        self._clients = clients
        self._end = clock() + SECONDS
        self._now: dict[bytes, int] = {}
        self._before: dict[bytes, int] = {}

    def take(self, client: bytes, limit: int) -> Standing:
        """Count a request, if the client may send one."""
        left = self._end - self._clock()
        if left <= 0:
            left = self._turn(left)
        before = self._before.get(client, 0)
        count = self._now.get(client)
        if count is None:
            if len(self._now) >= self._clients:
                client = client[:_SHARED]
            count = self._now.get(client, 0)
        free = limit - count - (before * left / SECONDS if before else 0)
        if free < 1:
            return -1, _wait(limit, count, before, left)
        self._now[client] = count + 1
        return int(free) - 1, ceil(left)

    def give_back(self, client: bytes) -> None:
        """Take back a request that was counted for this client a moment ago, and is another one's."""
        for number in (client, client[:_SHARED]):
            if self._now.get(number):
                self._now[number] -= 1
                return

    def _turn(self, left: float) -> float:
        """Begin another minute."""
        late, into = divmod(-left, SECONDS)
        self._before, self._now = ({} if late else self._now), {}
        self._end += SECONDS * (late + 1)
        return SECONDS - into

    def __len__(self) -> int:
        """Give how many numbers are kept."""
        return len(self._now) + len(self._before)


def _wait(limit: int, count: int, before: int, left: float) -> int:
    """Give the seconds until one request more fits: in this minute, or when it has become the last."""
    if count < limit:
        return max(1, ceil(left - (limit - count - 1) * SECONDS / before))
    return ceil(left + SECONDS - (limit - 1) * SECONDS / count)


@dataclass(frozen=True, slots=True)
class Policy:
    """A limit, and how it is written in headers."""

    name: str
    limit: int
    header: Header = field(init=False)
    format: bytes = field(init=False)
    line: bytes = field(init=False)  # the same as it goes on the wire

    def __post_init__(self) -> None:
        said = f'"{self.name}";q={self.limit};w={SECONDS}'.encode()
        object.__setattr__(self, "header", (b"ratelimit-policy", said))
        object.__setattr__(self, "format", f'"{self.name}";r=%d;t=%d'.encode())
        object.__setattr__(self, "line", written([self.header, (b"ratelimit", self.format)]))

    def headers(self, standing: Standing) -> tuple[Header, ...]:
        """Say the policy and what is left of it."""
        said = standing if standing[0] > 0 else (0, standing[1])
        return self.header, (b"ratelimit", self.format % said)


@dataclass(slots=True)
class _Asked:
    """A request with a key: what it counted for, and the keys that were found valid while it was answered."""

    token: bytes
    number: bytes
    policy: Policy
    standing: Standing | None = None
    identified: set[UUID] = field(default_factory=set)


class Limits:
    """Stands in front of everything: ready answers count too.

    A request counts for its key once the key has been found valid here, and until then for its address, in a count
    beside that of requests without a key: whoever tries keys locks out nobody whose key is known here. One that is not
    waits like what was tried from the same address: to look at each would answer every guess. ``refuse`` answers what
    is over the limit; ``counted`` is told its policy. The limits are requests a minute; 0 is none.
    """

    def __init__(
        self,
        app: ASGIApp,
        refuse: ASGIApp,
        clients: Clients,
        *,
        public: int,
        key: int,
        counted: Callable[[str], None] | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.app = app
        self._at_once = at_once_of(app)
        self._refuse = refuse
        self._clients = clients
        self._public = Policy("public", public)
        self._key = Policy("key", key)
        self._counted = counted or (lambda _: None)
        self._counts = Counts(clock)
        self._secret = token_bytes(32)
        self._known: dict[bytes, UUID] = {}

    def at_once(self, scope: Scope, asked: Question) -> Answer | None:
        """Give the answer that can be given without waiting, if the client may have it."""
        policy = self._public
        if not policy.limit:
            return self._at_once(scope, asked)
        standing = self._counts.take(self._number(scope), policy.limit)
        if standing[0] < 0:
            return None  # what is refused does not count, so it may be asked again
        answer = self._at_once(scope, asked)
        if answer is None:
            scope[_STANDING] = standing
            return None
        head = answer.head + policy.line % standing
        return Answer(answer.status, answer.headers, answer.body, head, answer.rest)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key = _key(scope) if scope["type"] == "http" else b""
        if key is not None:
            await (self._with_key(key, scope, receive, send) if key else self.app(scope, receive, send))
            return
        policy = self._public
        if not policy.limit:
            await self.app(scope, receive, send)
            return
        standing = scope.get(_STANDING) or self._counts.take(self._number(scope), policy.limit)
        if standing[0] < 0:
            await self._refused(policy, standing, scope, receive, send)
            return
        said = policy.headers(standing)

        async def limited(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Ready answers are shared: what is one client's goes into a message of its own.
                message = {**message, "headers": [*message["headers"], *said]}
            await send(message)

        await self.app(scope, receive, limited)

    def _number(self, scope: Scope) -> bytes:
        number = self._clients.number(scope)
        return b"!" + number if scope.get("path") in _PROBES else number

    async def _with_key(self, key: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._asked(key, scope)
        if asked.standing is not None and asked.standing[0] < 0:
            await self._refused(asked.policy, asked.standing, scope, receive, send)
            return

        async def limited(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._answered(asked, message["status"])]}
            await send(message)

        await self.app({**scope, IDENTIFIED: asked.identified}, receive, limited)

    def _asked(self, key: bytes, scope: Scope) -> _Asked:
        """Count a request with a key."""
        token = blake2b(key, key=self._secret, digest_size=16).digest()
        trying = b"?" + self._clients.number(scope)
        known = self._known.get(token)
        asked = _Asked(token, trying, self._key if known else self._public)
        if asked.policy.limit:
            asked.standing = self._counts.take(known.bytes if known else trying, asked.policy.limit)
        return asked

    def _answered(self, asked: _Asked, status: int) -> tuple[Header, ...]:
        """Give the headers of an answer to a key, and remember whether it is one.

        What is refused with 401 says the same whether the key was valid once or never.
        """
        if status == _UNAUTHORIZED and self._known.pop(asked.token, _NOBODY) is not _NOBODY and self._public.limit:
            return self._public.headers(self._counts.take(asked.number, self._public.limit))
        if asked.identified and asked.token not in self._known:
            return self._learnt(asked, next(iter(asked.identified)))
        return asked.policy.headers(asked.standing) if asked.standing else ()

    def _learnt(self, asked: _Asked, key: UUID) -> tuple[Header, ...]:
        """Remember a key that was found valid, count its first request for it, and say where it stands."""
        if len(self._known) >= _KEYS:
            self._known.clear()
        self._known[asked.token] = key
        if asked.standing is not None and asked.policy is self._public:
            self._counts.give_back(asked.number)  # it was no trying
        return self._key.headers(self._counts.take(key.bytes, self._key.limit)) if self._key.limit else ()

    async def _refused(self, policy: Policy, standing: Standing, scope: Scope, receive: Receive, send: Send) -> None:
        self._counted(policy.name)
        self._clients.refused(scope)
        words = f"More than {policy.limit} requests in a minute. Wait {standing[1]} seconds, then go on slower."
        headers = {name.decode(): value.decode() for name, value in policy.headers(standing)}
        problem = Problem("too-many-requests", words, headers={"Retry-After": str(standing[1]), **headers})
        await self._refuse({**scope, REFUSED: problem}, receive, send)


def _key(scope: Scope) -> bytes | None:
    """Give what is sent as a key; None where there is none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return value or b"?"
    return None
