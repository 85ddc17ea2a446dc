"""The register's face: one row per record and tier, ready to be sent (architecture, law 11)."""

import hashlib
import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zlib import crc32

from pydantic_core import to_json
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Uuid,
    literal_column,
)
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.dialects import partial_index
from app.core.kinds import Fields

documents: Final = Table(
    "documents",
    SQLModel.metadata,
    Column("kind", String, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("tier", SmallInteger, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime(), nullable=False),
    Column("updated_at", UTCDateTime(), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("action", String, nullable=False),  # upsert, delete, withdraw, purge, merge
    Column("gone", Boolean, nullable=False),  # answered 410: this tier saw the record when it was deleted
    Column("hash", String, nullable=False),
    Column("body", LargeBinary),
    Column("source", Uuid),  # the register that it is copied from; null for what is kept here
    Column("heading", LargeBinary),  # what stands before the record in the feed; null: written when asked for
    Index("ix_documents_feed", "tier", "position"),
    Index("ix_documents_kind", "tier", "kind", "position"),
    Index("ix_documents_updated", "tier", "kind", "updated_at", "id"),
    Index("ix_documents_created", "tier", "kind", "created_at", "id"),
)

# What there is to see, and what leads on to another record, which an index holds alone. In these very words: with a
# parameter the index would not be found, and SQLite holds the value of each parameter beside `action` against the
# index's condition, and prepares the statement anew whenever it is run.
SHOWN: Final = literal_column("'upsert'", String())
LEADS: Final = documents.c.action == literal_column("'merge'")
partial_index("ix_documents_merged", documents.c.tier, documents.c.action, documents.c.position, where=LEADS)

# The field by which a merged record is linked with the one that it is part of; its tier is the first that saw it.
MERGED: Final = "merged_into"
links: Final = Table(
    "links",
    SQLModel.metadata,
    Column("kind", String, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("field", String, primary_key=True),
    Column("to_kind", String, primary_key=True),
    Column("to_id", Uuid, primary_key=True),
    Column("tier", SmallInteger, nullable=False),
    Index("ix_links_to", "to_kind", "to_id", "kind", "id", "field"),
)

entries: Final = Table(
    "entries",
    SQLModel.metadata,
    Column("kind", String, primary_key=True),
    Column("field", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Index("ix_entries_record", "kind", "id"),
)


def render(
    key_id: UUID,
    version: int,
    created_at: datetime,
    updated_at: datetime,
    fields: Fields,
    origin: UUID | None = None,
) -> bytes:
    """Write a record as the bytes that are sent: the common fields, then the kind's own.

    ``origin`` is the register that keeps it, where that is not this one.
    """
    head: dict[str, Any] = {"id": key_id, "version": version, "created_at": created_at, "updated_at": updated_at}
    return to_json(head | ({"origin": origin} if origin else {}) | fields)


def id_of(body: bytes) -> UUID:
    """Give the id of a record that was written so: it comes first."""
    return UUID(body[7:43].decode())


def version_in(body: bytes) -> int:
    """Give the version of a record that was written so: it comes second."""
    return int(body[_VERSION_AT : body.index(b",", _VERSION_AT)])


_UPDATED: Final = b'"updated_at":"'
_TIME_DIGITS: Final = 8
_BODY_DIGITS: Final = 12
_CHECK_DIGITS: Final = 4
_VERSION_AT: Final = len(b'{"id":"00000000-0000-0000-0000-000000000000","version":')


def canonical(value: object) -> bytes:
    """Write JSON in one way only: keys sorted, nulls dropped from objects."""
    return _CANONICAL(_without_nulls(value)).encode()


_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _without_nulls(value: object) -> object:
    # Most values are texts: a call for each of them would cost more than all the rest.
    if isinstance(value, dict):
        said = {name: item for name, item in value.items() if item is not None}
        return {name: item if type(item) is str else _without_nulls(item) for name, item in said.items()}
    if isinstance(value, list):
        return [item if type(item) is str else _without_nulls(item) for item in value]
    return value


def fingerprint(fields: Fields) -> str:
    """Give the hash of what a record says, the same wherever it is kept: 32 hexadecimal digits."""
    return hashlib.sha256(canonical(fields)).hexdigest()[:32]


def mark_of(created_at: datetime, updated_at: datetime, hash: str, source: UUID | None, *, gone: bool) -> str:  # noqa: A002 - the column's word
    """Give what the history commits to of a row of ``documents``, beside its record, tier, version and action."""
    where = source if hash else ""  # that of what is gone may change with what it was a copy of
    said = f"{created_at.isoformat()}|{updated_at.isoformat()}|{hash}|{gone}|{where}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def etag(version: int, body: bytes) -> str:
    """Give the entity tag of an answer: the record's version and a hash of the answer's bytes."""
    return f'"{version}-{hashlib.sha256(body).hexdigest()[:16]}"'


def tag_of(body: bytes) -> str:
    """Give the entity tag of the answer of one record, which begins as `render` writes it."""
    begins = body.index(_UPDATED, _VERSION_AT) + len(_UPDATED)
    return tag_at(version_in(body), body[begins : body.index(b'"', begins)], body)


def tag_at(version: int, updated_at: bytes, body: bytes) -> str:
    """Give the entity tag of an answer that tells of one version of a record.

    Its hash begins with that of the time of the version, as each tier counts its own, and ends with digits by which
    `is_of` knows it for one of ours.
    """
    said = f"{crc32(updated_at):08x}{hashlib.sha256(body).hexdigest()[:_BODY_DIGITS]}"
    return f'"{version}-{said}{_check(said)}"'


def is_of(tag: str, body: bytes) -> bool:
    """Tell whether a tag, without its quotes, is of the version that a record has.

    It names the version. If it is one of ours it is of the same time, too: what another tier sees has other numbers.
    """
    version, _, hashed = tag.partition("-")
    said, check = hashed[:-_CHECK_DIGITS], hashed[-_CHECK_DIGITS:]
    ours = len(said) == _TIME_DIGITS + _BODY_DIGITS and check == _check(said)
    mine, _, rest = tag_of(body)[1:-1].partition("-")
    return version == mine and (not ours or said[:_TIME_DIGITS] == rest[:_TIME_DIGITS])


def _check(said: str) -> str:
    return f"{crc32(said.encode()) & 0xFFFF:04x}"
