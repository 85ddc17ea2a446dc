"""Tells whether the register is as its history says, and names the first record that was changed behind its back."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.chain import Head, walk
from app.core.comparing import faults
from app.core.kinds import Kinds


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: whether all is as it was written, and in words what is not, or where the chain ends."""

    sound: bool
    text: str


async def verify(session: AsyncSession, kinds: Kinds, wanted: Head | None = None) -> Verdict:
    """Check the chain of changes, and every record, document and key against what it says.

    ``wanted`` is a head that was published: it has to lie in the chain.
    """
    return await session.run_sync(_verify, kinds, wanted)


def _verify(session: Session, kinds: Kinds, wanted: Head | None) -> Verdict:
    found = walk(session, wanted)
    fault = found.fault or next(faults(session, kinds), "")
    if not fault and not found.passed:
        fault = "the chain is sound, but the head that you gave is not in it: it was another history"
    if fault:
        return Verdict(sound=False, text=fault)
    return Verdict(sound=True, text=f"{found.position} changes verified, head {found.position}:{found.head.hex()}")
