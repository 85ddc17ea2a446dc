"""The index of words: plain tables, the same on both databases.

A word that two tiers are the first to see is two words, each counted by what that tier sees first, so that a caller's
question touches nothing that the caller may not see.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, String, Table, Uuid
from sqlmodel import SQLModel

from app.core.dialects import exact_text


def _number(name: str = "number") -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _tier(*, key: bool = False) -> Column[int]:
    return Column("tier", SmallInteger, primary_key=key, autoincrement=False, nullable=False)


search_state: Final = Table(
    "search_state",
    SQLModel.metadata,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),
    Column("rules", Integer, nullable=False),  # RULES by which the index was made
)

search_records: Final = Table(
    "search_records",
    SQLModel.metadata,
    _number(),  # shorter than kind and id, as there are many postings
    Column("kind", String, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Index("ix_search_records_record", "kind", "record_id", unique=True),
)

search_texts: Final = Table(
    "search_texts",
    SQLModel.metadata,
    _number(),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    _tier(),
    Column("field", String, nullable=False),
    Column("language", String),
    Column("text", String, nullable=False),  # as the record has it
    Column("words", String, nullable=False),  # folded, in order
)

search_words: Final = Table(
    "search_words",
    SQLModel.metadata,
    _number("id"),
    _tier(),
    Column("word", exact_text(), nullable=False),
    Column("records", BigInteger, nullable=False),  # how many records have it in a text of this tier; never none
    Index("ix_search_words_word", "word", "tier", unique=True),
)

search_keys: Final = Table(
    "search_keys",
    SQLModel.metadata,
    Column("key", exact_text(), primary_key=True),  # what a word is looked up by, see app…searching.keys
    _tier(key=True),
    _number("word_id"),
)

search_postings: Final = Table(
    "search_postings",
    SQLModel.metadata,
    _number("word_id"),
    _number(),
    Index("ix_search_postings_number", "number"),
)
