"""The index of names: plain tables, the same on both databases.

A row says from which tier on it is seen, so that a caller's question touches nothing that the caller may not see.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, String, Table, Uuid
from sqlmodel import SQLModel

from app.core.dialects import exact_text

name_state: Final = Table(
    "name_state",
    SQLModel.metadata,
    Column("tier", SmallInteger, primary_key=True, autoincrement=False),
    Column("rules", Integer, nullable=False),  # KEY_VERSION of the rules that the index was made by
    Column("version", BigInteger, nullable=False),  # grows with every change of what this tier is the first to see
    Column("names", BigInteger, nullable=False),  # how many names this tier is the first to see
)

person_names: Final = Table(
    "person_names",
    SQLModel.metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, nullable=False),
    Column("tier", SmallInteger, nullable=False),
    Column("text", String, nullable=False),  # as the record has it
    Column("words", String, nullable=False),  # ids of its folded words, in order
    Column("roles", String, nullable=False),  # a letter for what each word does
    Index("ix_person_names_person_id", "person_id"),
)

name_words: Final = Table(
    "name_words",
    SQLModel.metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    # Both null when no name has the word any more: what is erased is erased here, and the id is not given again.
    Column("word", exact_text()),
    Column("entry", String),  # what it is found by, see app.names.keys.Entry
    Index("ix_name_words_word", "word", unique=True),
)

name_postings: Final = Table(
    "name_postings",
    SQLModel.metadata,
    Column("word_id", BigInteger, primary_key=True, autoincrement=False),
    Column("tier", SmallInteger, primary_key=True, autoincrement=False),
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("names", LargeBinary, nullable=False),  # which names of the block have the word, see app…finding.blocks
    Column("version", BigInteger, nullable=False),  # that of `name_state` when it last changed
    Index("ix_name_postings_version", "tier", "version"),
)
