"""Keeps the whole answer about each person, where it kept the situation alone; it is put together of what is there."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "5be1f0c94d27"
down_revision = "0d7b95e2c6a4"
branch_labels = None
depends_on = None

_PORTION = 500
_BETWEEN = b',"situation":'
_SITUATIONS = sa.table(
    "situations",
    *(sa.column("tier", sa.SmallInteger()), sa.column("person_id", sa.Uuid())),
    *(sa.column(name, sa.LargeBinary()) for name in ("body", "answer", "tag")),
)
_DOCUMENTS = sa.table(
    "documents",
    *(sa.column("kind", sa.String()), sa.column("id", sa.Uuid()), sa.column("tier", sa.SmallInteger())),
    sa.column("body", sa.LargeBinary()),
)


def upgrade() -> None:
    for name in ("answer", "tag"):
        op.add_column("situations", sa.Column(name, sa.LargeBinary(), nullable=True))
    if not op.get_context().as_sql:
        for tier in range(3):
            _fill(op.get_bind(), tier)
    with op.batch_alter_table("situations") as batch_op:
        for name in ("answer", "tag"):
            batch_op.alter_column(name, existing_type=sa.LargeBinary(), nullable=False)
        batch_op.drop_column("body")


def _fill(connection: sa.Connection, tier: int) -> None:
    s, d = _SITUATIONS.c, _DOCUMENTS.c
    mine = sa.and_(d.kind == "persons", d.id == s.person_id, d.tier == s.tier)
    query = sa.select(s.person_id, d.body, s.body.label("said")).select_from(_SITUATIONS.outerjoin(_DOCUMENTS, mine))
    query = query.where(s.tier == tier).order_by(s.person_id).limit(_PORTION)
    own = (s.tier == tier, s.person_id == sa.bindparam("whose"))
    fill = sa.update(_SITUATIONS).where(*own).values(answer=sa.bindparam("whole"), tag=sa.bindparam("hash"))
    rows = connection.execute(query).all()
    while rows:
        made = []
        for person_id, body, said in rows:
            whole = (body or b"{}")[:-1] + _BETWEEN + said
            made.append({"whose": person_id, "whole": whole, "hash": hashlib.sha256(whole).digest()[:8]})
        connection.execute(fill, made)
        rows = connection.execute(query.where(s.person_id > rows[-1].person_id)).all()


def downgrade() -> None:
    op.execute(sa.delete(_SITUATIONS))  # derived anew at the next start
    with op.batch_alter_table("situations") as batch_op:
        batch_op.add_column(sa.Column("body", sa.LargeBinary(), nullable=False))
        batch_op.drop_column("tag")
        batch_op.drop_column("answer")
