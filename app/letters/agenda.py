"""``GET /v1/calendar.ics``: days to remember, to subscribe to."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy import select

from app.core.contract import IF_NONE_MATCH, headers
from app.core.documents import documents, etag
from app.core.problems import docs
from app.core.requests import STRICT, answer, reading
from app.core.streaming import Stream
from app.letters.asking import People, PeopleAsked, refuse, with_filters
from app.letters.calendar import ENDING, MEDIA_TYPE, Day, anniversary, birthday, entries, heading, hearing, release
from app.letters.recipients import Manner
from app.letters.scripts import clean
from app.letters.writing import in_words
from app.reading.dossier import Dossier
from app.reading.situation import situation
from app.register.persons import persons

Event = Literal["birthday", "hearing", "release", "detention"]
_PROBLEMS: Final = ("malformed", "unauthorized", "invalid", "unavailable", "internal")
_TEXT: Final = """\
Birthdays (every year, also of an unknown year), hearings past and to come, estimated releases (tentative, with the
reckoning) and the anniversaries of detention of those who are held, for the persons whom the filters find.

An iCalendar file (RFC 5545) of whole days with stable identifiers: subscribe to its address, and it keeps itself up to
date. What is known to the month only is not in it.
"""


class CalendarAsked(PeopleAsked):
    """What the calendar takes."""

    event: list[Event] | None = Field(
        default=None,
        max_length=4,
        description="These kinds of days only: `birthday`, `hearing`, estimated `release`, anniversary of `detention`; "
        "repeat for several.",
    )


class Agenda(People[CalendarAsked]):
    """The days of the people that a request asks for."""

    async def state(self) -> tuple[str, datetime]:
        """Give the mark of what the answer says, and when the register last changed for this caller.

        The mark is made of the last change that this caller heard of. Its time alone would not do: a copy keeps the
        times of its source, where what was written at once has one.
        """
        c = documents.c
        async with reading(self.request) as desk:
            tier = desk.caller.tier
            heard = select(c.updated_at, c.kind, c.id, c.version).where(c.tier == int(tier))
            last = (await desk.session.execute(heard.order_by(c.position.desc()).limit(1))).first()
        stamp = last.updated_at if last else datetime(2020, 1, 1, tzinfo=UTC)
        change = (stamp.isoformat(), *map(str, last[1:])) if last else ()
        said = (change, self.manner.on, self.manner.today, int(tier), str(self.request.query_params))
        return etag(1, repr(said).encode()), stamp

    async def pieces(self, stamp: datetime) -> AsyncIterator[bytes]:
        """Give the file after its heading."""
        left = self.most
        async for people in self.portions():
            yield await asyncio.to_thread(self._written, people[:left], stamp)
            if left is not None and (left := left - len(people)) <= 0:
                break
        yield ENDING

    def _written(self, people: Sequence[Dossier], stamp: datetime) -> bytes:
        return entries((day for one in people for day in self._days(one)), stamp)

    def _days(self, dossier: Dossier) -> Iterator[Day | None]:
        wanted: set[str] = set(self.asked.event or ("birthday", "hearing", "release", "detention"))
        base = self.request.app.state.settings.public_url
        link = f"{base}{persons.path}/{dossier.person['id']}" if base else None
        return (day for kind, day in days(dossier, self.manner, link) if kind in wanted)


def days(dossier: Dossier, manner: Manner, link: str | None) -> Iterator[tuple[Event, Day | None]]:
    """Give the days of a person."""
    person, said = dossier.person, situation(dossier, manner.on, manner.intervals)
    name = next(filter(None, (clean(name["full"]) for name in person["names"])), "?")
    speech, estimate = manner.speech, said["release_estimate"]
    if said["status"] != "deceased":
        yield "birthday", birthday(person["id"], name, person.get("birth_date"), language=speech, url=link)
    for one in dossier.hearings:
        court = in_words(one.get("court"), speech)
        first, last = one.get("starts_on"), one.get("ends_on")
        yield "hearing", hearing(one["id"], name, first, last, court=court, language=speech, url=link)
    if estimate:
        basis = estimate["basis"]
        yield "release", release(person["id"], name, estimate["date"], basis=basis, language=speech, url=link)
    yield "detention", anniversary(person["id"], name, said["custody_since"], language=speech, url=link)


def router() -> APIRouter:
    """Make the route; its parameters are its own and those of persons."""
    made = APIRouter(prefix="/v1/calendar.ics", tags=["letters"], dependencies=STRICT)

    async def read_calendar(request: Request, asked: CalendarAsked) -> Response:
        refuse({"cursor": asked.cursor is not None, "count": asked.count}, "The calendar is given whole.")
        agenda = Agenda(request, asked)
        tag, stamp = await agenda.state()
        named = {"Content-Type": MEDIA_TYPE, "Content-Disposition": 'inline; filename="vestka.ics"'}
        empty = answer(request, b"", tag, named)
        if empty.status_code == 304:  # noqa: PLR2004 - the HTTP status
            return empty
        kept = {name: empty.headers[name] for name in ("etag", "vary", "cache-control", *map(str.lower, named))}
        return Stream(heading(agenda.manner.speech), agenda.pieces(stamp), MEDIA_TYPE, kept)

    read_calendar.__annotations__["asked"] = Annotated[with_filters(CalendarAsked), Query()]
    made.add_api_route(
        "",
        read_calendar,
        methods=["GET"],
        summary="Subscribe to days to remember",
        description=_TEXT,
        operation_id="read_calendar",
        response_class=Response,
        responses={
            200: {
                "description": "The calendar.",
                "headers": headers("ETag", "Cache-Control"),
                "content": {"text/calendar": {"example": _EXAMPLE}},
            },
            304: {"description": "You have this answer already."},
            **docs(*_PROBLEMS),
        },
        openapi_extra={"parameters": [IF_NONE_MATCH]},
    )
    return made


_EXAMPLE: Final = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Vestka//letters//EN
BEGIN:VEVENT
UID:birthday-d6faf4ea-e5bf-5c63-9460-7c8d89f86868@vestka
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:19730713
DTEND;VALUE=DATE:19730714
SUMMARY:Birthday: Chekina Liudmila Yurievna
RRULE:FREQ=YEARLY
END:VEVENT
END:VCALENDAR
"""
