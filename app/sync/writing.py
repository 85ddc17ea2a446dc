"""``vestka export``: what ``/v1/export`` gives, from the database, without a server."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from app.core.cursors import Cursors
from app.core.database import Database
from app.core.record import Tier
from app.sync.copying import Copy
from app.sync.feed import View


async def export(database: Database, tier: Tier, kinds: Sequence[str], file: Path | None) -> None:
    """Write what a tier sees as JSON Lines, to a file, which is there when it is whole, or to standard output."""
    if file is None:
        await _write(database, tier, kinds, sys.stdout.buffer)
        return
    draft = file.with_name(f"{file.name}.part")
    try:
        with draft.open("wb") as out:
            await _write(database, tier, kinds, out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


async def _write(database: Database, tier: Tier, kinds: Sequence[str], out: IO[bytes]) -> None:
    identity = await database.identity()
    wanted = tuple(kind for kind in database.kinds if not kinds or kind in kinds)
    view = View(tier, tuple(sorted(set(kinds))))
    copy = Copy(view, wanted, identity, Cursors(identity, tier))
    async with database.pour() as session:
        async for portion in copy.lines(session):
            out.write(portion)
