"""Derives anew who is written to otherwise: who left another stay, is on the way, or has an address of another day."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "a4c07f5d2b91"
down_revision = "d81b3e5f9a27"
branch_labels = None
depends_on = None

_LONG_AGO = dt.date(2000, 1, 1)
_SEEN = ("started_on", "confirmed_on", "place_confirmed_on")
_situations = sa.table("situations", sa.column("person_id", sa.Uuid), sa.column("good_until", sa.Date))
_stays = sa.table(
    "detentions",
    sa.column("id", sa.Uuid),
    sa.column("person_id", sa.Uuid),
    sa.column("facility_id", sa.Uuid),
    *(sa.column(name, sa.String) for name in ("kind", "ended_on", *_SEEN)),
)
_addresses = sa.table(
    "addresses",
    sa.column("facility_id", sa.Uuid),
    *(sa.column(name, sa.String) for name in ("verified_on", "valid_from")),
)


def upgrade() -> None:
    s, a = _stays.c, _addresses.c
    other = _stays.alias().c
    # More than those concerned: dates are compared as texts, and what sources show is not looked at.
    left = sa.and_(
        other.person_id == s.person_id,
        other.id != s.id,
        sa.or_(s.ended_on.is_(None), s.ended_on > other.ended_on),
        *(other.ended_on > sa.func.coalesce(s[name], "") for name in _SEEN),
    )
    elsewhere = sa.select(a.facility_id).where(
        a.facility_id.is_not(None), sa.or_(a.valid_from.is_not(None), a.verified_on.startswith("XXXX"))
    )
    people = sa.union_all(
        sa.select(s.person_id).where(sa.exists().where(left)),
        sa.select(s.person_id).where(s.kind.in_(("in_transit", "house_arrest"))),
        sa.select(s.person_id).where(s.place_confirmed_on.startswith("XXXX")),
        sa.select(s.person_id).where(s.facility_id.in_(elsewhere)),
    )
    # What stood until before today only is derived anew at the next start.
    op.execute(sa.update(_situations).where(_situations.c.person_id.in_(people)).values(good_until=_LONG_AGO))


def downgrade() -> None:
    """Leave it: what was derived otherwise is derived again when something about it changes."""
