"""Reads past everything that is not the driver: SQLite in the event loop, PostgreSQL with a few connections."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from functools import lru_cache
from typing import Any, Final

import structlog
from sqlalchemy import CompoundSelect, Dialect, Select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.dialects import DIRECT_PRAGMAS, Adapted, Patience, TooLong, has_waited, is_sqlite
from app.core.logs import told

# A statement that can never be run would be asked otherwise each time, and nobody would know why all is slow.
_LOG: Final = structlog.get_logger("vestka")
_USUAL: Final = 4_000  # bytes of a record, as long as none was seen
_MOST: Final = 250  # rows at a time
_NOTHING: Final[Mapping[str, Any]] = {}
_POOLED_SECONDS: Final = 1  # how long a plan waits for a connection before the route is asked
_Query = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
Fetch = Callable[[int], Awaitable[list[Any]]]


def as_driven(query: _Query, dialect: Dialect, said: Mapping[str, Any] = _NOTHING) -> tuple[str, tuple[Any, ...]]:
    """Give a query as the driver takes it; its parameters are single values, some of which are ``said`` here."""
    compiled = _compiled(query, dialect)
    # Each value of a list is a parameter of its own, with a processor of its own.
    lists = compiled._post_compile_expanded_state  # noqa: SLF001 - what the engine runs
    processors = {**compiled._bind_processors, **(lists.processors if lists else {})}  # noqa: SLF001 - the same
    values = {**compiled.params, **said}
    driven = [(values[name], processors.get(name)) for name in compiled.positiontup]
    return str(compiled), tuple(value if made is None or value is None else made(value) for value, made in driven)


@lru_cache(maxsize=64)
def _compiled(query: _Query, dialect: Dialect) -> Any:  # noqa: ANN401 - SQLAlchemy's
    """Compile a query; one that is kept and asked with other values is compiled once."""
    return query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})


@asynccontextmanager
async def _opened(driver: Any, text: str, parameters: Sequence[Any]) -> AsyncIterator[Fetch]:  # noqa: ANN401 - a driver's
    """Run a statement, and give what fetches so many of its rows."""
    if not isinstance(driver, Adapted):
        yield (await driver.cursor(text, *parameters)).fetch
        return

    async def fetch(count: int) -> list[Any]:
        return cursor.fetchmany(count)

    with closing(driver.run(text, parameters)) as cursor:
        yield fetch


async def portions(
    session: AsyncSession, query: Select[Any], size: int, said: Mapping[str, Any] = _NOTHING
) -> AsyncIterator[list[bytes]]:
    """Give a long answer of one column of bytes, some at a time, about ``size`` bytes each, past everything else.

    It is read in the transaction at hand, as it comes, so that however large it is little of it is in memory.
    """
    connection = await session.connection()
    text, parameters = as_driven(query, connection.dialect, said)
    driver: Any = (await connection.get_raw_connection()).driver_connection
    found: list[bytes] = []
    left, seen, records = size, 0, 0
    async with _opened(driver, text, parameters) as fetch:
        # As many rows as should fill the portion, so that it costs next to nothing that they come one by one.
        while rows := await fetch(min(_MOST, left // (max(1, seen // records) if records else _USUAL) + 1)):
            found += [value for (value,) in rows]
            more = sum([len(value) for (value,) in rows])
            left, seen, records = left - more, seen + more, records + len(rows)
            if left <= 0:
                yield found
                found, left = [], size
    if found:
        yield found


class InLoop:
    """Reads a SQLite file in the event loop, past everything that is not the driver."""

    def __init__(self, file: str) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, cached_statements=500)
        for pragma in DIRECT_PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._patience = Patience(self._connection)

    def now(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Run statements on one state of the file; ``TooLong`` when they take longer than others should wait."""
        run = self._connection.execute
        self._patience.begin()
        try:
            if len(asked) == 1:
                return [run(*asked[0]).fetchall()]
            run("BEGIN")
            try:
                return [run(*one).fetchall() for one in asked]
            finally:
                run("ROLLBACK")
        except sqlite3.Error as error:  # whatever it is, who asks otherwise is told properly
            if not has_waited(error):
                _LOG.warning("not read directly", **told(error))
            raise TooLong from None

    async def read(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Do the same."""
        return self.now(asked)

    async def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Pooled:
    """Reads from a server with a few connections of its own, past everything that is not the driver."""

    def __init__(self, url: str, seconds: float | None, connections: int) -> None:
        import asyncpg  # type: ignore[import-untyped]  # its makers give no types  # noqa: PLC0415 - costs time

        self._errors = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
        self._never = (asyncpg.DataError, asyncpg.SyntaxOrAccessError)
        self._create: Any = asyncpg.create_pool
        self._said = dict(make_url(url).get_dialect()().create_connect_args(make_url(url))[1])
        if seconds is not None:
            self._said |= {"timeout": seconds, "command_timeout": seconds}
        self._connections = connections
        self._pool: Any = None
        self._lock = asyncio.Lock()

    def now(self, _: Sequence[tuple[str, Sequence[Any]]]) -> list[Any] | None:
        """Give nothing: a server is waited for."""
        return None

    async def read(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Run statements on one state of the register; ``TooLong`` when there is no connection, or they fail."""
        try:
            pool = self._pool or await self._opened()
            async with pool.acquire(timeout=_POOLED_SECONDS) as connection:
                if len(asked) == 1:
                    return [await connection.fetch(asked[0][0], *asked[0][1])]
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    return [await connection.fetch(text, *parameters) for text, parameters in asked]
        except self._errors as error:
            if isinstance(error, self._never):
                _LOG.warning("not read directly", **told(error))
            raise TooLong from None

    async def _opened(self) -> Any:  # noqa: ANN401 - its makers give no types
        async with self._lock:
            if self._pool is None:
                read_only = {"default_transaction_read_only": "on"}
                self._pool = await self._create(
                    **self._said, min_size=1, max_size=self._connections, reset=_as_it_is, server_settings=read_only
                )
        return self._pool

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            self._pool.terminate()


async def _as_it_is(_: object) -> None:
    """Give a connection back as it is: single statements that read leave nothing behind."""


def direct_reader(url: str, seconds: float | None = None, connections: int = 4) -> InLoop | Pooled:
    """Give what reads past everything that is not the driver, and gives a server so many seconds for a statement."""
    return InLoop(make_url(url).database or ":memory:") if is_sqlite(url) else Pooled(url, seconds, connections)
