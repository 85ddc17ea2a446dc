"""What letters answer and take, as OpenAPI describes it."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.problems import ProblemOut
from app.core.types import CountryCode, LanguageTag, LocalizedProse
from app.letters.envelope import Size
from app.reading.mail import REASONS, MailReason

LETTERS: Final = "Who can be written to now, and what goes on the envelope."
Origin = Annotated[
    CountryCode,
    Field(
        description="The sender's country: its post reads the country line, and its language says how old the address "
        "is. Left out: English."
    ),
]
AddressLanguage = Annotated[
    LanguageTag,
    Field(description="The language to write the address in, if it is known in it. Left out: the institution's."),
]
EnvelopeSize = Annotated[Size, Field(description="`C6`, `DL`, `C5`, `C4` (ISO 269) or `US10` (9½ by 4⅛ inches).")]
Qr = Annotated[
    bool,
    Field(description="Whether to print a QR code that leads to the person's record, for all who see the letter."),
]
SenderLine = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\u0000-\u001f\u007f-\u009f]+$")]


class AddressPartsOut(BaseModel):
    """The parts of an address; null where one is not known or there is none."""

    recipient: str = Field(description="The name as it goes on the envelope.")
    facility: str | None
    street: str | None
    po_box: str | None = Field(description="The post-office box, with the word for it.")
    locality: str | None
    district: str | None
    region: str | None
    postal_code: str | None
    country: str = Field(description="The country line.")


class SayingOut(BaseModel):
    """A source that says why nobody can write."""

    source_id: UUID
    title: str | None
    published_on: str | None
    url: str | None
    quote: str | None = Field(description="Its own words.")


class AddresseeOut(BaseModel):
    """A person who can be written to, and what to know about it."""

    person_id: UUID
    reachable: bool = Field(description="Whether there is an address. False only with `include_unreachable=true`.")
    name: str = Field(description="The name as it goes on the envelope, as the institution knows the person.")
    languages: list[str] = Field(description="Languages that the person reads.")
    birth_date: str | None
    letter_notes: LocalizedProse | None = Field(description="What the person would like to get.")
    lines: list[str] = Field(description="All that is printed: the name first, the country line last.")
    parts: AddressPartsOut | None
    language: str | None = Field(description="The language in which the address is written.")
    facility_id: UUID | None = Field(default=None, description="The place; absent when you may not see it.")
    mail_rules: LocalizedProse | None = Field(description="What to mind when writing to this place.")
    mail_languages: list[str] = Field(description="Languages in which letters get through there.")
    verified_on: str | None = Field(description="When a source last confirmed the address.")
    place_confirmed_on: str | None = Field(description="When a source last confirmed that the person is there.")
    stale: bool | None = Field(
        description="Whether the older of the two is older than the review interval: check before you write."
    )
    age: str | None = Field(description="The same in words, as PDFs print it, in the language of `origin`'s post.")
    warnings: list[str] = Field(description="Each is a word to program by, a colon and a sentence to read.")
    reason: MailReason | None = Field(description=f"{REASONS} Null when they do.")
    since: str | None = Field(description="Since when nobody can; null when not known.")
    sources: list[SayingOut] = Field(description="Who says why nobody can.")


class NoMailAddressOut(ProblemOut):
    """The problem `no-mail-address`: why nobody can write to the person."""

    reason: MailReason = Field(description=REASONS)
    since: str | None = Field(description="Since when nobody can; null when not known.")
    sources: list[SayingOut] = Field(description="Who says so.")


class EnvelopeIn(BaseModel):
    """What to print on an envelope."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"size": "DL", "origin": "PL", "sender": ["Jan Example", "00-001 Warszawa"]}]},
    )

    size: EnvelopeSize = "C6"
    language: AddressLanguage | None = None
    origin: Origin | None = None
    qr: Qr = False
    sender: list[SenderLine] = Field(
        default_factory=list,
        max_length=8,
        description="The sender's lines. They are used for this answer and kept nowhere: no log, no cache, no table.",
    )


EXAMPLE: Final[dict[str, Any]] = {
    "person_id": "d6faf4ea-e5bf-5c63-9460-7c8d89f86868",
    "reachable": True,
    "name": "Chekina Liudmila Yurievna",
    "languages": [],
    "birth_date": "1973-07-13",
    "letter_notes": None,
    "lines": ["Chekina Liudmila Yurievna", "Correctional colony №4", "Antoshkina str., 3", "246035, Gomel", "BELARUS"],
    "parts": {
        "recipient": "Chekina Liudmila Yurievna",
        "facility": "Correctional colony №4",
        "street": "Antoshkina str., 3",
        "po_box": None,
        "locality": "Gomel",
        "district": None,
        "region": None,
        "postal_code": "246035",
        "country": "BELARUS",
    },
    "language": "en",
    "facility_id": "c85fba29-049c-5f76-bb19-be65fd1dc198",
    "mail_rules": None,
    "mail_languages": [],
    "verified_on": "2023-11-09",
    "place_confirmed_on": "2023-11-09",
    "stale": True,
    "age": "address last confirmed 9 November 2023; it may be out of date",
    "warnings": ["mail_unknown: whether letters arrive there is not known"],
    "reason": None,
    "since": None,
    "sources": [],
}
