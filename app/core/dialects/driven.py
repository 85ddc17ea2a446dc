"""Runs statements that are written out: of SQLite's where they are asked for, past what the library does for each."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.core.dialects.writer import MANY, Writer


def rows(connection: Connection, text: str, values: Sequence[Any]) -> Sequence[Any]:
    """Run a statement in the transaction at hand and give its rows; ``DBAPIError`` as the library raises it."""
    if (own := _own(connection)) is not None:
        return _run(connection, own, text, values)
    result = connection.exec_driver_sql(text, tuple(values))
    return result.all() if result.returns_rows else []


def each(connection: Connection, text: str, rows: list[tuple[Any, ...]]) -> None:
    """Run a statement that gives no rows, once for each of these; the same errors."""
    if len(rows) <= MANY and (own := _own(connection)) is not None:
        _run(connection, own, text, rows, many=True)
    else:
        connection.exec_driver_sql(text, rows)


def _own(connection: Connection) -> Writer | None:
    driver = connection.connection.driver_connection
    return driver if isinstance(driver, Writer) else None


def _run(connection: Connection, own: Writer, text: str, said: Any, *, many: bool = False) -> list[Any]:  # noqa: ANN401 - as the driver takes it
    """Do what the library does, which takes ten times as long as most statements: it makes a context and a result."""
    for told in connection.dispatch.before_cursor_execute:
        told(connection, None, text, said, None, many)
    try:
        found = own.run(text, said, many=many)
    except sqlite3.Error as error:
        raise DBAPIError.instance(text, None, error, sqlite3.Error, True, dialect=connection.dialect) from error  # noqa: FBT003 - as it is declared
    for told in connection.dispatch.after_cursor_execute:
        told(connection, None, text, said, None, many)
    return found
