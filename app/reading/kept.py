"""What is kept of each person and tier so that lists, facets and statistics answer from an index.

All of it is derived from the documents, in the transaction that changes them, and nothing of it hangs on today
without saying until when: ``good_until`` is the last day on which a row stands. Whether an address is stale hangs on
a setting, so only the day from which that is reckoned is kept.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Uuid,
)
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.dialects import exact_text

MARK: Final = 6  # bytes that tell an answer from others; as numbers those of a page add up to one of 63 bits


def _whose() -> tuple[Column[int], Column[object]]:
    return (
        Column("tier", SmallInteger, primary_key=True, autoincrement=False),
        Column("person_id", Uuid, primary_key=True),
    )


situations: Final = Table(
    "situations",
    SQLModel.metadata,
    *_whose(),
    Column("created_at", UTCDateTime(), nullable=False),
    Column("updated_at", UTCDateTime(), nullable=False),  # of the person or of what belongs to them
    Column("place", BigInteger),  # in the order of commits, of the last change that it was derived after
    Column("good_until", Date),
    Column("answer", LargeBinary, nullable=False),  # the person with the situation, up to where `stale` goes
    Column("mark", BigInteger, nullable=False),  # of that: the beginning of its hash, as a number
    Column("kind", String),  # of the detention, where mail arrives
    Column("confirmed", Date),  # the older confirmation of the address; null where one is missing
    Column("status", String, nullable=False),
    Column("facility_id", Uuid),
    Column("sex", String),
    Column("birth_month", SmallInteger),
    Column("reachable", Boolean, nullable=False),
    Column("name_key", exact_text(), nullable=False),
    Column("since", Date),
    Column("term_key", BigInteger),
    Column("age_key", Integer),  # days, the youngest first
    Index("ix_situations_place", "tier", "place"),
    Index("ix_situations_due", "good_until"),
    Index("ix_situations_created_at", "tier", "created_at", "person_id"),
    Index("ix_situations_updated_at", "tier", "updated_at", "person_id"),
    *(
        Index(f"ix_situations_{name}", "tier", name, "created_at", "person_id")
        for name in ("status", "facility_id", "sex", "birth_month", "reachable")
    ),
    *(
        Index(f"ix_situations_{name}", "tier", name, "person_id")
        for name in ("name_key", "since", "term_key", "age_key")
    ),
)

values: Final = Table(
    "person_values",
    SQLModel.metadata,
    Column("tier", SmallInteger, primary_key=True, autoincrement=False),
    Column("field", String, primary_key=True),  # article, organization, case, …, detained, any: as `facts` names them
    Column("value", exact_text(), primary_key=True),
    Column("created_at", UTCDateTime(), primary_key=True),  # of the person, so that a value's people are in order
    Column("person_id", Uuid, primary_key=True),
    Column("since", Date, nullable=False),  # the day from which it holds
    Index("ix_person_values_person", "person_id", "tier", "field", "value", "since"),
)

standings: Final = Table(
    "person_spans",
    SQLModel.metadata,
    *_whose(),
    Column("first", Date, primary_key=True),
    Column("last", Date, nullable=False),
    Column("status", String, nullable=False),
    Column("facility_id", Uuid),
    Column("reachable", Boolean, nullable=False),
    Column("term_key", BigInteger),
    # Who is held on a day, and how people stand on it, is read off the indexes alone.
    Index("ix_person_spans_status", "tier", "status", "first", "last"),
    Index("ix_person_spans_facility", "tier", "facility_id", "first", "last"),
    Index("ix_person_spans_person", "person_id", "tier", "first", "last", "status", "facility_id", "term_key"),
)

custodies: Final = Table(
    "person_custodies",
    SQLModel.metadata,
    *_whose(),
    Column("earliest", Date, primary_key=True),
    Column("latest", Date, primary_key=True),
    Index("ix_person_custodies_latest", "tier", "latest", "earliest", "person_id"),
)


TABLES: Final = (situations, values, standings, custodies)
