"""Derives anew where two dates mean the same days, an end has no year, or a sentence has no status: read otherwise."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "d81b3e5f9a27"
down_revision = "c7f2a86b1d04"
branch_labels = None
depends_on = None

_LONG_AGO = dt.date(2000, 1, 1)
_DATES = ("started_on", "ended_on", "confirmed_on", "place_confirmed_on")
_situations = sa.table("situations", sa.column("person_id", sa.Uuid), sa.column("good_until", sa.Date))
_stays = sa.table(
    "detentions",
    sa.column("id", sa.Uuid),
    sa.column("person_id", sa.Uuid),
    *(sa.column(name, sa.String) for name in _DATES),
)
_sentences = sa.table("sentences", sa.column("person_id", sa.Uuid), sa.column("status", sa.String))
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
    # Two that mean the same days differ in what marks a doubt, or one of them is known to the day.
    marked = sa.or_(*(_open(s[name]) for name in _DATES))
    doubted = sa.select(_sources.c.id).where(_open(_sources.c.published_on))
    citing = sa.select(t.id).where(t.kind == "detentions", t.to_kind == "sources", t.to_id.in_(doubted))
    people = sa.union_all(
        sa.select(s.person_id).where(sa.or_(marked, s.id.in_(citing))),
        sa.select(_sentences.c.person_id).where(_sentences.c.status.is_(None)),
    )
    # What stood until before today only is derived anew at the next start.
    op.execute(sa.update(_situations).where(_situations.c.person_id.in_(people)).values(good_until=_LONG_AGO))


def _open(date: sa.ColumnClause[str]) -> sa.ColumnElement[bool]:
    return sa.or_(*(date.contains(sign, autoescape=True) for sign in "?~%X"))


def downgrade() -> None:
    """Leave it: what was derived otherwise is derived again when something about it changes."""
