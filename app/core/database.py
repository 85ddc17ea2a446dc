"""Connections and transactions: one for reading or one for writing per request."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from app.core import recorder
from app.core.dialects import reading_engine, writing_engine
from app.core.history import Writing, register
from app.core.kinds import Kinds
from app.core.recorder import Plug, Recorder


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells this register from every other."""

    register_id: UUID
    secret: bytes


class Database:
    """The register's database: its readers, and its writers one at a time."""

    def __init__(self, url: str, kinds: Kinds, read_url: str | None = None, plugs: Iterable[Plug] = ()) -> None:
        self.url = url
        self.kinds = kinds
        self.reading = reading_engine(read_url or url)
        self.writing = writing_engine(url)
        self._identity: Identity | None = None
        session_class: type[Session] = type("RecordedSession", (Session,), {})
        self.recorder = Recorder(kinds, plugs)
        self.recorder.follow(session_class)
        self._read = async_sessionmaker(self.reading, autoflush=False)
        self._write = async_sessionmaker(
            self.writing, sync_session_class=session_class, autoflush=False, expire_on_commit=False
        )

    async def identity(self) -> Identity:
        """Give the register's id and the secret that signs its cursors."""
        if self._identity is None:
            async with self.read() as session:
                row = (await session.execute(select(register.c.register_id, register.c.secret))).one()
            self._identity = Identity(*row)
        return self._identity

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that reads one state of the register."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def write(self, author: str, **said: Any) -> AsyncIterator[AsyncSession]:  # noqa: ANN401 - the rest of Writing
        """Open the transaction that writes, when its turn comes; committed when the block ends well."""
        async with self._write() as session, session.begin():
            await session.run_sync(lambda sync: recorder.begin(sync, author, **said))
            yield session

    async def close(self) -> None:
        """Close every connection."""
        await self.reading.dispose()
        await self.writing.dispose()


def writing_of(session: AsyncSession) -> Writing:
    """Give the author, reason and time of the transaction at hand."""
    writing = session.info[recorder.WRITING]
    if not isinstance(writing, Writing):
        raise TypeError("not a transaction of Database.write()")
    return writing
