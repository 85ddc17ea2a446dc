"""What holds for every combination of records that the register can hold."""

from datetime import date, timedelta
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.core.edtf import PartialDate
from app.reading.dossier import Dossier
from app.reading.situation import Situation, legal_key, situation
from app.reading.standing import Status
from app.reading.stays import at
from app.reading.timeline import Event, timeline

DAYS = st.dates(date(2018, 1, 1), date(2026, 8, 2))
DATES = st.one_of(
    DAYS.map(date.isoformat),
    DAYS.map(lambda day: f"{day:%Y-%m}"),
    DAYS.map(lambda day: f"{day:%Y}?"),
    DAYS.map(lambda day: f"{day:%Y-%m-%d}~"),
    st.sampled_from(["XXXX-07-13", "XXXX-02-29", "1000", "2999-12-31"]),
)
IDS = st.sampled_from(["a", "b", "c"])
KINDS = "police_custody pretrial administrative_arrest colony prison juvenile_colony open_facility"
KINDS += " home_confinement house_arrest hospital in_transit unknown"
REASONS = "transferred sentence_served parole pardoned amnestied acquitted released_unspecified"
REASONS += " exchanged_or_expelled died escaped unknown"
PUNISHMENTS = "imprisonment restriction_open_facility arrest fine life_imprisonment death"
STAGES = "first_instance appeal supervision retrial added_term regime_change in_absentia"
STATUSES = "in_force appealed quashed replaced served pardoned"


def one_of(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


def records(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Records in which any field may be hidden, hence absent, and any may be null."""
    known = {
        "created_at": DAYS.map(lambda day: f"{day}T00:00:00Z"),
        "updated_at": DAYS.map(lambda day: f"{day}T00:00:00Z"),
        "citations": st.lists(st.fixed_dictionaries({}, optional={"source_id": IDS, "field": IDS}), max_size=2),
    }
    nullable = {name: st.none() | values for name, values in fields.items()}
    return st.fixed_dictionaries({"id": IDS}, optional=known | nullable)


STAYS = records(
    kind=one_of(KINDS),
    started_on=DATES,
    ended_on=DATES,
    end_reason=one_of(REASONS),
    confirmed_on=DATES,
    place_confirmed_on=DATES,
    facility_id=IDS,
    person_id=IDS,
    mail=one_of("open relatives_only blocked unknown"),
)
TERMS = st.sampled_from(["P12Y", "P7Y6M", "P15D", "P999Y999M9999D", "P999Y"])
SENTENCES = records(
    kind=one_of(PUNISHMENTS),
    term=TERMS,
    stage=one_of(STAGES),
    status=one_of(STATUSES),
    decided_on=DATES,
    in_force_on=DATES,
    replaces_id=IDS,
    credit_rule=st.fixed_dictionaries(
        {}, optional={"text": st.text(max_size=5), "factor": st.floats(0, 9, allow_nan=False)}
    ),
)
CHARGES = records(article_id=IDS, status=one_of("charged convicted acquitted dropped"), brought_on=DATES)
ADDRESSES = records(
    facility_id=IDS,
    person_id=IDS,
    purpose=one_of("letters parcels visits"),
    valid_from=DATES,
    valid_to=DATES,
    verified_on=DATES,
)


def lookup(values: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(IDS, values, max_size=3)


DOSSIERS = st.builds(
    Dossier,
    person=records(birth_date=DATES, death_date=DATES),
    detentions=st.lists(STAYS, max_size=4),
    charges=st.lists(CHARGES, max_size=3),
    sentences=st.lists(SENTENCES, max_size=4),
    hearings=st.lists(records(kind=one_of("trial appeal"), starts_on=DATES, ends_on=DATES), max_size=2),
    cases=st.lists(records(opened_on=DATES), max_size=1),
    affiliations=st.lists(records(organization_id=IDS, since=DATES, until=DATES), max_size=2),
    recognitions=st.lists(records(organization_id=IDS, decided_on=DATES), max_size=2),
    facilities=lookup(records(name=st.just({"en": "Colony"}), mail=one_of("open blocked"))),
    articles=lookup(records(number=st.sampled_from(["130", "203-1", "361", "361-1"]))),
    sources=lookup(records(published_on=DATES)),
    addresses=lookup(ADDRESSES),
)
SITUATION = TypeAdapter(Situation)
EVENTS = TypeAdapter(list[Event])


@settings(max_examples=150, deadline=None)
@given(DOSSIERS, DAYS)
def test_every_combination_has_a_situation(dossier: Dossier, day: date) -> None:
    seen = SITUATION.validate_python(situation(dossier, day))
    assert seen == situation(dossier, day)
    assert seen["status"] in get_args(Status)
    assert seen["as_of"] is None or PartialDate(seen["as_of"]).earliest <= day
    assert seen["articles"] == sorted(set(seen["articles"]), key=legal_key)


@settings(max_examples=150, deadline=None)
@given(DOSSIERS, DAYS)
def test_only_who_is_held_can_be_written_to(dossier: Dossier, day: date) -> None:
    seen = situation(dossier, day)
    if seen["status"] in {"released", "deceased", "unknown"}:
        assert not seen["mail"]["reachable"]
        assert (seen["detention_kind"], seen["custody_since"], seen["release_estimate"]) == (None, None, None)
    else:
        held = at(dossier, day)
        assert held is not None
        assert held.kind == seen["detention_kind"]
    assert seen["mail"]["reachable"] is ("reason" not in seen["mail"])


@settings(max_examples=75, deadline=None)
@given(DOSSIERS, DAYS, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(dossier: Dossier, day: date, random: Any) -> None:
    numbered = [{**stay, "id": str(index)} for index, stay in enumerate(dossier.detentions)]
    shuffled = random.sample(numbered, len(numbered))
    first, second = (
        Dossier(dossier.person, stays, sentences=dossier.sentences, sources=dossier.sources)
        for stays in (numbered, shuffled)
    )
    assert situation(first, day) == situation(second, day)


@settings(max_examples=75, deadline=None)
@given(DOSSIERS, DAYS)
def test_an_address_only_grows_older(dossier: Dossier, day: date) -> None:
    today, tomorrow = situation(dossier, day), situation(dossier, day + timedelta(days=1))
    if today["mail"].get("stale") and at(dossier, day) == at(dossier, day + timedelta(days=1)):
        same = today["mail"].get("verified_on") == tomorrow["mail"].get("verified_on")
        assert not same or tomorrow["mail"].get("stale") in {True, None}


@settings(max_examples=75, deadline=None)
@given(DOSSIERS)
def test_every_combination_has_a_timeline_in_order(dossier: Dossier) -> None:
    events = EVENTS.validate_python(timeline(dossier))
    dated = [PartialDate(event["date"]).earliest for event in events if event["precision"] != "yearless"]
    assert dated == sorted(dated)
    assert [event["date"] for event in events[len(dated) :]] == [
        event["date"] for event in events if event["precision"] == "yearless"
    ]
    assert not any(event["record"] == one["record"] for event in events for one in event["disagrees_with"])
