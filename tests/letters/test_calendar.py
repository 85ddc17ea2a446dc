from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]  # no types are given
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from app.letters.calendar import ENDING, Day, anniversary, birthday, entries, heading, hearing, release

STAMP = datetime(2026, 11, 1, 12, tzinfo=UTC)


def calendar(days: Iterable[Day | None], *, stamp: datetime, language: str | None = None) -> bytes:
    return heading(language) + entries(days, stamp) + ENDING


def _events(*days: Day | None) -> list[Any]:  # the library types a property as any of thirty classes
    read = Calendar.from_ical(calendar(days, stamp=STAMP))
    assert not read.errors
    return list(read.events)


def _occurrences(event: Any, until: int) -> list[date]:
    start = datetime.combine(event["dtstart"].dt, datetime.min.time())
    rule = rrulestr(event["rrule"].to_ical().decode(), dtstart=start)
    return [found.date() for found in rule.between(start, datetime(until, 12, 31, tzinfo=None), inc=True)]  # noqa: DTZ001 - its rules have no zone


def test_a_birthday_comes_every_year_on_its_day() -> None:
    (event,) = _events(birthday("p1", "Людміла Ґрынь", "1973-07-13", language="be"))
    assert event["summary"] == "Дзень нараджэння: Людміла Ґрынь"
    assert event["dtstart"].dt == date(1973, 7, 13)
    assert event["dtend"].dt == date(1973, 7, 14)
    assert event["dtstart"].params["VALUE"] == "DATE"
    assert event["uid"] == "birthday-p1@vestka"
    assert event["dtstamp"].dt == STAMP
    assert {(day.month, day.day) for day in _occurrences(event, 2030)} == {(7, 13)}
    assert len(_occurrences(event, 2030)) == 58


@pytest.mark.parametrize(("known", "first"), [("XXXX-07-13", 2000), ("1890-07-13", 2000), ("1900-07-13", 1900)])
def test_an_unknown_or_ancient_year_counts_from_2000(known: str, first: int) -> None:
    (event,) = _events(birthday("p1", "N", known))
    assert event["dtstart"].dt == date(first, 7, 13)


@pytest.mark.parametrize("known", ["XXXX-02-29", "1984-02-29"])
def test_a_birthday_on_29_february_is_kept_every_year(known: str) -> None:
    (event,) = _events(birthday("p1", "N", known))
    days = [day for day in _occurrences(event, 2028) if day.year >= 2024]
    assert days == [date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


@pytest.mark.parametrize("known", [None, "1973", "1973-07", "1973~"])
def test_without_a_day_there_is_no_birthday(known: str | None) -> None:
    assert birthday("p1", "N", known) is None


def test_a_birthday_in_doubt_is_marked() -> None:
    (event,) = _events(birthday("p1", "N", "1973-07-13?"))
    assert event["summary"] == "Birthday: N (?)"
    assert event["status"] == "TENTATIVE"


def test_a_hearing_or_a_detention_in_doubt_is_marked() -> None:
    days = (
        hearing("h1", "N", "2027-04-01~"),
        hearing("h2", "N", "2027-04-01", "2027-04-03?"),
        anniversary("p1", "N", "2020-02-03?"),
    )
    for day in days:
        (event,) = _events(day)
        assert event["summary"].endswith("N (?)")
        assert event["status"] == "TENTATIVE"
    for sure in (hearing("h1", "N", "2027-04-01", "2027-04~"), anniversary("p1", "N", "2020-02-03")):
        (event,) = _events(sure)
        assert (event["summary"].endswith("N"), event["status"]) == (True, "CONFIRMED")


def test_a_hearing_lasts_to_the_end_of_its_last_day() -> None:
    (event,) = _events(hearing("h1", "N", "2023-01-09", "2023-01-11", court="Minsk City Court", url="https://e.org"))
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2023, 1, 9), date(2023, 1, 12))
    assert (event["uid"], event["location"], event["url"]) == (
        "hearing-h1@vestka",
        "Minsk City Court",
        "https://e.org",
    )
    assert "rrule" not in event
    assert hearing("h1", "N", "2023-01") is None
    backwards = hearing("h1", "N", "2023-01-09", "2023-01-01")
    assert backwards is not None
    assert backwards.last is None


def test_an_estimated_release_says_that_it_is_one() -> None:
    (event,) = _events(release("p1", "N", "2033-05-18", basis="2021-05-18 + P12Y"))
    assert event["status"] == "TENTATIVE"
    assert event["description"] == "2021-05-18 + P12Y\nAn estimate, not a decision."
    assert release("p1", "N", None) is None


def test_an_anniversary_ends_with_the_detention() -> None:
    (event,) = _events(anniversary("p1", "N", "2021-05-18", until=date(2025, 12, 13)))
    assert [day.year for day in _occurrences(event, 2030)] == [2021, 2022, 2023, 2024, 2025]
    assert anniversary("p1", "N", "2021-05") is None


def test_the_same_days_give_the_same_bytes_and_every_kind_its_own_identifier() -> None:
    days = [
        birthday("p1", "N", "1973-07-13"),
        anniversary("p1", "N", "2021-05-18"),
        release("p1", "N", "2033-05-18"),
        None,
    ]
    assert calendar(days, stamp=STAMP) == calendar(days, stamp=STAMP)
    assert len({event["uid"] for event in _events(*days)}) == 3


def test_an_empty_calendar_is_one() -> None:
    written = calendar([], stamp=STAMP, language="pl")
    read = Calendar.from_ical(written)
    assert read["version"] == "2.0"
    assert read["x-wr-calname"] == "Listy i daty"


@given(st.text(max_size=120), st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_any_name_reads_back_and_no_line_is_longer_than_75_octets(name: str, day: date) -> None:
    made = birthday("p1", name, day.isoformat())
    written = calendar([made], stamp=STAMP)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    event: Any = Calendar.from_ical(written).events[0]
    assert made is not None
    assert event["summary"] == made.summary
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(days=1)
