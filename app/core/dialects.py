"""The only file that names a database: what SQLite and PostgreSQL need to behave alike."""

from typing import Final

from sqlalchemy import Connection, String, Text, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.types import TypeEngine

# How long a writer waits for its turn before it is told to come again.
BUSY_SECONDS: Final = 60
_MIGRATION_LOCK: Final = 7_283_401_552


def is_sqlite(url: str) -> bool:
    """Tell whether the address is that of a SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def exact_text() -> TypeEngine[str]:
    """Give a text column that compares by code point on both, whatever the server's locale."""
    return String().with_variant(Text(collation="C"), "postgresql")


def reading_engine(url: str) -> AsyncEngine:
    """Make the engine for requests that only read: each transaction sees one state of the register."""
    if is_sqlite(url):
        return _sqlite(url, "BEGIN", pool_size=4)
    return create_async_engine(
        url,
        pool_size=8,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )


def writing_engine(url: str) -> AsyncEngine:
    """Make the engine for requests that write: they take turns, so none is told that the database is locked."""
    if is_sqlite(url):
        return _sqlite(url, "BEGIN IMMEDIATE", pool_size=1)
    return create_async_engine(
        url, pool_size=2, max_overflow=0, pool_timeout=BUSY_SECONDS, pool_pre_ping=True, hide_parameters=True
    )


def _sqlite(url: str, begin: str, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver would begin transactions late and commit before DDL; we say BEGIN ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


_PRAGMAS: Final = (
    f"busy_timeout = {BUSY_SECONDS * 1000}",
    "journal_mode = WAL",
    "synchronous = FULL",  # an acknowledged write outlives a power cut
    "foreign_keys = ON",
    "secure_delete = ON",  # what is purged is overwritten
    "temp_store = MEMORY",  # nothing of the register in temporary files
)


def lock_migrations(connection: Connection) -> None:
    """Wait until no other worker migrates; SQLite's write transaction is such a lock already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})


def is_passing(error: BaseException) -> bool:
    """Tell whether a database error may be gone in a moment: no connection, no turn, a server restarting."""
    if isinstance(error, PoolTimeout | OSError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = str(getattr(error.orig, "sqlstate", "") or "")
    return isinstance(error, OperationalError) or error.connection_invalidated or state[:2] in _PASSING_STATES


# SQLSTATE classes: connection exception, transaction rollback, insufficient resources, operator intervention.
_PASSING_STATES: Final = ("08", "40", "53", "57")
