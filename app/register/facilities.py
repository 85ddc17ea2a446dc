"""Facilities: the places that hold people."""

from typing import Literal

from app.core.record import Input, Record, choice, compound, field
from app.core.resource import Resource
from app.core.types import CountryCode, LanguageTag, LocalizedLine, LocalizedProse, Token
from app.register.words import MAIL, Mail

FacilityKind = Literal[
    "colony",
    "prison",
    "pretrial_centre",
    "police_cells",
    "open_facility",
    "juvenile_colony",
    "hospital",
    "security_service",
    "other",
]
HeldSex = Literal["female", "male", "any"]

_KINDS = (
    "What it is: `colony`, `prison` (cells), `juvenile_colony`, `open_facility` (people live and work there and may "
    "not leave), `pretrial_centre` (until a verdict is in force), `police_cells` (the first days, and administrative "
    "arrest), `security_service` (cells of a security service), `hospital` (for people in custody), `other`."
)


class FacilityIn(Input):
    """A place where people are held."""

    name: LocalizedLine = compound(text="Its name in each language that a source gives.")
    short_name: LocalizedLine | None = compound(None, text="What it is called for short.")
    kind: FacilityKind = choice(text=_KINDS)
    number: Token | None = field(None, text="Its number, as text.", filter=True)
    country: CountryCode | None = field(None, text="Where it is.", filter=True)
    for_sex: HeldSex | None = choice(None, text="Whom it holds: `female`, `male` or `any`.")
    latitude: float | None = field(None, text="Degrees north.", ge=-90, le=90)
    longitude: float | None = field(None, text="Degrees east.", ge=-180, le=180)
    active: bool | None = field(None, text="Whether it holds people today.")
    mail_rules: LocalizedProse | None = compound(None, text="What to mind when writing there.")
    mail_languages: list[LanguageTag] = compound(
        default_factory=list, max_length=20, text="Languages in which letters get through.", filter="mail_language"
    )
    mail: Mail | None = choice(None, text=f"Whether letters reach people there: {MAIL}.")


class Facility(FacilityIn, Record, table=True):
    """A facility as kept."""

    __tablename__ = "facilities"


facilities = Resource(
    "facilities",
    "a facility",
    record=Facility,
    write=FacilityIn,
    text="Colonies, prisons, pre-trial centres and other places that hold people.",
)
