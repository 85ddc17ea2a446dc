"""What is noted of those who have keys, beside the register: on which day each was used, and what it read."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime
from uuid import UUID

import structlog
from sqlalchemy import Executable, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from app.core.access import ApiKey
from app.core.logs import told

_LOG = structlog.get_logger("vestka")
Note = Callable[[AsyncSession], Awaitable[object]]


class Ledger:
    """Writes notes in transactions of their own: who reads has a transaction that cannot write, or a replica.

    Notes that come while one is written are written together, in the next.
    """

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AsyncSession]]) -> None:
        self._begin = begin
        self._waiting: list[tuple[Note, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._day = date.min
        self._used: set[UUID] = set()

    def used(self, key_id: UUID) -> None:
        """Note the day on which a key was used, once a day; nobody waits for it."""
        today = datetime.now(UTC).date()
        if today != self._day:
            self._day, self._used = today, set()
        if key_id not in self._used:
            self._used.add(key_id)
            self._add(lambda session: session.execute(_last_use(key_id, today)))

    async def note(self, note: Note) -> None:
        """Write a note; it is on disk when this returns."""
        await asyncio.shield(self._add(note))

    def _add(self, note: Note) -> "asyncio.Future[None]":
        noted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((note, noted))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return noted

    async def _write(self) -> None:
        while self._waiting:
            notes, self._waiting = self._waiting, []
            try:
                async with self._begin() as session:
                    for note, _ in notes:
                        await note(session)
            except Exception as error:  # noqa: BLE001 - whoever waits for a note is told
                _LOG.warning("not noted", **told(error))
                self._used.clear()
                for _, noted in notes:
                    noted.set_exception(error)
                    noted.exception()  # it has been logged, whether somebody waits or not
            else:
                for _, noted in notes:
                    noted.set_result(None)

    async def close(self) -> None:
        """Write what is still to be noted."""
        if self._writer is not None:
            await self._writer


def _last_use(key_id: UUID, day: date) -> Executable:
    keys = SQLModel.metadata.tables[str(ApiKey.__tablename__)]  # past the session's event: this is no act on a key
    earlier = or_(keys.c.last_used_on.is_(None), keys.c.last_used_on < day)
    return update(keys).where(keys.c.id == key_id, earlier).values(last_used_on=day)
