"""A connection to a SQLite file for those who write: statements run where they are asked for, waits in a thread.

A write makes some sixty statements of a few microseconds each; to hand each to a thread and back takes ten times as
long. What may take long is handed over: the turn that is waited for, the commit that is on the disk when it returns,
and many rows at once.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self, TypeVar

_T = TypeVar("_T")
MANY: Final = 100  # rows that are written without others waiting for it


class Writer:
    """The connection, in the shape that SQLAlchemy expects of asynchronous drivers."""

    def __init__(self, file: str, seconds: float) -> None:
        self._connection = sqlite3.connect(file, timeout=seconds, isolation_level=None, check_same_thread=False)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    def run(self, statement: str, said: Any, *, many: bool) -> list[Any]:  # noqa: ANN401 - as the driver takes it
        """Run a statement where it is asked for, in the transaction at hand, and give its rows."""
        if many:
            self._connection.executemany(statement, said)
            return []
        return self._connection.execute(statement, said).fetchall()

    async def apart(self, work: Callable[..., _T], *said: Any) -> _T:  # noqa: ANN401 - handed on
        """Do something in the connection's thread; who is cancelled lets it end, and what comes next waits for it."""
        done = asyncio.get_running_loop().run_in_executor(self._thread, work, *said)
        done.add_done_callback(_heard)
        return await asyncio.shield(done)

    @property
    def isolation_level(self) -> str | None:
        return self._connection.isolation_level

    def cursor(self) -> "_Cursor":
        return _Cursor(self, self._connection.cursor())

    async def commit(self) -> None:
        await self.apart(self._connection.commit)

    async def rollback(self) -> None:
        await self.apart(self._connection.rollback)

    async def create_function(self, *said: Any, **more: Any) -> None:  # noqa: ANN401 - handed on
        self._connection.create_function(*said, **more)

    async def close(self) -> None:
        await self.apart(self._connection.close)
        self._thread.shutdown(wait=False)

    def stop(self) -> None:
        """Close it when what is under way has ended."""
        self._thread.submit(self._connection.close)
        self._thread.shutdown(wait=False)


class _Cursor:
    def __init__(self, writer: Writer, cursor: sqlite3.Cursor) -> None:
        self._writer = writer
        self._cursor = cursor

    async def __aenter__(self) -> Self:
        return self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - description, rowcount and the like
        return getattr(self._cursor, name)

    async def execute(self, statement: str, parameters: Any = ()) -> None:  # noqa: ANN401 - handed on
        if statement.startswith("BEGIN"):
            await self._writer.apart(self._cursor.execute, statement)
        else:
            self._cursor.execute(statement, parameters)

    async def executemany(self, statement: str, rows: Sequence[Any]) -> None:
        if len(rows) > MANY:
            await self._writer.apart(self._cursor.executemany, statement, rows)
        else:
            self._cursor.executemany(statement, rows)

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()


def _heard(done: "asyncio.Future[Any]") -> None:
    """Take note of what went wrong where nobody waits for it any more."""
    if not done.cancelled():
        done.exception()
