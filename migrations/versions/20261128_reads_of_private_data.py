"""Records reads of private data: who read, when, by which route, and which records."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0d7b95e2c6a4"
down_revision = "c41f7a90be35"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "private_reads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("everything", sa.Boolean(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_private_reads")),
    )
    op.create_index("ix_private_reads_at", "private_reads", ["at", "id"])
    op.create_index("ix_private_reads_key", "private_reads", ["key_id", "at", "id"])
    op.create_index("ix_private_reads_everything", "private_reads", ["everything", "at", "id"])
    op.create_table(
        "private_read_records",
        sa.Column("read_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("read_id", "kind", "id", name=op.f("pk_private_read_records")),
    )
    op.create_index("ix_private_read_records_id", "private_read_records", ["id", "kind", "read_id"])


def downgrade() -> None:
    op.drop_table("private_read_records")
    op.drop_table("private_reads")
