"""Keeps after which change each person's situation was derived, so that what is ready of others stays."""

import sqlalchemy as sa
from alembic import op

revision = "e2a94c7d1b60"
down_revision = "b7d1f6a30c52"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("situations", sa.Column("place", sa.BigInteger(), nullable=True))
    op.create_index("ix_situations_place", "situations", ["tier", "place"])


def downgrade() -> None:
    op.drop_index("ix_situations_place", table_name="situations")
    with op.batch_alter_table("situations") as batch_op:
        batch_op.drop_column("place")
