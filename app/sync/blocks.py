"""Lines of the export kept ready, many in a block; what changes a record drops the blocks that it stands in.

A block holds all lines of a kind, as a tier sees them, from one place to another. A place is when a record was made
and its id, as 24 bytes that sort as these do. What is in no block is read record by record (`app.sync.copying`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    Row,
    Select,
    SmallInteger,
    String,
    Table,
    bindparam,
    delete,
    select,
    tuple_,
)
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from app.core.bulk import run_many
from app.core.documents import documents
from app.core.history import Change
from app.core.plain import BACKED_UP
from app.core.record import Tier

# Bytes: many enough that a block is read as fast as the line takes it, few enough that an edit drops little.
SIZE: Final = 1 << 18
blocks: Final = Table(
    "blocks",
    SQLModel.metadata,
    Column("tier", SmallInteger, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("first", LargeBinary, primary_key=True),  # the place at which it begins
    Column("until", LargeBinary, nullable=False),  # the first place that is not in it any more
    Column("records", Integer, nullable=False),
    Column("lines", LargeBinary, nullable=False),
    info={BACKED_UP: False},
)
_MIN: Final = datetime.min.replace(tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TIME: Final = 8  # bytes of a place that tell the time


def place(created_at: datetime, record_id: UUID) -> bytes:
    """Give the place of a record in the export of its kind."""
    return ((created_at - _MIN) // _MICROSECOND).to_bytes(_TIME) + record_id.bytes


def behind(at: bytes) -> bytes:
    """Give the next place."""
    return (int.from_bytes(at) + 1).to_bytes(len(at))


START: Final = place(_MIN, UUID(int=0))
END: Final = place(datetime.max.replace(tzinfo=UTC), UUID(int=0))


def begins(first: bytes) -> dict[str, Any]:
    """Give the parameters of `DOCUMENTS` that say where to begin."""
    return {"at": _time(first), "id": _id(first)}


def between(first: bytes, until: bytes) -> dict[str, Any]:
    """Give the parameters of `DOCUMENTS` for what lies from one place to another."""
    return {**begins(first), "until_at": _time(until), "until_id": _id(until)}


def _time(at: bytes) -> datetime:
    return _MIN + int.from_bytes(at[:_TIME]) * _MICROSECOND


def _id(at: bytes) -> UUID:
    return UUID(bytes=at[_TIME:])


def joined(kind: str, records: Sequence[bytes]) -> bytes:
    """Write the lines of records."""
    before = b'{"kind":"%b","record":' % kind.encode()
    return b"%b%b}\n" % (before, (b"}\n" + before).join(records)) if records else b""


_d, _b = documents.c, blocks.c
_MADE: Final = tuple_(_d.created_at, _d.id)
_FROM: Final = tuple_(bindparam("at", type_=_d.created_at.type), bindparam("id", type_=_d.id.type))
_UNTIL: Final = tuple_(bindparam("until_at", type_=_d.created_at.type), bindparam("until_id", type_=_d.id.type))
# What a tier sees of a kind between two places.
DOCUMENTS: Final[Select[Any]] = (
    select(_d.body)
    .where(_d.tier == bindparam("of_tier"), _d.kind == bindparam("of_kind"), _d.body.is_not(None))
    .where(_MADE >= _FROM, _MADE < _UNTIL)
    .order_by(_d.created_at, _d.id)
)
MINE: Final = (_b.tier == bindparam("of_tier"), _b.kind == bindparam("of_kind"))
# The lines of the blocks that begin between two places, the last one among them.
LINES: Final = select(_b.lines).where(*MINE, _b.first.between(bindparam("begin"), bindparam("last"))).order_by(_b.first)
_BOUNDS: Final = (
    select(_b.kind, _b.first, _b.until, _b.records).where(_b.tier == bindparam("of_tier")).order_by(_b.kind, _b.first)
)
_near = blocks.alias()
_NEAR: Final = (
    select(_near.c.first)
    .where(_near.c.tier == bindparam("of_tier"), _near.c.kind == bindparam("of_kind"))
    .where(_near.c.first <= bindparam("at"))
    .order_by(_near.c.first.desc())
    .limit(1)
    .scalar_subquery()
)
# What holds a place: blocks do not overlap, so only the last one that begins before it can.
HOLDS: Final = (*MINE, _b.first == _NEAR, _b.until > bindparam("at"))
_DROPPED: Final = delete(blocks).where(*HOLDS)


def of(tier: Tier, kind: str) -> dict[str, Any]:
    """Give the parameters that say whose records, and which."""
    return {"of_tier": int(tier), "of_kind": kind}


class Ready(NamedTuple):
    """Blocks that lie one behind the other: where the first and the last of them begin, and what they hold."""

    first: bytes
    last: bytes
    records: int


class Loose(NamedTuple):
    """A stretch that no block holds, up to a place that is not in it any more."""

    first: bytes
    until: bytes


def bounds(tier: Tier) -> tuple[Select[Any], Mapping[str, Any]]:
    """Give the query for where a tier's blocks lie, kind by kind and in order, and its parameters."""
    return _BOUNDS, {"of_tier": int(tier)}


def stretches(there: Iterable[Row[Any]], start: bytes) -> Iterator[Ready | Loose]:
    """Cut all of a kind that lies behind a place into blocks and what is between them, as `bounds` found these."""
    at, run = start, list[Row[Any]]()
    for block in there:
        if block.first < start:
            continue  # what goes on within it is read one by one
        if block.first != at:
            yield from _run(run)
            yield Loose(at, block.first)
            run = []
        run.append(block)
        at = block.until
    yield from _run(run)
    yield Loose(at, END)


def _run(run: Sequence[Row[Any]]) -> Iterator[Ready]:
    if run:
        yield Ready(run[0].first, run[-1].first, sum(block.records for block in run))


class Blocks:
    """The blocks, plugged into the recorder: in the transaction that changes a record what held it is gone."""

    touched = None

    def __call__(self, session: Session, changes: list[Change]) -> None:
        """Drop the blocks that hold what was changed, where it stood and where it stands."""
        rows = [
            {**of(move.tier, change.key[0]), "at": place(made, change.key[1])}
            for change in changes
            for move in change.moves
            for made in {change.created_at, *change.made_before}
        ]
        run_many(session, _DROPPED, rows)

    def rebuild(self, session: Session) -> int:
        """Drop all blocks if one is wrong; give the number of wrong ones. The next export makes them anew."""
        wrong = sum(1 for _ in self.faults(session))
        if wrong:
            session.execute(delete(blocks))
        return wrong

    def faults(self, session: Session) -> Iterator[str]:
        """Read what each block holds from the documents, and say which does not hold it."""
        for tier in Tier:
            last = "", START
            for block in session.execute(*bounds(tier)).all():
                overlaps = block.kind == last[0] and block.first < last[1]
                if overlaps or not _holds(session, tier, block):
                    yield f"{block.kind}: a block of lines for tier {tier} is not what their documents say"
                last = block.kind, block.until


def _holds(session: Session, tier: Tier, block: Row[Any]) -> bool:
    """Tell whether a block is what the documents say."""
    mine = of(tier, block.kind)
    lines = session.execute(LINES, {**mine, "begin": block.first, "last": block.first}).scalar_one()
    records = list(session.execute(DOCUMENTS, {**mine, **between(block.first, block.until)}).scalars())
    return (len(records), joined(block.kind, records)) == (block.records, lines)
