"""The lines of an export between fetching and taking in: kept as they came, packed, and deleted as they are taken."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import zstandard
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.copies import mirrored
from app.core.recorder import writing_in

_LEVEL: Final = 3
_FIRST: Final = 0  # the number of the export's first line
_c: Final = mirrored.c


def pack(lines: bytes) -> bytes:
    """Pack lines so that they are unpacked without any others."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(lines)


def unpack(lines: bytes) -> bytes:
    """Give lines as they came."""
    return zstandard.ZstdDecompressor().decompress(lines)


def keep(session: Session, source: UUID, first: bytes | None, portions: Sequence[bytes]) -> None:
    """Keep packed lines behind those that are kept; with the first line, where an answer began with them."""
    if first is not None:  # the newest one names every kind that has come by then
        session.execute(delete(mirrored).where(_c.source == source, _c.number == _FIRST))
        session.execute(insert(mirrored).values(source=source, number=_FIRST, lines=first))
    last = session.execute(select(func.max(_c.number)).where(_c.source == source)).scalar_one()
    rows = [{"source": source, "number": last + 1 + number, "lines": one} for number, one in enumerate(portions)]
    if rows:
        session.execute(insert(mirrored), rows)


def drop_before(session: Session, source: UUID, number: int) -> None:
    """Delete the lines that were taken: those before a portion, but for the first, which tells of all the others."""
    session.execute(delete(mirrored).where(_c.source == source, _c.number > _FIRST, _c.number < number))


def drop(session: Session, source: UUID) -> None:
    """Delete all that was fetched, from the database's log too: some of it may never have been taken."""
    done = session.execute(delete(mirrored).where(_c.source == source).returning(_c.number)).all()
    writing_in(session).erased |= bool(done)


async def first_line(session: AsyncSession, source: UUID) -> bytes | None:
    """Give the first line of what was fetched; None where nothing was, or it is no more."""
    query = select(_c.lines).where(_c.source == source, _c.number == _FIRST)
    packed = (await session.execute(query)).scalar()
    return None if packed is None else unpack(packed)


async def portion(session: AsyncSession, source: UUID, behind: int) -> tuple[int, bytes] | None:
    """Give the number and the packed lines of the portion behind another; None behind the last."""
    query = select(_c.number, _c.lines).where(_c.source == source, _c.number > behind).order_by(_c.number).limit(1)
    row = (await session.execute(query)).first()
    return row and (row.number, row.lines)
