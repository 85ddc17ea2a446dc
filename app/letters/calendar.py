"""Days to remember as iCalendar (RFC 5545): whole days, stable identifiers, nothing that depends on the hour."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from app.core.edtf import Parts, parse
from app.letters.phrases import phrase
from app.letters.scripts import clean

if TYPE_CHECKING:
    from icalendar import Event

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
ENDING: Final = b"END:VCALENDAR\r\n"
_UNKNOWN_YEAR: Final = 2000  # a leap year, so that 29 February has a first occurrence
_EARLIEST: Final = 1900  # what common calendar programs still take
_LEAP_DAY: Final = (2, 29)
_DOUBT: Final = " (?)"


@dataclass(frozen=True, slots=True)
class Day:
    """One entry: ``uid`` never changes, so that a subscription updates it; ``yearly`` ones come back every year."""

    uid: str
    first: date
    summary: str
    last: date | None = None
    yearly: bool = False
    until: date | None = None
    description: str | None = None
    location: str | None = None
    url: str | None = None
    tentative: bool = False


def birthday(
    person_id: str, name: str, birth_date: str | None, *, language: str | None = None, url: str | None = None
) -> Day | None:
    """Make a birthday of a partial date (EDTF); ``None`` when the day is not known.

    Without a year, or with one too old for calendar programs, it is counted from 2000.
    """
    known = parse(birth_date) if birth_date else None
    if known is None or known.month is None or known.day is None:
        return None
    year = known.year if known.year and known.year >= _EARLIEST else None
    first = date(year or _UNKNOWN_YEAR, known.month, known.day)
    return Day(
        uid=_uid("birthday", person_id),
        first=first,
        summary=phrase("birthday_of", language, name=clean(name)) + (_DOUBT if known.mark else ""),
        yearly=True,
        url=url,
        tentative=bool(known.mark),
    )


def hearing(
    hearing_id: str,
    name: str,
    starts_on: str | None,
    ends_on: str | None = None,
    *,
    court: str | None = None,
    language: str | None = None,
    url: str | None = None,
) -> Day | None:
    """Make a hearing, past or to come; ``None`` when its first day is not known to the day."""
    first, last = _whole(starts_on), _whole(ends_on)
    if first is None:
        return None
    doubt = _in_doubt(starts_on) or (last is not None and _in_doubt(ends_on))
    return Day(
        uid=_uid("hearing", hearing_id),
        first=first,
        last=last if last and last > first else None,
        summary=phrase("hearing_of", language, name=clean(name)) + (_DOUBT if doubt else ""),
        location=clean(court) or None,
        url=url,
        tentative=doubt,
    )


def release(
    person_id: str,
    name: str,
    on: str | None,
    *,
    basis: str | None = None,
    language: str | None = None,
    url: str | None = None,
) -> Day | None:
    """Make an estimated release, marked as tentative, with its basis in words."""
    first = _whole(on)
    if first is None:
        return None
    said = "\n".join(filter(None, [clean(basis), phrase("estimate", language)]))
    return Day(
        uid=_uid("release", person_id),
        first=first,
        summary=phrase("release_of", language, name=clean(name)),
        description=said,
        url=url,
        tentative=True,
    )


def anniversary(
    person_id: str,
    name: str,
    since: str | None,
    *,
    until: date | None = None,
    language: str | None = None,
    url: str | None = None,
) -> Day | None:
    """Make the yearly day of a detention, up to ``until`` where it ended; ``None`` when its day is not known."""
    first = _whole(since)
    if first is None:
        return None
    return Day(
        uid=_uid("detained", person_id),
        first=first,
        summary=phrase("detained_of", language, name=clean(name)) + (_DOUBT if _in_doubt(since) else ""),
        yearly=True,
        until=until,
        url=url,
        tentative=_in_doubt(since),
    )


def _uid(kind: str, record_id: str) -> str:
    return f"{kind}-{clean(record_id)}@vestka"


def _in_doubt(text: str | None) -> bool:
    """Tell whether a date is marked as approximate or uncertain."""
    return text is not None and bool(parse(text).mark)


def _whole(text: str | None) -> date | None:
    parts = parse(text) if text else Parts(None, None, None, "")
    if parts.year is None or parts.month is None or parts.day is None:
        return None
    return date(parts.year, parts.month, parts.day)


def heading(language: str | None) -> bytes:
    """Write what comes before a calendar's entries."""
    from icalendar import Calendar  # noqa: PLC0415 - loaded when it is first used

    book = Calendar()
    book.add("prodid", "-//Vestka//letters//EN")
    book.add("version", "2.0")
    book.add("calscale", "GREGORIAN")
    book.add("method", "PUBLISH")
    book.add("x-wr-calname", phrase("calendar", language))
    book.add("refresh-interval;value=duration", "P1D")
    return bytes(book.to_ical()).removesuffix(ENDING)


def entries(days: Iterable[Day | None], stamp: datetime) -> bytes:
    """Write entries; ``None`` among the days is left out, so that the makers above can be called for everyone.

    ``stamp`` (aware, UTC) is every entry's DTSTAMP: give the register's last change, and the same register gives
    the same bytes.
    """
    return b"".join(_event(day, stamp).to_ical() for day in days if day is not None)


def _event(day: Day, stamp: datetime) -> "Event":
    from icalendar import Event  # noqa: PLC0415 - loaded when it is first used

    event = Event()
    event.add("uid", day.uid)
    event.add("dtstamp", stamp)
    event.add("dtstart", day.first)
    event.add("dtend", (day.last or day.first) + timedelta(days=1))  # the first day after it (RFC 5545 3.6.1)
    event.add("summary", day.summary)
    event.add("transp", "TRANSPARENT")
    event.add("status", "TENTATIVE" if day.tentative else "CONFIRMED")
    if day.yearly:
        event.add("rrule", _yearly(day))
    for name, text in (("description", day.description), ("location", day.location), ("url", day.url)):
        if text:
            event.add(name, text)
    return event


def _yearly(day: Day) -> dict[str, object]:
    """Repeat every year; 29 February as the last day of February, or it would come every fourth year only."""
    rule: dict[str, object] = {"freq": "yearly"}
    if (day.first.month, day.first.day) == _LEAP_DAY:
        rule |= {"bymonth": 2, "bymonthday": -1}
    if day.until:
        rule["until"] = day.until
    return rule
