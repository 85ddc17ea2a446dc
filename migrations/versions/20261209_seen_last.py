"""Derives anew who left a stay on an unknown day: it lasts as long as any of its evidence can mean."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "f3d9a1c86e47"
down_revision = "a4c07f5d2b91"
branch_labels = None
depends_on = None

_LONG_AGO = dt.date(2000, 1, 1)
_TO_THE_DAY = len("2024-01-10")
_SEEN = ("started_on", "confirmed_on", "place_confirmed_on")
_situations = sa.table("situations", sa.column("person_id", sa.Uuid), sa.column("good_until", sa.Date))
_stays = sa.table(
    "detentions",
    sa.column("id", sa.Uuid),
    sa.column("person_id", sa.Uuid),
    *(sa.column(name, sa.String) for name in ("ended_on", "end_reason", *_SEEN)),
)
_sources = sa.table("sources", sa.column("id", sa.Uuid), sa.column("published_on", sa.String))
_links = sa.table(
    "links",
    sa.column("kind", sa.String),
    sa.column("id", sa.Uuid),
    sa.column("to_kind", sa.String),
    sa.column("to_id", sa.Uuid),
)


def upgrade() -> None:
    s, t = _stays.c, _links.c
    # More than those concerned: whether another stay follows, or other evidence lies within, is not looked at.
    vague = sa.select(_sources.c.id).where(_vague(_sources.c.published_on))
    citing = sa.select(t.id).where(t.kind == "detentions", t.to_kind == "sources", t.to_id.in_(vague))
    people = sa.select(s.person_id).where(
        s.end_reason.is_not(None),
        sa.or_(s.ended_on.is_(None), s.ended_on.startswith("XXXX")),
        sa.or_(*(_vague(s[name]) for name in _SEEN), s.id.in_(citing)),
    )
    # What stood until before today only is derived anew at the next start.
    op.execute(sa.update(_situations).where(_situations.c.person_id.in_(people)).values(good_until=_LONG_AGO))


def _vague(date: sa.ColumnClause[str]) -> sa.ColumnElement[bool]:
    return sa.func.length(date) < _TO_THE_DAY


def downgrade() -> None:
    """Leave it: what was derived otherwise is derived again when something about it changes."""
