"""Cases: prosecutions that may hold many people."""

from app.core.record import Input, Record, compound, field
from app.core.resource import Resource
from app.core.types import CountryCode, LocalizedLine, LocalizedProse, PastDate
from app.register.persons import Identifier


class CaseIn(Input):
    """A prosecution, as in “TUT.BY case”."""

    title: LocalizedLine = compound(text="What it is called.")
    description: LocalizedProse | None = compound(None, text="What it is about.")
    country: CountryCode | None = field(None, text="The country that prosecutes.", filter=True)
    opened_on: PastDate | None = field(None, text="When it was opened.")
    identifiers: list[Identifier] = compound(
        default_factory=list, max_length=50, text="Its numbers elsewhere.", unique=True, filter="identifier"
    )


class Case(CaseIn, Record, table=True):
    """A case as kept."""

    __tablename__ = "cases"


cases = Resource(
    "cases",
    "a case",
    record=Case,
    write=CaseIn,
    text="Prosecutions; several people may stand in one.",
)
