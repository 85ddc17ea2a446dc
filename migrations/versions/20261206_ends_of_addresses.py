"""Derives anew who can be written to where an address has an end or letters are not let in: both are read otherwise."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "c7f2a86b1d04"
down_revision = "b5e19d0c7a38"
branch_labels = None
depends_on = None

_LONG_AGO = dt.date(2000, 1, 1)
_CLOSED = ("blocked", "relatives_only")
_situations = sa.table("situations", sa.column("person_id", sa.Uuid), sa.column("good_until", sa.Date))
_stays = sa.table(
    "detentions", sa.column("person_id", sa.Uuid), sa.column("facility_id", sa.Uuid), sa.column("mail", sa.String)
)
_places = sa.table("facilities", sa.column("id", sa.Uuid), sa.column("mail", sa.String))
_addresses = sa.table(
    "addresses", sa.column("person_id", sa.Uuid), sa.column("facility_id", sa.Uuid), sa.column("valid_to", sa.String)
)


def upgrade() -> None:
    s, p, a = _stays.c, _places.c, _addresses.c
    ending = a.valid_to.is_not(None)
    places = sa.union_all(
        sa.select(p.id).where(p.mail.in_(_CLOSED)),
        sa.select(a.facility_id).where(ending, a.facility_id.is_not(None)),
    )
    people = sa.union_all(
        sa.select(s.person_id).where(sa.or_(s.mail.in_(_CLOSED), s.facility_id.in_(places))),
        sa.select(a.person_id).where(ending, a.person_id.is_not(None)),
    )
    # What stood until before today only is derived anew at the next start.
    op.execute(sa.update(_situations).where(_situations.c.person_id.in_(people)).values(good_until=_LONG_AGO))


def downgrade() -> None:
    """Leave it: what was derived otherwise is derived again when something about it changes."""
