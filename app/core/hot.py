"""Ready answers in front of everything, each valid for one state of the register and one day (architecture, law 12)."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.atonce import WHOLE, Answer, Header, Question, asked_publicly, has, whole_of, written
from app.core.touched import Touched

SECONDS_A_DAY: Final = 86_400
_BESIDE_A_BODY: Final = 3_000  # bytes that an entry takes beside its body: key, headers, objects
_WAITS: Final = 2  # times that who asks waits for what others have asked for
_PORTION: Final = 8  # no answer takes more than this part of the room
_ID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # in the one form in which it is told that it changed
_WANTED: Final = 20_000  # answers of which it is known that they are worth being made for all
_ACCEPTS: Final = 16  # ways of asking for the same that are told apart where single answers are dropped
_KEPT: Final = b"public, no-cache"  # what `answer()` says of answers that are the same for everybody
_VARIES: Final = b"Authorization, Accept, Accept-Encoding"


State = tuple[int, int]  # the place of the last change that the public heard of, and the register's epoch


class Watch(Protocol):
    """Tells the state of the register as the public sees it.

    ``lag`` is for how many seconds at most another process may take an earlier state for the present one.
    """

    lag: float

    def current(self) -> State | None:
        """Give the state, or None when it has to be asked for."""

    async def refresh(self) -> State:
        """Ask for the state."""

    def changed(self, since: int) -> Touched | None:
        """Give the records of which the public hears something else than at a place; None where that is not known."""

    def stir(self) -> None:
        """Hear that this process has just written."""

    def close(self) -> None:
        """Let go of what it holds."""


_Valid = tuple[Watch, State, int]  # whose state it is, the state, the day
_Key = tuple[str, bytes, bytes]


@dataclass(slots=True)
class _Ready:
    """An answer with and without its body, and the room that it takes."""

    whole: Answer
    tag: bytes
    size: int
    _unchanged: Answer | None = None

    def to(self, known: bytes | None) -> Answer:
        """Give the answer to who has these already."""
        if not has(known, self.tag):
            return self.whole
        if self._unchanged is None:
            self._unchanged = self.whole.unchanged
        return self._unchanged


class _Shelf:
    """Ready answers, the one that was asked for last at the end, and the room that they take."""

    def __init__(self) -> None:
        self.entries: OrderedDict[_Key, _Ready] = OrderedDict()
        self.taken = 0

    def put(self, key: _Key, ready: _Ready) -> None:
        self.entries[key] = ready
        self.taken += ready.size

    def drop(self, key: _Key) -> bool:
        ready = self.entries.pop(key, None)
        self.taken -= ready.size if ready else 0
        return ready is not None

    def drop_oldest(self) -> None:
        self.taken -= self.entries.popitem(last=False)[1].size

    def clear(self) -> None:
        self.entries.clear()
        self.taken = 0


def _nothing() -> None: ...


class Hot:
    """Keeps answers to the public, and gives them before any route is looked up.

    The key is all that a public answer depends on. With another day everything that was kept is dropped, and with
    another state everything but answers about single records of these ``kinds`` that the public heard nothing new of.
    ``counted`` is told the status of each answer that is given here.
    """

    def __init__(
        self,
        app: ASGIApp,
        watch: Callable[[], Watch],
        room: int,
        counted: Callable[[int], None] | None = None,
        kinds: Iterable[str] = (),
    ) -> None:
        self.app = app
        self._made = whole_of(app)
        self._watch = watch
        self._room = room
        self._counted = counted or (lambda _: None)
        self._single = re.compile(f"/v1/(?:{'|'.join(kinds) or '-'})/{_ID}")
        self._shelf = _Shelf()
        self._singles = _Shelf()
        self._accepts: set[bytes] = set()  # of what is kept about single records
        self._valid: _Valid | None = None
        # What is made for all who ask: what was ready before, or is what the only one who asked had already. Not in
        # readers' own words.
        self._wanted: set[int] = set()
        self._unkept: set[int] = set()  # what is too large for that, or sent while it is made
        self._coming: dict[_Key, asyncio.Event] = {}  # of that, what is made for all who ask for it

    @property
    def taken(self) -> int:
        """Give the bytes that are kept."""
        return self._shelf.taken + self._singles.taken

    def at_once(self, scope: Scope, asked: Question) -> Answer | None:
        """Give the answer to a request if it is ready, or can be made without waiting."""
        watch = self._watch()
        state = watch.current()
        if state is None:
            return None
        self._turned(watch, state)
        key = (scope["path"], scope["query_string"], asked.accept)
        ready = self._kept(key)
        if ready is None:
            made = self._made(scope, asked)
            if made is None:
                return None
            ready = _ready(made, key)
            self._keep(key, ready)
        answer = ready.to(asked.known)
        self._counted(answer.status)
        return answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = asked_publicly(scope)
        if asked is None:
            await self.app(scope, receive, send)
            return
        key = (scope["path"], scope["query_string"], asked.accept)
        try:
            ready, valid = await self._look(key)
        except Exception:  # noqa: BLE001 - whatever ails the database, the routes say it as a problem
            await self.app(scope, receive, send)
            return
        if ready is not None:
            answer = ready.to(asked.known)
            self._counted(answer.status)
            await answer.send(send, bodiless=scope["method"] == "HEAD")
        elif scope["method"] == "HEAD":
            await self.app(scope, receive, send)
        elif hash(key) in self._wanted and key not in self._coming:
            await self._make_for_all(key, valid, asked, scope, receive, send)
        else:
            await self.app(scope, receive, self._keeping(key, valid, asked.known, send))

    async def _look(self, key: _Key) -> tuple[_Ready | None, _Valid]:
        """Give the answer that is ready, or is a moment later because somebody else has just asked for the same.

        If nothing comes of that they ask for themselves; where it has come of an earlier state, they look once more.
        """
        waited: set[_Valid] = set()
        while True:
            watch = self._watch()
            state = watch.current()
            valid = self._turned(watch, await watch.refresh() if state is None else state)
            ready, coming = self._kept(key), self._coming.get(key)
            if ready is not None or coming is None or valid in waited or len(waited) == _WAITS:
                return ready, valid
            waited.add(valid)
            await coming.wait()

    async def _make_for_all(
        self, key: _Key, valid: _Valid, asked: Question, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Have an answer made for all who ask for the same meanwhile, also for those who do not have it."""
        coming = self._coming[key] = asyncio.Event()

        def come() -> None:
            if self._coming.get(key) is coming:
                del self._coming[key]
            coming.set()

        headers = [header for header in scope["headers"] if header[0] != b"if-none-match"]
        try:
            keeping = self._keeping(key, valid, asked.known, send, come)
            await self.app({**scope, "headers": headers}, receive, keeping)
        finally:
            come()

    def _kept(self, key: _Key) -> _Ready | None:
        for shelf in (self._singles, self._shelf):
            ready = shelf.entries.get(key)
            if ready is not None:
                shelf.entries.move_to_end(key)
                return ready
        return None

    def _turned(self, watch: Watch, state: State) -> _Valid:
        """Drop what was kept of another state or another day, as far as it may have become another answer."""
        valid = (watch, state, int(time.time() // SECONDS_A_DAY))
        if valid != self._valid:
            before, self._valid = self._valid, valid
            dropped = {hash(key) for key in (*self._shelf.entries, *self._turn_singles(before, valid))}
            self._wanted = dropped if len(self._wanted) > _WANTED else self._wanted | dropped
            self._shelf.clear()
        return valid

    def _turn_singles(self, before: _Valid | None, now: _Valid) -> list[_Key]:
        """Drop the answers about records of which something is new, or all of them; give what was asked for them."""
        (place, epoch), touched = now[1], None
        # Only what followed in the same order of commits can be told one by one.
        if before and before[0] is now[0] and before[2] == now[2] and before[1][1] == epoch and before[1][0] < place:
            touched = now[0].changed(before[1][0])
        if touched is None:
            dropped = list(self._singles.entries)
            self._singles.clear()
            self._accepts.clear()
            return dropped
        dropped = [(f"/v1/{kind}/{one}", b"", accept) for kind, one in touched for accept in self._accepts]
        return [key for key in dropped if self._singles.drop(key)]

    def _keeping(
        self, key: _Key, valid: _Valid, known: bytes | None, send: Send, done: Callable[[], None] = _nothing
    ) -> Send:
        """Pass an answer on, and keep it if it is whole and for everybody; ``done`` is told before anything is sent.

        Nobody waits for a client that does not read.
        """
        start: Message | None = None

        async def keep(message: Message) -> None:
            nonlocal start
            begins = message["type"] == "http.response.start"
            if begins and _for_everybody(message["headers"]):
                if message["status"] == HTTPStatus.OK:
                    start = message
                    return
                # Next time it is made for all: behind a cache everybody may have it, from before this process began.
                if message["status"] == HTTPStatus.NOT_MODIFIED and hash(key) not in self._unkept:
                    _add(self._wanted, key)
            begun, start = start, None
            if begun is not None and not message.get("more_body"):
                headers: list[Header] = list(begun["headers"])
                ready = _ready(Answer(200, headers, message.get("body", b""), WHOLE + written(headers)), key)
                if self._valid == valid:  # what was asked of an earlier state must not stand for this one
                    self._keep(key, ready)
                done()
                await ready.to(known).send(send)
                return
            done()
            if begun is not None:
                self._leave(key)
                await send(begun)
            await send(message)

        return keep

    def _leave(self, key: _Key) -> None:
        """Leave it to the route to tell who has an answer already: it cannot be kept."""
        self._wanted.discard(hash(key))
        _add(self._unkept, key)

    def _keep(self, key: _Key, ready: _Ready) -> None:
        if ready.size > self._room // _PORTION:
            self._leave(key)
            return
        if key in self._shelf.entries or key in self._singles.entries:
            return
        while self.taken + ready.size > self._room:
            max(self._shelf, self._singles, key=lambda shelf: shelf.taken).drop_oldest()
        path, query, accept = key
        single = not query and self._single.fullmatch(path) and len(self._accepts | {accept}) <= _ACCEPTS
        if single:
            self._accepts.add(accept)
        (self._singles if single else self._shelf).put(key, ready)


def _add(known: set[int], key: _Key) -> None:
    if len(known) < _WANTED:
        known.add(hash(key))


def _ready(whole: Answer, key: _Key) -> _Ready:
    size = sum(map(len, (whole.body, *whole.rest, *key))) + _BESIDE_A_BODY
    return _Ready(whole, _header(whole.headers, b"etag") or b"", size)


def _for_everybody(headers: Sequence[Header]) -> bool:
    return (
        _header(headers, b"cache-control") == _KEPT
        and _header(headers, b"vary") == _VARIES
        and _header(headers, b"etag") is not None
        and _header(headers, b"content-encoding") is None
    )


def _header(headers: Iterable[Header], wanted: bytes) -> bytes | None:
    return next((value for name, value in headers if name == wanted), None)
