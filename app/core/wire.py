"""The protocol below the application: what is no HTTP is refused with a problem, and nobody is waited for long."""

import asyncio
import re
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote_from_bytes

import httptools
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.core.crowd import LEAST_BYTES, PATIENCE, TAKING, Crowd, crowd_of
from app.core.edge import ALWAYS, REFUSED
from app.core.problems import MEDIA_TYPE, Problem
from app.core.prompt import Prompt

_WORDS: Final = "This is no HTTP request that can be read, or its address holds control characters."
_TARGET: Final = re.compile(rb"([A-Z]+ )(/[^ \r\n]*)( HTTP/1\.[01]\r\n)")
_ASCII: Final = bytes(range(0x80)).decode()
_ADDRESS: Final = 64_000  # bytes of an address that are read at all
_FIELDS: Final = 32_000  # bytes of all header fields together
_FRAMES: Final = 1_000_000  # bytes around a body sent in chunks: their lengths, and fields behind the last one


class Wire(Prompt):
    """The protocol, with bounds on what it takes in and on how long it waits.

    Where a connection stands is read off uvicorn's own state, so that a request costs nothing for it: a head is under
    way while the newest scope is not that of the newest cycle, and a body while that cycle expects more.
    """

    _crowd: Crowd
    _took = 0  # bytes since the last look
    _around = 0  # bytes of this message that are not its body
    _whole = False
    _answering: RequestResponseCycle | None = None
    _since = 0  # the look at which what is waited for began
    _awaited: object = None
    _deaf = False  # what comes now cannot be told apart from what came before
    _unsent = 0  # bytes that the client had not taken at the look `_unsent_since`
    _unsent_since = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take in a connection; where there is no room, the one that has been idle for longest gives way."""
        super().connection_made(transport)
        self._crowd = crowd_of(self.server_state)
        self._since = self._crowd.looks
        if not self._crowd.has_room_for(self):
            self.refuse(Problem("unavailable", headers={"Retry-After": "5"}))

    def data_received(self, data: bytes) -> None:
        """Take in what arrived; an address with letters as they are, as curl sends them, is percent-encoded first."""
        if self._deaf:
            return
        if self._again(data):
            self._took += len(data)
            return
        cycle = self.cycle
        if not data.isascii() and (cycle is None or cycle.response_complete):  # the head of a request
            data = _TARGET.sub(_encoded, data, count=1) if _TARGET.match(data) else data
        self._unset_keepalive_if_required()
        self._took += len(data)
        self._around += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._mark = None  # nothing else is spoken here; the request has been taken in as it is
        except httptools.HttpParserError:
            self.refuse(Problem("too-long" if len(self.url or b"") > _ADDRESS else "malformed", _WORDS))
            return
        if self._around > _FIELDS:
            self._weigh()
        if self._whole:
            self._around, self._whole = 0, False
            self._learn()

    def on_body(self, body: bytes) -> None:
        """Take in a piece of a body."""
        self._around -= len(body)
        super().on_body(body)

    def shutdown(self) -> None:
        """Hear that the server stops, and tell the application: uvicorn waits for those who wait for something."""
        if (stop := getattr(self.app, "stop", None)) is not None:
            stop()
        super().shutdown()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - handed on
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _is_plain(self, cycle: RequestResponseCycle) -> bool:
        return self._around <= _FIELDS and super()._is_plain(cycle)  # what is larger is weighed first

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that the client is gone; uvicorn tells only the newest request, which may not be the one at work."""
        if self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def on_message_complete(self) -> None:
        """Hear that a request is whole, whether or not it has been answered already."""
        self._whole = True
        super().on_message_complete()

    def _weigh(self) -> None:
        """Refuse a head, or what surrounds a body, that is larger than anybody needs."""
        if self._is_head():
            if len(self.url) > _ADDRESS:
                self.refuse(Problem("too-long"))
            elif not self._whole and self._around > len(self.url) + 2 * _FIELDS:  # else it counts others before it
                self.refuse(Problem("head-too-large"))
            return
        scope: Scope = self.cycle.scope  # type: ignore[assignment]  # uvicorn has a type of its own
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _FIELDS:
            scope[REFUSED] = Problem("head-too-large")  # answered in its turn, as it is whole
        if self._around > _FRAMES:
            self.refuse(Problem("malformed", "The chunks of this body are too small, or fields follow them."))

    def _is_head(self) -> bool:
        return self.cycle is None or self.cycle.scope is not self.scope

    def look(self, looks: int) -> None:
        """Give up on a client that sends nothing of what it began, or takes nothing of what it asked for."""
        if self._has_stalled(looks) or (self._deaf and self._answered_all() and looks > self._since + 1):
            self.transport.abort()
            return
        awaited = None if self._deaf or self.transport.is_closing() else self._awaits()
        if awaited is not self._awaited or self.flow.read_paused or (awaited is None and self._took):
            self._awaited, self._since, self._took = awaited, looks, 0
        elif awaited is not None and looks - self._since >= PATIENCE:
            # A head has to be there by now; of a body, a part.
            if self._is_head() or self._took < LEAST_BYTES:
                self.refuse(Problem("too-slow"))
            self._since, self._took = looks, 0

    def _awaits(self) -> object:
        """Give something that stands for what the client is to send; None when it has sent all, or has time for it."""
        if self._is_head():
            return self if self.cycle is None else self.scope
        if self.cycle.response_complete:  # uvicorn waits for the next request, unless something but a request came
            return None if self.timeout_keep_alive_task is not None or self.pipeline else self.cycle
        return self.cycle if self.cycle.more_body else None

    def _answered_all(self) -> bool:
        return self._answering is None or self._answering.response_complete or self._answering.disconnected

    def _has_stalled(self, looks: int) -> bool:
        unsent = self.transport.get_write_buffer_size()
        if not unsent or not self._unsent:
            self._unsent, self._unsent_since = unsent, looks
        elif looks - self._unsent_since >= TAKING:
            if self._unsent - unsent < min(LEAST_BYTES, self._unsent):
                return True
            self._unsent, self._unsent_since = unsent, looks
        return False

    def resume_writing(self) -> None:
        """Hear that the client took so much that more may be written."""
        self._unsent = 0
        super().resume_writing()

    @property
    def idle_since(self) -> int | None:
        """Give the look since which there has been nothing to do here; None while there is."""
        return self._since if self._answered_all() and not self.transport.is_closing() else None

    def refuse(self, problem: Problem) -> None:
        """Say what is wrong, if no answer has begun, and hang up: what follows cannot be told apart."""
        self._deaf, self._since = True, self._crowd.looks
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if self._is_head() or not cycle.more_body:  # an earlier request has its answer first
                cycle.keep_alive = False
                return
            if self.pipeline:  # it waits behind others: answered in its turn, and then no more
                cycle.scope[REFUSED] = problem  # type: ignore[typeddict-unknown-key]  # uvicorn has a type of its own
                cycle.keep_alive = cycle.more_body = False
                return
            if cycle.response_started:
                self.transport.abort()
                return
            cycle.disconnected, cycle.waiting_for_100_continue = True, False  # whoever asks for the body writes no more
            cycle.message_event.set()
        if self._around == 0 and problem.type.slug == "too-slow":  # who has said nothing is told nothing
            self.transport.close()
            return
        self.transport.write(_written(problem))
        if self.transport.can_write_eof():
            self.transport.write_eof()  # a client that is still sending would lose the answer if all were closed
        else:
            self.transport.close()

    def make_room(self) -> None:
        """Hang up on a client that has nothing under way."""
        self.transport.close()


def _written(problem: Problem) -> bytes:
    response = problem.response()
    status = HTTPStatus(response.status_code)
    own = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(response.body)), "Connection": "close"}
    fields = {**ALWAYS, **problem.headers, **own}
    head = "".join(f"{name.lower()}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n".encode() + bytes(response.body)


def _encoded(head: re.Match[bytes]) -> bytes:
    method, target, version = head.groups()
    return b"%b%b%b" % (method, quote_from_bytes(target, safe=_ASCII).encode(), version)
