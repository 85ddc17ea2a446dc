"""Tables as plain columns, and their rows as JSON: the same whichever database they are of.

A backup tells the name and type of each column, so that it is read by what it says of itself and not by what
today's models say. Every table that the program declares is part of it; new ones come along by themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime


class _Form(NamedTuple):
    """A type of column: what it is in the database, and how its values are made of JSON."""

    name: str
    matches: type[TypeEngine[Any]]
    made: Callable[[], TypeEngine[Any]]
    read: Callable[[Any], Any] | None = None  # none where JSON has them


def _bytes(value: str) -> bytes:
    return value[1:].encode() if value[0] == "u" else bytes.fromhex(value[1:])


def _uuid(value: Any) -> UUID:  # noqa: ANN401 - whatever a line says
    return UUID(str(value))  # of what is no text it would ask for more than a value has


# The first that matches counts: a Boolean is an Integer on one of the databases, a Date no DateTime.
_FORMS: Final = (
    _Form("uuid", Uuid, Uuid, _uuid),
    _Form("instant", DateTime, UTCDateTime, datetime.fromisoformat),
    _Form("date", Date, Date, date.fromisoformat),
    _Form("bytes", LargeBinary, LargeBinary, _bytes),
    _Form("json", JSON, lambda: JSON(none_as_null=True)),
    _Form("boolean", Boolean, Boolean),
    _Form("integer", Integer, BigInteger),
    _Form("number", Float, Float),
    _Form("text", String, String),
)
_BY_NAME: Final = {form.name: form for form in _FORMS}
# What is raised where a value is none of its column's type, or that type is none, as after a write past the program.
UNREADABLE: Final = (ValueError, TypeError, LookupError, OverflowError)
Columns = Mapping[str, str]
BACKED_UP: Final = "backed_up"  # in a table's `info`: whether a backup holds its rows; it does where nothing is said


def _form_of(kind: TypeEngine[Any]) -> _Form:
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return next(form for form in _FORMS if isinstance(plain, form.matches))


def columns_of(table: Table) -> Columns:
    """Give the type of each column of a declared table, in the backup's words."""
    return {column.name: _form_of(column.type).name for column in table.columns}


def plain(name: str, columns: Columns, key: Sequence[str] = ()) -> Table:
    """Give a table whose values are what the database holds, without the classes that models make of them."""
    made = (Column(word, _BY_NAME[form].made(), primary_key=word in key) for word, form in columns.items())
    return Table(name, MetaData(), *made)


def declared() -> list[Table]:
    """Give every table of the register, those that others refer to first."""
    return [_plain(table) for table in SQLModel.metadata.sorted_tables]


def _plain(table: Table) -> Table:
    made = plain(table.name, columns_of(table), [column.name for column in table.primary_key])
    made.info.update(table.info)
    return made


def written(row: Sequence[Any]) -> bytes:
    """Write a row as a line of JSON."""
    return to_json([_marked(value) if isinstance(value, bytes) else value for value in row]) + b"\n"


def _marked(value: bytes) -> str:
    """Write bytes as text: what is text as it is, so that it can be read and compressed."""
    try:
        return "u" + value.decode()
    except UnicodeDecodeError:
        return "x" + value.hex()


def reader_of(columns: Columns) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Give what makes a row for the database of a line's values."""
    forms = [(name, _BY_NAME[form].read) for name, form in columns.items()]
    made = [(name, make) for name, make in forms if make is not None]

    def read(values: Sequence[Any]) -> dict[str, Any]:
        row = dict(zip(columns, values, strict=True))
        for name, make in made:
            if row[name] is not None:
                row[name] = make(row[name])
        return row

    return read
