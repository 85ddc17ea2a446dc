"""Adds the index of names; it fills itself when the register is next opened."""

import sqlalchemy as sa
from alembic import op

from app.core.dialects import exact_text

revision = "7c21d90e5ab4"
down_revision = "4ea4250b312a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "name_state",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("names", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tier", name="pk_name_state"),
    )
    op.create_table(
        "person_names",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person_names"),
    )
    op.create_index("ix_person_names_person_id", "person_names", ["person_id"])
    op.create_table(
        "name_words",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("word", exact_text()),
        sa.Column("entry", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_name_words"),
    )
    op.create_index("ix_name_words_word", "name_words", ["word"], unique=True)
    op.create_table(
        "name_postings",
        sa.Column("word_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("names", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("word_id", "tier", "block", name="pk_name_postings"),
    )
    op.create_index("ix_name_postings_version", "name_postings", ["tier", "version"])


def downgrade() -> None:
    for table in ("name_postings", "name_words", "person_names", "name_state"):
        op.drop_table(table)
