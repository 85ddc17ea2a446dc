"""Addresses: where letters, parcels and visits go."""

from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from app.core.record import Input, Record, Tier, choice, compound, field
from app.core.resource import Resource
from app.core.types import CountryCode, Id, Line, LocalizedLine, PastDate, PostalCode, Token
from app.register.rules import in_order

Purpose = Literal["letters", "parcels", "visits"]


class AddressIn(Input):
    """A mail address of a facility, or of one person."""

    facility_id: Id | None = field(None, text="The facility it is of.", references="facilities")
    person_id: Id | None = field(None, text="The person it is of.", references="persons", owner=True)
    purpose: Purpose = choice(
        "letters", text="What is sent there: `letters` or `parcels`; or where people go for `visits`."
    )
    country: CountryCode = field(text="The country it is in.", filter=True)
    postal_code: PostalCode | None = field(None, text="The postal code, as text.", filter=True)
    region: LocalizedLine | None = compound(None, text="Region.")
    district: LocalizedLine | None = compound(None, text="District.")
    locality: LocalizedLine | None = compound(None, text="Town or village.")
    street: LocalizedLine | None = compound(None, text="Street and house.")
    po_box: Token | None = field(None, text="Post-office box.")
    valid_from: PastDate | None = field(None, text="From when it is good.", filter=False)
    valid_to: PastDate | None = field(None, text="Until when it was good.", filter=False)
    verified_on: PastDate | None = field(None, text="When a source last confirmed it.")
    verified_by: Line | None = field(None, text="Who confirmed it.", tier=Tier.PARTNERS)

    _order = in_order("valid_from", "valid_to")

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if (self.facility_id is None) == (self.person_id is None):
            raise PydanticCustomError("of_one", "An address is of exactly one: send `facility_id` or `person_id`.")
        return self


class Address(AddressIn, Record, table=True):
    """An address as kept."""

    __tablename__ = "addresses"


addresses = Resource(
    "addresses",
    "an address",
    record=Address,
    write=AddressIn,
    text="Mail addresses of facilities, or of single persons, with the day on which each was last confirmed. To write "
    "to somebody, ask for the person's address: it says when there is none.",
)
