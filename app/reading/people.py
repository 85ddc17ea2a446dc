"""What answers about persons say beyond the record: the situation."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Self
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field, model_validator
from pydantic_core import to_json
from sqlalchemy import select

from app.core.desk import Desk
from app.core.resource import Asked, Items
from app.reading.days import AsOf, today
from app.reading.facts import is_stale
from app.reading.gather import dossiers
from app.reading.kept import situations
from app.reading.mail import ReviewIntervals
from app.reading.situation import Situation, situation

# That of the first person of the seeds on the first day of 2026; a test holds that the register says the same.
EXAMPLE: Final[Situation] = {
    "status": "imprisoned",
    "since": None,
    "custody_since": "2021-05-18",
    "as_of": "2023-11-09",
    "facility_id": "c85fba29-049c-5f76-bb19-be65fd1dc198",
    "facility_name": {"en": "Correctional colony №4"},
    "detention_kind": "colony",
    "articles": ["130", "243", "361"],
    "term": "P12Y",
    "release_estimate": {
        "date": "2033-05-18",
        "basis": "in custody without a break since 2021-05-18; plus 12 years: 2033-05-18",
    },
    "mail": {"reachable": True, "verified_on": "2023-11-09", "stale": True},
}
DERIVED: Final[dict[str, Any]] = {
    "situation": (Situation, Field(description="How the person stands on the day.", examples=[EXAMPLE]))
}


class PersonAsked(Asked):
    """The parameters that reading one person takes."""

    as_of: AsOf | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if self.version is not None and self.as_of is not None:
            raise ValueError(
                "send `version` or `as_of`: one asks what the register said, the other how the person stood on a day"
            )
        return self


def intervals_of(request: Request) -> ReviewIntervals:
    """Give the review intervals that this register is set to."""
    settings = request.app.state.settings
    return ReviewIntervals(settings.review_days_pretrial, settings.review_days)


async def with_situations(request: Request, desk: Desk, items: Items, asked: BaseModel | None) -> list[bytes]:
    """Add the situation on the day asked for to persons: as it is kept, or derived for another day."""
    day, intervals = getattr(asked, "as_of", None) or today(), intervals_of(request)
    people = [person_id for person_id, _ in items]
    said = await _kept(desk, people, day, intervals) if day == today() else {}
    missing = [person_id for person_id in people if person_id not in said]
    if missing:
        found = await dossiers(desk, missing)
        said |= {person_id: to_json(situation(found[person_id], day, intervals)) for person_id in missing}
    return [with_field(body, "situation", said[person_id]) for person_id, body in items]


async def _kept(desk: Desk, people: Sequence[UUID], day: date, intervals: ReviewIntervals) -> dict[UUID, bytes]:
    """Give the situations that are kept and stand on the day."""
    c = situations.c
    query = select(c.person_id, c.good_until, c.body, c.kind, c.confirmed).where(
        c.tier == int(desk.caller.tier), c.person_id.in_(people)
    )
    return {
        row.person_id: row.body if row.kind is None else _aged(row, day, intervals)
        for row in await desk.session.execute(query)
        if row.good_until is None or row.good_until >= day
    }


def _aged(row: Any, day: date, intervals: ReviewIntervals) -> bytes:  # noqa: ANN401 - a row of `situations`
    stale = b"true" if is_stale(row.kind, row.confirmed, day, intervals) else b"false"
    return b'%b,"stale":%b}}' % (row.body, stale)


def with_field(body: bytes, name: str, value: bytes) -> bytes:
    """Add a field to a written JSON object that has some."""
    return b'%b,"%b":%b}' % (body[:-1], name.encode(), value)
