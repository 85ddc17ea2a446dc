"""A sum over all that a tier sees, per kind: kept in each transaction, and the same in whatever order it is made."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    SmallInteger,
    String,
    Table,
    bindparam,
    delete,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from app.core.bulk import among, run, run_many
from app.core.documents import SHOWN, documents
from app.core.history import Change

digests: Final = Table(
    "digests",
    SQLModel.metadata,
    Column("tier", SmallInteger, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("hash", String, nullable=False),
)
_SIZE: Final = 2**256
_PORTION: Final = 5000


class Sum:
    """The digest of a set of records, to which they are added, and from which they are taken, in any order.

    A sum modulo 2^256 of SHA-256 hashes. With XOR, a record counted twice would vanish.
    """

    def __init__(self, count: int = 0, hash: str = "0") -> None:  # noqa: A002 - the word in the answer
        self.count = count
        self._value = int(hash, 16)

    def add(self, kind: str, record_id: UUID, version: int, mark: str, times: int = 1) -> None:
        """Add a record, or with ``times=-1`` take it out; ``mark`` is the hash of its stored fields."""
        text = f"{kind}/{record_id}/{version}/{mark}"
        self._value = (self._value + times * int.from_bytes(hashlib.sha256(text.encode()).digest())) % _SIZE
        self.count += times

    @property
    def hash(self) -> str:
        """Give the sum as 64 hexadecimal digits."""
        return f"{self._value:064x}"

    def said(self) -> dict[str, Any]:
        """Give the count and the hash, as they are answered."""
        return {"count": self.count, "hash": self.hash}


Place = tuple[int, str]


class Digests:
    """The digests, plugged into the recorder."""

    touched = None

    def __call__(self, session: Session, changes: list[Change]) -> None:
        """Follow the changes of a transaction."""
        moves = [(change.key, move) for change in changes for move in change.moves if move.was or move.hash]
        if not moves:
            return
        kept = _kept(session, {kind for (kind, _), _ in moves})
        known = set(kept)
        changed: set[Place] = set()
        for (kind, record_id), move in moves:
            place = int(move.tier), kind
            if move.was:
                kept[place].add(kind, record_id, move.was_version, move.was, -1)
            if move.hash:
                kept[place].add(kind, record_id, move.version, move.hash)
            changed.add(place)
        _write(session, {place: kept[place] for place in changed}, known)

    def rebuild(self, session: Session) -> int:
        """Add up all documents again; give the number of digests that were wrong."""
        now = added_up(session)
        wrong = _wrong(session, now)
        if wrong:
            session.execute(delete(digests))
            _write(session, now, set())
        return len(wrong)

    def faults(self, session: Session) -> Iterator[str]:
        """Add up all documents again, and say which digests are wrong."""
        for tier, kind in _wrong(session, added_up(session)):
            yield f"{kind}: the digest of what tier {tier} sees of them is not the sum of their documents"


def added_up(session: Session) -> dict[Place, Sum]:
    """Add up all documents, whatever is kept of their sums."""
    sums: dict[Place, Sum] = defaultdict(Sum)
    for row in _everything(session):
        sums[row.tier, row.kind].add(row.kind, row.id, row.version, row.hash)
    return sums


def _wrong(session: Session, now: dict[Place, Sum]) -> list[Place]:
    before = {place: one for place, one in _kept(session).items() if one.said() != Sum().said()}
    return sorted(place for place in {*now, *before} if _said(now, place) != _said(before, place))


def _said(sums: dict[Place, Sum], place: Place) -> dict[str, Any]:
    return sums[place].said() if place in sums else Sum().said()


def _kept(session: Session, kinds: set[str] | None = None) -> dict[Place, Sum]:
    rows = session.execute(_ALL) if kinds is None else run(session, _OF, {"kinds": sorted(kinds)})
    found: dict[Place, Sum] = defaultdict(Sum)
    return found | {(row.tier, row.kind): Sum(row[2], row[3]) for row in rows}


_ALL: Final = select(digests)
_OF: Final = _ALL.where(among(digests.c.kind, "kinds"))
_MOVED: Final = (
    update(digests)
    .where(digests.c.tier == bindparam("at_tier"), digests.c.kind == bindparam("at_kind"))
    .values(count=bindparam("count"), hash=bindparam("hash"))
)


def _write(session: Session, sums: dict[Place, Sum], known: set[Place]) -> None:
    rows = [{"at_tier": tier, "at_kind": kind, **one.said()} for (tier, kind), one in sums.items()]
    old = [row for row in rows if (row["at_tier"], row["at_kind"]) in known]
    new = [row for row in rows if (row["at_tier"], row["at_kind"]) not in known]
    run_many(session, _MOVED, old)
    if new:
        named = [{"tier": row.pop("at_tier"), "kind": row.pop("at_kind"), **row} for row in new]
        session.execute(insert(digests), named)


def _everything(session: Session) -> Iterator[Any]:
    # In portions and not from a cursor, which PostgreSQL would keep open in the way of whoever alters the table after.
    c = documents.c
    columns = (c.kind, c.id, c.tier)
    first = select(c.tier, c.kind, c.id, c.version, c.hash).where(c.action == SHOWN).order_by(*columns)
    query = first.limit(_PORTION)
    while rows := session.execute(query).all():
        yield from rows
        last = [literal(getattr(rows[-1], column.name), column.type) for column in columns]
        query = first.where(tuple_(*columns) > tuple_(*last)).limit(_PORTION)
