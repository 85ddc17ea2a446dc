"""Status, since and custody: a table of invented cases, one for each sentence of the contract."""

from typing import Any

import pytest

from app.reading.dossier import Dossier
from tests.reading.invented import case, on, record, sentence, stay

EARLY = "2021-05-18"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("police_custody", "detained"),
        ("pretrial", "detained"),
        ("administrative_arrest", "detained"),
        ("colony", "imprisoned"),
        ("prison", "imprisoned"),
        ("juvenile_colony", "imprisoned"),
        ("open_facility", "restricted"),
        ("home_confinement", "restricted"),
        ("house_arrest", "restricted"),
        ("hospital", "detained"),
        ("in_transit", "detained"),
        ("unknown", "detained"),
    ],
)
def test_an_open_stay_gives_the_status_of_its_kind(kind: str, status: str) -> None:
    seen = on(case(stay(kind, EARLY)))
    assert (seen["status"], seen["since"], seen["custody_since"]) == (status, EARLY, EARLY)
    assert seen["detention_kind"] == kind


@pytest.mark.parametrize("kind", ["police_custody", "pretrial", "administrative_arrest"])
def test_who_awaits_another_trial_is_detained_in_spite_of_a_conviction(kind: str) -> None:
    assert on(case(stay(kind, EARLY), sentences=[sentence()]))["status"] == "detained"


@pytest.mark.parametrize("kind", ["hospital", "in_transit", "unknown"])
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "imprisoned"),
        ({"kind": "life_imprisonment", "term": None}, "imprisoned"),
        ({"kind": "death", "term": None}, "imprisoned"),
        ({"status": "replaced"}, "imprisoned"),
        ({"status": "quashed"}, "detained"),
        ({"kind": "arrest", "term": "P15D"}, "detained"),
        ({"kind": "restriction_open_facility"}, "detained"),
        ({"kind": "suspended"}, "detained"),
        ({"kind": "fine", "term": None}, "detained"),
        ({"decided": "2027-01-01"}, "detained"),
    ],
)
def test_hospital_transit_and_unknown_depend_on_a_conviction(kind: str, fields: dict[str, Any], status: str) -> None:
    dossier = case(stay(kind, "2022-04-01"), sentences=[sentence(**fields)])
    assert on(dossier)["status"] == status


def test_a_charge_without_a_sentence_is_no_conviction() -> None:
    charge = record(article_id="a", status="convicted", brought_on="2021-06-01")
    dossier = case(stay("unknown", EARLY), charges=[charge], articles={"a": {"number": "361"}})
    seen = on(dossier)
    assert (seen["status"], seen["term"], seen["articles"]) == ("detained", None, ["361"])
    assert seen["release_estimate"] is None


def test_the_conviction_counts_from_its_day() -> None:
    dossier = case(stay("unknown", EARLY), sentences=[sentence(decided="2022-03-01")])
    assert on(dossier, "2022-02-28")["status"] == "detained"
    seen = on(dossier, "2022-03-01")
    assert (seen["status"], seen["since"]) == ("imprisoned", "2022-03-01")
    assert seen["custody_since"] == EARLY


def test_a_conviction_known_to_the_month_counts_from_its_first_day() -> None:
    dossier = case(stay("unknown", EARLY), sentences=[sentence(decided="2022-03")])
    assert on(dossier, "2022-02-28")["status"] == "detained"
    assert on(dossier, "2022-03-01")["status"] == "imprisoned"


def test_a_conviction_without_a_verdict_counts_from_the_day_it_is_in_force() -> None:
    dossier = case(stay("unknown", EARLY), sentences=[sentence(decided=None, in_force_on="2022-08-01")])
    assert on(dossier, "2022-07-31")["status"] == "detained"
    assert on(dossier, "2022-08-01")["since"] == "2022-08-01"


def test_of_several_convictions_the_first_counts() -> None:
    verdicts = [sentence(decided="2023-03-01"), sentence(decided="2022-03-01"), sentence(decided="2024-01-01")]
    assert on(case(stay("unknown", EARLY), sentences=verdicts))["since"] == "2022-03-01"


def test_an_undated_conviction_counts_from_the_first_source_that_tells_it() -> None:
    told = sentence(decided=None, citations=[{"source_id": "news"}, {"source_id": "later"}])
    dossier = case(stay("unknown", EARLY), sentences=[told], published={"news": "2022-05", "later": "2023-01-01"})
    assert on(dossier, "2022-04-30")["status"] == "detained"
    assert on(dossier, "2022-05-01")["status"] == "imprisoned"
    assert on(dossier, "2022-05-01")["since"] is None


def test_an_undated_untold_conviction_counts_from_the_day_it_was_recorded() -> None:
    dossier = case(stay("unknown", EARLY), sentences=[sentence(decided=None)])
    assert on(dossier, "2026-01-31")["status"] == "detained"
    assert on(dossier, "2026-02-01")["status"] == "imprisoned"


@pytest.mark.parametrize("status", ["served", "pardoned"])
def test_a_finished_sentence_of_an_earlier_custody_is_no_conviction_now(status: str) -> None:
    earlier = stay("colony", "2017-01-01", "2019-01-01", end_reason="sentence_served")
    now = stay("unknown", "2024-01-01")
    done = sentence(decided="2017-06-01", status=status)
    assert on(case(earlier, now, sentences=[done]))["status"] == "detained"
    assert on(case(earlier, now, sentences=[done]), "2018-01-01")["status"] == "imprisoned"


def test_a_conviction_in_force_counts_in_a_later_custody_too() -> None:
    earlier = stay("colony", "2017-01-01", "2019-01-01", end_reason="escaped")
    now = stay("unknown", "2024-01-01")
    assert on(case(earlier, now, sentences=[sentence(decided="2017-06-01")]))["status"] == "imprisoned"


@pytest.mark.parametrize("decided", ["2019-01-02", "2024-06-01"])
def test_a_finished_sentence_decided_since_an_earlier_custody_is_a_conviction(decided: str) -> None:
    earlier = stay("administrative_arrest", "2018-12-01", "2019-01-01", end_reason="sentence_served")
    now = stay("unknown", "2024-01-01")
    done = sentence(decided=decided, status="served")
    assert on(case(earlier, now, sentences=[done]))["status"] == "imprisoned"


def test_a_finished_sentence_counts_for_the_custody_it_was_served_in() -> None:
    hospital = stay("hospital", "2022-04-01", "2023-01-01", end_reason="pardoned")
    dossier = case(hospital, sentences=[sentence(decided="2022-03-01", status="pardoned")])
    assert on(dossier, "2022-06-01")["status"] == "imprisoned"


@pytest.mark.parametrize(
    "reason",
    [
        "sentence_served",
        "parole",
        "pardoned",
        "amnestied",
        "acquitted",
        "released_unspecified",
        "exchanged_or_expelled",
        "unknown",
        None,
    ],
)
def test_who_left_otherwise_than_by_transfer_death_or_escape_is_released(reason: str | None) -> None:
    seen = on(case(stay("colony", EARLY, "2025-12-13", end_reason=reason, facility_id="f")))
    assert (seen["status"], seen["since"], seen["as_of"]) == ("released", "2025-12-13", "2025-12-13")
    assert (seen["custody_since"], seen["detention_kind"]) == (None, None)
    assert (seen["facility_id"], seen["facility_name"]) == (None, None)


@pytest.mark.parametrize("reason", ["transferred", "escaped"])
def test_after_a_transfer_with_no_next_stay_or_an_escape_the_status_is_unknown(reason: str) -> None:
    seen = on(case(stay("colony", EARLY, "2024-02-01", end_reason=reason)))
    assert (seen["status"], seen["since"], seen["as_of"]) == ("unknown", None, "2024-02-01")


def test_of_whom_nothing_is_known_the_status_is_unknown() -> None:
    assert on(case()) == {
        "status": "unknown",
        "since": None,
        "custody_since": None,
        "as_of": None,
        "facility_id": None,
        "facility_name": None,
        "detention_kind": None,
        "articles": [],
        "term": None,
        "release_estimate": None,
        "mail": {"reachable": False, "reason": "unknown_whereabouts", "since": None},
    }


def test_who_died_in_a_stay_is_deceased_since_its_end() -> None:
    seen = on(case(stay("colony", EARLY, "2023-07-11", end_reason="died")))
    assert (seen["status"], seen["since"], seen["as_of"]) == ("deceased", "2023-07-11", "2023-07-11")


def test_a_death_in_a_stay_of_unknown_end_takes_its_day_from_the_person() -> None:
    person = record(death_date="2023-07")
    seen = on(case(stay("colony", EARLY, end_reason="died"), person=person))
    assert (seen["status"], seen["since"], seen["as_of"]) == ("deceased", "2023-07", "2023-07")


def test_a_death_in_a_stay_that_nobody_dated_has_no_day() -> None:
    seen = on(case(stay("colony", EARLY, end_reason="died", confirmed_on="2023-01-01")))
    assert (seen["status"], seen["since"], seen["as_of"]) == ("deceased", None, "2023-01-01")


def test_who_died_without_a_stay_is_deceased() -> None:
    seen = on(case(person=record(death_date="2023-07-11")))
    assert (seen["status"], seen["since"], seen["as_of"]) == ("deceased", "2023-07-11", "2023-07-11")


def test_who_died_after_release_is_deceased_since_the_death() -> None:
    dossier = case(stay("colony", EARLY, "2022-01-01", end_reason="parole"), person=record(death_date="2023-07-11"))
    assert on(dossier, "2023-07-10")["status"] == "released"
    seen = on(dossier, "2023-07-11")
    assert (seen["status"], seen["since"]) == ("deceased", "2023-07-11")


def test_a_death_known_to_the_month_is_told_as_such_from_the_day_it_was_written() -> None:
    for written in ("2023-07-01", "2023-07-10"):
        dossier = case(person=record(death_date="2023-07", updated_at=f"{written}T12:00:00Z"))
        assert on(dossier, "2023-06-30")["status"] == "unknown"
        seen = on(dossier, "2023-07-15")
        assert (seen["status"], seen["since"], seen["as_of"]) == ("deceased", "2023-07", "2023-07")
        assert on(dossier, written)["status"] == "deceased"


def test_a_death_is_of_the_day_that_has_come_where_two_are_stated() -> None:
    first = case(stay("colony", EARLY, "2023-07-12", end_reason="died"), person=record(death_date="2023-07-11"))
    seen = on(first, "2023-07-11")
    assert (seen["status"], seen["since"], seen["as_of"]) == ("deceased", "2023-07-11", "2023-07-11")
    assert on(first, "2023-07-13")["since"] == "2023-07-12"
    untold = stay("colony", EARLY, confirmed_on="2023-01-01", end_reason="died")
    seen = on(case(untold, person=record(death_date="2024-01-01")), "2023-06-01")
    assert (seen["status"], seen["since"]) == ("deceased", None)


def test_whom_an_earlier_stay_still_holds_is_as_of_that_one() -> None:
    still = stay("colony", confirmed_on="2021-05-18")
    over = stay("administrative_arrest", "2022-01-01", "2022-01-15", end_reason="sentence_served")
    seen = on(case(still, over))
    assert (seen["status"], seen["as_of"]) == ("imprisoned", "2021-05-18")
    assert on(case(still, over), "2022-01-10")["status"] == "detained"


def test_who_is_dead_is_in_no_stay_even_when_one_is_open() -> None:
    seen = on(case(stay("colony", EARLY, facility_id="f"), person=record(death_date="2023-07-11")))
    assert (seen["status"], seen["detention_kind"], seen["facility_id"]) == ("deceased", None, None)
    assert seen["custody_since"] is None


def test_a_death_known_to_the_month_that_nobody_knows_when_it_was_written_has_happened_by_its_end() -> None:
    dossier = case(person={"death_date": "2023-07"})
    assert [on(dossier, day)["status"] for day in ("2023-07-30", "2023-07-31")] == ["unknown", "deceased"]


def test_a_death_known_to_the_year_has_happened_when_it_was_written() -> None:
    dossier = case(person=record(death_date="2026"))
    assert on(dossier, "2026-01-31")["status"] == "unknown"
    assert on(dossier, "2026-02-01")["status"] == "deceased"


@pytest.mark.parametrize("day", ["2021-05", "2021", "2021-05-18?", None])
def test_since_stays_as_stated(day: str | None) -> None:
    seen = on(case(stay("colony", day, confirmed_on="2023-01-01")))
    assert (seen["since"], seen["custody_since"]) == (day, day)


def _moved(*kinds: str, linked: str | None = "transferred") -> Dossier:
    years = [str(2020 + index) for index in range(len(kinds))]
    closed = [
        stay(kind, f"{year}-01-01", f"{year}-11-01", end_reason=linked)
        for kind, year in zip(kinds[:-1], years, strict=False)
    ]
    return case(*closed, stay(kinds[-1], f"{years[-1]}-01-01"))


def test_since_reaches_back_over_stays_of_the_same_status() -> None:
    seen = on(_moved("police_custody", "pretrial", "colony", "prison"))
    assert (seen["since"], seen["custody_since"]) == ("2022-01-01", "2020-01-01")


def test_since_reaches_back_to_the_last_stay_of_another_status() -> None:
    assert on(_moved("colony", "open_facility", "prison", "colony"))["since"] == "2022-01-01"


def test_a_break_that_is_no_transfer_starts_custody_anew() -> None:
    seen = on(_moved("colony", "colony", linked="parole"))
    assert (seen["since"], seen["custody_since"]) == ("2021-01-01", "2021-01-01")


@pytest.mark.parametrize(
    ("end", "start", "unbroken"),
    [
        ("2022-05-20", "2022-05-20", True),
        ("2022-05-20", "2022-05-21", False),
        ("2022-05", "2022-05", False),
        ("2022-05", "2022-05-20", False),
        ("2022-05-20?", "2022-05-20", False),
        ("2022-05-20", None, False),
    ],
)
def test_stays_that_touch_are_unbroken_custody(end: str, start: str | None, unbroken: bool) -> None:  # noqa: FBT001 - a case's value
    first = stay("administrative_arrest", "2022-05-05", end, end_reason="sentence_served")
    seen = on(case(first, stay("pretrial", start, confirmed_on="2022-06-01")))
    assert seen["custody_since"] == ("2022-05-05" if unbroken else start)
    assert seen["since"] == seen["custody_since"]


def test_a_start_that_nobody_states_is_null_and_not_the_next_best() -> None:
    before = stay("pretrial", None, end_reason="transferred", confirmed_on="2021-06-01")
    seen = on(case(before, stay("colony", "2022-08-01")))
    assert (seen["since"], seen["custody_since"]) == ("2022-08-01", None)


def test_since_reaches_through_a_hospital_after_the_verdict() -> None:
    stays = [
        stay("colony", "2022-05-01", "2022-09-01", end_reason="transferred"),
        stay("hospital", "2022-09-01", "2022-10-01", end_reason="transferred"),
        stay("colony", None, confirmed_on="2022-11-01"),
    ]
    seen = on(case(*stays, sentences=[sentence(decided="2022-03-01")]))
    assert (seen["status"], seen["since"]) == ("imprisoned", "2022-05-01")


def test_imprisoned_since_the_verdict_when_it_fell_in_a_stay_of_unknown_kind() -> None:
    unknown = stay("unknown", "2022-10-28", end_reason="transferred")
    dossier = case(unknown, stay("colony", None, confirmed_on="2023-11-09"), sentences=[sentence(decided="2023-06-20")])
    seen = on(dossier)
    assert (seen["since"], seen["custody_since"]) == ("2023-06-20", "2022-10-28")
    assert on(dossier, "2023-01-01")["since"] == "2022-10-28"


def test_a_facility_is_shown_by_id_and_name() -> None:
    name = {"en": "Correctional colony No. 4"}
    dossier = case(stay("colony", EARLY, facility_id="f"), facilities={"f": {"id": "f", "name": name}})
    seen = on(dossier)
    assert (seen["facility_id"], seen["facility_name"]) == ("f", name)


def test_an_unknown_facility_is_null() -> None:
    seen = on(case(stay("colony", EARLY)))
    assert (seen["facility_id"], seen["facility_name"]) == (None, None)


def test_a_hidden_facility_is_absent() -> None:
    hidden = stay("colony", EARLY)
    del hidden["facility_id"]
    seen = on(case(hidden))
    assert "facility_id" not in seen
    assert "facility_name" not in seen
    assert seen["status"] == "imprisoned"
