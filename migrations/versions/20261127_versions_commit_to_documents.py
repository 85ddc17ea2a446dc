"""Each version commits to the document that it made, so that a change of a document alone shows."""

import sqlalchemy as sa
from alembic import op

revision = "2f6e0d7b1c58"
down_revision = "0c9e5a7f31d8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null where a version was written before: what it commits to does not speak of its document.
    op.add_column("versions", sa.Column("mark", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("versions", "mark")
