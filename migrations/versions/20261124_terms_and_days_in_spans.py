"""Keeps terms in the spans of people, and lets counts be read off the indexes alone."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "8d5f0b6c2e17"
down_revision = "5d18e0c9a2b7"
branch_labels = None
depends_on = None

_SITUATIONS = sa.table("situations", sa.column("good_until", sa.Date()))
_INDEXED = ["person_id", "tier", "field", "value"]


def upgrade() -> None:
    with op.batch_alter_table("person_spans", schema=None) as batch_op:
        batch_op.add_column(sa.Column("term_key", sa.BigInteger(), nullable=True))
        batch_op.create_index("ix_person_spans_status", ["tier", "status", "first", "last"], unique=False)
        batch_op.create_index(
            "ix_person_spans_person",
            ["person_id", "tier", "first", "last", "status", "facility_id", "term_key"],
            unique=False,
        )
    with op.batch_alter_table("person_values", schema=None) as batch_op:
        batch_op.drop_index("ix_person_values_person")
        batch_op.create_index("ix_person_values_person", [*_INDEXED, "since"], unique=False)
    _derive_anew()


def downgrade() -> None:
    with op.batch_alter_table("person_values", schema=None) as batch_op:
        batch_op.drop_index("ix_person_values_person")
        batch_op.create_index("ix_person_values_person", _INDEXED, unique=False)
    with op.batch_alter_table("person_spans", schema=None) as batch_op:
        batch_op.drop_index("ix_person_spans_person")
        batch_op.drop_index("ix_person_spans_status")
        batch_op.drop_column("term_key")
    _derive_anew()


def _derive_anew() -> None:
    """Say of everything that is kept that it stood until long ago: the next start derives it anew."""
    op.execute(_SITUATIONS.update().values(good_until=date(1970, 1, 1)))
