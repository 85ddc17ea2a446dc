"""What lists of persons filter and sort by, derived from a dossier."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from app.core.edtf import PartialDate
from app.core.terms import Term
from app.reading.dossier import Dossier, reach, stated
from app.reading.mail import letters_address, reach_of
from app.reading.situation import LAPSED, Situation, situation
from app.reading.spans import Span, next_turn, spans
from app.reading.standing import Standing
from app.reading.stays import custody, in_order

ANY: Final = "any"  # the field whose values are the names of those of which a person has a value


class Value(NamedTuple):
    """One of the values of a person by which lists are filtered, and the day from which it holds."""

    field: str
    value: str
    since: date


class Taken(NamedTuple):
    """When a custody began: the earliest and the latest day that it can have been."""

    earliest: date
    latest: date


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is kept of a person for one tier, beside the record."""

    situation: Situation
    good_until: date | None
    confirmed: tuple[str, date | None] | None
    sex: str | None
    birth_month: int | None
    name_key: str
    since: date | None
    term_key: int | None
    age_key: int | None
    spans: tuple[Span, ...]
    values: tuple[Value, ...]
    taken: tuple[Taken, ...]


def facts(dossier: Dossier, on: date) -> Facts:
    """Derive what is kept of a person, for a day and those after it until something changes."""
    said = situation(dossier, on)
    turn = next_turn(dossier, on)
    birth = dossier.person.get("birth_date")
    born = stated(dossier.person, "birth_date")
    since = stated(said, "since")
    return Facts(
        said,
        None if turn is None else date.fromordinal(turn.toordinal() - 1),
        _confirmed(dossier, on, said),
        dossier.person.get("sex"),
        PartialDate(birth).parts.month if birth else None,
        name_key(dossier),
        reach(since)[0] if since else None,
        term_key(said["term"]),
        -reach(born)[0].toordinal() if born else None,
        tuple(spans(dossier)),
        _distinct(_values(dossier)),
        tuple(sorted(set(_taken(dossier)))),
    )


def term_key(term: str | None) -> int | None:
    """Give what sorts terms."""
    return Term(term).key if term else None


def name_key(dossier: Dossier) -> str:
    """Give what persons are sorted by: the family name of the name shown, then all of it, folded."""
    names = dossier.person.get("names") or ({"full": ""},)
    text = f"{names[0].get('family') or ''} {names[0]['full']}".strip()
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


def _confirmed(dossier: Dossier, on: date, said: Situation) -> tuple[str, date | None] | None:
    """Give the kind of detention and the older of the two confirmations that make an address fresh or stale."""
    if not said["mail"]["reachable"]:
        return None
    reached = reach_of(Standing.of(dossier, on))
    address = letters_address(reached, list(dossier.addresses.values()), on) or {}
    days = (stated(address, "verified_on"), reached["place_confirmed_on"])
    known = [reach(day)[0] for day in days if day]
    return reached["kind"] or "unknown", min(known) if len(known) == len(days) else None


def _distinct(found: Iterable[Value]) -> tuple[Value, ...]:
    since: dict[tuple[str, str], date] = {}
    for field, value, day in found:
        for key in ((field, value), (ANY, field)):
            since[key] = min(day, since.get(key, day))
    return tuple(Value(*key, day) for key, day in sorted(since.items()))


def _values(dossier: Dossier) -> Iterator[Value]:
    yield from _articles(dossier)
    yield from _countries(dossier)
    organizations = (affiliation.get("organization_id") for affiliation in dossier.affiliations)
    cases = (case["id"] for case in dossier.cases)
    several = {
        "organization": organizations,
        "case": cases,
        "category": dossier.person.get("categories") or (),
        "nationality": dossier.person.get("nationalities") or (),
        "language": dossier.person.get("languages") or (),
    }
    yield from (Value(field, value, date.min) for field, values in several.items() for value in values if value)
    for taken in _taken(dossier):
        if taken.earliest.year == taken.latest.year:
            yield Value("detained", str(taken.earliest.year), taken.earliest)


def _articles(dossier: Dossier) -> Iterator[Value]:
    """Give the articles of charges neither dropped nor acquitted, each from the day it was first brought."""
    for charge in dossier.charges:
        number = dossier.articles.get(charge.get("article_id") or "", {}).get("number")
        if number and charge.get("status") not in LAPSED:
            yield Value("article", number, reach(charge["brought_on"])[0] if charge.get("brought_on") else date.min)


def _countries(dossier: Dossier) -> Iterator[Value]:
    """Give the countries of cases, and those of places from the day that they hold or held the person."""
    for case in dossier.cases:
        if case.get("country"):
            yield Value("country", case["country"], date.min)
    for stay in in_order(dossier):
        country = dossier.facilities.get(stay.record.get("facility_id") or "", {}).get("country")
        if country:
            yield Value("country", country, stay.begins)


def _taken(dossier: Dossier) -> Iterator[Taken]:
    """Give when each custody began, as far as its first stay states it."""
    stays = in_order(dossier)
    for stay in stays:
        start = stated(stay.record, "started_on")
        if start and custody(stays, stay).stays[0] is stay:
            yield Taken(*reach(start))
