"""Writes what is ready as soon as the head of a question has been read, without a task."""

from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.core.atonce import Answer, asked_publicly, at_once_of, written

if TYPE_CHECKING:
    from starlette.types import Scope

_LOG: Final = structlog.get_logger("vestka")
_SMALL: Final = 16_384  # bytes that are rather copied than written apart


class Prompt(HttpToolsProtocol):
    """uvicorn's protocol, which asks the application for an answer at once before it makes a task of a request."""

    def __init__(self, *said: Any, **more: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*said, **more)
        self._at_once = at_once_of(self.app)
        self._dated: tuple[object, bytes] = (None, b"")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's types
        answer = self._answer(cycle) if app is self.app and self._is_plain(cycle) else None
        if answer is None:
            super()._start_asgi_task(cycle, app)
            return
        head = b"%b%b\r\n" % (answer.head, self._date())
        if answer.rest or len(answer.body) >= _SMALL:
            self.transport.writelines((head, answer.body, *answer.rest))
        else:
            self.transport.write(head + answer.body)
        cycle.response_started = cycle.response_complete = True
        cycle.on_response()

    def _is_plain(self, cycle: RequestResponseCycle) -> bool:
        """Tell whether nothing waits to be written, nobody hangs up and nothing was piled up."""
        return cycle.keep_alive and not (self.pipeline or self.flow.write_paused or cycle.waiting_for_100_continue)

    def _answer(self, cycle: RequestResponseCycle) -> Answer | None:
        scope = cast("Scope", cycle.scope)
        asked = asked_publicly(scope) if scope["method"] == "GET" else None
        try:
            return None if asked is None else self._at_once(scope, asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, the application says it as a problem
            _LOG.warning("not at once", error=type(error).__name__)
            return None

    def _date(self) -> bytes:
        """Give the headers that the server adds, written again when they have become others, every second."""
        headers = self.server_state.default_headers
        if headers is not self._dated[0]:
            self._dated = (headers, written(headers))
        return self._dated[1]
