"""Keeps what lists, facets and statistics of persons answer from."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.dialects import exact_text

revision = "619fc83f4924"
down_revision = "7c21d90e5ab4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_custodies",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=False),
        sa.Column("latest", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("tier", "person_id", "earliest", "latest", name=op.f("pk_person_custodies")),
    )
    with op.batch_alter_table("person_custodies", schema=None) as batch_op:
        batch_op.create_index("ix_person_custodies_latest", ["tier", "latest", "earliest", "person_id"], unique=False)

    op.create_table(
        "person_spans",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=True),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tier", "person_id", "first", name=op.f("pk_person_spans")),
    )
    op.create_table(
        "person_values",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", exact_text(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("tier", "field", "value", "created_at", "person_id", name=op.f("pk_person_values")),
    )
    with op.batch_alter_table("person_values", schema=None) as batch_op:
        batch_op.create_index("ix_person_values_person", ["person_id", "tier", "field", "value"], unique=False)

    op.create_table(
        "situations",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("good_until", sa.Date(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("confirmed", sa.Date(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=True),
        sa.Column("sex", sa.String(), nullable=True),
        sa.Column("birth_month", sa.SmallInteger(), nullable=True),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("name_key", exact_text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("term_key", sa.BigInteger(), nullable=True),
        sa.Column("age_key", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("tier", "person_id", name=op.f("pk_situations")),
    )
    with op.batch_alter_table("situations", schema=None) as batch_op:
        batch_op.create_index("ix_situations_age_key", ["tier", "age_key", "person_id"], unique=False)
        batch_op.create_index(
            "ix_situations_birth_month", ["tier", "birth_month", "created_at", "person_id"], unique=False
        )
        batch_op.create_index("ix_situations_created_at", ["tier", "created_at", "person_id"], unique=False)
        batch_op.create_index("ix_situations_due", ["good_until"], unique=False)
        batch_op.create_index(
            "ix_situations_facility_id", ["tier", "facility_id", "created_at", "person_id"], unique=False
        )
        batch_op.create_index("ix_situations_name_key", ["tier", "name_key", "person_id"], unique=False)
        batch_op.create_index("ix_situations_reachable", ["tier", "reachable", "created_at", "person_id"], unique=False)
        batch_op.create_index("ix_situations_sex", ["tier", "sex", "created_at", "person_id"], unique=False)
        batch_op.create_index("ix_situations_since", ["tier", "since", "person_id"], unique=False)
        batch_op.create_index("ix_situations_status", ["tier", "status", "created_at", "person_id"], unique=False)
        batch_op.create_index("ix_situations_term_key", ["tier", "term_key", "person_id"], unique=False)
        batch_op.create_index("ix_situations_updated_at", ["tier", "updated_at", "person_id"], unique=False)

    with op.batch_alter_table("register", schema=None) as batch_op:
        batch_op.add_column(sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("register", schema=None) as batch_op:
        batch_op.drop_column("epoch")

    with op.batch_alter_table("situations", schema=None) as batch_op:
        batch_op.drop_index("ix_situations_updated_at")
        batch_op.drop_index("ix_situations_term_key")
        batch_op.drop_index("ix_situations_status")
        batch_op.drop_index("ix_situations_since")
        batch_op.drop_index("ix_situations_sex")
        batch_op.drop_index("ix_situations_reachable")
        batch_op.drop_index("ix_situations_name_key")
        batch_op.drop_index("ix_situations_facility_id")
        batch_op.drop_index("ix_situations_due")
        batch_op.drop_index("ix_situations_created_at")
        batch_op.drop_index("ix_situations_birth_month")
        batch_op.drop_index("ix_situations_age_key")

    op.drop_table("situations")
    with op.batch_alter_table("person_values", schema=None) as batch_op:
        batch_op.drop_index("ix_person_values_person")

    op.drop_table("person_values")
    op.drop_table("person_spans")
    with op.batch_alter_table("person_custodies", schema=None) as batch_op:
        batch_op.drop_index("ix_person_custodies_latest")

    op.drop_table("person_custodies")
