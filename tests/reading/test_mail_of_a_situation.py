"""Who can be written to, why not, and when that knowledge is old."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.reading.dossier import Dossier
from app.reading.mail import ReviewIntervals, letters_address, reach_of
from app.reading.situation import situation
from app.reading.standing import Standing
from tests.reading.invented import case, on, record, stay


def address(**fields: Any) -> dict[str, Any]:
    told = {"facility_id": "f", "person_id": None, "purpose": "letters", "verified_on": "2026-07-20"}
    return record(**(told | {"valid_from": None, "valid_to": None} | fields))


def held(kind: str = "colony", *addresses: dict[str, Any], **fields: Any) -> Dossier:
    told = {"facility_id": "f", "place_confirmed_on": "2026-07-20"} | fields
    facility = {"id": "f", "mail": told.pop("facility_mail", None)}
    person = told.pop("person", None)
    start = told.pop("started_on", "2021-05-18")
    found = {one["id"]: one for one in addresses or (address(),)}
    return case(stay(kind, start, **told), person=person, facilities={"f": facility}, addresses=found)


def refused(dossier: Dossier, day: str = "2026-08-02") -> tuple[str | None, str | None]:
    mail = on(dossier, day)["mail"]
    assert not mail["reachable"]
    assert set(mail) == {"reachable", "reason", "since"}
    return mail["reason"], mail["since"]


def test_who_is_held_at_a_known_address_can_be_written_to() -> None:
    assert on(held())["mail"] == {"reachable": True, "verified_on": "2026-07-20", "stale": False}


def test_who_died_in_one_stay_gets_no_letters_in_another() -> None:
    """One of the stays is wrong, and nobody knows which."""
    dossier = held()
    died = stay("prison", "2019-01-01", "2025", end_reason="died")
    both = replace(dossier, detentions=(died, *dossier.detentions))
    assert refused(both) == ("deceased", "2025")
    assert refused(both, "2025-01-01") == ("deceased", "2025")
    assert on(both, "2024-12-31")["mail"]["reachable"]


@pytest.mark.parametrize("kind", ["pretrial", "open_facility", "hospital", "unknown", "prison"])
def test_other_kinds_of_stay_can_be_written_to(kind: str) -> None:
    assert on(held(kind))["mail"]["reachable"]


def test_who_is_on_the_way_is_in_no_place_that_letters_reach() -> None:
    assert refused(held("in_transit", started_on="2026-07-20")) == ("unknown_whereabouts", "2026-07-20")
    assert refused(held("in_transit", started_on=None, facility_id=None)) == ("unknown_whereabouts", None)


@pytest.mark.parametrize(
    ("reason", "said"), [("pardoned", "released"), ("exchanged_or_expelled", "expelled"), ("transferred", None)]
)
def test_who_left_another_stay_since_anybody_was_seen_in_this_one_cannot(reason: str, said: str | None) -> None:
    """One of the stays is wrong, and nobody knows which."""
    dossier = held(started_on=None, place_confirmed_on="2023-01-01")
    left = stay("prison", "2024-05-01", "2025-12", end_reason=reason)
    both = replace(dossier, detentions=(left, *dossier.detentions))
    assert on(both)["status"] == "imprisoned"
    assert refused(both) == refused(both, "2025-12-01") == (said or "unknown_whereabouts", "2025-12")
    assert on(both, "2024-04-30")["mail"]["reachable"]


@pytest.mark.parametrize(
    "seen", [{"place_confirmed_on": "2025-12-13"}, {"confirmed_on": "2026"}, {"citations": [{"source_id": "s"}]}]
)
def test_who_was_seen_here_since_they_left_another_stay_can(seen: dict[str, Any]) -> None:
    dossier = held(**({"started_on": None, "place_confirmed_on": "2023-01-01"} | seen))
    left = stay("prison", None, "2025-12-13", end_reason="transferred")
    both = replace(dossier, detentions=(left, *dossier.detentions), sources={"s": record(published_on="2025-12-15")})
    assert on(both)["mail"]["reachable"]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("parole", "released"),
        ("unknown", "released"),
        (None, "released"),
        ("exchanged_or_expelled", "expelled"),
        ("died", "deceased"),
        ("transferred", "unknown_whereabouts"),
        ("escaped", "unknown_whereabouts"),
    ],
)
def test_who_is_no_longer_there_cannot(reason: str | None, said: str) -> None:
    dossier = held(ended_on="2025-12-13", end_reason=reason)
    assert refused(dossier) == (said, "2025-12-13")
    assert refused(dossier, "2025-12-13") == (said, "2025-12-13")
    assert on(dossier, "2025-12-12")["mail"]["reachable"]


def test_who_may_have_left_by_then_cannot() -> None:
    dossier = held(ended_on="2025-12", end_reason="parole")
    assert on(dossier, "2025-12-10")["status"] == "imprisoned"
    assert refused(dossier, "2025-12-10") == ("released", "2025-12")


def test_who_left_on_an_unknown_day_cannot() -> None:
    dossier = held(end_reason="parole", place_confirmed_on="2026-01-01")
    assert refused(dossier) == ("released", None)
    assert refused(dossier, "2026-01-01") == ("released", None)


def test_who_may_be_dead_by_then_cannot() -> None:
    dossier = held(person=record(death_date="2025"))
    assert on(dossier, "2025-03-01")["status"] == "imprisoned"
    assert on(dossier, "2025-03-01")["as_of"] == "2021-05-18"
    assert refused(dossier, "2025-03-01") == refused(dossier, "2025-01-01") == ("deceased", "2025")
    assert refused(dossier) == ("deceased", "2025")
    assert on(dossier, "2024-12-31")["mail"]["reachable"]


def test_mail_ended_on_the_day_of_the_death_that_the_situation_tells() -> None:
    held = stay("colony", "2021-05-18", "2023-07-12", end_reason="died")
    seen = on(case(held, person=record(death_date="2023-07-11")))
    assert (seen["mail"]["reason"], seen["mail"]["since"]) == ("deceased", seen["since"]) == ("deceased", "2023-07-12")


def test_in_home_confinement_nobody_can() -> None:
    assert refused(held("home_confinement")) == ("home_confinement", "2021-05-18")


@pytest.mark.parametrize("value", ["blocked", "relatives_only"])
def test_closed_mail_is_closed(value: str) -> None:
    """Since when is for nobody to guess: the stay began earlier, or later."""
    assert refused(held(mail=value)) == (value, None)
    assert refused(held(facility_mail=value)) == (value, None)


@pytest.mark.parametrize("value", ["open", "unknown"])
def test_the_value_of_a_stay_beats_the_facilitys(value: str) -> None:
    assert on(held(mail=value, facility_mail="blocked"))["mail"]["reachable"]
    assert refused(held(mail="blocked", facility_mail=value))[0] == "blocked"


def test_unknown_mail_is_reachable() -> None:
    assert on(held(mail="unknown"))["mail"]["reachable"]
    assert on(held(facility_mail="unknown"))["mail"]["reachable"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "parcels"},
        {"facility_id": "elsewhere"},
        {"valid_to": "2026-08-01"},
        {"valid_from": "2026-08-03"},
    ],
)
def test_without_a_letters_address_valid_on_the_day_nobody_can(wrong: dict[str, Any]) -> None:
    assert refused(held("colony", address(**wrong))) == ("no_address", None)


@pytest.mark.parametrize("days", [("2026-08-02", "2026-08-02"), ("2026", "2026-09")])
def test_an_address_is_valid_on_its_first_and_last_day(days: tuple[str, str]) -> None:
    assert on(held("colony", address(valid_from=days[0], valid_to=days[1])))["mail"]["reachable"]


@pytest.mark.parametrize("end", ["2026-08", "2026", "2026?", "2026-08~", "XXXX-12-31"])
def test_an_address_that_may_have_ended_is_nobodys(end: str) -> None:
    assert refused(held("colony", address(valid_to=end))) == ("no_address", None)


def test_without_a_known_facility_nobody_can() -> None:
    nowhere = address(facility_id=None, person_id="someone")
    assert refused(held("colony", nowhere, facility_id=None)) == ("no_address", None)


def test_the_last_verified_address_counts() -> None:
    old, new = address(verified_on="2026-07-01", id="z"), address(verified_on="2026-07-10", id="a")
    unverified = address(verified_on=None, id="zz")
    for addresses in ((old, new, unverified), (unverified, new, old)):
        assert on(held("colony", *addresses))["mail"]["verified_on"] == "2026-07-10"
    assert on(held("colony", new, address(verified_on="2026-07", id="zz")))["mail"]["verified_on"] == "2026-07-10"


def test_of_two_addresses_verified_on_one_day_always_the_same_counts() -> None:
    one, other = address(id="a"), address(id="b")
    reached = reach_of(Standing.of(held(), date(2026, 8, 2)))
    for addresses in ([one, other], [other, one]):
        assert letters_address(reached, addresses, date(2026, 8, 2)) == other


def test_of_two_addresses_the_one_that_came_after_the_other_was_seen_counts() -> None:
    old, new = address(id="z", verified_on="2023-11-09"), address(id="a", verified_on=None, valid_from="2026-07-01")
    for addresses in ((old, new), (new, old)):
        assert on(held("colony", *addresses))["mail"] == {"reachable": True, "verified_on": None, "stale": True}
        assert on(held("colony", *addresses), "2026-06-30")["mail"]["verified_on"] == "2023-11-09"
    seen = address(id="z", verified_on="2026-07-02")
    assert on(held("colony", seen, new))["mail"]["verified_on"] == "2026-07-02"


def test_a_confirmation_without_a_year_confirms_nothing() -> None:
    mail = on(held("colony", address(verified_on="XXXX-07-20")))["mail"]
    assert mail == {"reachable": True, "verified_on": None, "stale": True}
    assert stale(held(place_confirmed_on="XXXX-07-20")) is True


@pytest.mark.parametrize(
    ("dates", "reachable"),
    [
        ({"verified_on": "2020-01-01"}, False),
        ({"verified_on": "2020-01-01", "valid_from": "2019"}, False),
        ({"verified_on": "2020-01-01", "valid_from": "2026-06-01"}, True),
        ({"verified_on": "2026-06"}, True),
        ({"verified_on": "2026"}, True),
        ({"verified_on": None}, True),
    ],
)
def test_a_second_house_arrest_is_not_at_the_address_of_the_first(dates: dict[str, Any], *, reachable: bool) -> None:
    own = address(facility_id=None, person_id="p", **dates)
    again = {"person_id": "p", "facility_id": None, "started_on": "2026-06-01", "person": record(id="p")}
    assert on(held("house_arrest", own, **again))["mail"]["reachable"] is reachable
    unknown = held("house_arrest", own, **(again | {"started_on": None}))
    assert on(unknown)["mail"]["reachable"]


def test_a_persons_own_address_serves_in_house_arrest_only() -> None:
    own = address(facility_id=None, person_id="p")
    for kind, reachable in (("house_arrest", True), ("colony", False)):
        dossier = held(kind, own, person_id="p", facility_id=None, person=record(id="p"))
        assert on(dossier)["mail"]["reachable"] is reachable
    assert refused(held("house_arrest", person_id="p")) == ("no_address", None)


def stale(dossier: Dossier, day: str = "2026-08-02") -> bool | None:
    return on(dossier, day)["mail"].get("stale")


@pytest.mark.parametrize(
    ("kind", "days"),
    [
        ("pretrial", 45),
        ("police_custody", 45),
        ("administrative_arrest", 45),
        ("colony", 180),
        ("prison", 180),
        ("open_facility", 180),
        ("hospital", 180),
        ("unknown", 180),
    ],
)
def test_an_address_is_stale_after_the_interval_of_the_kind(kind: str, days: int) -> None:
    today = date(2026, 8, 2).toordinal()
    last, over = (date.fromordinal(today - age).isoformat() for age in (days, days + 1))
    assert stale(held(kind, address(verified_on=last), place_confirmed_on=last)) is False
    assert stale(held(kind, address(verified_on=over), place_confirmed_on=last)) is True
    assert stale(held(kind, address(verified_on=last), place_confirmed_on=over)) is True


def test_an_unknown_confirmation_is_stale() -> None:
    assert stale(held(place_confirmed_on=None)) is True
    assert stale(held("colony", address(verified_on=None))) is True
    assert on(held("colony", address(verified_on=None)))["mail"]["verified_on"] is None


def test_a_confirmation_known_to_the_month_counts_from_its_first_day() -> None:
    assert stale(held(place_confirmed_on="2026-02")) is True
    assert stale(held(place_confirmed_on="2026-02-28")) is False
    assert stale(held("colony", address(verified_on="2026-02"))) is True
    assert stale(held("colony", address(verified_on="2026-02-28"))) is False


def test_the_intervals_are_settings() -> None:
    intervals = ReviewIntervals(pretrial_days=5, other_days=10_000)
    old = address(verified_on="2020-01-01")
    assert situation(held("colony", old), date(2026, 8, 2), intervals)["mail"].get("stale") is False
    assert situation(held("pretrial"), date(2026, 8, 2), intervals)["mail"].get("stale") is True
