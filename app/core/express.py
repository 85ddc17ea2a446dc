"""What was asked before, asked again without the route: a statement as the driver takes it, and what to write of it.

A route that has read its answer with one statement leaves a plan of it here. Whoever asks the same after a change,
or for another record of the kind, is answered by the plan: the database is read, nothing else is done twice.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import structlog
from fastapi import Request
from sqlalchemy import CursorResult, Dialect, LargeBinary, Select
from sqlalchemy.types import TypeEngine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.atonce import WHOLE, Answer, Header, Pieces, Question, asked_publicly, has, written
from app.core.dialects import TooLong
from app.core.dialects.direct import as_driven
from app.core.hot import SECONDS_A_DAY
from app.core.logs import told

_LOG: Final = structlog.get_logger("vestka")
_PLAN: Final = "vestka.plan"  # in a request's scope: where its route leaves the plan
_TRIED: Final = "vestka.tried"  # in a request's scope: that its plan was of no use
_MOST: Final = 2_000  # plans that are kept
_ABOUT: Final = re.compile(r"(/v1/[a-z]+/)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(/[a-z]+)?")
_AFTER: Final = b"after="
_LONGEST: Final = 2_000  # bytes of what a plan is found by
_OWN: Final = {b"etag", b"link", b"content-length"}
Rows = Sequence[Sequence[Any]]
Processor = Callable[[Any], Any]
Asked = Sequence[tuple[str, Sequence[Any]]]
# Path, query, what is accepted, and what varies (nothing, "id" or "after"). That stands apart and is left out of the
# others: any character may come in a path or a query, so none can stand there for what varies.
_Key = tuple[str, bytes, bytes, str]


class Direct(Protocol):
    """Reads from the database past everything that is not the driver."""

    def now(self, asked: Asked) -> list[Rows] | None:
        """Run statements on one state of the register without waiting; None where that cannot be."""

    async def read(self, asked: Asked) -> list[Rows]:
        """Run statements on one state of the register; ``TooLong`` when they should be run otherwise."""

    async def close(self) -> None:
        """Let go of what it holds."""


class Written(NamedTuple):
    """An answer's body, all of it or with the ``rest`` in pieces, and the headers that are its own."""

    body: bytes
    tag: str
    link: str | None = None
    rest: Pieces = ()


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
        made = tuple(_processor(kind, context.dialect) for kind in types)
        return cls(context.statement, tuple(context.parameters[0]), made)

    @classmethod
    def compiled(cls, query: Select[*tuple[Any, ...]], dialect: Dialect) -> "Statement":
        """Take a query whose parameters are single values."""
        text, parameters = as_driven(query, dialect)
        return cls(text, parameters, tuple(_processor(column.type, dialect) for column in query.selected_columns))

    def values(self, first: int, last: int | None = None) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """Give what takes some values of a row, as the columns' types have them."""
        processors = self.processors[first:last]
        if not any(processors):
            return itemgetter(slice(first, last))

        def made(row: Sequence[Any]) -> list[Any]:
            pairs = zip(processors, row[first:last], strict=True)
            return [value if process is None or value is None else process(value) for process, value in pairs]

        return made


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    """Give what makes a value of what the driver gives; both drivers give bytes as they are."""
    if isinstance(kind, LargeBinary):
        return None
    found: Processor | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """How an answer is made again: what to read, and what to write of it (None: ask the route).

    It may serve for every value of what varies: the record's id in the path, or the parameter ``after``.
    Then ``about`` is the record that it was left by, or ``vary`` gives the parameters of each statement for a value;
    ``write`` is told the value, which is empty where nothing varies.
    """

    statements: tuple[Statement, ...]
    write: Callable[[Sequence[Statement], Sequence[Rows], str], Written | None]
    about: UUID | None = None
    vary: Callable[[str], Sequence[Sequence[Any]] | None] | None = None

    def serves(self, value: str) -> bool:
        """Tell whether it may be kept for what has this value: only where something varies, there must be one."""
        return self.about is not None or (self.vary is not None) == bool(value)


class _Kept:
    """A plan, with all that is the same for everybody who is answered by it."""

    def __init__(self, plan: Plan, headers: Sequence[Header]) -> None:
        self._plan = plan
        self._headers = [header for header in headers if header[0] not in _OWN]
        self._head = WHOLE + written(self._headers)
        self._asked = [(one.text, one.parameters) for one in plan.statements]
        self._places = [list(_places(one, plan.about)) for one in plan.statements]

    def asked(self, value: str) -> Asked | None:
        """Give the statements with their parameters for a value; None for one that is none."""
        if not value:
            return self._asked
        if self._plan.vary is not None:
            found = self._plan.vary(value)
            return None if found is None else list(zip([text for text, _ in self._asked], found, strict=True))
        made: list[tuple[str, Sequence[Any]]] = []
        for (text, parameters), places in zip(self._asked, self._places, strict=True):
            own = list(parameters)
            for place, form in places:
                own[place] = form(value)
            made.append((text, own))
        return made

    def answer(self, found: Sequence[Rows], value: str) -> Answer | None:
        """Write the answer of what was read."""
        said = self._plan.write(self._plan.statements, found, value)
        if said is None:
            return None
        own: list[Header] = [(b"content-length", b"%d" % sum(map(len, (said.body, *said.rest))))]
        if said.link is not None:
            own.append((b"link", said.link.encode("latin-1")))
        own.append((b"etag", said.tag.encode()))
        return Answer(200, [*self._headers, *own], said.body, self._head + written(own), said.rest)


def _places(statement: Statement, about: UUID | None) -> "Sequence[tuple[int, Callable[[str], Any]]]":
    """Give the parameters that name the record, and how each is written."""
    if about is None:
        return []
    forms: dict[Any, Callable[[str], Any]] = {about: UUID, about.hex: _hex, str(about): str}
    return [(place, forms[value]) for place, value in enumerate(statement.parameters) if value in forms]


def _hex(record_id: str) -> str:
    return record_id.replace("-", "")


class Express:
    """Answers the public by the plans that routes left; everything else goes on to the routes."""

    def __init__(
        self, app: ASGIApp, direct: Callable[[], Direct], counted: Callable[[int], None] | None = None
    ) -> None:
        self._app = app
        self._direct = direct
        self._counted = counted or (lambda _: None)
        self._plans: OrderedDict[_Key, _Kept] = OrderedDict()
        self._valid: tuple[Direct, int] | None = None

    def at_once(self, scope: Scope, asked: Question) -> Answer | None:
        """Give the answer to a request that a plan makes without waiting."""
        answer = self.whole(scope, asked)
        if answer is None:
            return None
        answer = _unless_known(answer, asked)
        self._counted(answer.status)
        return answer

    def whole(self, scope: Scope, asked: Question) -> Answer | None:
        """Give the same, also to those who have it already; nothing is counted."""
        direct = self._turned()
        key, value = _key(scope, asked.accept)
        kept = self._plans.get(key)
        questions = None if kept is None else kept.asked(value)
        if kept is None or questions is None:
            return None
        try:
            found = direct.now(questions)
        except TooLong:
            scope[_TRIED] = True
            return None
        if found is None:
            return None
        answer = self._written(key, kept, found, value)
        scope[_TRIED] = answer is None
        return answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = asked_publicly(scope)
        if asked is None or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        direct = self._turned()
        key, value = _key(scope, asked.accept)
        kept = None if scope.get(_TRIED) else self._plans.get(key)
        found = await _waited_for(direct, kept, value) if kept else None
        answer = self._written(key, kept, found, value) if kept and found is not None else None
        if answer is None:
            await self._by_route(key, value, scope, receive, send)
            return
        answer = _unless_known(answer, asked)
        self._counted(answer.status)
        await answer.send(send)

    def _written(self, key: _Key, kept: _Kept, found: Sequence[Rows], value: str) -> Answer | None:
        """Write an answer; a plan that cannot be carried out is dropped, and the route asked."""
        try:
            answer = kept.answer(found, value)
        except Exception as error:  # noqa: BLE001 - whatever it is, the route answers
            _LOG.warning("a plan failed", **told(error))
            self._plans.pop(key, None)
            return None
        if key in self._plans:
            self._plans.move_to_end(key)
        return answer

    def _turned(self) -> Direct:
        """Drop the plans of another database or another day: they hold what is asked of one database and of today."""
        valid = (self._direct(), int(time.time() // SECONDS_A_DAY))
        if valid != self._valid:
            self._plans.clear()
            self._valid = valid
        return valid[0]

    async def _by_route(self, key: _Key, value: str, scope: Scope, receive: Receive, send: Send) -> None:
        valid = self._valid
        left: list[Plan] = []
        headers: list[Header] = []

        async def seeing(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:  # noqa: PLR2004 - the HTTP status
                headers.extend(message["headers"])
            await send(message)

        await self._app({**scope, _PLAN: left}, receive, seeing)
        if left and headers and valid == self._valid and left[0].serves(value) and sum(map(len, key)) <= _LONGEST:
            self._plans[key] = _Kept(left[0], headers)
            if len(self._plans) > _MOST:
                self._plans.popitem(last=False)


async def _waited_for(direct: Direct, kept: _Kept, value: str) -> Sequence[Rows] | None:
    asked = kept.asked(value)
    try:
        return None if asked is None else await direct.read(asked)
    except TooLong:
        return None


def leave_plan(request: Request, plan: Plan) -> None:
    """Leave a plan for those who ask the same of another state of the register."""
    left = request.scope.get(_PLAN)
    if left is not None:
        left.append(plan)


def wants_plan(request: Request) -> bool:
    """Tell whether a plan that is left is kept."""
    return _PLAN in request.scope


def _key(scope: Scope, accept: bytes) -> tuple[_Key, str]:
    """Give what a plan is found by, and the value of what varies, if something does."""
    path, query = scope["path"], scope["query_string"]
    if not query and (about := _ABOUT.fullmatch(path)):
        before, record_id, after = about.groups("")
        return (before + after, query, accept, "id"), record_id
    if _AFTER in query:
        parts = query.split(b"&")
        values = [part for part in parts if part.startswith(_AFTER)]
        if len(values) == 1 and (value := values[0][len(_AFTER) :]) and value.isascii():
            others = [part for part in parts if part is not values[0]]
            return (path, b"&".join(others), accept, "after"), value.decode()
    return (path, query, accept, ""), ""


def _unless_known(answer: Answer, asked: Question) -> Answer:
    return answer.unchanged if has(asked.known, answer.headers[-1][1]) else answer
