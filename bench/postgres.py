"""The same registers on PostgreSQL: copied table by table into a throw-away server on the disk."""

import asyncio
import contextlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # its makers give no types
from sqlalchemy import JSON, Boolean, Date, DateTime, Table, Uuid
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.migrating import migrate
from app.register import KINDS
from tests import postgres

_PORTION: Final = 5_000
_SETTINGS: Final = {"shared_buffers": "512MB", "max_wal_size": "4GB", "maintenance_work_mem": "256MB"}
Convert = Callable[[Any], Any]


@contextlib.contextmanager
def served() -> Iterator[str | None]:
    """Run a PostgreSQL while the block runs, or give the one that the environment names; None where there is none."""
    if named := postgres.named_server():
        yield named
        return
    binaries = postgres.find_server()
    if binaries is None:
        yield None
        return
    with postgres.start(binaries, Path(tempfile.gettempdir()), **_SETTINGS) as cluster:
        yield cluster.url


@contextlib.contextmanager
def copied(file: Path, server: str) -> Iterator[str]:
    """Give a copy of a SQLite register on a server."""
    name = f"vestka_bench_{file.stem.replace('-', '_')}"
    with contextlib.closing(postgres.Admin(server)) as admin:
        postgres.drop_database(admin, name)
        url = postgres.create_database(admin, name)
        try:
            migrate(url)
            asyncio.run(_copied(file, url))
            yield url
        finally:
            postgres.drop_database(admin, name)


async def _copied(file: Path, url: str) -> None:
    said = make_url(url).get_dialect()().create_connect_args(make_url(url))[1]
    connection = await asyncpg.connect(**dict(said))
    try:
        with contextlib.closing(sqlite3.connect(file)) as source:
            async with connection.transaction():
                await connection.execute("SET CONSTRAINTS ALL DEFERRED")
                for table in _tables():
                    await _copy(source, connection, table)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _tables() -> Sequence[Table]:
    assert KINDS  # noqa: S101 - whose import has declared the tables
    return SQLModel.metadata.sorted_tables


async def _copy(source: sqlite3.Connection, target: Any, table: Table) -> None:  # noqa: ANN401 - its makers give no types
    names = [column.name for column in table.columns]
    converts = [_convert(column.type) for column in table.columns]
    await target.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - our own names; a migration may have filled it
    listed = ", ".join(f'"{name}"' for name in names)
    cursor = source.execute(f'SELECT {listed} FROM "{table.name}"')  # noqa: S608 - our own names
    while rows := cursor.fetchmany(_PORTION):
        made = [
            tuple(
                value if value is None or convert is None else convert(value)
                for value, convert in zip(row, converts, strict=True)
            )
            for row in rows
        ]
        await target.copy_records_to_table(table.name, records=made, columns=names)


def _convert(kind: Any) -> Convert | None:  # noqa: ANN401 - a column's type
    """Give what makes a value for PostgreSQL of one in a SQLite file."""
    plain = getattr(kind, "impl", kind)
    found: list[tuple[type[Any], Convert]] = [
        (Uuid, UUID),
        (UTCDateTime, _instant),
        (DateTime, _instant),
        (Date, date.fromisoformat),
        (Boolean, bool),
        (JSON, lambda value: value if isinstance(value, str) else json.dumps(value)),
    ]
    return next((convert for shape, convert in found if isinstance(kind, shape) or isinstance(plain, shape)), None)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
