"""What is kept of a person says the same as the person's situation, on every day."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reading.dossier import Dossier
from app.reading.facts import facts
from app.reading.mail import ReviewIntervals
from app.reading.situation import situation
from app.reading.spans import HELD, next_turn, spans
from tests.reading.invented import case, cite, record, sentence, stay
from tests.reading.test_situation_properties import DAYS, DOSSIERS

some = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@some
@given(DOSSIERS, DAYS)
def test_spans_say_what_the_situation_says(dossier: Dossier, day: date) -> None:
    assert_the_same(dossier, day)


@some
@given(DOSSIERS)
def test_spans_follow_each_other_and_differ(dossier: Dossier) -> None:
    found = spans(dossier)
    assert (found[0].first, found[-1].last) == (date.min, None)
    for one, other in pairwise(found):
        assert one.last is not None
        assert one.last + timedelta(days=1) == other.first
        assert replace(one, first=other.first, last=other.last) != other


@some
@given(DOSSIERS, DAYS, st.integers(0, 4000))
def test_a_situation_stands_until_its_next_turn(dossier: Dossier, day: date, later: int) -> None:
    turn = next_turn(dossier, day)
    last = day + timedelta(days=later)
    if turn is not None:
        last = min(last, turn - timedelta(days=1))
    before, after = situation(dossier, day), situation(dossier, last)
    for said in (before, after):
        said["mail"].pop("stale", None)
    assert before == after


@some
@given(DOSSIERS, DAYS, st.integers(1, 400), st.integers(1, 400))
def test_staleness_is_reckoned_as_the_situation_does(dossier: Dossier, day: date, pretrial: int, other: int) -> None:
    intervals = ReviewIntervals(pretrial, other)
    kept, said = facts(dossier, day), situation(dossier, day, intervals)
    assert (kept.confirmed is not None) == said["mail"]["reachable"]
    if kept.confirmed is not None:
        kind, confirmed = kept.confirmed
        stale = confirmed is None or day - confirmed > intervals.of(kind)
        assert stale == said["mail"]["stale"]


STAY: dict[str, Any] = {"facility_id": "f", "confirmed_on": "2021-06-01"}
POST = record(facility_id="f", purpose="letters", verified_on="2022-01-01")


def written_to(*addresses: dict[str, Any], kind: str = "colony", mail: str | None = None, **fields: Any) -> Dossier:
    """Somebody in a place that lets letters in, with its addresses."""
    told = STAY | {"person_id": "p"} | fields
    found = {f"a{place}": one for place, one in enumerate(addresses or (POST,))}
    person = told.pop("person", None)
    facilities = {"f": {"id": "f", "name": {"en": "Colony"}, "mail": mail}}
    return case(stay(kind, "2021-05-18", **told), person=person, facilities=facilities, addresses=found)


def punished(*sentences: dict[str, Any], kind: str = "unknown", **fields: Any) -> Dossier:
    return case(stay(kind, "2021-05-18", **fields), sentences=sentences)


EVER = record(article_id="x", status="charged", brought_on="2022-03-01")
TOLD: dict[str, Any] = {"citations": cite("news")}
TURNS: dict[str, tuple[Dossier, list[str]]] = {
    "a stay begins and ends": (
        case(stay("colony", "2021-05-18", "2022-03-01", end_reason="parole")),
        ["2021-05-18", "2022-03-02"],
    ),
    "it may end in a month": (written_to(ended_on="2022-03", end_reason="parole"), ["2022-03-01"]),
    "a place is confirmed": (written_to(place_confirmed_on="2023-04-05"), ["2023-04-05"]),
    "a source is printed": (
        case(stay("colony", "2021-05-18", **TOLD), published={"news": "2023-04-05"}),
        ["2023-04-05"],
    ),
    "the person dies": (case(stay(), person=record(death_date="2023-07-11")), ["2023-07-11"]),
    "the death is written down": (
        case(stay("colony", "2021-05-18"), person=record(death_date="2023-07", updated_at="2023-07-10T00:00:00Z")),
        ["2023-07-10"],
    ),
    "the person may be dead": (written_to(person=record(death_date="2023-07")), ["2023-07-01"]),
    "there is a verdict": (
        punished(sentence("P2Y", "2022-03-01", in_force_on="2022-09-01")),
        ["2022-03-01", "2022-09-01"],
    ),
    "an undated verdict is told": (
        case(
            stay("unknown", "2021-05-18"), sentences=[sentence("P2Y", None, **TOLD)], published={"news": "2022-03-01"}
        ),
        ["2022-03-01"],
    ),
    "a term follows": (
        punished(sentence(), sentence("P1Y", "2024-06-01", stage="added_term"), kind="colony"),
        ["2024-06-01"],
    ),
    "a charge is brought": (case(charges=[EVER], articles={"x": {"number": "361"}}), ["2022-03-01"]),
    "an address is good from": (written_to(POST | {"valid_from": "2023-02"}), ["2023-02-01"]),
    "an address is good to": (written_to(POST | {"valid_to": "2023-02"}), ["2023-02-02"]),
}
STILL = {
    "open": written_to(),
    "blocked": written_to(mail="blocked"),
    "for relatives": written_to(mail="relatives_only"),
    "at home": written_to(kind="home_confinement"),
    "arrested at home": written_to(record(person_id="p", purpose="letters"), kind="house_arrest"),
    "without an address": written_to(POST | {"purpose": "visits"}),
    "an address whose end has no year": written_to(POST | {"valid_to": "XXXX-07-13"}),
}


@pytest.mark.parametrize("name", TURNS)
def test_each_thing_that_turns_a_situation_is_a_turn(name: str) -> None:
    dossier, days = TURNS[name]
    for day in map(date.fromisoformat, days):
        before = day - timedelta(days=1)
        assert situation(dossier, before) != situation(dossier, day)
        assert next_turn(dossier, before) == day
        assert_the_same(dossier, before)
        assert_the_same(dossier, day)


@pytest.mark.parametrize("name", STILL)
def test_each_way_of_being_held_is_kept_as_it_is_told(name: str) -> None:
    assert_the_same(STILL[name], date(2026, 8, 2))
    assert_the_same(STILL[name], date(2021, 5, 17))


# A day in a record of each kind, and until when the record may mean it.
SPOKEN: dict[str, tuple[Dossier, str, str]] = {
    "of the person": (case(person=record(birth_date="1990-05-18")), "1990-05-18", "1990-05-18"),
    "of a stay": (case(stay(confirmed_on="2021-05")), "2021-05-01", "2021-05-31"),
    "of a charge": (case(charges=[record(brought_on="2022")]), "2022-01-01", "2022-12-31"),
    "of a hearing": (case(hearings=(record(starts_on="2022-03-01"),)), "2022-03-01", "2022-03-01"),
    "of a sentence": (case(sentences=[sentence(decided="2022-03-01")]), "2022-03-01", "2022-03-01"),
    "of an address": (case(addresses={"a": record(verified_on="2022-03-01")}), "2022-03-01", "2022-03-01"),
    "from which it is good": (case(addresses={"a": record(valid_from="2022-03")}), "2022-03-01", "2022-03-31"),
    "to which it is good": (case(addresses={"a": record(valid_to="2022-03")}), "2022-03-01", "2022-03-31"),
    "of a source": (
        case(stay(**TOLD), published={"news": "2022-03"}),
        "2022-03-01",
        "2022-03-31",
    ),
}


@pytest.mark.parametrize("name", SPOKEN)
def test_each_day_that_a_record_speaks_of_may_be_a_turn(name: str) -> None:
    dossier, first, last = SPOKEN[name]
    told = date.fromisoformat(first)
    behind = date.fromisoformat(last) + timedelta(days=1)
    assert next_turn(dossier, told - timedelta(days=1)) == told
    assert behind in {next_turn(dossier, behind - timedelta(days=1)), *(span.first for span in spans(dossier))}


def test_after_the_last_day_that_is_spoken_of_nothing_turns() -> None:
    assert next_turn(case(stay("colony", "2021-05-18", created_at=None)), date(2021, 5, 19)) is None


def test_the_last_day_of_the_calendar_ends_nothing() -> None:
    dossier = written_to(POST | {"valid_to": "XXXX-12-31"})
    assert [span.last for span in spans(dossier)][-1] is None
    assert next_turn(dossier, date.max - timedelta(days=1)) == date.max


def test_days_on_which_nothing_changes_make_no_span() -> None:
    moved = stay("pretrial", "2021-05-18", "2021-08-27", end_reason="transferred")
    found = spans(case(moved, stay("police_custody", "2021-08-27", confirmed_on="2022-01-01")))
    told = [(one.first, one.last, one.status) for one in found]
    assert told == [(date.min, date(2021, 5, 17), "unknown"), (date(2021, 5, 18), None, "detained")]


def test_a_death_that_nobody_knows_when_it_was_written_has_its_own_days() -> None:
    found = spans(case(person={"death_date": "2023-07"}))
    assert [(one.first, one.status) for one in found] == [(date.min, "unknown"), (date(2023, 7, 31), "deceased")]


def assert_the_same(dossier: Dossier, day: date) -> None:
    (span,) = [one for one in spans(dossier) if one.first <= day and (one.last is None or day <= one.last)]
    said = situation(dossier, day)
    assert (span.status, span.facility_id) == (said["status"], said.get("facility_id"))
    assert (span.reachable, span.term) == (said["mail"]["reachable"], said["term"])


def test_who_is_held_is_said_by_the_status() -> None:
    assert set(HELD) == {"detained", "imprisoned", "restricted"}
