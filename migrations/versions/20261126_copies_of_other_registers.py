"""Tells records that are copied from another register from those that are kept here."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "b7c41d2f9e60"
down_revision = "b3e7f15c9d02"
branch_labels = None
depends_on = None

# What refers to what; `links` and the turns of the writers hold it, see docs/decisions/0046.
_REFERENCES = {
    "sources": {"publisher_id": "organizations"},
    "addresses": {"facility_id": "facilities", "person_id": "persons"},
    "affiliations": {"organization_id": "organizations", "person_id": "persons"},
    "recognitions": {"organization_id": "organizations", "person_id": "persons"},
    "charges": {"article_id": "articles", "case_id": "cases", "person_id": "persons", "sentence_id": "sentences"},
    "hearings": {"case_id": "cases", "person_id": "persons"},
    "detentions": {"facility_id": "facilities", "person_id": "persons"},
    "sentences": {"case_id": "cases", "person_id": "persons", "replaces_id": "sentences"},
}
_NEEDED = {"affiliations": "organization_id", "recognitions": "organization_id", "charges": "article_id"}


def upgrade() -> None:
    op.create_table(
        "mirrors",
        sa.Column("register_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("copied_kind", sa.String(), nullable=True),
        sa.Column("copied_id", sa.Uuid(), nullable=True),
        sa.Column("copied_at", UTCDateTime(), nullable=True),
        sa.Column("copied", sa.BigInteger(), nullable=False),
        sa.Column("agreed_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("register_id", name=op.f("pk_mirrors")),
    )
    op.create_table(
        "mirrored_apart",
        sa.Column("source", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "id", name=op.f("pk_mirrored_apart")),
    )
    op.add_column("documents", sa.Column("source", sa.Uuid(), nullable=True))
    _key_of_versions(["kind", "id", "tier", "version", "position"])
    for table, references in _REFERENCES.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in references:
                batch_op.drop_constraint(f"fk_{table}_{column}", type_="foreignkey")
            if table in _NEEDED:
                batch_op.alter_column(_NEEDED[table], existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    for table, references in reversed(_REFERENCES.items()):
        with op.batch_alter_table(table, schema=None) as batch_op:
            if table in _NEEDED:
                batch_op.alter_column(_NEEDED[table], existing_type=sa.Uuid(), nullable=False)
            for column, target in references.items():
                name = f"fk_{table}_{column}"
                batch_op.create_foreign_key(name, target, [column], ["id"], deferrable=True, initially="DEFERRED")
    _key_of_versions(["kind", "id", "tier", "version"])
    op.drop_column("documents", "source")
    op.drop_table("mirrored_apart")
    op.drop_table("mirrors")


def _key_of_versions(columns: list[str]) -> None:
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.drop_constraint("pk_versions", type_="primary")
        batch_op.create_primary_key("pk_versions", columns)
