"""The seed files say what their sources say: quotes verbatim, signatories complete, references whole."""

import json
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

Row = dict[str, Any]

SEED = Path(__file__).parents[1] / "seed"
LETTERS = {
    "2020-08-05": ("2020-08-05-keepiton-belarus.txt", "Please let us know if we can provide assistance"),
    "2023-11-09": ("2023-11-09-no-dialogue-behind-bars.txt", "Belarusian Signatories:"),
}
NEWSLETTER = "Enter the correct e-mail address"
HEADINGS = {"Belarusian Signatories:", "International Signatories:"}
COMMON = {"id", "visibility", "citations"}
CITATION = {"source_id", "field", "quote", "accessed_on"}
NAME = {"kind", "language", "full", "family", "given", "patronymic"}
FIELDS = {
    "persons": "names sex birth_date death_date nationalities categories occupation biography photo_url"
    " identifiers languages letter_notes private_notes",
    "affiliations": "person_id organization_id role since until",
    "detentions": "person_id facility_id kind regime started_on ended_on end_reason confirmed_on"
    " place_confirmed_on mail",
    "cases": "title description country opened_on identifiers",
    "charges": "person_id article_id part case_id sentence_id stage role status brought_on as_written",
    "hearings": "person_id case_id kind court judges starts_on ends_on closed outcome",
    "sentences": "person_id case_id kind term regime fine credit_rule stage court judges prosecutors"
    " decided_on in_force_on status replaces_id as_written",
    "articles": "country code number title valid_from valid_to",
    "facilities": "name short_name kind number country for_sex latitude longitude active mail_rules"
    " mail_languages mail",
    "addresses": "facility_id person_id purpose country postal_code region district locality street po_box"
    " valid_from valid_to verified_on verified_by",
    "organizations": "name kind country website dissolved_on",
    "sources": "kind title publisher_id published_on url archived_url language addressees demands signatories",
}
REFERENCES = {
    "person_id": "persons",
    "organization_id": "organizations",
    "publisher_id": "organizations",
    "facility_id": "facilities",
    "case_id": "cases",
    "article_id": "articles",
    "sentence_id": "sentences",
    "replaces_id": "sentences",
}


def rows(kind: str) -> list[Row]:
    found: list[Row] = json.loads((SEED / f"{kind}.json").read_text(encoding="utf-8"))
    return found


def everything() -> list[tuple[str, Row]]:
    return [(kind, row) for kind in FIELDS for row in rows(kind)]


def letter_text(day: str) -> str:
    return (SEED / "letters" / LETTERS[day][0]).read_text(encoding="utf-8")


def letter_source(day: str) -> Row:
    (source,) = (s for s in rows("sources") if s["kind"] == "open_letter" and s["published_on"] == day)
    return source


def letter_texts() -> dict[str, str]:
    return {letter_source(day)["id"]: letter_text(day) for day in LETTERS}


def printed_signatories(day: str) -> list[str]:
    """Return the lines between the end of the letter and the newsletter's, without the group headings."""
    _, _, tail = letter_text(day).partition(LETTERS[day][1])
    lines = (line.strip() for line in tail.partition(NEWSLETTER)[0].splitlines()[1:])
    return [line for line in lines if line and line not in HEADINGS]


def one_spacing(text: str) -> str:
    return " ".join(text.split())


def test_every_file_holds_a_known_kind() -> None:
    assert {path.stem for path in SEED.glob("*.json")} == set(FIELDS)


def test_ids_are_uuids_and_unique_over_all_kinds() -> None:
    ids = [row["id"] for _, row in everything()]
    assert [str(uuid.UUID(one)) for one in ids] == ids
    assert len(set(ids)) == len(ids)


def test_every_record_is_public_and_has_only_known_fields() -> None:
    for kind, row in everything():
        assert row["visibility"] == "public"
        assert set(row) <= COMMON | set(FIELDS[kind].split()), row["id"]


def test_nothing_unknown_is_written_out() -> None:
    empty = [(row["id"], key) for _, row in everything() for key, value in row.items() if value in (None, "", {})]
    assert not empty


def test_names_have_only_known_parts_and_parts_that_the_full_name_contains() -> None:
    for person in rows("persons"):
        for name in person["names"]:
            assert set(name) <= NAME
            assert {name[part] for part in NAME - {"kind", "language", "full"} if part in name} <= set(
                name["full"].split()
            )


def test_every_reference_resolves() -> None:
    ids = {kind: {row["id"] for row in rows(kind)} for kind in FIELDS}
    for _, row in everything():
        for field, target in REFERENCES.items():
            assert field not in row or row[field] in ids[target], (row["id"], field)
        for citation in row["citations"]:
            assert citation["source_id"] in ids["sources"], row["id"]


def test_a_charge_and_its_sentence_are_one_persons() -> None:
    owner = {sentence["id"]: sentence["person_id"] for sentence in rows("sentences")}
    for charge in rows("charges"):
        assert charge["person_id"] == owner[charge["sentence_id"]]


def test_every_record_but_a_source_has_a_citation() -> None:
    assert not [row["id"] for kind, row in everything() if kind != "sources" and not row["citations"]]


def test_citations_name_fields_that_the_record_has() -> None:
    for _, row in everything():
        for citation in row["citations"]:
            assert set(citation) <= CITATION
            assert citation.get("field", "id") in row, (row["id"], citation)


def test_every_quote_is_a_verbatim_part_of_its_letter() -> None:
    texts = letter_texts()
    for _, row in everything():
        for citation in row["citations"]:
            if "quote" in citation:
                assert citation["quote"] in texts[citation["source_id"]], citation


def test_every_quote_of_a_letter_names_what_it_says_and_pages_are_not_quoted() -> None:
    letters = set(letter_texts())
    for _, row in everything():
        for citation in row["citations"]:
            assert ("quote" in citation) == (citation["source_id"] in letters), (row["id"], citation)


def test_signatories_are_as_printed_in_order_and_the_doubled_one_twice() -> None:
    assert {day: len(printed_signatories(day)) for day in LETTERS} == {"2020-08-05": 37, "2023-11-09": 24}
    for day in LETTERS:
        assert letter_source(day)["signatories"] == printed_signatories(day)
    doubled = Counter(printed_signatories("2023-11-09")).most_common(1)
    assert doubled == [("Organization for European Expertise and Communications (OEEC)", 2)]


def test_every_printed_signatory_is_one_organization() -> None:
    organizations = rows("organizations")
    for day in LETTERS:
        source = letter_source(day)["id"]
        quoted = Counter(c["quote"] for o in organizations for c in o["citations"] if c["source_id"] == source)
        for line in printed_signatories(day):
            assert quoted[line] == 1, line


def test_an_organization_exists_once() -> None:
    names = Counter(text for organization in rows("organizations") for text in organization["name"].values())
    assert names.most_common(1)[0][1] == 1


def test_demands_and_addressees_are_the_words_of_the_letters() -> None:
    for day in LETTERS:
        text = one_spacing(letter_text(day))
        source = letter_source(day)
        assert source["addressees"]
        for words in source["demands"] + [who.removeprefix("CC: ") for who in source["addressees"]]:
            assert words in text.replace(
                "Belaus Prospekt Pobeditelei 12 Minsk", "Belaus, Prospekt Pobeditelei 12, Minsk"
            )
