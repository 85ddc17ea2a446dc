"""The timeline: what is an event, in what order, by which sources."""

from typing import Any

import pytest

from app.reading.timeline import precision, timeline
from tests.reading.invented import case, cite, record, sentence, stay


def kinds(**records: Any) -> list[tuple[str, str]]:
    person = records.pop("person", None)
    return [(event["kind"], event["date"]) for event in timeline(case(person=person, **records))]


def test_every_dated_field_is_an_event() -> None:
    dossier = case(
        stay(
            "colony",
            "2021-05-18",
            "2025-12-13",
            end_reason="parole",
            confirmed_on="2023-11-09",
            place_confirmed_on="2023-11-08",
        ),
        person=record(birth_date="1973-07-13", death_date="2026-01-01"),
        affiliations=[record(organization_id="o", since="2016", until="2021-05")],
        cases=[record(opened_on="2021-05-17")],
        charges=[record(article_id="a", brought_on="2022-12-24")],
        hearings=[record(kind="trial", starts_on="2023-01-09", ends_on="2023-03-17")],
        sentences=[sentence("P12Y", "2023-03-17", in_force_on="2023-08-01")],
        recognitions=[record(organization_id="o", decided_on="2022-01-10")],
    )
    assert [(event["kind"], event["date"]) for event in timeline(dossier)] == [
        ("birth", "1973-07-13"),
        ("affiliation_start", "2016"),
        ("affiliation_end", "2021-05"),
        ("case_opened", "2021-05-17"),
        ("detention_start", "2021-05-18"),
        ("recognition", "2022-01-10"),
        ("charge_brought", "2022-12-24"),
        ("hearing_start", "2023-01-09"),
        ("hearing_end", "2023-03-17"),
        ("sentence_decided", "2023-03-17"),
        ("sentence_in_force", "2023-08-01"),
        ("place_confirmed", "2023-11-08"),
        ("detention_confirmed", "2023-11-09"),
        ("detention_end", "2025-12-13"),
        ("death", "2026-01-01"),
    ]


def test_an_event_tells_its_record_precision_and_fields() -> None:
    held = stay("colony", "2021-05", id="s", facility_id="f", citations=cite("news"))
    (told,) = timeline(case(held))
    assert dict(told) == {
        "date": "2021-05",
        "precision": "month",
        "kind": "detention_start",
        "record": {"kind": "detentions", "id": "s"},
        "what": {"kind": "colony", "facility_id": "f"},
        "sources": ["news"],
        "disagrees_with": [],
    }


def test_a_hidden_field_is_absent_from_what_happened() -> None:
    held = stay("colony", "2021-05")
    del held["facility_id"]
    assert timeline(case(held))[0]["what"] == {"kind": "colony"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("2021", "year"), ("2021-05~", "month"), ("2021-05-18?", "day"), ("XXXX-07-13", "yearless")],
)
def test_precision_is_what_is_stated(text: str, said: str) -> None:
    assert precision(text) == said


def test_a_date_without_a_year_comes_last_and_an_undated_one_not_at_all() -> None:
    held = stay("colony", None, confirmed_on="2021-05-18")
    assert [event["date"] for event in timeline(case(held, person=record(birth_date="XXXX-07-13")))] == [
        "2021-05-18",
        "XXXX-07-13",
    ]


def test_events_go_by_their_earliest_then_their_latest_day() -> None:
    days = ["2021", "2021-02", "2021-01-01", "2021-01", "2020-12-31"]
    found = kinds(charges=[record(brought_on=day) for day in days])
    assert [day for _, day in found] == ["2020-12-31", "2021-01-01", "2021-01", "2021", "2021-02"]


def test_the_sources_of_a_field_come_before_those_of_the_record() -> None:
    both = [*cite("letter"), *cite("baj", "baj", field="birth_date"), *cite("other", field="names"), {"quote": "x"}]
    person = record(birth_date="1973-07-13", death_date="2026-01-01", citations=both)
    birth, death = timeline(case(person=person))
    assert (birth["sources"], death["sources"]) == (["baj"], ["letter"])


def test_sources_that_disagree_stand_side_by_side_and_name_each_other() -> None:
    first = sentence("P7Y", "2023-06-20", id="a", citations=cite("nhc"))
    second = sentence("P7Y", "2023-06-21", id="b", citations=cite("press"))
    one, other = timeline(case(sentences=[first, second]))
    assert (one["date"], other["date"]) == ("2023-06-20", "2023-06-21")
    for event, beside in ((one, other), (other, one)):
        assert event["disagrees_with"] == [{name: beside[name] for name in ("date", "precision", "record", "sources")}]


@pytest.mark.parametrize(
    "second",
    [
        {"decided": "2023-06"},
        {"decided": "2023-06-20"},
        {"citations": cite("nhc", "press")},
        {"citations": []},
        {"term": "P2Y"},
        {"stage": "appeal"},
    ],
)
def test_what_agrees_or_is_another_event_does_not_disagree(second: dict[str, Any]) -> None:
    told = {"term": "P7Y", "decided": "2023-06-25", "citations": cite("press")} | second
    sentences = [sentence("P7Y", "2023-06-20", citations=cite("nhc")), sentence(**told)]
    assert not any(event["disagrees_with"] for event in timeline(case(sentences=sentences)))
    assert not any(event["disagrees_with"] for event in timeline(case(sentences=sentences[::-1])))


def test_a_death_in_a_stay_can_disagree_with_the_date_of_death() -> None:
    person = record(death_date="2023-07-11", id="p", citations=cite("family"))
    held = stay("colony", None, "2023-07-12", end_reason="died", id="s", citations=cite("prison"))
    death, end = timeline(case(held, person=person))
    assert [one["record"] for one in death["disagrees_with"]] == [{"kind": "detentions", "id": "s"}]
    assert [one["record"] for one in end["disagrees_with"]] == [{"kind": "persons", "id": "p"}]
    freed = held | {"end_reason": "parole"}
    assert not any(event["disagrees_with"] for event in timeline(case(freed, person=person)))


def test_two_stays_are_two_events() -> None:
    stays = [stay("colony", f"202{year}", citations=cite(f"s{year}")) for year in (1, 3)]
    assert not any(event["disagrees_with"] for event in timeline(case(*stays)))
