"""Charges: which article is used against whom."""

from typing import Literal

from app.core.record import Input, Record, choice, field
from app.core.resource import Resource
from app.core.types import Id, Line, PastDate, Prose
from app.register.rules import of_one_person
from app.register.words import PERSON

Stage = Literal["completed", "attempt", "preparation"]
Role = Literal["principal", "organizer", "accomplice"]
Status = Literal["charged", "convicted", "acquitted", "dropped"]


class ChargeIn(Input):
    """An article used against a person."""

    person_id: Id = field(text=PERSON, references="persons", owner=True)
    article_id: Id = field(text="The article.", references="articles")
    part: Line | None = field(None, text="The part of the article.", max_length=20)
    case_id: Id | None = field(None, text="The case it is part of.", references="cases")
    sentence_id: Id | None = field(None, text="The sentence it led to.", references="sentences")
    stage: Stage | None = choice(
        None, text="How far the act went, as charged: `completed`, `attempt` or `preparation`."
    )
    role: Role | None = choice(
        None, text="What part the person is said to have played: `principal`, `organizer` or `accomplice`."
    )
    status: Status = choice(
        text="What became of it: `charged` (still open), `convicted`, `acquitted`, or `dropped` without a verdict."
    )
    brought_on: PastDate | None = field(None, text="When it was brought.")
    as_written: Prose | None = field(None, text="How the source put it.")


class Charge(ChargeIn, Record, table=True):
    """A charge as kept."""

    __tablename__ = "charges"


charges = Resource(
    "charges",
    "a charge",
    record=Charge,
    write=ChargeIn,
    rules=[of_one_person("sentence_id")],
    text="What people are charged with or convicted of.",
)
