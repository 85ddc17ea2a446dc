"""Many rows at once, and statements that are said once: past what is done for each on the way to the driver."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Dialect, Insert, Table, bindparam, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql import ClauseElement, Executable

from app.core.dialects import driven

_Process = Callable[[Any], Any]
_NOTHING: Final[Mapping[str, Any]] = {}


def among(column: Column[Any], name: str = "ids") -> ColumnElement[bool]:
    """Give the condition that a column has one of the values that are sent under a name, be it more than once.

    For statements that are made once. To make one costs the library more than to run it, and each write runs forty.
    """
    return column.in_(bindparam(name, expanding=True))


def run(session: Session, statement: Executable, said: Mapping[str, Any] = _NOTHING) -> Sequence[Any]:
    """Run a statement that was made once, with values and lists of values; give its rows, each a tuple with names."""
    connection = session.connection()
    shape = tuple((name, _room(len(value)) if isinstance(value, list) else None) for name, value in said.items())
    ready = _ready(connection.dialect, statement, shape)
    return ready.rows(driven.rows(connection, ready.text, ready.values(said)))


def run_many(session: Session, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement that was made once for each of some rows, all of which name the same values."""
    if not rows:
        return
    connection = session.connection()
    ready = _ready(connection.dialect, statement, tuple((name, None) for name in rows[0]))
    driven.each(connection, ready.text, [ready.values(row) for row in rows])


def _room(count: int) -> int:
    """Give for how many values a text is written that takes so many: a quarter more at most, so that there are few."""
    step = 1 << max(0, count.bit_length() - 3)
    return -(-count // step) * step


class _Value(NamedTuple):
    """A value of a statement: under which name it is sent, at which place of a list, and what the driver takes.

    One that is part of the statement has no name.
    """

    name: str | None
    place: int | None
    process: _Process | None
    fixed: Any


class _Ready(NamedTuple):
    """A statement as the driver takes it, and what becomes of what it gives."""

    text: str
    order: tuple[_Value, ...]
    row: Callable[[Iterable[Any]], Any] | None
    processes: tuple[_Process | None, ...]

    def values(self, said: Mapping[str, Any]) -> tuple[Any, ...]:
        """Give the values in the driver's order."""
        found = []
        for name, place, process, fixed in self.order:
            if name is None:
                found.append(fixed)
                continue
            value = said[name]
            if place is not None:  # where there are fewer values, the last is said again
                value = value[place] if place < len(value) else value[-1]
            found.append(value if process is None or value is None else process(value))
        return tuple(found)

    def rows(self, found: Sequence[Any]) -> Sequence[Any]:
        """Give rows with the values that the columns' types stand for."""
        if self.row is None or not found:
            return found
        if not any(self.processes):
            return list(map(self.row, found))
        made = [
            _made(list(column), process)
            for column, process in zip(zip(*found, strict=True), self.processes, strict=True)
        ]
        return list(map(self.row, zip(*made, strict=True)))


@lru_cache(maxsize=2_000)
def _ready(dialect: Dialect, statement: ClauseElement, shape: tuple[tuple[str, int | None], ...]) -> _Ready:
    """Write a statement for lists of so many values."""
    compiled = _compiled(dialect, statement)
    wanted = {name: None if count is None else [None] * count for name, count in shape}
    written = compiled.construct_expanded_state(wanted)
    places = {one: (name, i) for name, some in written.parameter_expansion.items() for i, one in enumerate(some)}
    # Each value of a list is a parameter of its own, with a processor of its own.
    processes = {**compiled._bind_processors, **written.processors}  # noqa: SLF001 - what the engine runs
    order = []
    for one in written.positiontup:
        name, place = places.get(one, (one, None))
        process, fixed = processes.get(one), written.parameters.get(one)
        made = fixed if process is None or fixed is None else process(fixed)
        order.append(_Value(name, place, process, None) if name in wanted else _Value(None, None, None, made))
    columns = list(getattr(statement, "selected_columns", ()))
    turning = tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
    row = _row_of(tuple(column.key or "" for column in columns)) if columns else None
    return _Ready(written.statement, tuple(order), row, turning)


@lru_cache(maxsize=500)
def _compiled(dialect: Dialect, statement: ClauseElement) -> Any:  # noqa: ANN401 - SQLAlchemy's
    return statement.compile(dialect=dialect)


@lru_cache(maxsize=200)
def _row_of(names: tuple[str, ...]) -> Callable[[Iterable[Any]], Any]:
    """Give what makes a row of values: what has a name has it as an attribute, as the library's rows do."""
    made: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - known when it runs
    row: Callable[[Iterable[Any]], Any] = made._make
    return row


def insert_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all of which name the same columns."""
    if not rows:
        return
    connection, names = session.connection(), tuple(rows[0])
    ready = _ready(connection.dialect, _insertion(table, names), tuple((name, None) for name in names))
    columns = [_made(list(map(itemgetter(one.name), rows)), one.process) for one in ready.order]
    driven.each(connection, ready.text, list(zip(*columns, strict=True)))


@lru_cache(maxsize=200)
def _insertion(table: Table, names: tuple[str, ...]) -> Insert:
    return insert(table).values({name: bindparam(name) for name in names})


def _made(column: list[Any], process: _Process | None) -> list[Any]:
    if process is None:
        return column
    if isinstance(column[0], datetime):  # one transaction writes few times, and each often
        known = {value: process(value) for value in set(column)}
        return [known[value] for value in column]
    return [None if value is None else process(value) for value in column]
