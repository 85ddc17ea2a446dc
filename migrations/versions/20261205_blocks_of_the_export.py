"""Keeps lines of the export ready in blocks; none are made here, the exports that come make them."""

import sqlalchemy as sa
from alembic import op

from app.core.dialects import keep_unpacked

revision = "b5e19d0c7a38"
down_revision = "a41c8e5d7b92"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("first", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.LargeBinary(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tier", "kind", "first", name=op.f("pk_blocks")),
    )
    keep_unpacked(op.get_bind(), "blocks", "lines")


def downgrade() -> None:
    op.drop_table("blocks")
