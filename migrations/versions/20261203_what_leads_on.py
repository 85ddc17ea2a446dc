"""Has an index of what leads on, and lets copies ask for what led on before they were made."""

import sqlalchemy as sa
from alembic import op

revision = "5d3f0b9a6e17"
down_revision = "e2a94c7d1b60"
branch_labels = None
depends_on = None


def upgrade() -> None:
    leads = sa.text("action = 'merge'")
    columns = ["tier", "action", "position"]
    op.create_index("ix_documents_merged", "documents", columns, sqlite_where=leads, postgresql_where=leads)
    op.execute("UPDATE mirrors SET state = 'leading' WHERE state IN ('deriving', 'following')")


def downgrade() -> None:
    op.execute("UPDATE mirrors SET state = 'deriving' WHERE state = 'leading'")
    op.drop_index("ix_documents_merged", "documents")
