"""Adds the index of words, for all kinds but persons; it fills itself when the register is next opened."""

import sqlalchemy as sa
from alembic import op

from app.core.dialects import exact_text

revision = "b3e7f15c9d02"
down_revision = "b3f7a1c94d20"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_state",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_search_state"),
    )
    op.create_table(
        "search_records",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_search_records"),
    )
    op.create_index("ix_search_records_record", "search_records", ["kind", "record_id"], unique=True)
    op.create_table(
        "search_texts",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("language", sa.String()),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", "place", name="pk_search_texts"),
    )
    op.create_table(
        "search_words",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("word", exact_text(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_words"),
    )
    op.create_index("ix_search_words_word", "search_words", ["word", "tier"], unique=True)
    op.create_table(
        "search_keys",
        sa.Column("key", exact_text(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("word_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "tier", "word_id", name="pk_search_keys"),
    )
    op.create_table(
        "search_postings",
        sa.Column("word_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("word_id", "number", name="pk_search_postings"),
    )
    op.create_index("ix_search_postings_number", "search_postings", ["number"])


def downgrade() -> None:
    for table in (
        "search_postings",
        "search_keys",
        "search_words",
        "search_texts",
        "search_records",
        "search_state",
    ):
        op.drop_table(table)
