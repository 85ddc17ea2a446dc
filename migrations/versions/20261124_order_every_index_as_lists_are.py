"""Orders every index as lists are: by the column, then when and as what a record was made."""

from alembic import op

revision = "4ea4250b312a"
down_revision = "c1a0bed29c67"
branch_labels = None
depends_on = None

_COLUMNS = {
    "addresses": """
        country facility_id person_id postal_code purpose valid_from_earliest valid_from_latest
        valid_to_earliest valid_to_latest verified_on_earliest verified_on_latest
    """,
    "affiliations": """
        organization_id person_id since_earliest since_latest until_earliest until_latest
    """,
    "articles": """
        code country number_key valid_from_earliest valid_from_latest valid_to_earliest
        valid_to_latest
    """,
    "cases": """
        country opened_on_earliest opened_on_latest
    """,
    "charges": """
        article_id brought_on_earliest brought_on_latest case_id person_id role sentence_id stage
        status
    """,
    "detentions": """
        confirmed_on_earliest confirmed_on_latest end_reason ended_on_earliest ended_on_latest
        facility_id kind mail person_id place_confirmed_on_earliest place_confirmed_on_latest regime
        started_on_earliest started_on_latest
    """,
    "facilities": """
        active country for_sex kind mail number
    """,
    "hearings": """
        case_id closed ends_on_earliest ends_on_latest kind person_id starts_on_earliest
        starts_on_latest
    """,
    "organizations": """
        country dissolved_on_earliest dissolved_on_latest kind
    """,
    "persons": """
        birth_date_earliest birth_date_latest death_date_earliest death_date_latest sex
    """,
    "recognitions": """
        decided_on_earliest decided_on_latest decision organization_id person_id scheme
    """,
    "sentences": """
        case_id decided_on_earliest decided_on_latest in_force_on_earliest in_force_on_latest kind
        person_id regime replaces_id stage status term_key
    """,
    "sources": """
        kind language published_on_earliest published_on_latest publisher_id
    """,
}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        for column in columns.split():
            op.drop_index(f"ix_{table}_{column}", table)
            op.create_index(f"ix_{table}_{column}", table, [column, "created_at", "id"])
        op.create_index(f"ix_{table}_created_at", table, ["created_at", "id"])


def downgrade() -> None:
    for table, columns in _COLUMNS.items():
        op.drop_index(f"ix_{table}_created_at", table)
        for column in columns.split():
            op.drop_index(f"ix_{table}_{column}", table)
            op.create_index(f"ix_{table}_{column}", table, [column, "id"])
