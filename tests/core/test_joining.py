"""Bytes that the database joins are the bytes that it has, in the order of the rows."""

from sqlalchemy import select, type_coerce, union_all
from sqlalchemy.types import LargeBinary

from app.core.dialects.direct import as_driven
from app.core.dialects.joining import Joined, Spelled
from tests.conftest import Register

ROWS = (b"b\x00\xff,\n'", b"", b"\xc3\x28 \x80", b"a\\x41", "Мікіта\u2028".encode())


async def test_whatever_bytes_there_are_are_joined_as_they_are(register: Register) -> None:
    rows = union_all(*(select(type_coerce(Spelled(row), LargeBinary).label("said")) for row in ROWS)).subquery()
    query = select(Joined(rows.c.said, b",\n"), Joined(rows.c.said.op("||")(Spelled(b"}")), b""))
    text, parameters = as_driven(query, register.database.reading.dialect)
    (found,) = await register.database.direct.read([(text, parameters)])
    assert tuple(found[0]) == (b",\n".join(ROWS), b"".join(row + b"}" for row in ROWS))


async def test_nothing_joined_is_null(register: Register) -> None:
    rows = select(Spelled(b"a").label("said")).limit(0).subquery()
    text, parameters = as_driven(select(Joined(rows.c.said, b",")), register.database.reading.dialect)
    (found,) = await register.database.direct.read([(text, parameters)])
    assert [tuple(row) for row in found] == [(None,)]
