"""Many rows at once, and statements that are said once: past what is done for each on the way to the driver."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, ColumnElement, Dialect, Table, bindparam, insert
from sqlalchemy.orm import Session

_Process = Callable[[Any], Any]


def among(column: Column[Any], name: str = "ids") -> ColumnElement[bool]:
    """Give the condition that a column has one of the values that are sent under a name.

    For statements that are made once. To make one costs the library more than to run it, and each write runs forty.
    """
    return column.in_(bindparam(name, expanding=True))


def insert_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all of which name the same columns."""
    if not rows:
        return
    connection = session.connection()
    text, names, processes = _prepared(connection.dialect, table, tuple(rows[0]))
    columns = [list(map(itemgetter(name), rows)) for name in names]
    made = [_made(column, process) for column, process in zip(columns, processes, strict=True)]
    connection.exec_driver_sql(text, list(zip(*made, strict=True)))


def _made(column: list[Any], process: _Process | None) -> list[Any]:
    if process is None:
        return column
    if isinstance(column[0], datetime):  # one transaction writes few times, and each often
        known = {value: process(value) for value in set(column)}
        return [known[value] for value in column]
    return [None if value is None else process(value) for value in column]


@lru_cache(maxsize=200)
def _prepared(
    dialect: Dialect, table: Table, names: tuple[str, ...]
) -> tuple[str, tuple[str, ...], tuple[_Process | None, ...]]:
    """Give the statement, the columns in its order, and what makes of each value what the driver takes."""
    compiled: Any = insert(table).compile(dialect=dialect, column_keys=list(names))
    order = tuple(compiled.positiontup)
    types: list[Any] = [table.c[name].type.dialect_impl(dialect) for name in order]
    return str(compiled), order, tuple(kind.bind_processor(dialect) for kind in types)
