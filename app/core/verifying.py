"""Walks the history's chain and names the first change that is not as it was written."""

import hashlib
import hmac
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.history import GENESIS, chained, changes, payload, register, versions

_PORTION: Final = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found."""

    sound: bool
    text: str


async def verify(session: AsyncSession) -> Verdict:
    """Check every link of the chain, every commitment that was not purged, and that nothing is missing."""
    previous, position = GENESIS, 0
    while rows := await _portion(session, position):
        heard = await _heard(session, rows[0].position, rows[-1].position)
        for row in rows:
            position += 1
            wrong = _fault(row, position, heard[row.position], previous)
            if wrong:
                return Verdict(sound=False, text=f"change {position} ({row.kind} {row.id}): {wrong}")
            previous = row.hash
    end = (await session.execute(select(register.c.position, register.c.head))).one()
    if (end.position, end.head) != (position, previous):
        return Verdict(sound=False, text=f"the log ends at change {position}, the register says {end.position}")
    return Verdict(sound=True, text=f"{position} changes verified, head {previous.hex()}")


async def _portion(session: AsyncSession, after: int) -> list[Row[Any]]:
    query = select(changes).where(changes.c.position > after).order_by(changes.c.position).limit(_PORTION)
    return list((await session.execute(query)).all())


async def _heard(session: AsyncSession, first: int, last: int) -> dict[int, list[tuple[int, int, str]]]:
    found: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for row in await session.execute(select(versions).where(versions.c.position.between(first, last))):
        found[row.position].append((row.tier, row.version, row.action))
    return found


def _fault(row: Row[Any], position: int, heard: list[tuple[int, int, str]], previous: bytes) -> str | None:
    if row.position != position:
        return f"change {position} is missing"
    said = row._asdict()
    if row.salt is None:
        if row.body is not None or row.reason is not None:
            return "it has content, but what would prove it was erased"
    elif not hmac.compare_digest(hashlib.sha256(row.salt + payload(said, heard)).digest(), row.commitment):
        return "its content is not what was written"
    if not hmac.compare_digest(chained(said, row.commitment, previous), row.hash):
        return "its place, record or time is not what was written"
    return None
