"""Makes a backup: one state of the register, while others go on writing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.documents import documents
from app.core.history import register
from app.core.kinds import Kinds
from app.core.migrating import head
from app.core.plain import BACKED_UP, columns_of, declared, written
from app.core.record import Tier
from app.core.verifying import Verdict, verify
from app.sync.backup.archive import Contents, Count, Writer, writing
from app.sync.digests import Sum, added_up

_PORTION = 200  # rows at a time: a row may hold a megabyte
# Restored rows lie as they come: as they are read together, where that is not by their key (decision 0086).
_ORDERS: Final = {documents.name: ("tier", "position")}


async def back_up(database: Database, file: Path, *, replace: bool = False) -> tuple[Contents, Verdict]:
    """Write everything that the register holds to a file; tell whether it is as its history says.

    ``replace`` allows that the file is a backup of another register, or of this one at a later time.
    """
    async with database.copy() as session:
        verdict = await verify(session, database.kinds)
        contents = await _contents(session, database.kinds, sound=verdict.sound)
        with writing(file, contents, replace=replace) as writer:
            for table in declared():
                await _table(session, table, writer)
    return contents, verdict


async def _table(session: AsyncSession, table: Table, writer: Writer) -> None:
    writer.begin(table.name, columns_of(table))
    if not table.info.get(BACKED_UP, True):
        return
    order = _ORDERS.get(table.name, table.primary_key.columns.keys())
    query = select(table).order_by(*(table.c[name] for name in order)).execution_options(yield_per=_PORTION)
    async for rows in (await session.stream(query)).partitions():
        writer.add([written(row) for row in rows])


async def _contents(session: AsyncSession, kinds: Kinds, *, sound: bool) -> Contents:
    c = register.c
    at = (await session.execute(select(c.register_id, c.position, c.head))).one()
    return Contents(
        made_at=datetime.now(UTC),
        register_id=at.register_id,
        position=at.position,
        head=at.head.hex(),
        revision=head(),
        sound=sound,
        digests=await session.run_sync(digests_of, kinds),
    )


def digests_of(session: Session, kinds: Kinds) -> dict[str, dict[str, Count]]:
    """Give the digest of each kind as each tier sees it, added up from the documents."""
    sums = added_up(session)
    return {
        tier.name.lower(): {kind: Count(**sums.get((int(tier), kind), Sum()).said()) for kind in kinds} for tier in Tier
    }
