"""Keeps the day on which a key was last used, and which key it took the place of; finds acts by an index."""

import sqlalchemy as sa
from alembic import op

revision = "f4c8b21d7e93"
down_revision = "b7c41d2f9e60"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("last_used_on", sa.Date(), nullable=True))
    op.add_column("api_keys", sa.Column("replaces", sa.Uuid(), nullable=True))
    acts = sa.text("(action IN ('delete', 'purge', 'merge') OR kind = 'keys')")
    op.create_index("ix_changes_acts", "changes", ["position"], sqlite_where=acts, postgresql_where=acts)


def downgrade() -> None:
    op.drop_index("ix_changes_acts", "changes")
    op.drop_column("api_keys", "replaces")
    op.drop_column("api_keys", "last_used_on")
