"""Keeps a digest of what each tier sees, per kind, and adds up what is there already."""

import hashlib
from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "5d18e0c9a2b7"
down_revision = "619fc83f4924"
branch_labels = None
depends_on = None

_SIZE = 2**256


def upgrade() -> None:
    made = op.create_table(
        "digests",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tier", "kind", name=op.f("pk_digests")),
    )
    columns = (
        sa.Column("tier", sa.SmallInteger()),
        sa.Column("kind", sa.String()),
        sa.Column("id", sa.Uuid()),
        sa.Column("version", sa.Integer()),
        sa.Column("hash", sa.String()),
        sa.Column("action", sa.String()),
    )
    c = sa.table("documents", *columns).c
    counts: dict[tuple[int, str], int] = defaultdict(int)
    sums: dict[tuple[int, str], int] = defaultdict(int)
    query = sa.select(c.tier, c.kind, c.id, c.version, c.hash).where(c.action == "upsert")
    for row in op.get_bind().execute(query):
        text = f"{row.kind}/{row.id}/{row.version}/{row.hash}"
        place = row.tier, row.kind
        counts[place] += 1
        sums[place] = (sums[place] + int.from_bytes(hashlib.sha256(text.encode()).digest())) % _SIZE
    rows = [{"tier": t, "kind": k, "count": counts[t, k], "hash": f"{one:064x}"} for (t, k), one in sums.items()]
    if rows:
        op.bulk_insert(made, rows)


def downgrade() -> None:
    op.drop_table("digests")
