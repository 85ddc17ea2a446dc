"""Bytes that the database joins, so that a page is one value and not many rows."""

from typing import Any

from sqlalchemy import ColumnElement, Dialect, LargeBinary
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Spelled(ColumnElement[bytes]):
    """Bytes that are written into the statement."""

    inherit_cache = False
    type = LargeBinary()

    def __init__(self, value: bytes) -> None:
        self.value = value


class Joined(FunctionElement[bytes]):
    """The values of a column in the order of the rows, with bytes between them; null is left out."""

    inherit_cache = False
    type = LargeBinary()

    def __init__(self, column: ColumnElement[Any], between: bytes) -> None:
        super().__init__(column, Spelled(between))


def joins_as_it_walks(dialect: Dialect) -> bool:
    """Tell whether the values of rows that an index gives between two bounds are joined in the index's order.

    SQLite walks along it, so rows need not be copied to be put in order first. It promises that as little as anybody
    does without ORDER BY: who relies on it looks whether what came last is last.
    """
    return dialect.name == "sqlite"


@compiles(Spelled, "sqlite")
def _spelled_on_sqlite(element: Spelled, _: SQLCompiler, **__: Any) -> str:  # noqa: ANN401 - the compiler's
    return f"X'{element.value.hex()}'"


@compiles(Spelled, "postgresql")
def _spelled_on_postgresql(element: Spelled, _: SQLCompiler, **__: Any) -> str:  # noqa: ANN401 - the compiler's
    return rf"'\x{element.value.hex()}'::bytea"


@compiles(Joined, "sqlite")
def _joined_on_sqlite(element: Joined, compiler: SQLCompiler, **said: Any) -> str:  # noqa: ANN401 - handed on
    # Text is bytes to it: nothing is read into them, and none are lost (https://www.sqlite.org/lang_expr.html#castexpr).
    return f"CAST(group_concat({compiler.process(element.clauses, **said)}) AS BLOB)"


@compiles(Joined, "postgresql")
def _joined_on_postgresql(element: Joined, compiler: SQLCompiler, **said: Any) -> str:  # noqa: ANN401 - handed on
    return f"string_agg({compiler.process(element.clauses, **said)})"
