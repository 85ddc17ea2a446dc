"""What answers about persons say beyond the record: the situation."""

from collections.abc import Sequence
from typing import Any, Final, Self

from fastapi import Request
from pydantic import BaseModel, Field, model_validator
from pydantic_core import to_json

from app.core.asked import Asked
from app.core.desk import Desk
from app.core.lists import Finish, Item
from app.reading.days import AsOf, today
from app.reading.dossier import Dossier
from app.reading.gather import dossiers
from app.reading.situation import Situation, situation
from app.reading.staleness import ENDS, intervals_of

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


class Match(BaseModel):
    """Why a person was found."""

    score: float = Field(ge=0, le=1, description="How surely the person is meant: 1 when the whole name is the same.")
    on: str = Field(description="The name of the person that fits best, as it is stored.")


DERIVED: Final[dict[str, Any]] = {
    "situation": (
        Situation,
        Field(default=None, description="How the person stands on the day; not on `?version=`.", examples=[EXAMPLE]),
    ),
    "match": (
        Match,
        Field(
            default=None,
            description="Why the person was found; only in answers to `q`.",
            examples=[{"score": 0.985, "on": "Zolatava Maryna Vasilievna"}],
        ),
    ),
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


def ready(_: Request, asked: BaseModel | None) -> Finish | None:
    """Give what ends a person's answer with the situation of today as it is kept; None for another day."""
    return None if (getattr(asked, "as_of", None) or today()) != today() else _end


def _end(row: Sequence[Any]) -> bytes | None:
    return ENDS.get(row[1]) if row[2] is not None else None


async def with_situations(request: Request, desk: Desk, items: Sequence[Item], asked: BaseModel | None) -> list[bytes]:
    """Add the situation on the day asked for to persons, derived from all that is known of them."""
    day, intervals = getattr(asked, "as_of", None) or today(), intervals_of(request)
    found = await dossiers(desk, [item.id for item in items])
    return [_with(item, found[item.id], situation(found[item.id], day, intervals)) for item in items]


def _with(item: Item, dossier: Dossier, said: Situation) -> bytes:
    """Add a situation to a person: to the record as it was read, or, where that was an answer, as it is."""
    if item.beside and item.beside[1] is not None:
        return to_json({**dossier.person, "situation": said})
    return with_field(item.body, "situation", to_json(said))


def with_field(body: bytes, name: str, value: bytes) -> bytes:
    """Add a field to a written JSON object that has some."""
    return b'%b,"%b":%b}' % (body[:-1], name.encode(), value)
