"""Finds the undoing of a merge among the acts too."""

import sqlalchemy as sa
from alembic import op

revision = "0c9e5a7f31d8"
down_revision = "f4c8b21d7e93"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index("'delete', 'purge', 'merge', 'restore'")


def downgrade() -> None:
    _index("'delete', 'purge', 'merge'")


def _index(actions: str) -> None:
    acts = sa.text(f"(action IN ({actions}) OR kind = 'keys')")
    op.drop_index("ix_changes_acts", "changes")
    op.create_index("ix_changes_acts", "changes", ["position"], sqlite_where=acts, postgresql_where=acts)
