"""Persons: who is imprisoned, under every spelling of the name."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.record import Input, Record, Tier, choice, compound, field
from app.core.resource import Resource
from app.core.types import CountryCode, LanguageTag, Line, LocalizedLine, LocalizedProse, PastDate, Prose, Token, Url
from app.register.rules import in_order

NameKind = Literal["legal", "preferred", "alias", "birth", "transliteration"]
Sex = Literal["female", "male", "other"]
Category = Literal[
    "journalist",
    "media_worker",
    "blogger",
    "human_rights_defender",
    "lawyer",
    "activist",
    "politician",
    "trade_unionist",
    "entrepreneur",
    "worker",
    "civil_servant",
    "law_enforcement",
    "military",
    "medical_worker",
    "teacher",
    "academic",
    "student",
    "artist",
    "athlete",
    "clergy",
    "other",
]

_NAMES = (
    "What the spelling is: that of documents (`legal`), what the person goes by (`preferred`), a pen name or nickname"
    " (`alias`), the name at `birth`, a spelling in another script (`transliteration`)."
)
CATEGORIES = (
    "What the person is known as: `journalist`, `media_worker` (works for media in another way), `blogger`, "
    "`human_rights_defender`, `lawyer`, `activist`, `politician`, `trade_unionist`, `entrepreneur`, `worker`, "
    "`civil_servant`, `law_enforcement`, `military`, `medical_worker`, `teacher`, `academic`, `student`, `artist`, "
    "`athlete`, `clergy`, `other`."
)


class Name(BaseModel):
    """One spelling of a person's name."""

    model_config = ConfigDict(extra="forbid")

    kind: NameKind = Field(description=_NAMES)
    language: LanguageTag | None = Field(default=None, description="The language it is in.")
    full: Line = Field(description="The whole name, as printed.")
    family: Line | None = Field(default=None, description="The family name in it.")
    given: Line | None = Field(default=None, description="The given name in it.")
    patronymic: Line | None = Field(default=None, description="The patronymic in it.")


class Identifier(BaseModel):
    """The person's id in another register."""

    model_config = ConfigDict(extra="forbid")

    scheme: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$", description="The other register.")]
    value: Token = Field(description="The id there.")


class PersonIn(Input):
    """A person whose case the register keeps."""

    names: list[Name] = compound(
        min_length=1, max_length=100, text="Every spelling that a source gives; the first is the one shown."
    )
    sex: Sex | None = choice(None, text="As stated by a source: `female`, `male` or `other`; null when none says.")
    birth_date: PastDate | None = field(None, text="When the person was born.", filter="born")
    death_date: PastDate | None = field(None, text="When the person died.", filter="died")
    nationalities: list[CountryCode] = compound(
        default_factory=list, max_length=10, text="Countries of citizenship.", filter="nationality"
    )
    categories: list[Category] = compound(default_factory=list, max_length=10, text=CATEGORIES, filter="category")
    occupation: LocalizedLine | None = compound(None, text="What the person did, as a source puts it.")
    biography: LocalizedProse | None = compound(None, text="What sources say of the person's life.")
    photo_url: Url | None = field(None, text="A photograph that may be shown.")
    identifiers: list[Identifier] = compound(
        default_factory=list,
        max_length=50,
        text="Ids in other registers; each exists once here.",
        unique=True,
        filter="identifier",
    )
    languages: list[LanguageTag] = compound(
        default_factory=list, max_length=20, text="Languages the person reads.", filter="language"
    )
    letter_notes: LocalizedProse | None = compound(None, text="What the person would like to get in letters.")
    private_notes: Prose | None = field(None, text="Notes of the editors.", tier=Tier.PRIVATE)

    _order = in_order("birth_date", "death_date")


class Person(PersonIn, Record, table=True):
    """A person as kept."""

    __tablename__ = "persons"


persons = Resource(
    "persons",
    "a person",
    record=Person,
    write=PersonIn,
    text="People imprisoned, or once imprisoned, for political reasons.",
)
