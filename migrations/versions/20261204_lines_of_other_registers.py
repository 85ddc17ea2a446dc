"""Keeps what was fetched of another register until it is taken in."""

import sqlalchemy as sa
from alembic import op

revision = "a41c8e5d7b92"
down_revision = "a4d80c5e91f7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mirrored_lines",
        sa.Column("source", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "number", name=op.f("pk_mirrored_lines")),
    )


def downgrade() -> None:
    # Before this, a copy read and took at once: one that had only read begins again.
    nothing = "copied_kind = NULL, copied_id = NULL, copied_at = NULL, copied = 0"
    op.execute(f"UPDATE mirrors SET state = 'copying', {nothing} WHERE state = 'fetching'")  # noqa: S608 - said here
    op.drop_table("mirrored_lines")
