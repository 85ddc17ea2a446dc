"""The append-only change log: who changed what, when and why, chained by hash, in commit order."""

import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, String, Table, Uuid, text
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.copies import Given
from app.core.cursors import Identity
from app.core.dialects import partial_index
from app.core.documents import canonical
from app.core.kinds import Fields, Key
from app.core.record import Tier

register: Final = Table(
    "register",
    SQLModel.metadata,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),
    Column("register_id", Uuid, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # signs cursors
    Column("position", BigInteger, nullable=False),  # the last place in the commit order
    Column("head", LargeBinary, nullable=False),  # the hash of the last change
    Column("epoch", BigInteger, nullable=False, server_default="0"),  # grows when answers change without a change
)

changes: Final = Table(
    "changes",
    SQLModel.metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime(), nullable=False),
    Column("kind", String, nullable=False),
    Column("id", Uuid, nullable=False),
    # create, update, delete, purge, merge, restore; detach, withdraw: of a copy; follow: only what it refers to changed
    Column("action", String, nullable=False),
    Column("author", String),
    Column("key_id", Uuid),
    Column("reason", String),
    Column("body", LargeBinary),  # all stored fields after the change, or what it was merged into; gone after a purge
    Column("salt", LargeBinary),
    Column("commitment", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_changes_record", "kind", "id", "position"),
)
# What takes something away or lets somebody in. In these very words, as an index holds them and only them.
ACTS: Final = text("(action IN ('delete', 'purge', 'merge', 'restore') OR kind = 'keys')")
partial_index("ix_changes_acts", changes.c.position, where=ACTS)

versions: Final = Table(
    "versions",
    SQLModel.metadata,
    Column("kind", String, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("tier", SmallInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    # Part of the key: a copied record's version is its source's, which may give one again after it was restored.
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("action", String, nullable=False),  # what the tier heard: upsert, delete, withdraw, purge, merge
    Column("mark", String),  # of the document that was made; null after a purge, and in what was written before
    Index("ix_versions_position", "position"),
)

GENESIS: Final = bytes(32)
# The changes that erase what was kept of a record: a purge, and the end of a copy that its source no longer shows.
ERASING: Final = ("purge", "withdraw")


@dataclass(slots=True)
class Writing:
    """One transaction that writes: by whom, why, when, and the end of the log that it continues."""

    author: str
    at: datetime
    position: int
    head: bytes
    identity: Identity
    key_id: UUID | None = None
    reason: str | None = None
    erase: set[Key] = field(default_factory=set)
    left: bool = False  # whether the public may not see any more what it saw
    erased: bool = False  # whether something was erased that may be in the database's log still
    merged: dict[Key, Key] = field(default_factory=dict)  # records that become part of others
    restored: set[Key] = field(default_factory=set)  # merged ones that are records again
    hasty: bool = False  # whether what is derived of new records may come later


class Move(NamedTuple):
    """What one tier hears of a change; ``fields`` is None where there is nothing left to see.

    ``was`` is the hash of what it saw before, ``was_version`` its version; empty if it saw nothing. ``body`` is what
    another register has written, ``updated_at`` when; None for what is written here and now.
    """

    tier: Tier
    action: str
    version: int
    hash: str
    gone: bool
    fields: Fields | None
    was: str = ""
    was_version: int = 0
    body: bytes | None = None
    updated_at: datetime | None = None


class Change(NamedTuple):
    """One entry of the log: a record after a change and what each tier hears of it."""

    key: Key
    action: str
    fields: Fields | None
    created_at: datetime
    moves: tuple[Move, ...]
    known: frozenset[Tier] = frozenset()  # tiers that have a row for the record already
    before: Fields | None = None  # all stored fields before the change
    given: Given | None = None  # what another register says, of a record that is copied
    whole: bool = True  # whether a copied record is shown as it was given to those whose sight is copied
    into: Key | None = None  # what a merged record is part of
    first: Tier | None = None  # the first tier that saw a merged record
    made_before: frozenset[datetime] = frozenset()  # when it was made, as its rows said before the change
    shown: frozenset[Tier] = frozenset()  # tiers that saw it until the change

    @property
    def is_new(self) -> bool:
        """Tell whether nothing can be kept of it yet; what a copy has lost comes from its source as if it were new."""
        return not self.known and self.given is None


Heard = tuple[int, int, str, str | None]  # tier, version, action and mark of a row of `versions`


def payload(row: dict[str, Any], heard: list[Heard]) -> bytes:
    """Give what a change commits to, beside its place, record and time.

    ``row`` holds the columns of ``changes``; ``heard`` is what each tier heard of it.
    """
    said = {name: row[name] for name in ("action", "author", "reason")}
    key_id = str(row["key_id"]) if row["key_id"] else None
    body = row["body"].decode() if row["body"] is not None else None
    told = [[part for part in one if part is not None] for one in sorted(heard)]
    return canonical({**said, "key_id": key_id, "body": body, "heard": told})


def seal(row: dict[str, Any], heard: list[Heard], previous: bytes) -> dict[str, Any]:
    """Add to a change its salt, its commitment and the hash that chains it to the one before."""
    salt = os.urandom(16)
    commitment = hashlib.sha256(salt + payload(row, heard)).digest()
    return {**row, "salt": salt, "commitment": commitment, "hash": chained(row, commitment, previous)}


def chained(row: dict[str, Any], commitment: bytes, previous: bytes) -> bytes:
    """Give a change's hash: over the one before, its place, kind, id and time, and its commitment."""
    place = f"{row['position']}|{row['kind']}|{row['id']}|{row['at'].isoformat()}"
    return hashlib.sha256(previous + place.encode() + commitment).digest()
