"""Walks the history's chain of hashes, and tells of the first change that is not as it was written."""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from app.core.history import ERASING, GENESIS, Heard, chained, changes, payload, register, versions
from app.core.kinds import Key
from app.core.plain import UNREADABLE
from app.core.projection import by_kind

_PORTION: Final = 500


@dataclass(slots=True)
class Walk:
    """A walk along the chain: how far it came, and what is wrong there."""

    position: int = 0
    head: bytes = GENESIS
    fault: str = ""
    passed: bool = False  # whether it met the head that was looked for


@dataclass(frozen=True, slots=True)
class Head:
    """A head that was published: the hash of a change, and its position if that was published too."""

    hash: bytes
    position: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read ``POSITION:HASH`` or ``HASH``; ``ValueError`` if it is neither."""
        position, _, written = text.strip().rpartition(":")
        found = bytes.fromhex(written)
        if len(found) != len(GENESIS):
            raise ValueError(text)
        return cls(found, int(position) if position else None)

    def is_at(self, position: int, found: bytes) -> bool:
        """Tell whether a place in the chain is the one that was published."""
        return found == self.hash and self.position in (None, position)


@dataclass(slots=True)
class _Portion:
    """Some changes, and what each tier heard of them."""

    rows: list[Row[Any]]
    heard: dict[int, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    strays: set[int] = field(default_factory=set)  # positions at which versions of other records stand
    purged: dict[Key, int] = field(default_factory=dict)  # where the last provable purge of a record stands


def walk(session: Session, wanted: Head | None = None) -> Walk:
    """Check every link, every commitment that was not purged, that nothing is missing, and where it ends."""
    found, size = Walk(passed=wanted is None or wanted.is_at(0, GENESIS)), _PORTION
    while True:
        try:
            portion = _portion(session, found.position, size)
        except UNREADABLE:
            if size == 1:
                found.fault = f"change {found.position + 1}: it cannot be read"
                return found
            size = 1  # until it is met
            continue
        if not portion.rows:
            found.fault = _ending(session, found)
            return found
        for row in portion.rows:
            found.fault = _fault(row, found, portion)
            if found.fault:
                return found
            found.position, found.head = row.position, row.hash
            found.passed = found.passed or (wanted is not None and wanted.is_at(row.position, row.hash))


def _ending(session: Session, found: Walk) -> str:
    end = session.execute(select(register.c.position, register.c.head)).one_or_none()
    if end is None or (end.position, end.head) != (found.position, found.head):
        said = "nothing" if end is None else end.position
        return f"the log ends at change {found.position}, the register says {said}"
    beyond = or_(versions.c.position > found.position, versions.c.position < 1)
    stray = session.execute(select(versions.c.kind, versions.c.id).where(beyond).limit(1)).first()
    return f"{stray.kind} {stray.id}: it has a version that no change made" if stray else ""


def _portion(session: Session, after: int, size: int) -> _Portion:
    query = select(changes).where(changes.c.position > after).order_by(changes.c.position).limit(size)
    portion = _Portion(list(session.execute(query).all()))
    if portion.rows:
        _listen(session, portion)
        erased = {(row.kind, row.id) for row in portion.rows if row.salt is None}
        portion.purged = dict(_purges(session, erased))
    return portion


def _listen(session: Session, portion: _Portion) -> None:
    whose = {row.position: (row.kind, row.id) for row in portion.rows}
    first, last = portion.rows[0].position, portion.rows[-1].position
    for row in session.execute(select(versions).where(versions.c.position.between(first, last))):
        portion.heard[row.position].append((row.tier, row.version, row.action, row.mark))
        if whose.get(row.position) != (row.kind, row.id):
            portion.strays.add(row.position)


def _purges(session: Session, keys: Iterable[Key]) -> Iterable[tuple[Key, int]]:
    c = changes.c
    for kind, ids in by_kind(keys):
        provable = (c.kind == kind, c.id.in_(ids), c.action.in_(ERASING), c.salt.is_not(None))
        query = select(c.id, func.max(c.position)).where(*provable).group_by(c.id)
        yield from (((kind, record_id), position) for record_id, position in session.execute(query))


def _fault(row: Row[Any], so_far: Walk, portion: _Portion) -> str:
    """Say what is wrong with a change; nothing if it is as it was written."""
    if row.position != so_far.position + 1:
        return f"change {so_far.position + 1} is missing"
    said = row._asdict()
    if row.position in portion.strays:
        fault = "its versions are those of another record"
    elif row.salt is None:
        fault = _erased_fault(row, portion)
    else:
        fault = "" if _holds(said, portion.heard[row.position]) else "its content is not what was written"
    if not fault and not hmac.compare_digest(chained(said, row.commitment, so_far.head), row.hash):
        fault = "its place, record or time is not what was written"
    return f"change {row.position} ({row.kind} {row.id}): {fault}" if fault else ""


def _erased_fault(row: Row[Any], portion: _Portion) -> str:
    """Say what is wrong with a change whose content was erased: a later purge has to say so."""
    if portion.purged.get((row.kind, row.id), 0) <= row.position:
        return "what would prove its content was erased, and there was no purge"
    return "" if row.body is None and row.reason is None else "it has content, but what would prove it was erased"


def _holds(said: dict[str, Any], heard: list[Heard]) -> bool:
    try:
        committed = hashlib.sha256(said["salt"] + payload(said, heard)).digest()
    except UNREADABLE:
        return False
    return hmac.compare_digest(committed, said["commitment"])
