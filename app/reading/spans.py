"""A person's days cut into spans in which nothing changes that lists filter by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.reading.dossier import Dossier, Record, instant_day, known_from, published, reach
from app.reading.mail import letters_address, mail_value, reach_of
from app.reading.sentences import conviction, terms_in_force
from app.reading.standing import Standing, Status
from app.reading.stays import Stay, custody, in_order

HELD: Final[tuple[Status, ...]] = ("detained", "imprisoned", "restricted")
_DAY: Final = timedelta(days=1)
_CLOSED: Final = ("blocked", "relatives_only")


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both ends counted, on which the person stands the same; ``last`` is None in the last one."""

    first: date
    last: date | None
    status: Status
    facility_id: str | None
    reachable: bool
    term: str | None


def spans(dossier: Dossier) -> list[Span]:
    """Cut all days into spans: the first reaches from the first day of the calendar, the last has no end."""
    days = sorted({date.min, *_turns(dossier)})
    found: list[Span] = []
    for day in days:
        now = _on(dossier, day)
        if found and _same(found[-1], now):
            continue
        if found:
            found[-1] = Span(found[-1].first, day - _DAY, *_what(found[-1]))
        found.append(now)
    return found


def _what(span: Span) -> tuple[Status, str | None, bool, str | None]:
    return span.status, span.facility_id, span.reachable, span.term


def _same(one: Span, other: Span) -> bool:
    return _what(one) == _what(other)


def _on(dossier: Dossier, day: date) -> Span:
    standing = Standing.of(dossier, day)
    facility = standing.stay.record.get("facility_id") if standing.stay else None
    term = terms_in_force(dossier, day, standing.custody).term
    return Span(day, None, standing.status, facility, _reachable(dossier, standing), term)


def _reachable(dossier: Dossier, standing: Standing) -> bool:
    reached = reach_of(standing)
    facility = dossier.facilities.get(reached["facility_id"] or "")
    if reached["reason"] or mail_value(reached, facility) in _CLOSED:
        return False
    return letters_address(reached, list(dossier.addresses.values()), standing.on) is not None


def _turns(dossier: Dossier) -> Iterator[date]:
    """Give every day on which the status, the place, the term or whether mail arrives can become another."""
    stays = in_order(dossier)
    for stay in stays:
        yield from (day for day in (stay.begins, stay.may_end, stay.over_from) if day is not None)
    yield from _death(dossier.person)
    yield from (day for stay in stays if (day := _convicted(dossier, stays, stay)) is not None)
    yield from (known_from(dossier, sentence, "in_force_on", "decided_on")[0] for sentence in dossier.sentences)
    for address in dossier.addresses.values():
        yield from _validity(address)


def _convicted(dossier: Dossier, stays: tuple[Stay, ...], stay: Stay) -> date | None:
    found = conviction(dossier, custody(stays, stay))
    return found[0] if found else None


def _death(person: Record) -> Iterator[date]:
    text = person.get("death_date")
    if text:
        first, last = reach(text)
        written = instant_day(person, "updated_at")
        yield from (day for day in (first, last, written) if day is not None)


def _validity(address: Record) -> Iterator[date]:
    first, last = address.get("valid_from"), address.get("valid_to")
    if first:
        yield reach(first)[0]
    if last:
        yield reach(last)[0] + _DAY


def next_turn(dossier: Dossier, on: date) -> date | None:
    """Give the first day after ``on`` from which a situation may say something else; None when nothing is to come.

    Any day that a record of the dossier speaks of may be one. What hangs on review intervals is not told here:
    it is reckoned when the situation is read.
    """
    return min((day for day in _spoken_of(dossier) if day > on), default=None)


def _spoken_of(dossier: Dossier) -> Iterator[date]:
    yield from _turns(dossier)
    kinds = ("detentions", "charges", "sentences", "hearings")
    records = [dossier.person, *(record for kind in kinds for record in getattr(dossier, kind))]
    for record in (*records, *dossier.addresses.values()):
        for text in (*_dates(record), *published(dossier, record)):
            first, last = reach(text)
            yield from (first, last, last + _DAY if last < date.max else last)


def _dates(record: Record) -> Iterator[str]:
    for name, value in record.items():
        if value and (name.endswith(("_on", "_date")) or name in {"valid_from", "valid_to"}):
            yield value
