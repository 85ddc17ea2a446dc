"""Keeps people by nationality, by language, and by the place that held them, so that each is read off an index."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "8c40e2d7a915"
down_revision = "5be1f0c94d27"
branch_labels = None
depends_on = None

_FIELDS = {"nationality": "nationalities", "language": "languages"}
_VALUES = sa.table("person_values", *map(sa.column, ("tier", "field", "value", "created_at", "person_id", "since")))
_SITUATIONS = sa.table("situations", *map(sa.column, ("tier", "created_at", "person_id")))
_ENTRIES = sa.table("entries", *map(sa.column, ("kind", "field", "value", "id")))


def upgrade() -> None:
    op.create_index("ix_person_spans_facility", "person_spans", ["tier", "facility_id", "first", "last"])
    for field, listed in _FIELDS.items():
        _fill(listed, sa.literal(field), _ENTRIES.c.value)
        _fill(listed, sa.literal("any"), sa.literal(field))


def _fill(listed: str, field: sa.ColumnElement[str], value: sa.ColumnElement[str]) -> None:
    s, e = _SITUATIONS.c, _ENTRIES.c
    always = sa.literal(date.min, sa.Date())
    said = sa.select(s.tier, field, value, s.created_at, s.person_id, always).distinct()
    said = said.select_from(_ENTRIES.join(_SITUATIONS, s.person_id == e.id))
    said = said.where(e.kind == "persons", e.field == listed)
    op.execute(sa.insert(_VALUES).from_select(list(_VALUES.c), said))


def downgrade() -> None:
    c = _VALUES.c
    for field in _FIELDS:
        op.execute(sa.delete(_VALUES).where((c.field == field) | ((c.field == "any") & (c.value == field))))
    op.drop_index("ix_person_spans_facility", table_name="person_spans")
