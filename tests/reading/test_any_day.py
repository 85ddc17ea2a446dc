"""Where a person is on any day, and the last day that a source confirms it."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.core.edtf import PartialDate
from app.reading.dossier import Dossier
from app.reading.stays import at
from tests.reading.invented import case, cite, on, stay


def kind_on(dossier: Dossier, day: str) -> str | None:
    held = at(dossier, date.fromisoformat(day))
    return held.kind if held else None


@pytest.mark.parametrize(
    "evidence",
    [
        {"started_on": "2023-11-09"},
        {"confirmed_on": "2023-11-09"},
        {"place_confirmed_on": "2023-11-09"},
        {"citations": cite("letter")},
    ],
)
def test_a_stay_holds_from_its_earliest_evidence_day(evidence: dict[str, Any]) -> None:
    dossier = case(stay("colony", **evidence), published={"letter": "2023-11-09"})
    assert kind_on(dossier, "2023-11-08") is None
    assert on(dossier, "2023-11-08")["status"] == "unknown"
    assert kind_on(dossier, "2023-11-09") == "colony"
    assert on(dossier, "2023-11-09")["as_of"] == "2023-11-09"


def test_a_source_that_is_hidden_or_undated_is_no_evidence() -> None:
    cited = stay("colony", "2023-01-01", citations=[*cite("undated", "hidden"), {"quote": "cut"}])
    assert on(case(cited, published={"undated": None}))["as_of"] == "2023-01-01"


def test_a_stay_holds_its_last_day_and_no_longer() -> None:
    dossier = case(stay("colony", "2021-05-18", "2025-12-13", end_reason="parole"))
    assert on(dossier, "2025-12-13")["status"] == "imprisoned"
    assert on(dossier, "2025-12-14")["status"] == "released"


def test_an_end_known_to_the_month_is_certain_after_the_month() -> None:
    dossier = case(stay("pretrial", "2021-05", "2021-09", end_reason="released_unspecified"))
    assert kind_on(dossier, "2021-04-30") is None
    assert kind_on(dossier, "2021-05-01") == "pretrial"
    assert kind_on(dossier, "2021-09-30") == "pretrial"
    assert on(dossier, "2021-10-01")["status"] == "released"
    assert on(dossier, "2021-10-01")["since"] == "2021-09"


def test_an_end_known_to_the_year_is_over_when_it_was_written() -> None:
    dossier = case(stay("colony", "2021-05-18", "2026", end_reason="pardoned"))
    assert on(dossier, "2026-01-31")["status"] == "imprisoned"
    assert on(dossier, "2026-02-01")["status"] == "released"


def test_when_days_meet_the_later_stay_holds() -> None:
    first = stay("pretrial", "2021-05-18", "2022-03-01", end_reason="transferred")
    dossier = case(stay("colony", "2022-03-01"), first)
    assert kind_on(dossier, "2022-02-28") == "pretrial"
    assert kind_on(dossier, "2022-03-01") == "colony"


def test_an_end_on_an_unknown_day_lasts_until_the_next_evidence() -> None:
    first = stay("pretrial", "2021-05-18", end_reason="transferred")
    dossier = case(first, stay("colony", citations=cite("letter")), published={"letter": "2023-11-09"})
    assert kind_on(dossier, "2023-11-08") == "pretrial"
    assert on(dossier, "2023-11-08")["as_of"] == "2021-05-18"
    assert kind_on(dossier, "2023-11-09") == "colony"


def test_more_evidence_never_makes_an_end_on_an_unknown_day_earlier() -> None:
    seen = {"start": "2023-05-10", "end_reason": "escaped", "confirmed_on": "2024-01"}
    for more in ({}, {"place_confirmed_on": "2024-01-10"}, {"citations": cite("letter")}):
        dossier = case(stay("open_facility", **seen, **more), published={"letter": "2024-01-10"})
        assert on(dossier, "2024-01-31")["status"] == "restricted"
        assert on(dossier, "2024-02-01")["status"] == "unknown"


@pytest.mark.parametrize("days", [("2024", "2024-03"), ("2024-03", "2024-03-15"), ("2023", "2023-12-31")])
def test_an_end_on_an_unknown_day_is_not_before_the_last_day_that_any_evidence_can_mean(days: tuple[str, str]) -> None:
    wide, narrow = days
    together = case(stay("colony", confirmed_on=wide, place_confirmed_on=narrow, end_reason="pardoned"))
    last = PartialDate(wide).latest
    assert at(together, last) is not None
    assert at(together, last + timedelta(days=1)) is None


def test_an_end_on_an_unknown_day_does_not_outlast_the_next_stay() -> None:
    first = stay("pretrial", "2021-05-18", end_reason="transferred")
    second = stay("colony", "2022-01-01", "2023-01-01", end_reason="pardoned")
    seen = on(case(first, second), "2023-06-01")
    assert (seen["status"], seen["since"]) == ("released", "2023-01-01")


def test_an_end_known_to_the_year_does_not_outlast_the_next_stay() -> None:
    first = stay("pretrial", "2021-05-18", "2022", end_reason="transferred")
    second = stay("colony", "2022-02-01", "2022-03-01", end_reason="pardoned")
    assert on(case(first, second), "2022-06-01")["status"] == "released"


@pytest.mark.parametrize("start", ["2022-01-01", "2022-12-30"])
def test_an_end_known_to_the_year_may_be_its_first_day(start: str) -> None:
    first = stay("pretrial", "2021-05-18", "2022", end_reason="transferred")
    second = stay("colony", start, "2022-12-30", end_reason="pardoned")
    assert on(case(first, second), "2022-12-31")["status"] == "released"


def test_an_end_known_to_the_month_does_not_last_until_a_later_stay() -> None:
    first = stay("pretrial", "2021-05-18", "2021-09", end_reason="released_unspecified")
    assert on(case(first, stay("pretrial", "2023-01-01")), "2022-01-01")["status"] == "released"


def test_an_end_on_an_unknown_day_lasts_until_the_first_day_the_next_can_mean() -> None:
    first = stay("pretrial", "2021-05-18", end_reason="parole")
    second = stay("colony", "2022-03", "2022-03-10", end_reason="transferred")
    assert kind_on(case(first, second), "2022-02-28") == "pretrial"
    assert on(case(first, second), "2022-03-11")["status"] == "unknown"


def test_an_end_recorded_on_its_own_day_counts_that_day() -> None:
    dossier = case(stay("colony", "2021-05-18", "2026-02-01", end_reason="parole"))
    assert on(dossier, "2026-01-31")["status"] == "imprisoned"
    assert on(dossier, "2026-02-01")["status"] == "released"


def test_an_end_that_lies_after_the_next_evidence_is_kept() -> None:
    long = stay("colony", "2022", "2023-06-01", end_reason="parole", confirmed_on="2022-05-01")
    short = stay("hospital", "2022-03-01", "2022-04-01", end_reason="transferred")
    assert kind_on(case(long, short), "2022-06-01") == "colony"
    assert kind_on(case(long, short), "2022-03-15") == "hospital"


@pytest.mark.parametrize(("reason", "status"), [("transferred", "unknown"), ("parole", "released")])
def test_an_end_on_an_unknown_day_with_no_next_lasts_as_long_as_there_is_evidence(reason: str, status: str) -> None:
    dossier = case(stay("colony", "2021-05-18", end_reason=reason, confirmed_on="2023-01-01"))
    assert on(dossier, "2023-01-01")["status"] == "imprisoned"
    seen = on(dossier, "2023-01-02")
    assert (seen["status"], seen["since"], seen["as_of"]) == (status, None, "2023-01-01")


def test_evidence_of_a_year_reaches_further_than_that_of_its_first_day() -> None:
    ended = stay("colony", "2021-01-01", confirmed_on="2021", end_reason="parole")
    assert [on(case(ended), day)["status"] for day in ("2021-12-31", "2022-01-01")] == ["imprisoned", "released"]


def test_an_end_without_a_year_is_an_end_on_an_unknown_day() -> None:
    dossier = case(stay("colony", "2021-05-18", "XXXX-07-13", end_reason="parole"))
    assert on(dossier, "2021-05-18")["status"] == "imprisoned"
    assert on(dossier, "2021-05-19")["status"] == "released"


def test_a_release_recorded_today_counts_today() -> None:
    dossier = case(
        stay("colony", "2021-05-18", end_reason="released_unspecified", citations=cite("news")),
        published={"news": "2026-02-01"},
    )
    assert on(dossier, "2026-01-31")["status"] == "imprisoned"
    assert on(dossier, "2026-02-01")["status"] == "released"


def test_as_of_is_the_latest_evidence_up_to_the_day() -> None:
    held = stay("colony", "2021-05-18", confirmed_on="2023-06", citations=cite("late", "letter"))
    dossier = case(held, published={"letter": "2023-11-09", "late": "2025-12-15"})
    assert on(dossier, "2022-01-01")["as_of"] == "2021-05-18"
    assert on(dossier, "2023-06-10")["as_of"] == "2023-06"
    assert on(dossier, "2025-12-14")["as_of"] == "2023-11-09"
    assert on(dossier)["as_of"] == "2025-12-15"


def test_as_of_is_what_reaches_furthest_of_what_begins_on_one_day() -> None:
    held = stay("colony", "2021-01-01", confirmed_on="2021")
    assert on(case(held), "2021-06-01")["as_of"] == "2021"


def test_as_of_of_an_ended_stay_is_its_end_and_not_a_later_source() -> None:
    held = stay("unknown", "2021-05", "2021-09", end_reason="released_unspecified", citations=cite("letter"))
    dossier = case(held, published={"letter": "2023-11-09"})
    assert on(dossier)["as_of"] == "2021-09"


def test_as_of_of_an_ended_stay_is_its_end_and_not_a_finer_day_before() -> None:
    held = stay("colony", "2021-05-18", "2021-09", end_reason="parole", confirmed_on="2021-09-20")
    assert on(case(held))["as_of"] == "2021-09"
    assert on(case(held), "2021-09-25")["as_of"] == "2021-09-20"


def test_on_its_last_day_a_stay_is_as_of_its_end() -> None:
    held = stay("colony", "2021-05-18", "2025-12-13", end_reason="parole")
    assert on(case(held), "2025-12-13")["as_of"] == "2025-12-13"


def test_a_source_printed_after_the_end_does_not_put_a_stay_behind_a_later_one() -> None:
    arrest = stay("administrative_arrest", None, "2022-10-06", end_reason="sentence_served", citations=cite("late"))
    again = stay("pretrial", "2022-10-28", "2023-01-01", end_reason="transferred")
    dossier = case(arrest, again, published={"late": "2023-10-26"})
    assert kind_on(dossier, "2022-10-06") == "administrative_arrest"
    assert on(dossier)["status"] == "unknown"


def test_a_source_printed_before_the_start_does_not_put_the_person_there_earlier() -> None:
    dossier = case(stay("pretrial", "2021-05-18", citations=cite("old")), published={"old": "2020-08-05"})
    assert kind_on(dossier, "2021-05-17") is None


def test_a_start_without_a_year_is_no_evidence() -> None:
    dossier = case(stay("colony", "XXXX-05-18", confirmed_on="2023-01-01"))
    assert kind_on(dossier, "2022-12-31") is None
    assert on(dossier)["as_of"] == "2023-01-01"


def test_an_open_stay_without_evidence_holds_from_the_day_it_was_recorded() -> None:
    dossier = case(stay("pretrial", "2021-05-18", "2022-03-01", end_reason="transferred"), stay("colony"))
    assert on(dossier, "2026-01-31")["status"] == "unknown"
    seen = on(dossier, "2026-02-01")
    assert (seen["status"], seen["since"], seen["as_of"]) == ("imprisoned", None, None)


def test_an_open_stay_without_evidence_comes_last() -> None:
    late = stay("pretrial", "2026-05-18", "2026-06-01", end_reason="transferred")
    assert kind_on(case(stay("colony"), late), "2026-05-20") == "colony"


def test_an_ended_stay_without_evidence_comes_first() -> None:
    undated = stay("pretrial", end_reason="transferred")
    released = stay("colony", "2021-05-18", "2025-12-13", end_reason="parole")
    assert on(case(released, undated))["status"] == "released"
    assert on(case(undated))["status"] == "unknown"
    assert on(case(stay("colony", end_reason="parole")))["status"] == "released"
    assert on(case(stay("colony", end_reason="parole")), "2026-02-01")["status"] == "released"
    assert on(case(stay("colony", end_reason="parole")), "2026-01-31")["status"] == "unknown"


def test_of_two_stays_first_seen_on_one_day_the_open_one_is_later() -> None:
    told = {"confirmed_on": "2023-11-09"}
    stays = [stay("colony", **told), stay("pretrial", end_reason="transferred", **told)]
    assert kind_on(case(*stays), "2023-11-09") == "colony"
    assert kind_on(case(*reversed(stays)), "2023-11-09") == "colony"


def test_of_two_stays_begun_on_one_day_the_one_that_ended_first_is_earlier() -> None:
    cells = stay("police_custody", "2021-05-18", "2021-05-18", end_reason="transferred")
    then = stay("pretrial", "2021-05-18", "2021-08-01", end_reason="transferred")
    for stays in ((cells | {"id": "z"}, then), (then, cells | {"id": "a"}, then | {"id": "b"})):
        assert kind_on(case(*stays), "2021-05-18") == "pretrial"
        assert on(case(*stays), "2021-05-19")["custody_since"] == "2021-05-18"


def test_of_two_stays_begun_on_one_day_the_coarser_end_is_later() -> None:
    cells = stay("police_custody", "2021-05-18", "2021-05-20", end_reason="transferred", id="z")
    then = stay("pretrial", "2021-05-18", "2021-05", end_reason="transferred", id="a")
    assert kind_on(case(cells, then), "2021-05-18") == "pretrial"


def test_of_two_stays_alike_the_order_does_not_depend_on_the_list() -> None:
    one, other = stay("prison", "2021-05-18", id="a"), stay("colony", "2021-05-18", id="b")
    assert kind_on(case(one, other), "2021-05-18") == kind_on(case(other, one), "2021-05-18") == "colony"
    undated, other = (stay("prison", id="a"), stay("colony", id="b"))
    assert kind_on(case(other, undated), "2026-02-01") == "colony"
    first, later = undated | {"id": "z"}, other | {"created_at": "2026-03-01T00:00:00Z"}
    assert kind_on(case(later, first), "2026-03-01") == "colony"


def test_of_two_starts_in_one_month_the_finer_one_is_earlier() -> None:
    coarse = stay("colony", "2021-05", "2022-01-01", end_reason="transferred", id="a")
    fine = stay("pretrial", "2021-05-01", "2022-05-20", end_reason="transferred", id="b")
    assert kind_on(case(coarse, fine), "2021-06-01") == "colony"


def test_a_record_without_times_never_holds_by_itself() -> None:
    bare = {"id": "s", "kind": "colony"}
    over = {"id": "s", "kind": "colony", "started_on": "2021", "end_reason": "parole"}
    assert on(case(over), "2021-12-31")["status"] == "imprisoned"
    assert on(case(over), "2022-01-01")["status"] == "released"
    assert on(case({"id": "s", "started_on": "2021"}))["detention_kind"] == "unknown"
    assert on(case(bare))["status"] == "unknown"
    assert on(case(person={"id": "p"}))["status"] == "unknown"
