"""Keeps of each answer a number that tells it from others instead of bytes, so that those of a page can be added up."""

import sqlalchemy as sa
from alembic import op

revision = "a4d80c5e91f7"
down_revision = "5d3f0b9a6e17"
branch_labels = None
depends_on = None

_PORTION = 5_000
_BYTES = 6
_TABLE = sa.table(
    "situations",
    sa.column("tier", sa.SmallInteger),
    sa.column("person_id", sa.Uuid),
    sa.column("tag", sa.LargeBinary),
    sa.column("mark", sa.BigInteger),
)


def upgrade() -> None:
    op.add_column("situations", sa.Column("mark", sa.BigInteger(), nullable=True))
    _fill(op.get_bind())
    with op.batch_alter_table("situations") as batch_op:
        batch_op.alter_column("mark", nullable=False, existing_type=sa.BigInteger())
        batch_op.drop_column("tag")


def downgrade() -> None:
    op.execute(sa.delete(_TABLE))  # derived anew at the next start
    with op.batch_alter_table("situations") as batch_op:
        batch_op.add_column(sa.Column("tag", sa.LargeBinary(), nullable=False))
        batch_op.drop_column("mark")


def _fill(connection: sa.Connection) -> None:
    """Take the numbers that the tags begin with."""
    c = _TABLE.c
    key = (c.tier, c.person_id)
    first = sa.select(*key, c.tag).order_by(*key).limit(_PORTION)
    mine = sa.and_(c.tier == sa.bindparam("at_tier"), c.person_id == sa.bindparam("at_person", type_=sa.Uuid()))
    fill = sa.update(_TABLE).where(mine).values(mark=sa.bindparam("number"))
    rows = connection.execute(first).all()
    while rows:
        numbers = [int.from_bytes(row.tag[:_BYTES]) for row in rows]
        keys = [{"at_tier": row.tier, "at_person": row.person_id} for row in rows]
        connection.execute(fill, [one | {"number": number} for one, number in zip(keys, numbers, strict=True)])
        last = [sa.literal(getattr(rows[-1], column.name), column.type) for column in key]
        rows = connection.execute(first.where(sa.tuple_(*key) > sa.tuple_(*last))).all()
