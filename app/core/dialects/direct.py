"""Reads past everything that is not the driver: SQLite in the event loop, PostgreSQL with a few connections."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.engine import make_url

from app.core.dialects import BRIEF_PRAGMAS, Patience, TooLong, is_sqlite

# What is mapped into memory is read without a system call (SQLite maps two gigabytes at most), the rest is kept.
_DIRECT_PRAGMAS: Final = (*BRIEF_PRAGMAS, "mmap_size = 2147418112", "cache_size = -16000")
_POOLED_SECONDS: Final = 1  # how long a plan waits for a connection before the route is asked


class InLoop:
    """Reads a SQLite file in the event loop, past everything that is not the driver."""

    def __init__(self, file: str) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, cached_statements=500)
        for pragma in _DIRECT_PRAGMAS:
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
        except sqlite3.Error:
            raise TooLong from None  # whatever it is, who asks otherwise is told properly

    async def read(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Do the same."""
        return self.now(asked)

    async def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Pooled:
    """Reads from a server with a few connections of its own, past everything that is not the driver."""

    def __init__(self, url: str) -> None:
        import asyncpg  # type: ignore[import-untyped]  # its makers give no types  # noqa: PLC0415 - costs time

        self._errors = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
        self._create: Any = asyncpg.create_pool
        self._said = dict(make_url(url).get_dialect()().create_connect_args(make_url(url))[1])
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
        except self._errors:
            raise TooLong from None

    async def _opened(self) -> Any:  # noqa: ANN401 - its makers give no types
        async with self._lock:
            if self._pool is None:
                read_only = {"default_transaction_read_only": "on"}
                self._pool = await self._create(
                    **self._said, min_size=1, max_size=4, reset=_as_it_is, server_settings=read_only
                )
        return self._pool

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            self._pool.terminate()


async def _as_it_is(_: object) -> None:
    """Give a connection back as it is: single statements that read leave nothing behind."""


def direct_reader(url: str) -> InLoop | Pooled:
    """Give what reads past everything that is not the driver."""
    return InLoop(make_url(url).database or ":memory:") if is_sqlite(url) else Pooled(url)
