"""first tables"""

import secrets
import uuid

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.dialects import exact_text

revision = "c1a0bed29c67"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_table(
        "articles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("country", exact_text(), nullable=False),
        sa.Column("code", exact_text(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("title", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("valid_from", sa.String(), nullable=True),
        sa.Column("valid_to", sa.String(), nullable=True),
        sa.Column("number_key", exact_text(), nullable=True),
        sa.Column("valid_from_earliest", sa.Date(), nullable=True),
        sa.Column("valid_from_latest", sa.Date(), nullable=True),
        sa.Column("valid_to_earliest", sa.Date(), nullable=True),
        sa.Column("valid_to_latest", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
    )
    with op.batch_alter_table("articles", schema=None) as batch_op:
        batch_op.create_index("ix_articles_code", ["code", "id"], unique=False)
        batch_op.create_index("ix_articles_country", ["country", "id"], unique=False)
        batch_op.create_index("ix_articles_number_key", ["number_key", "id"], unique=False)
        batch_op.create_index("ix_articles_valid_from_earliest", ["valid_from_earliest", "id"], unique=False)
        batch_op.create_index("ix_articles_valid_from_latest", ["valid_from_latest", "id"], unique=False)
        batch_op.create_index("ix_articles_valid_to_earliest", ["valid_to_earliest", "id"], unique=False)
        batch_op.create_index("ix_articles_valid_to_latest", ["valid_to_latest", "id"], unique=False)

    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("title", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("description", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("country", exact_text(), nullable=True),
        sa.Column("opened_on", sa.String(), nullable=True),
        sa.Column("identifiers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("opened_on_earliest", sa.Date(), nullable=True),
        sa.Column("opened_on_latest", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index("ix_cases_country", ["country", "id"], unique=False)
        batch_op.create_index("ix_cases_opened_on_earliest", ["opened_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_cases_opened_on_latest", ["opened_on_latest", "id"], unique=False)

    op.create_table(
        "changes",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_changes")),
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.create_index("ix_changes_record", ["kind", "id", "position"], unique=False)

    op.create_table(
        "documents",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "id", "tier", name=op.f("pk_documents")),
    )
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index("ix_documents_created", ["tier", "kind", "created_at", "id"], unique=False)
        batch_op.create_index("ix_documents_feed", ["tier", "position"], unique=False)
        batch_op.create_index("ix_documents_kind", ["tier", "kind", "position"], unique=False)
        batch_op.create_index("ix_documents_updated", ["tier", "kind", "updated_at", "id"], unique=False)

    op.create_table(
        "entries",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "field", "value", "id", name=op.f("pk_entries")),
    )
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.create_index("ix_entries_record", ["kind", "id"], unique=False)

    op.create_table(
        "facilities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("name", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("short_name", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("kind", exact_text(), nullable=False),
        sa.Column("number", exact_text(), nullable=True),
        sa.Column("country", exact_text(), nullable=True),
        sa.Column("for_sex", exact_text(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("mail_rules", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("mail_languages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mail", exact_text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facilities")),
    )
    with op.batch_alter_table("facilities", schema=None) as batch_op:
        batch_op.create_index("ix_facilities_active", ["active", "id"], unique=False)
        batch_op.create_index("ix_facilities_country", ["country", "id"], unique=False)
        batch_op.create_index("ix_facilities_for_sex", ["for_sex", "id"], unique=False)
        batch_op.create_index("ix_facilities_kind", ["kind", "id"], unique=False)
        batch_op.create_index("ix_facilities_mail", ["mail", "id"], unique=False)
        batch_op.create_index("ix_facilities_number", ["number", "id"], unique=False)

    op.create_table(
        "idempotent_answers",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("claim", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotent_answers")),
    )
    op.create_table(
        "links",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("to_kind", sa.String(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "field", "to_kind", "to_id", name=op.f("pk_links")),
    )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index("ix_links_to", ["to_kind", "to_id", "kind", "id"], unique=False)

    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("name", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("kind", exact_text(), nullable=False),
        sa.Column("country", exact_text(), nullable=True),
        sa.Column("website", exact_text(), nullable=True),
        sa.Column("dissolved_on", sa.String(), nullable=True),
        sa.Column("dissolved_on_earliest", sa.Date(), nullable=True),
        sa.Column("dissolved_on_latest", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
    )
    with op.batch_alter_table("organizations", schema=None) as batch_op:
        batch_op.create_index("ix_organizations_country", ["country", "id"], unique=False)
        batch_op.create_index("ix_organizations_dissolved_on_earliest", ["dissolved_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_organizations_dissolved_on_latest", ["dissolved_on_latest", "id"], unique=False)
        batch_op.create_index("ix_organizations_kind", ["kind", "id"], unique=False)

    op.create_table(
        "persons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("names", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sex", exact_text(), nullable=True),
        sa.Column("birth_date", sa.String(), nullable=True),
        sa.Column("death_date", sa.String(), nullable=True),
        sa.Column("nationalities", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("categories", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("occupation", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("biography", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("photo_url", exact_text(), nullable=True),
        sa.Column("identifiers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("languages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("letter_notes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("private_notes", exact_text(), nullable=True),
        sa.Column("birth_date_earliest", sa.Date(), nullable=True),
        sa.Column("birth_date_latest", sa.Date(), nullable=True),
        sa.Column("death_date_earliest", sa.Date(), nullable=True),
        sa.Column("death_date_latest", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
    )
    with op.batch_alter_table("persons", schema=None) as batch_op:
        batch_op.create_index("ix_persons_birth_date_earliest", ["birth_date_earliest", "id"], unique=False)
        batch_op.create_index("ix_persons_birth_date_latest", ["birth_date_latest", "id"], unique=False)
        batch_op.create_index("ix_persons_death_date_earliest", ["death_date_earliest", "id"], unique=False)
        batch_op.create_index("ix_persons_death_date_latest", ["death_date_latest", "id"], unique=False)
        batch_op.create_index("ix_persons_sex", ["sex", "id"], unique=False)

    register = op.create_table(
        "register",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("register_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_register")),
    )
    op.create_table(
        "versions",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "tier", "version", name=op.f("pk_versions")),
    )
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.create_index("ix_versions_position", ["position"], unique=False)

    op.create_table(
        "addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", exact_text(), nullable=False),
        sa.Column("country", exact_text(), nullable=False),
        sa.Column("postal_code", exact_text(), nullable=True),
        sa.Column("region", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("district", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("locality", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("street", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("po_box", exact_text(), nullable=True),
        sa.Column("valid_from", sa.String(), nullable=True),
        sa.Column("valid_to", sa.String(), nullable=True),
        sa.Column("verified_on", sa.String(), nullable=True),
        sa.Column("verified_by", exact_text(), nullable=True),
        sa.Column("valid_from_earliest", sa.Date(), nullable=True),
        sa.Column("valid_from_latest", sa.Date(), nullable=True),
        sa.Column("valid_to_earliest", sa.Date(), nullable=True),
        sa.Column("valid_to_latest", sa.Date(), nullable=True),
        sa.Column("verified_on_earliest", sa.Date(), nullable=True),
        sa.Column("verified_on_latest", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["facility_id"],
            ["facilities.id"],
            name=op.f("fk_addresses_facility_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_addresses_person_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
    )
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.create_index("ix_addresses_country", ["country", "id"], unique=False)
        batch_op.create_index("ix_addresses_facility_id", ["facility_id", "id"], unique=False)
        batch_op.create_index("ix_addresses_person_id", ["person_id", "id"], unique=False)
        batch_op.create_index("ix_addresses_postal_code", ["postal_code", "id"], unique=False)
        batch_op.create_index("ix_addresses_purpose", ["purpose", "id"], unique=False)
        batch_op.create_index("ix_addresses_valid_from_earliest", ["valid_from_earliest", "id"], unique=False)
        batch_op.create_index("ix_addresses_valid_from_latest", ["valid_from_latest", "id"], unique=False)
        batch_op.create_index("ix_addresses_valid_to_earliest", ["valid_to_earliest", "id"], unique=False)
        batch_op.create_index("ix_addresses_valid_to_latest", ["valid_to_latest", "id"], unique=False)
        batch_op.create_index("ix_addresses_verified_on_earliest", ["verified_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_addresses_verified_on_latest", ["verified_on_latest", "id"], unique=False)

    op.create_table(
        "affiliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("since", sa.String(), nullable=True),
        sa.Column("until", sa.String(), nullable=True),
        sa.Column("since_earliest", sa.Date(), nullable=True),
        sa.Column("since_latest", sa.Date(), nullable=True),
        sa.Column("until_earliest", sa.Date(), nullable=True),
        sa.Column("until_latest", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_affiliations_organization_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_affiliations_person_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliations")),
    )
    with op.batch_alter_table("affiliations", schema=None) as batch_op:
        batch_op.create_index("ix_affiliations_organization_id", ["organization_id", "id"], unique=False)
        batch_op.create_index("ix_affiliations_person_id", ["person_id", "id"], unique=False)
        batch_op.create_index("ix_affiliations_since_earliest", ["since_earliest", "id"], unique=False)
        batch_op.create_index("ix_affiliations_since_latest", ["since_latest", "id"], unique=False)
        batch_op.create_index("ix_affiliations_until_earliest", ["until_earliest", "id"], unique=False)
        batch_op.create_index("ix_affiliations_until_latest", ["until_latest", "id"], unique=False)

    op.create_table(
        "detentions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=True),
        sa.Column("kind", exact_text(), nullable=False),
        sa.Column("regime", exact_text(), nullable=True),
        sa.Column("started_on", sa.String(), nullable=True),
        sa.Column("ended_on", sa.String(), nullable=True),
        sa.Column("end_reason", exact_text(), nullable=True),
        sa.Column("confirmed_on", sa.String(), nullable=True),
        sa.Column("place_confirmed_on", sa.String(), nullable=True),
        sa.Column("mail", exact_text(), nullable=True),
        sa.Column("started_on_earliest", sa.Date(), nullable=True),
        sa.Column("started_on_latest", sa.Date(), nullable=True),
        sa.Column("ended_on_earliest", sa.Date(), nullable=True),
        sa.Column("ended_on_latest", sa.Date(), nullable=True),
        sa.Column("confirmed_on_earliest", sa.Date(), nullable=True),
        sa.Column("confirmed_on_latest", sa.Date(), nullable=True),
        sa.Column("place_confirmed_on_earliest", sa.Date(), nullable=True),
        sa.Column("place_confirmed_on_latest", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["facility_id"],
            ["facilities.id"],
            name=op.f("fk_detentions_facility_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_detentions_person_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detentions")),
    )
    with op.batch_alter_table("detentions", schema=None) as batch_op:
        batch_op.create_index("ix_detentions_confirmed_on_earliest", ["confirmed_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_detentions_confirmed_on_latest", ["confirmed_on_latest", "id"], unique=False)
        batch_op.create_index("ix_detentions_end_reason", ["end_reason", "id"], unique=False)
        batch_op.create_index("ix_detentions_ended_on_earliest", ["ended_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_detentions_ended_on_latest", ["ended_on_latest", "id"], unique=False)
        batch_op.create_index("ix_detentions_facility_id", ["facility_id", "id"], unique=False)
        batch_op.create_index("ix_detentions_kind", ["kind", "id"], unique=False)
        batch_op.create_index("ix_detentions_mail", ["mail", "id"], unique=False)
        batch_op.create_index("ix_detentions_person_id", ["person_id", "id"], unique=False)
        batch_op.create_index(
            "ix_detentions_place_confirmed_on_earliest", ["place_confirmed_on_earliest", "id"], unique=False
        )
        batch_op.create_index(
            "ix_detentions_place_confirmed_on_latest", ["place_confirmed_on_latest", "id"], unique=False
        )
        batch_op.create_index("ix_detentions_regime", ["regime", "id"], unique=False)
        batch_op.create_index("ix_detentions_started_on_earliest", ["started_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_detentions_started_on_latest", ["started_on_latest", "id"], unique=False)

    op.create_table(
        "hearings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("kind", exact_text(), nullable=False),
        sa.Column("court", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("judges", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("starts_on", sa.String(), nullable=True),
        sa.Column("ends_on", sa.String(), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=True),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("starts_on_earliest", sa.Date(), nullable=True),
        sa.Column("starts_on_latest", sa.Date(), nullable=True),
        sa.Column("ends_on_earliest", sa.Date(), nullable=True),
        sa.Column("ends_on_latest", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_hearings_case_id"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_hearings_person_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hearings")),
    )
    with op.batch_alter_table("hearings", schema=None) as batch_op:
        batch_op.create_index("ix_hearings_case_id", ["case_id", "id"], unique=False)
        batch_op.create_index("ix_hearings_closed", ["closed", "id"], unique=False)
        batch_op.create_index("ix_hearings_ends_on_earliest", ["ends_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_hearings_ends_on_latest", ["ends_on_latest", "id"], unique=False)
        batch_op.create_index("ix_hearings_kind", ["kind", "id"], unique=False)
        batch_op.create_index("ix_hearings_person_id", ["person_id", "id"], unique=False)
        batch_op.create_index("ix_hearings_starts_on_earliest", ["starts_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_hearings_starts_on_latest", ["starts_on_latest", "id"], unique=False)

    op.create_table(
        "recognitions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("decision", exact_text(), nullable=False),
        sa.Column("scheme", exact_text(), nullable=False),
        sa.Column("decided_on", sa.String(), nullable=True),
        sa.Column("decided_on_earliest", sa.Date(), nullable=True),
        sa.Column("decided_on_latest", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_recognitions_organization_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_recognitions_person_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognitions")),
    )
    with op.batch_alter_table("recognitions", schema=None) as batch_op:
        batch_op.create_index("ix_recognitions_decided_on_earliest", ["decided_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_recognitions_decided_on_latest", ["decided_on_latest", "id"], unique=False)
        batch_op.create_index("ix_recognitions_decision", ["decision", "id"], unique=False)
        batch_op.create_index("ix_recognitions_organization_id", ["organization_id", "id"], unique=False)
        batch_op.create_index("ix_recognitions_person_id", ["person_id", "id"], unique=False)
        batch_op.create_index("ix_recognitions_scheme", ["scheme", "id"], unique=False)

    op.create_table(
        "sentences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("kind", exact_text(), nullable=False),
        sa.Column("term", sa.String(), nullable=True),
        sa.Column("regime", exact_text(), nullable=True),
        sa.Column("fine", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("credit_rule", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("stage", exact_text(), nullable=True),
        sa.Column("court", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("judges", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("prosecutors", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("decided_on", sa.String(), nullable=True),
        sa.Column("in_force_on", sa.String(), nullable=True),
        sa.Column("status", exact_text(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("as_written", exact_text(), nullable=True),
        sa.Column("term_key", sa.BigInteger(), nullable=True),
        sa.Column("decided_on_earliest", sa.Date(), nullable=True),
        sa.Column("decided_on_latest", sa.Date(), nullable=True),
        sa.Column("in_force_on_earliest", sa.Date(), nullable=True),
        sa.Column("in_force_on_latest", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_sentences_case_id"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_sentences_person_id"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["sentences.id"],
            name=op.f("fk_sentences_replaces_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sentences")),
    )
    with op.batch_alter_table("sentences", schema=None) as batch_op:
        batch_op.create_index("ix_sentences_case_id", ["case_id", "id"], unique=False)
        batch_op.create_index("ix_sentences_decided_on_earliest", ["decided_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_sentences_decided_on_latest", ["decided_on_latest", "id"], unique=False)
        batch_op.create_index("ix_sentences_in_force_on_earliest", ["in_force_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_sentences_in_force_on_latest", ["in_force_on_latest", "id"], unique=False)
        batch_op.create_index("ix_sentences_kind", ["kind", "id"], unique=False)
        batch_op.create_index("ix_sentences_person_id", ["person_id", "id"], unique=False)
        batch_op.create_index("ix_sentences_regime", ["regime", "id"], unique=False)
        batch_op.create_index("ix_sentences_replaces_id", ["replaces_id", "id"], unique=False)
        batch_op.create_index("ix_sentences_stage", ["stage", "id"], unique=False)
        batch_op.create_index("ix_sentences_status", ["status", "id"], unique=False)
        batch_op.create_index("ix_sentences_term_key", ["term_key", "id"], unique=False)

    op.create_table(
        "sources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("kind", exact_text(), nullable=False),
        sa.Column("title", exact_text(), nullable=False),
        sa.Column("publisher_id", sa.Uuid(), nullable=True),
        sa.Column("published_on", sa.String(), nullable=True),
        sa.Column("url", exact_text(), nullable=True),
        sa.Column("archived_url", exact_text(), nullable=True),
        sa.Column("language", exact_text(), nullable=True),
        sa.Column("addressees", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("demands", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("signatories", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("published_on_earliest", sa.Date(), nullable=True),
        sa.Column("published_on_latest", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["publisher_id"],
            ["organizations.id"],
            name=op.f("fk_sources_publisher_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
    )
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.create_index("ix_sources_kind", ["kind", "id"], unique=False)
        batch_op.create_index("ix_sources_language", ["language", "id"], unique=False)
        batch_op.create_index("ix_sources_published_on_earliest", ["published_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_sources_published_on_latest", ["published_on_latest", "id"], unique=False)
        batch_op.create_index("ix_sources_publisher_id", ["publisher_id", "id"], unique=False)

    op.create_table(
        "charges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("visibility", exact_text(), nullable=False),
        sa.Column("citations", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("part", exact_text(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("sentence_id", sa.Uuid(), nullable=True),
        sa.Column("stage", exact_text(), nullable=True),
        sa.Column("role", exact_text(), nullable=True),
        sa.Column("status", exact_text(), nullable=False),
        sa.Column("brought_on", sa.String(), nullable=True),
        sa.Column("as_written", exact_text(), nullable=True),
        sa.Column("brought_on_earliest", sa.Date(), nullable=True),
        sa.Column("brought_on_latest", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_charges_article_id"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_charges_case_id"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_charges_person_id"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["sentence_id"],
            ["sentences.id"],
            name=op.f("fk_charges_sentence_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charges")),
    )
    with op.batch_alter_table("charges", schema=None) as batch_op:
        batch_op.create_index("ix_charges_article_id", ["article_id", "id"], unique=False)
        batch_op.create_index("ix_charges_brought_on_earliest", ["brought_on_earliest", "id"], unique=False)
        batch_op.create_index("ix_charges_brought_on_latest", ["brought_on_latest", "id"], unique=False)
        batch_op.create_index("ix_charges_case_id", ["case_id", "id"], unique=False)
        batch_op.create_index("ix_charges_person_id", ["person_id", "id"], unique=False)
        batch_op.create_index("ix_charges_role", ["role", "id"], unique=False)
        batch_op.create_index("ix_charges_sentence_id", ["sentence_id", "id"], unique=False)
        batch_op.create_index("ix_charges_stage", ["stage", "id"], unique=False)
        batch_op.create_index("ix_charges_status", ["status", "id"], unique=False)

    op.bulk_insert(
        register,
        [
            {
                "one": 1,
                "register_id": uuid.uuid4(),
                "secret": secrets.token_bytes(32),
                "position": 0,
                "head": bytes(32),
            }
        ],
    )


def downgrade() -> None:
    with op.batch_alter_table("charges", schema=None) as batch_op:
        batch_op.drop_index("ix_charges_status")
        batch_op.drop_index("ix_charges_stage")
        batch_op.drop_index("ix_charges_sentence_id")
        batch_op.drop_index("ix_charges_role")
        batch_op.drop_index("ix_charges_person_id")
        batch_op.drop_index("ix_charges_case_id")
        batch_op.drop_index("ix_charges_brought_on_latest")
        batch_op.drop_index("ix_charges_brought_on_earliest")
        batch_op.drop_index("ix_charges_article_id")

    op.drop_table("charges")
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.drop_index("ix_sources_publisher_id")
        batch_op.drop_index("ix_sources_published_on_latest")
        batch_op.drop_index("ix_sources_published_on_earliest")
        batch_op.drop_index("ix_sources_language")
        batch_op.drop_index("ix_sources_kind")

    op.drop_table("sources")
    with op.batch_alter_table("sentences", schema=None) as batch_op:
        batch_op.drop_index("ix_sentences_term_key")
        batch_op.drop_index("ix_sentences_status")
        batch_op.drop_index("ix_sentences_stage")
        batch_op.drop_index("ix_sentences_replaces_id")
        batch_op.drop_index("ix_sentences_regime")
        batch_op.drop_index("ix_sentences_person_id")
        batch_op.drop_index("ix_sentences_kind")
        batch_op.drop_index("ix_sentences_in_force_on_latest")
        batch_op.drop_index("ix_sentences_in_force_on_earliest")
        batch_op.drop_index("ix_sentences_decided_on_latest")
        batch_op.drop_index("ix_sentences_decided_on_earliest")
        batch_op.drop_index("ix_sentences_case_id")

    op.drop_table("sentences")
    with op.batch_alter_table("recognitions", schema=None) as batch_op:
        batch_op.drop_index("ix_recognitions_scheme")
        batch_op.drop_index("ix_recognitions_person_id")
        batch_op.drop_index("ix_recognitions_organization_id")
        batch_op.drop_index("ix_recognitions_decision")
        batch_op.drop_index("ix_recognitions_decided_on_latest")
        batch_op.drop_index("ix_recognitions_decided_on_earliest")

    op.drop_table("recognitions")
    with op.batch_alter_table("hearings", schema=None) as batch_op:
        batch_op.drop_index("ix_hearings_starts_on_latest")
        batch_op.drop_index("ix_hearings_starts_on_earliest")
        batch_op.drop_index("ix_hearings_person_id")
        batch_op.drop_index("ix_hearings_kind")
        batch_op.drop_index("ix_hearings_ends_on_latest")
        batch_op.drop_index("ix_hearings_ends_on_earliest")
        batch_op.drop_index("ix_hearings_closed")
        batch_op.drop_index("ix_hearings_case_id")

    op.drop_table("hearings")
    with op.batch_alter_table("detentions", schema=None) as batch_op:
        batch_op.drop_index("ix_detentions_started_on_latest")
        batch_op.drop_index("ix_detentions_started_on_earliest")
        batch_op.drop_index("ix_detentions_regime")
        batch_op.drop_index("ix_detentions_place_confirmed_on_latest")
        batch_op.drop_index("ix_detentions_place_confirmed_on_earliest")
        batch_op.drop_index("ix_detentions_person_id")
        batch_op.drop_index("ix_detentions_mail")
        batch_op.drop_index("ix_detentions_kind")
        batch_op.drop_index("ix_detentions_facility_id")
        batch_op.drop_index("ix_detentions_ended_on_latest")
        batch_op.drop_index("ix_detentions_ended_on_earliest")
        batch_op.drop_index("ix_detentions_end_reason")
        batch_op.drop_index("ix_detentions_confirmed_on_latest")
        batch_op.drop_index("ix_detentions_confirmed_on_earliest")

    op.drop_table("detentions")
    with op.batch_alter_table("affiliations", schema=None) as batch_op:
        batch_op.drop_index("ix_affiliations_until_latest")
        batch_op.drop_index("ix_affiliations_until_earliest")
        batch_op.drop_index("ix_affiliations_since_latest")
        batch_op.drop_index("ix_affiliations_since_earliest")
        batch_op.drop_index("ix_affiliations_person_id")
        batch_op.drop_index("ix_affiliations_organization_id")

    op.drop_table("affiliations")
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.drop_index("ix_addresses_verified_on_latest")
        batch_op.drop_index("ix_addresses_verified_on_earliest")
        batch_op.drop_index("ix_addresses_valid_to_latest")
        batch_op.drop_index("ix_addresses_valid_to_earliest")
        batch_op.drop_index("ix_addresses_valid_from_latest")
        batch_op.drop_index("ix_addresses_valid_from_earliest")
        batch_op.drop_index("ix_addresses_purpose")
        batch_op.drop_index("ix_addresses_postal_code")
        batch_op.drop_index("ix_addresses_person_id")
        batch_op.drop_index("ix_addresses_facility_id")
        batch_op.drop_index("ix_addresses_country")

    op.drop_table("addresses")
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.drop_index("ix_versions_position")

    op.drop_table("versions")
    op.drop_table("register")
    with op.batch_alter_table("persons", schema=None) as batch_op:
        batch_op.drop_index("ix_persons_sex")
        batch_op.drop_index("ix_persons_death_date_latest")
        batch_op.drop_index("ix_persons_death_date_earliest")
        batch_op.drop_index("ix_persons_birth_date_latest")
        batch_op.drop_index("ix_persons_birth_date_earliest")

    op.drop_table("persons")
    with op.batch_alter_table("organizations", schema=None) as batch_op:
        batch_op.drop_index("ix_organizations_kind")
        batch_op.drop_index("ix_organizations_dissolved_on_latest")
        batch_op.drop_index("ix_organizations_dissolved_on_earliest")
        batch_op.drop_index("ix_organizations_country")

    op.drop_table("organizations")
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.drop_index("ix_links_to")

    op.drop_table("links")
    op.drop_table("idempotent_answers")
    with op.batch_alter_table("facilities", schema=None) as batch_op:
        batch_op.drop_index("ix_facilities_number")
        batch_op.drop_index("ix_facilities_mail")
        batch_op.drop_index("ix_facilities_kind")
        batch_op.drop_index("ix_facilities_for_sex")
        batch_op.drop_index("ix_facilities_country")
        batch_op.drop_index("ix_facilities_active")

    op.drop_table("facilities")
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.drop_index("ix_entries_record")

    op.drop_table("entries")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_index("ix_documents_updated")
        batch_op.drop_index("ix_documents_kind")
        batch_op.drop_index("ix_documents_feed")
        batch_op.drop_index("ix_documents_created")

    op.drop_table("documents")
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.drop_index("ix_changes_record")

    op.drop_table("changes")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index("ix_cases_opened_on_latest")
        batch_op.drop_index("ix_cases_opened_on_earliest")
        batch_op.drop_index("ix_cases_country")

    op.drop_table("cases")
    with op.batch_alter_table("articles", schema=None) as batch_op:
        batch_op.drop_index("ix_articles_valid_to_latest")
        batch_op.drop_index("ix_articles_valid_to_earliest")
        batch_op.drop_index("ix_articles_valid_from_latest")
        batch_op.drop_index("ix_articles_valid_from_earliest")
        batch_op.drop_index("ix_articles_number_key")
        batch_op.drop_index("ix_articles_country")
        batch_op.drop_index("ix_articles_code")

    op.drop_table("articles")
    op.drop_table("api_keys")
