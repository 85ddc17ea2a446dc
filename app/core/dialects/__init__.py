"""The only place that names a database: what SQLite and PostgreSQL need to behave alike."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any, Final, Self

from sqlalchemy import Column, ColumnElement, Connection, Index, Join, String, Text, TextClause, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, NullPool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from app.core.dialects.writer import Writer

# What a statement may cost in the event loop, in steps of SQLite's machine: about a millisecond.
BRIEF_STEPS: Final = 60_000
# How long a writer waits for its turn before it is told to come again.
BUSY_SECONDS: Final = 60
# How long a server that hangs is given for a new connection.
CONNECT_SECONDS: Final = 10
_PRAGMAS: Final = (
    f"busy_timeout = {BUSY_SECONDS * 1000}",
    "journal_mode = WAL",
    "synchronous = FULL",  # an acknowledged write outlives a power cut
    "foreign_keys = ON",
    "secure_delete = ON",  # what is purged is overwritten
    "temp_store = MEMORY",  # nothing of the register in temporary files
)
# What a transaction of many records changes is kept until it is written, once; and what many change is brought from the
# log to its place once.
_WRITERS_PRAGMAS: Final = (*_PRAGMAS, "cache_size = -65536", "wal_autocheckpoint = 8000")
# A reader that would have to wait leaves the event loop.
BRIEF_PRAGMAS: Final = ("busy_timeout = 0", "query_only = ON", "temp_store = MEMORY")
# What is mapped into memory is read without a system call (SQLite maps two gigabytes at most), the rest is kept.
DIRECT_PRAGMAS: Final = (*BRIEF_PRAGMAS, "mmap_size = 2147418112", "cache_size = -16000")
# What is read once, from one end to the other, is rather read into the same memory again, while the processor has it.
_POURING_PRAGMAS: Final = (*DIRECT_PRAGMAS, "cache_size = -1000")
_MIGRATION_LOCK: Final = 7_283_401_552


def is_sqlite(url: str) -> bool:
    """Tell whether the address is that of a SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def exact_text() -> TypeEngine[str]:
    """Give a text column that compares by code point on both, whatever the server's locale."""
    return String().with_variant(Text(collation="C"), "postgresql")


def partial_index(name: str, *columns: Column[Any], where: TextClause | ColumnElement[bool]) -> Index:
    """Index the rows of a table that fulfil a condition; a query finds them by it that has the same condition."""
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def keep_unpacked(connection: Connection, table: str, column: str) -> None:
    """Say of a column that its values are read whole and often: PostgreSQL would pack them, and unpack each time."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL"))


class OuterFirst(Join):
    """A join whose left side is walked first, along an index that has the rows in their order."""

    inherit_cache = True


@compiles(OuterFirst, "sqlite")
def _outer_first(element: OuterFirst, compiler: SQLCompiler, **said: Any) -> str:  # noqa: ANN401 - handed on
    # SQLite keeps no statistics unless told to, and would walk and sort all documents of a kind; it takes the order
    # of a CROSS JOIN as given (https://www.sqlite.org/optoverview.html#crossjoin). PostgreSQL knows by itself.
    written: str = compiler.visit_join(element, **said)  # type: ignore[no-untyped-call]  # as its makers left it
    # The left side is written first, with joins of its own; what it is joined on holds none.
    before, _, after = written.rpartition(" JOIN ")
    return f"{before} CROSS JOIN {after}"


def reading_engine(url: str, connections: int | None = None, seconds: float | None = None) -> AsyncEngine:
    """Make the engine for requests that only read: each transaction sees one state of the register.

    A server that takes longer than so many ``seconds`` for a statement is given up.
    """
    if is_sqlite(url):
        return _sqlite(url, "BEGIN", pool_size=connections or 4)
    return _server(
        url,
        seconds,
        **_pool(connections or 8),
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )


def _pool(size: int) -> dict[str, Any]:
    return {"pool_size": size, "max_overflow": 0, "pool_timeout": BUSY_SECONDS, "pool_pre_ping": True}


def _server(url: str, seconds: float | None, **said: Any) -> AsyncEngine:  # noqa: ANN401 - handed on
    limits = {} if seconds is None else {"timeout": min(seconds, CONNECT_SECONDS), "command_timeout": seconds}
    return create_async_engine(url, hide_parameters=True, connect_args=limits, **said)


def brief_engine(url: str) -> AsyncEngine | None:
    """Make the engine for reads that take less than handing them to a thread would; None where there is no such.

    A statement that takes longer raises `TooLong`, and the whole request is done again with `reading_engine`.
    """
    if not is_sqlite(url):
        return None
    return _sqlite(url, "BEGIN", 2, BRIEF_PRAGMAS, async_creator_fn=_adapted(url, patient=False))


def pouring_engine(url: str, seconds: float | None = None) -> AsyncEngine:
    """Make the engine for what is read in portions by the driver: each is brief, all together may take long."""
    if not is_sqlite(url):
        return reading_engine(url, connections=3, seconds=seconds)
    return _sqlite(url, "BEGIN", 3, _POURING_PRAGMAS, async_creator_fn=_adapted(url, patient=True))


class TooLong(Exception):  # noqa: N818 - a turn to be taken elsewhere, not a fault
    """A statement takes too long for the event loop."""


def _adapted(url: str, *, patient: bool) -> Callable[..., Awaitable["Adapted"]]:
    file = make_url(url).database or ":memory:"

    async def connect(*_: object, **__: object) -> Adapted:
        connection = sqlite3.connect(file, isolation_level=None)
        return Adapted(connection, None if patient else Patience(connection))

    return connect


class Patience:
    """Ends a run of a statement that takes longer than others should wait.

    SQLite counts the steps of a statement over all its runs and calls back after so many, so one call says nothing:
    the second one within a run does.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._calls = 0
        connection.set_progress_handler(self._called, max(1, BRIEF_STEPS // 2))

    def begin(self) -> None:
        """Begin a run."""
        self._calls = 0

    def _called(self) -> bool:
        self._calls += 1
        return self._calls > 1


class Adapted:
    """A connection that works in the event loop, in the shape that SQLAlchemy expects of asynchronous drivers."""

    def __init__(self, connection: sqlite3.Connection, patience: Patience | None) -> None:
        self._connection = connection
        self._patience = patience

    def run(self, statement: str, parameters: Sequence[Any]) -> sqlite3.Cursor:
        """Run a statement in the transaction at hand, past SQLAlchemy."""
        return self._connection.execute(statement, parameters)

    @property
    def isolation_level(self) -> str | None:
        return self._connection.isolation_level

    def cursor(self) -> "_Cursor":
        return _Cursor(self._connection.cursor(), self._patience)

    async def commit(self) -> None:
        self._connection.commit()

    async def rollback(self) -> None:
        self._connection.rollback()

    async def create_function(self, *said: Any, **more: Any) -> None:  # noqa: ANN401 - handed on
        self._connection.create_function(*said, **more)

    async def close(self) -> None:
        self._connection.close()

    def stop(self) -> None:
        self._connection.close()


class _Cursor:
    def __init__(self, cursor: sqlite3.Cursor, patience: Patience | None) -> None:
        self._cursor = cursor
        self._patience = patience

    async def __aenter__(self) -> Self:
        return self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - description, rowcount and the like
        return getattr(self._cursor, name)

    async def execute(self, statement: str, parameters: Any = ()) -> None:  # noqa: ANN401 - handed on
        if self._patience is not None:
            self._patience.begin()
        try:
            self._cursor.execute(statement, parameters)
        except sqlite3.OperationalError as error:
            raise _told(error) from None

    async def fetchall(self) -> list[Any]:
        try:
            return self._cursor.fetchall()
        except sqlite3.OperationalError as error:
            raise _told(error) from None

    async def close(self) -> None:
        self._cursor.close()


def _told(error: sqlite3.OperationalError) -> Exception:
    return TooLong() if has_waited(error) else error


def has_waited(error: sqlite3.Error) -> bool:
    """Tell whether a statement was given up because it took too long, or had to wait for others."""
    # What the driver says itself has no code; of the others the first byte is the kind, and the rest the case.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return code in {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY}


def writing_engine(url: str, seconds: float | None = None) -> AsyncEngine:
    """Make the engine for requests that write: they take turns, so none is told that the database is locked."""
    if is_sqlite(url):
        return _sqlite(url, "BEGIN IMMEDIATE", 1, _WRITERS_PRAGMAS, async_creator_fn=_writer(url))
    return _server(url, seconds, **_pool(2))


def _writer(url: str) -> Callable[..., Awaitable[Writer]]:
    file = make_url(url).database or ":memory:"

    async def connect(*_: object, **__: object) -> Writer:
        return Writer(file, BUSY_SECONDS)

    return connect


def bulk_engine(url: str, seconds: float | None = None) -> AsyncEngine:
    """Make the engine for writing in any event loop: each transaction has a connection of its own."""
    if is_sqlite(url):
        return _sqlite(url, "BEGIN IMMEDIATE", pragmas=_WRITERS_PRAGMAS, async_creator_fn=_writer(url))
    return _server(url, seconds, poolclass=NullPool)


class InUse(Exception):  # noqa: N818 - what an operator can end
    """Others are connected to the database."""


@asynccontextmanager
async def alone(url: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction on a database that nobody else uses, in which tables may be made anew.

    Raises ``InUse`` if others are connected, as servers are that run.
    """
    if is_sqlite(url):
        # Set before the file is looked at: either nobody else has it open, or the first look says so.
        pragmas = ("locking_mode = EXCLUSIVE", "busy_timeout = 2000", *_PRAGMAS[1:], "foreign_keys = OFF")
        engine = _sqlite(url, "BEGIN EXCLUSIVE", 1, pragmas)
    else:
        engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_refuse_company)
            yield connection
    except (OperationalError, sqlite3.OperationalError) as error:
        original = getattr(error, "orig", error)
        raise InUse if getattr(original, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY else error from None
    finally:
        await engine.dispose()


def _refuse_company(connection: Connection) -> None:
    if connection.dialect.name == "postgresql" and connection.exec_driver_sql(_COMPANY).scalar_one():
        raise InUse


# Who may not see what another role does sees that it is there, and no type; what the server does itself has no role.
_COMPANY: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND usename IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'"
)


def _sqlite(
    url: str,
    begin: str,
    pool_size: int | None = None,
    pragmas: Sequence[str] = _PRAGMAS,
    **connect: Any,  # noqa: ANN401 - handed to the driver
) -> AsyncEngine:
    kept: dict[str, Any] = {"poolclass": NullPool}
    if pool_size is not None:
        limits = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": BUSY_SECONDS}
        kept = {"poolclass": AsyncAdaptedQueuePool, **limits}
    engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, **connect}, **kept)

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver would begin transactions late and commit before DDL; we say BEGIN ourselves.
        if connection.isolation_level is not None:
            connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def empty_log(url: str) -> bool:
    """Write SQLite's log into the file and empty it, so that what was erased is in neither; tell whether that was done.

    It is not while somebody reads an earlier state.
    """
    if not is_sqlite(url):
        return True
    try:
        with closing(sqlite3.connect(make_url(url).database or ":memory:", timeout=1)) as connection:
            busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.Error:
        return False
    return not busy


class Unfit(Exception):  # noqa: N818 - nothing has failed yet
    """A database cannot hold a register; with a sentence for the operator."""


def lock_migrations(connection: Connection) -> None:
    """Wait until no other worker migrates; SQLite's write transaction is such a lock already. Raises ``Unfit``."""
    if connection.dialect.name == "postgresql":
        encoding = connection.execute(text("SHOW server_encoding")).scalar()
        if encoding != "UTF8":  # the tables would be made, and the first name in another script refused
            raise Unfit(
                f"The database keeps text as {encoding}, which cannot hold every name. Make one that keeps UTF8: "
                "createdb --encoding=UTF8 --template=template0 NAME"
            )
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})


def is_passing(error: BaseException) -> bool:
    """Tell whether a database error may be gone in a moment: no connection, no turn, a server restarting."""
    if isinstance(error, PoolTimeout | OSError | TimeoutError | sqlite3.OperationalError):
        return True
    # What the driver raises while it connects comes as it is.
    original = error.orig if isinstance(error, DBAPIError) else error
    if str(getattr(original, "sqlstate", "") or "")[:2] in _PASSING_STATES:
        return True
    if isinstance(error, DBAPIError):
        return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return type(error).__module__.startswith("asyncpg") and type(error).__name__ in _PASSING_ERRORS


# What asyncpg says of a connection that broke while it was made or used, without a SQLSTATE.
_PASSING_ERRORS: Final = {"InterfaceError", "InternalClientError", "TargetServerAttributeNotMatched"}
# SQLSTATE classes: connection exception, a server that only reads, transaction rollback, insufficient resources,
# operator intervention.
_PASSING_STATES: Final = ("08", "25", "40", "53", "57")
