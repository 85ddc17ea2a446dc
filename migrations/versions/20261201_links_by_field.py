"""Has the index of what refers to a record tell by which field: nobody walks over all links of a kind for it."""

from alembic import op

revision = "b7d1f6a30c52"
down_revision = "8c40e2d7a915"
branch_labels = None
depends_on = None

_COLUMNS = ["to_kind", "to_id", "kind", "id"]


def upgrade() -> None:
    op.drop_index("ix_links_to", table_name="links")
    op.create_index("ix_links_to", "links", [*_COLUMNS, "field"])


def downgrade() -> None:
    op.drop_index("ix_links_to", table_name="links")
    op.create_index("ix_links_to", "links", _COLUMNS)
