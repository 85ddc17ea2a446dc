"""Keeps, for a batch under an Idempotency-Key, the id and version that each operation had as its result."""

import sqlalchemy as sa
from alembic import op

revision = "b3f7a1c94d20"
down_revision = "8d5f0b6c2e17"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotent_answers", sa.Column("results", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("idempotent_answers", "results")
