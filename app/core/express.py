"""What was asked before, asked again without the route: a statement as the driver takes it, and what to write of it.

A route that has read its answer with one statement leaves a plan of it here. Whoever asks the same after a change,
or for another record of the kind, is answered by the plan: the database is read, nothing else is done twice.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from fastapi import Request
from sqlalchemy import CursorResult
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.dialects import TooLong
from app.core.hot import SECONDS_A_DAY, Header, asked_publicly

_PLAN: Final = "vestka.plan"  # in a request's scope: where its route leaves the plan
_MOST: Final = 2_000  # plans that are kept
_ID: Final = 36
_OWN: Final = {b"etag", b"link", b"content-length"}
Rows = Sequence[Sequence[Any]]
Processor = Callable[[Any], Any]


class Direct(Protocol):
    """Reads from the database past everything that is not the driver."""

    async def read(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Rows]:
        """Run statements on one state of the register; ``TooLong`` when they should be run otherwise."""

    async def close(self) -> None:
        """Let go of what it holds."""


class Written(NamedTuple):
    """An answer's body and the headers that are its own."""

    body: bytes
    tag: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it went to the driver, and what makes values of its rows."""

    text: str
    parameters: tuple[Any, ...]
    processors: tuple[Processor | None, ...]

    @classmethod
    def of(cls, result: CursorResult[Any]) -> "Statement":
        """Take the statement that a result came from."""
        context: Any = result.context
        types = [column.type for column in context.compiled.statement.selected_columns]
        made = (kind.dialect_impl(context.dialect).result_processor(context.dialect, None) for kind in types)
        return cls(context.statement, tuple(context.parameters[0]), tuple(made))

    def values(self, row: Sequence[Any], first: int, last: int | None = None) -> list[Any]:
        """Give some values of a row, as the columns' types have them."""
        made = zip(self.processors[first:last], row[first:last], strict=True)
        return [value if process is None or value is None else process(value) for process, value in made]

    def about(self, one: UUID, other: UUID) -> "Statement":
        """Give the same statement about another record."""
        said = {one: other, one.hex: other.hex, str(one): str(other)}
        return replace(self, parameters=tuple(said.get(value, value) for value in self.parameters))


@dataclass(frozen=True, slots=True)
class Plan:
    """How an answer is made again: what to read, and what to write of it (None: ask the route)."""

    statements: tuple[Statement, ...]
    write: Callable[[Sequence[Statement], Sequence[Rows]], Written | None]
    about: UUID | None = None  # the record that the plan is about; it serves for every other one too
    headers: tuple[Header, ...] = ()  # those of its answer that stay the same


class Express:
    """Answers the public by the plans that routes left; everything else goes on to the routes."""

    def __init__(
        self, app: ASGIApp, direct: Callable[[], Direct], counted: Callable[[int], None] | None = None
    ) -> None:
        self._app = app
        self._direct = direct
        self._counted = counted or (lambda _: None)
        self._plans: OrderedDict[tuple[str, bytes, bytes], Plan] = OrderedDict()
        self._valid: tuple[Direct, int] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = asked_publicly(scope)
        if asked is None or asked[1] is not None or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        valid = (self._direct(), int(time.time() // SECONDS_A_DAY))
        if valid != self._valid:  # plans hold what is asked of one database and of today
            self._plans.clear()
            self._valid = valid
        path, query, accept = scope["path"], scope["query_string"], asked[0]
        record_id = _id(path) if not query else None
        key = (path if record_id is None else path[:-_ID], query, accept)
        plan = self._plans.get(key)
        written = await self._written(plan, record_id) if plan else None
        if plan is None or written is None:
            await self._by_route(key, scope, receive, send)
            return
        self._plans.move_to_end(key)
        self._counted(200)
        await send({"type": "http.response.start", "status": 200, "headers": _headers(plan, written)})
        await send({"type": "http.response.body", "body": written.body})

    async def _written(self, plan: Plan, record_id: UUID | None) -> Written | None:
        statements = plan.statements
        if plan.about is not None and record_id is not None:
            statements = tuple(statement.about(plan.about, record_id) for statement in statements)
        try:
            return plan.write(statements, await self._direct().read([(one.text, one.parameters) for one in statements]))
        except TooLong:
            return None

    async def _by_route(self, key: tuple[str, bytes, bytes], scope: Scope, receive: Receive, send: Send) -> None:
        valid = self._valid
        left: list[Plan] = []
        headers: list[Header] = []

        async def seeing(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:  # noqa: PLR2004 - the HTTP status
                headers.extend(message["headers"])
            await send(message)

        await self._app({**scope, _PLAN: left}, receive, seeing)
        if left and headers and valid == self._valid:
            same = tuple(header for header in headers if header[0] not in _OWN)
            self._plans[key] = replace(left[0], headers=same)
            if len(self._plans) > _MOST:
                self._plans.popitem(last=False)


def leave_plan(request: Request, plan: Plan) -> None:
    """Leave a plan for those who ask the same of another state of the register."""
    left = request.scope.get(_PLAN)
    if left is not None:
        left.append(plan)


def _id(path: str) -> UUID | None:
    if len(path) <= _ID or path[-_ID - 1] != "/":
        return None
    try:
        return UUID(path[-_ID:])
    except ValueError:
        return None


def _headers(plan: Plan, written: Written) -> list[Header]:
    own = [(b"etag", written.tag.encode()), (b"content-length", b"%d" % len(written.body))]
    if written.link is not None:
        own.append((b"link", written.link.encode("latin-1")))
    return [*own, *plan.headers]
