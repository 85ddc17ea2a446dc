"""Writes what is ready as soon as the head of a question has been read, without a task."""

from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.core.atonce import Answer, Question, asked_publicly, at_once_of, written
from app.core.heads import LONGEST, Heads

if TYPE_CHECKING:
    from starlette.types import Scope

_LOG: Final = structlog.get_logger("vestka")
_SMALL: Final = 16_384  # bytes that are rather copied than written apart


_HEADS: Final = Heads()  # for all connections: how bytes are read hangs on nothing but them


class Prompt(HttpToolsProtocol):
    """uvicorn's protocol, which asks the application for an answer at once before it makes a task of a request.

    A question that came in the same bytes before, and was answered at once, is not even read.
    """

    _between = True  # all that began has come whole: what comes now begins a message
    _begun = 0  # messages that began in what has just arrived
    _mark: bytes | None = None  # of what has just arrived, if it may be a question to be known again
    _answered: "tuple[Scope, Question] | None" = None  # what was answered at once of it
    _missed: "Scope | None" = None  # what was just asked at once, in vain

    def __init__(self, *said: Any, **more: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*said, **more)
        self._at_once = at_once_of(self.app)
        self._dated: tuple[object, bytes] = (None, b"")

    def _again(self, data: bytes) -> bool:
        """Answer a question that came in the same bytes before; false where it has to be read."""
        self._begun, self._mark, self._answered = 0, None, None
        cycle = self.cycle  # none before the first request, which shows that the client speaks; others have their turn
        if cycle is None or not (cycle.response_complete and self._between) or self.flow.write_paused:
            return False
        if len(data) > LONGEST:
            return False
        mark = _HEADS.mark(data)
        head = _HEADS.at(mark)
        if head is None:
            self._mark = mark
            return False
        scope: Scope = {**head.scope, "client": self.client}
        answer = self._given(scope, head.asked)
        if answer is None:
            self._missed = scope
            return False
        self._write(answer)
        self.on_response_complete()
        return True

    def _learn(self) -> None:
        """Keep what has just arrived and is whole, if it was one question that was answered at once."""
        if self._mark is not None and self._answered is not None and self._begun == 1:
            _HEADS.learn(self._mark, *self._answered)

    def on_message_begin(self) -> None:
        """Hear that a message begins."""
        self._between = False
        self._begun += 1
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Hear that a message is whole."""
        self._between = True
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's types
        answer = self._answer(cycle) if app is self.app and self._is_plain(cycle) else None
        if answer is None:
            super()._start_asgi_task(cycle, app)
            return
        self._write(answer)
        cycle.response_started = cycle.response_complete = True
        cycle.on_response()

    def _write(self, answer: Answer) -> None:
        head = b"%b%b\r\n" % (answer.head, self._date())
        if answer.rest or len(answer.body) >= _SMALL:
            self.transport.writelines((head, answer.body, *answer.rest))
        else:
            self.transport.write(head + answer.body)

    def _is_plain(self, cycle: RequestResponseCycle) -> bool:
        """Tell whether nothing waits to be written, nobody hangs up and nothing was piled up."""
        return cycle.keep_alive and not (self.pipeline or self.flow.write_paused or cycle.waiting_for_100_continue)

    def _answer(self, cycle: RequestResponseCycle) -> Answer | None:
        scope = cast("Scope", cycle.scope)
        missed, self._missed = self._missed, None
        if missed is not None:  # it was asked just now, and what that has left counts
            scope.update({**missed, **scope})
            return None
        asked = asked_publicly(scope) if scope["method"] == "GET" else None
        answer = None if asked is None else self._given(scope, asked)
        if asked is not None and answer is not None:
            self._answered = scope, asked
        return answer

    def _given(self, scope: "Scope", asked: Question) -> Answer | None:
        try:
            return self._at_once(scope, asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, the application says it as a problem
            _LOG.warning("not at once", error=type(error).__name__)
            return None

    def _date(self) -> bytes:
        """Give the headers that the server adds, written again when they have become others, every second."""
        headers = self.server_state.default_headers
        if headers is not self._dated[0]:
            self._dated = (headers, written(headers))
        return self._dated[1]
