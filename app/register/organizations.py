"""Organizations: publishers, signatories, employers, those that recognize prisoners."""

from typing import Literal

from app.core.record import Input, Record, choice, compound, field
from app.core.resource import Resource
from app.core.types import CountryCode, LocalizedLine, PastDate, Url

OrganizationKind = Literal["ngo", "media", "company", "state_body", "coalition", "court", "other"]


class OrganizationIn(Input):
    """An organization that a source names."""

    name: LocalizedLine = compound(text="Its name in each language that a source gives.")
    kind: OrganizationKind = choice(
        text="What it is: `ngo`, `media`, `company`, `state_body`, `coalition` (of organizations), `court` or `other`."
    )
    country: CountryCode | None = field(None, text="Where it is based.", filter=True)
    website: Url | None = field(None, text="Its website.")
    dissolved_on: PastDate | None = field(None, text="When it was dissolved.")


class Organization(OrganizationIn, Record, table=True):
    """An organization as kept."""

    __tablename__ = "organizations"


organizations = Resource(
    "organizations",
    "an organization",
    record=Organization,
    write=OrganizationIn,
    text="Organizations: those that publish and sign, that people worked for, that recognize political prisoners.",
)
