"""Keeps, with each document, what stands before it in the feed; where there is none it is written when asked for."""

import sqlalchemy as sa
from alembic import op

revision = "c41f7a90be35"
down_revision = "2f6e0d7b1c58"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("documents", sa.Column("heading", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("documents", "heading")
