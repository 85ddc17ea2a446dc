"""Hearings: the days in court."""

from typing import Literal

from app.core.record import Input, Record, choice, compound, field
from app.core.resource import Resource
from app.core.types import Id, LocalizedLine, LocalizedProse, PartialDate
from app.register.rules import in_order
from app.register.words import PERSON, Names

HearingKind = Literal["trial", "appeal", "supervision", "detention_review", "added_term", "other"]

_KINDS = (
    "What is heard: the `trial` (first instance), an `appeal`, a review of a judgment in force (`supervision`), "
    "whether custody goes on (`detention_review`), a new charge in custody that may bring an `added_term`, `other`."
)


class HearingIn(Input):
    """A hearing, past or to come."""

    person_id: Id = field(text=PERSON, references="persons", owner=True)
    case_id: Id | None = field(None, text="The case it is about.", references="cases")
    kind: HearingKind = choice(text=_KINDS)
    court: LocalizedLine | None = compound(None, text="The court.")
    judges: Names = compound(default_factory=list, text="Who judges.", filter=False)
    starts_on: PartialDate | None = field(None, text="Its first day.")
    ends_on: PartialDate | None = field(None, text="Its last day.")
    closed: bool | None = field(None, text="Whether the public is shut out.")
    outcome: LocalizedProse | None = compound(None, text="How it ended.")

    _order = in_order("starts_on", "ends_on")


class Hearing(HearingIn, Record, table=True):
    """A hearing as kept."""

    __tablename__ = "hearings"


hearings = Resource(
    "hearings",
    "a hearing",
    record=Hearing,
    write=HearingIn,
    sort="-starts_on",
    text="Trials, appeals and other hearings, past and to come.",
)
