"""Tells whether the register is as its history says, and names the first record that was changed behind its back."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core import rebuilding
from app.core.chain import Head, walk
from app.core.comparing import faults
from app.core.kinds import Kinds
from app.core.plain import UNREADABLE
from app.core.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: whether all is as it was written, and in words what is not, or where the chain ends."""

    sound: bool
    text: str


async def verify(
    session: AsyncSession, kinds: Kinds, wanted: Head | None = None, derived: Recorder | None = None
) -> Verdict:
    """Check the chain of changes, and every record, document and key against what it says.

    ``wanted`` is a head that was published: it has to lie in the chain. With what derives the rest, that is derived
    anew and compared too.
    """
    return await session.run_sync(_verify, kinds, wanted, derived)


def _verify(session: Session, kinds: Kinds, wanted: Head | None, derived: Recorder | None) -> Verdict:
    found = walk(session, wanted)
    fault = found.fault or next(faults(session, kinds), "")
    if not fault and derived is not None:
        fault = derived_fault(session, derived)
    if not fault and not found.passed:
        fault = "the chain is sound, but the head that you gave is not in it: it was another history"
    if fault:
        return Verdict(sound=False, text=fault)
    return Verdict(sound=True, text=f"{found.position} changes verified, head {found.position}:{found.head.hex()}")


def derived_fault(session: Session, recorder: Recorder) -> str:
    """Say what is derived and does not follow from the records, at its first place; nothing if all of it does."""
    try:
        fault = next(rebuilding.faults(session, recorder), "")
    except UNREADABLE:
        fault = "something that is derived cannot be read"
    return f"{fault}; `vestka reindex` derives it anew" if fault else ""
