"""Affiliations: what a person was to an organization."""

from app.core.record import Input, Record, compound, field
from app.core.resource import Resource
from app.core.types import Id, LocalizedLine, PastDate
from app.register.rules import in_order
from app.register.words import PERSON


class AffiliationIn(Input):
    """A person's place in an organization."""

    person_id: Id = field(text=PERSON, references="persons", owner=True)
    organization_id: Id = field(text="The organization.", references="organizations")
    role: LocalizedLine | None = compound(None, text="What the person did there.")
    since: PastDate | None = field(None, text="From when.")
    until: PastDate | None = field(None, text="Until when.")

    _order = in_order("since", "until")


class Affiliation(AffiliationIn, Record, table=True):
    """An affiliation as kept."""

    __tablename__ = "affiliations"


affiliations = Resource(
    "affiliations",
    "an affiliation",
    record=Affiliation,
    write=AffiliationIn,
    text="Who worked for or belonged to which organization.",
)
