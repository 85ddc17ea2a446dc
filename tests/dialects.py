"""Dialects that are told only once what they are, so that a statement is compiled once a run and not once a test.

Each test has a database of its own, and so engines of its own; SQLAlchemy keeps what it has compiled for an engine, and
compiling is most of what a small test costs. `share()` replaces the two dialects of this process by ones of which there
is a single instance for each way to use it: all engines hand it, and one cache of statements, to each other.
"""

from typing import Any, ClassVar, Self

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.util import LRUCache

_STATEMENTS: LRUCache[Any, Any] = LRUCache(5000)


class _Shared:
    """Comes before a dialect among the bases of a class."""

    supports_statement_cache = True
    _made: ClassVar[dict[Any, Any]] = {}
    _complete: bool

    def __new__(cls, **said: Any) -> Self:
        # Each engine brings a module of its driver's, all alike.
        key = (cls, *sorted((name, repr(value)) for name, value in said.items() if name != "dbapi"))
        if key not in cls._made:
            cls._made[key] = super().__new__(cls)
        made: Self = cls._made[key]
        return made

    def __init__(self, **said: Any) -> None:
        if not hasattr(self, "_complete"):
            super().__init__(**said)
            self._complete = False

    def initialize(self, connection: Connection) -> None:
        if not self._complete:
            super().initialize(connection)  # type: ignore[misc]  # the dialect's, which comes after this
            self._complete = True

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_STATEMENTS)


class SharedSqlite(_Shared, SQLiteDialect_aiosqlite):
    supports_statement_cache = True


class SharedPostgres(_Shared, PGDialect_asyncpg):
    supports_statement_cache = True


def share() -> None:
    """Let every engine that is made from now on in this process use these."""
    for name, dialect in (("sqlite.aiosqlite", SharedSqlite), ("postgresql.asyncpg", SharedPostgres)):
        registry.register(name, __name__, dialect.__name__)
