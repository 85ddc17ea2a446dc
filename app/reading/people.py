"""What answers about persons say beyond the record: the situation."""

from typing import Any, Final, Self

from fastapi import Request
from pydantic import BaseModel, Field, model_validator
from pydantic_core import to_json

from app.core.desk import Desk
from app.core.resource import Asked, Items
from app.reading.days import AsOf, today
from app.reading.gather import dossiers
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
    """Add the situation on the day asked for to persons."""
    day, intervals = getattr(asked, "as_of", None) or today(), intervals_of(request)
    found = await dossiers(desk, [person_id for person_id, _ in items])
    return [
        with_field(body, "situation", to_json(situation(found[person_id], day, intervals))) for person_id, body in items
    ]


def with_field(body: bytes, name: str, value: bytes) -> bytes:
    """Add a field to a written JSON object that has some."""
    return b'%b,"%b":%b}' % (body[:-1], name.encode(), value)
