"""``vestka export``: what ``/v1/export`` gives, from the database, without a server."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from app.core.cursors import Cursors
from app.core.database import Database
from app.core.record import Tier
from app.sync.copying import Copy
from app.sync.feed import View


async def export(database: Database, tier: Tier, kinds: Sequence[str], file: Path | None) -> None:
    """Write what a tier sees as JSON Lines, to a file, which is there when it is whole, or to standard output.

    ``Foreign`` if the file is something else than an export, which stays as it is.
    """
    if file is None:
        await _write(database, tier, kinds, sys.stdout.buffer)
        return
    with _writing(file) as out:
        await _write(database, tier, kinds, out)


@contextmanager
def _writing(file: Path) -> Iterator[IO[bytes]]:
    """Open a file that is replaced when all is written; a device or a pipe is written to as it is."""
    if file.exists() and not file.is_file():
        with file.open("wb") as out:
            yield out
        return
    file = file.resolve()
    refuse_foreign(file, _BEGINS, "export")
    draft = file.with_name(f"{file.name}.part")
    try:
        with draft.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


class Foreign(Exception):  # noqa: N818 - what is said to the operator
    """A file that would be lost if it were written to, in a sentence."""


def refuse_foreign(file: Path, begins: bytes, what: str) -> None:
    """Refuse to replace a file that does not begin as what is to be written there, such as the database itself.

    Devices and pipes are no files: what is written to them replaces nothing.
    """
    if not file.is_file():
        return
    with file.open("rb") as known:
        there = known.read(len(begins))
    if there and there != begins:
        raise Foreign(f"{file} is no {what}. It was left as it is; name another file, or move it away.")


_BEGINS: Final = b'{"register_id":'


async def _write(database: Database, tier: Tier, kinds: Sequence[str], out: IO[bytes]) -> None:
    identity = await database.identity()
    wanted = tuple(kind for kind in database.kinds if not kinds or kind in kinds)
    view = View(tier, tuple(sorted(set(kinds))))
    copy = Copy(view, wanted, identity, Cursors(identity, tier))
    async with database.pour() as session:
        async for portion in copy.lines(session):
            out.write(portion)
