"""Puts a backup in the place of a register: all of it, or nothing.

Everything happens in one transaction of a database that nobody else uses: the tables are dropped, made again as they
were when the backup was made, filled, and brought to this version; then what they hold is checked. Whatever goes wrong
before the end, a killed process included, leaves what was there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import SQLModel

from app.core.dialects import InUse, alone
from app.core.history import register
from app.core.kinds import Kinds
from app.core.migrating import migrate_within, revisions
from app.core.plain import UNREADABLE, Columns, plain, reader_of
from app.core.verifying import verify
from app.sync.backup.archive import Contents, Count, Damaged, Unusable, reading
from app.sync.backup.making import digests_of
from app.sync.backup.since import Since, end_again, since

_PORTION: Final = 200
_IN_USE: Final = "The register is in use. Stop its servers first, all of them; nothing was changed."
_OCCUPIED: Final = (
    "The database holds a register already, up to change {}. To put the backup in its place, say --replace; nothing "
    "was changed."
)
_OTHER: Final = "What was restored is not what the backup says that it holds. Nothing was changed."
_UNSOUND: Final = (
    "The backup was made of a register that is not as its history says: {}. To restore it all the same, say "
    "--unsound; nothing was changed."
)


class Refused(Exception):  # noqa: N818 - what is said to the operator
    """A restore that was not carried out, in a sentence that says why; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what the register that was there knew that it does not."""

    contents: Contents
    again: Sequence[str] = field(default_factory=list)
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Backup:
    """A file that was found whole."""

    file: Path
    contents: Contents


def check(file: Path) -> Backup:
    """Read a backup from its first line to its last; ``Unusable`` if it is not whole."""
    with reading(file) as reader:
        for _, columns, rows in reader.tables():
            for _ in _read(columns, rows):
                pass
        if reader.contents.revision not in revisions():
            raise Unusable("It was made by a newer version of Vestka. Run that one.")
        return Backup(file, reader.contents)


async def restore(url: str, kinds: Kinds, backup: Backup, *, replace: bool = False, unsound: bool = False) -> Restored:
    """Put a backup in the place of the register at an address, whose tables are current.

    ``replace`` allows that one is there, ``unsound`` that the restored one is not as its history says.
    """
    contents = backup.contents
    try:
        async with alone(url) as connection:
            known = await connection.run_sync(_before, replace)
            await connection.run_sync(_fill, backup)
            await _compare(connection, contents, kinds)
            await connection.run_sync(migrate_within)
            await _verify(connection, kinds, unsound=unsound)
            return Restored(contents, *await connection.run_sync(_after, kinds, known, contents))
    except InUse:
        raise Refused(_IN_USE) from None


@dataclass(frozen=True, slots=True)
class _Before:
    epoch: int
    since: Since


def _before(connection: Connection, replace: bool) -> _Before:  # noqa: FBT001 - handed on by SQLAlchemy by place
    """Give what has to outlive the register that is there; refuse if there is one and nobody said to replace it."""
    there = connection.execute(select(register.c.position, register.c.epoch)).one()
    if there.position and not replace:
        raise Refused(_OCCUPIED.format(there.position))
    return _Before(there.epoch, since(connection))


def _fill(connection: Connection, backup: Backup) -> None:
    """Make the tables as they were when the backup was made, and fill them."""
    SQLModel.metadata.drop_all(connection)
    connection.execute(text("DROP TABLE alembic_version"))
    migrate_within(connection, backup.contents.revision)
    with reading(backup.file) as reader:
        for name, columns, rows in reader.tables():
            _fill_table(connection, name, columns, rows)


def _fill_table(connection: Connection, name: str, columns: Columns, rows: Iterator[Sequence[Any]]) -> None:
    table, read = plain(name, columns), _read(columns, rows)
    connection.execute(delete(table))
    while portion := list(islice(read, _PORTION)):
        connection.execute(insert(table), portion)


def _read(columns: Columns, rows: Iterator[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Give rows for the database; what is damaged may be no value at all, long before the sum of all tells it."""
    try:
        read = reader_of(columns)
        for row in rows:
            yield read(row)
    except UNREADABLE:
        raise Damaged("It is damaged.") from None


async def _compare(connection: AsyncConnection, contents: Contents, kinds: Kinds) -> None:
    """Refuse what does not add up to the digests, or does not end where the backup says."""
    async with AsyncSession(connection) as session:
        digests = await session.run_sync(digests_of, kinds)
        at = (await session.execute(select(register.c.register_id, register.c.position, register.c.head))).one()
    same = (at.register_id, at.position, at.head.hex()) == (contents.register_id, contents.position, contents.head)
    if not same or _some(digests) != _some(contents.digests):
        raise Refused(_OTHER)


def _some(digests: dict[str, dict[str, Count]]) -> dict[tuple[str, str], Count]:
    return {(tier, kind): one for tier, kinds in digests.items() for kind, one in kinds.items() if one.count}


async def _verify(connection: AsyncConnection, kinds: Kinds, *, unsound: bool) -> None:
    async with AsyncSession(connection) as session:
        verdict = await verify(session, kinds)
    if not (verdict.sound or unsound):
        raise Refused(_UNSOUND.format(verdict.text))


def _after(connection: Connection, kinds: Kinds, before: _Before, contents: Contents) -> tuple[list[str], int]:
    """Keep keys ended, and give what is there again; nothing that was ready before stands any more."""
    epoch = max(before.epoch, connection.execute(select(register.c.epoch)).scalar_one()) + 1
    connection.execute(update(register).values(epoch=epoch))
    if before.since.register_id != contents.register_id:
        return [], 0
    return before.since.again(connection), end_again(connection, kinds, before.since)
