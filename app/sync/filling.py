"""Makes the blocks of the export behind the exports that missed them."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Final

import structlog
from sqlalchemy import Row, Select, bindparam, insert, select
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.dialects import is_passing
from app.core.documents import documents
from app.core.logs import told
from app.core.record import Tier
from app.sync.blocks import (
    DOCUMENTS,
    END,
    HOLDS,
    MINE,
    SIZE,
    START,
    Loose,
    begins,
    behind,
    between,
    blocks,
    bounds,
    joined,
    of,
    place,
    stretches,
)

_PORTION: Final = 250
_NEXT: Final = select(blocks.c.first).where(*MINE, blocks.c.first > bindparam("at")).order_by(blocks.c.first).limit(1)
_HOLDING: Final = select(blocks.c.until).where(*HOLDS)
_PLACED: Final[Select[Any]] = DOCUMENTS.add_columns(documents.c.created_at, documents.c.id).limit(bindparam("most"))


class Filler:
    """Makes the blocks that exports missed, while the server serves."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: set[tuple[Tier, str]] = set()
        self._any = asyncio.Event()

    def ask(self, tier: Tier, kinds: Iterable[str]) -> None:
        """Have blocks made of what a tier sees of these kinds, soon."""
        self._asked |= {(tier, kind) for kind in kinds}
        if self._asked:
            self._any.set()

    async def run(self) -> None:
        """Make what is asked for, for as long as the server runs."""
        while await self._any.wait():
            asked, self._asked = sorted(self._asked), set()
            self._any.clear()
            for tier, kind in asked:
                try:
                    await fill(self._database, tier, kind)
                except Exception as error:
                    if not is_passing(error):
                        raise
                    # Nothing is lost: whoever exports reads records one by one, and asks again.
                    structlog.get_logger("vestka").warning("blocks not made", **told(error))


async def fill(database: Database, tier: Tier, kind: str, size: int = SIZE) -> None:
    """Make blocks, of so many bytes of records, of all that a tier sees of a kind and none holds.

    Each is made in a transaction of its own that has its turn as every writer has, so that nothing that changes
    meanwhile is in it. What comes last stays as it is until it is more than a block: new records come there.
    """
    async with database.read(primary=True) as session:
        there = (await session.execute(*bounds(tier))).all()
    for stretch in stretches([block for block in there if block.kind == kind], START):
        at = stretch.first
        while isinstance(stretch, Loose) and at < stretch.until:
            async with database.write("blocks") as session:
                at = await session.run_sync(_fill, tier, kind, at, size)


def _fill(session: Session, tier: Tier, kind: str, start: bytes, size: int) -> bytes:
    """Make the block that begins at a place, if none holds that and there is enough; give the place to go on at."""
    said = {**of(tier, kind), "at": start}
    if (until := session.execute(_HOLDING, said).scalar()) is not None:
        return bytes(until)
    until = session.execute(_NEXT, said).scalar() or END
    # Between two blocks half of one more is no reason for another.
    most = size if until == END else size + size // 2
    rows = _rows(session, {**of(tier, kind), **between(start, until)}, most)
    cut = _cut(rows, size, most)
    if cut < len(rows):
        rows, until = rows[:cut], _place_of(rows[cut])
    elif until == END:
        return END
    # It begins where another one ends, or at the very start, so that nobody looks for something before it.
    held = {"first": start, "until": until, "records": len(rows), "lines": joined(kind, [row.body for row in rows])}
    session.execute(insert(blocks), [{"tier": int(tier), "kind": kind, **held}])
    return until


def _rows(session: Session, said: dict[str, Any], most: int) -> list[Row[Any]]:
    """Give documents from a place on: all, or so many that there is one behind what is more than ``most`` bytes."""
    rows: list[Row[Any]] = []
    while sum(len(row.body) for row in rows[:-1]) <= most:
        found = session.execute(_PLACED, {**said, "most": _PORTION}).all()
        rows += found
        if len(found) < _PORTION:
            break
        said |= begins(behind(_place_of(found[-1])))
    return rows


def _cut(rows: Sequence[Row[Any]], size: int, most: int) -> int:
    """Give how many rows make a block where they are more than ``most`` bytes; else all."""
    sizes = list(accumulate(len(row.body) for row in rows))
    return bisect_left(sizes, size) + 1 if sizes and sizes[-1] > most else len(rows)


def _place_of(row: Row[Any]) -> bytes:
    return place(row.created_at, row.id)
