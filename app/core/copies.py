"""Records that another register keeps and this one copies: what tells them from those that are kept here."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Uuid,
    exists,
    select,
)
from sqlalchemy.orm import Session
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.documents import documents
from app.core.plain import BACKED_UP
from app.core.problems import Problem, Type, declare
from app.core.record import Tier

MIRRORED: Final = declare(
    Type(
        "mirrored",
        409,
        "The record is another register's",
        "It is copied from the register that its `origin` names. Change it there; the copy follows.",
    )
)
FOLLOWING: Final = "following"  # the state of a copy that is whole
# The registers that this one copies, and how far it has come with each.
mirrors: Final = Table(
    "mirrors",
    SQLModel.metadata,
    Column("register_id", Uuid, primary_key=True),
    Column("url", String, nullable=False),
    Column("tier", SmallInteger, nullable=False),  # what is copied is what this tier sees there
    Column("state", String, nullable=False),  # fetching, copying, leading, deriving, following
    Column("cursor", String),  # where to follow from
    # The last record of the export that was fetched, while fetching; that was taken in, while copying.
    Column("copied_kind", String),
    Column("copied_id", Uuid),
    Column("copied_at", UTCDateTime()),
    Column("copied", BigInteger, nullable=False),
    Column("agreed_at", UTCDateTime()),  # when the digests were last equal
)
# What the source gives that is not kept here as it is given: because it is our own, or another's that we hide.
apart: Final = Table(
    "mirrored_apart",
    SQLModel.metadata,
    Column("source", Uuid, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("created_at", UTCDateTime(), nullable=False),
    Column("version", Integer, nullable=False),
    Column("hash", String, nullable=False),
)
# The lines of an export between fetching and taking in, many in a row, packed; the first line alone as number 0.
mirrored: Final = Table(
    "mirrored_lines",
    SQLModel.metadata,
    Column("source", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("lines", LargeBinary, nullable=False),
    # The source has it still: a copy that finds nothing fetched begins again. And what is purged there in between
    # would stay in the backup, though it never was a record here.
    info={BACKED_UP: False},
)


class Given(NamedTuple):
    """A record as another register gives it to one of its tiers; ``body`` is None when it is gone there."""

    source: UUID
    tier: Tier
    version: int
    updated_at: datetime
    hash: str = ""
    body: bytes | None = None

    @property
    def origin(self) -> UUID:
        """Give the register that keeps the record: the source, or the one that the source copied it from."""
        said = from_json(self.body or b"{}").get("origin")
        return UUID(said) if said else self.source


def tiers(session: Session) -> dict[UUID, Tier]:
    """Give, by register, the tier whose sight of it is copied."""
    query = select(mirrors.c.register_id, mirrors.c.tier)
    return {register_id: Tier(tier) for register_id, tier in session.execute(query)}


def kept_here(kind: ColumnElement[str], record_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Give the condition that a record is no copy of another register's."""
    d = documents.alias()
    theirs = (d.c.kind == kind, d.c.id == record_id, d.c.tier == int(Tier.PRIVATE), d.c.source.is_not(None))
    return ~exists().where(*theirs)


def refusal(session: Session, source: UUID) -> Problem:
    """Give the problem with changing a record that is copied from there."""
    url = session.execute(select(mirrors.c.url).where(mirrors.c.register_id == source)).scalar()
    words = f"This record is copied from the register {source}. Change it there, at {url}; the copy here follows."
    return Problem(MIRRORED.slug, words)
