"""Sources: who said something, when and where."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.record import Input, Record, choice, compound, field
from app.core.resource import Resource
from app.core.types import Id, LanguageTag, Line, Lines, PastDate, Prose, Url

SourceKind = Literal["open_letter", "news", "court_document", "ngo_register", "official", "testimony", "other"]

_KINDS = (
    "What it is: an `open_letter`, `news`, a `court_document`, another register of such cases (`ngo_register`), what "
    "a state body says (`official`), what a witness or relative says (`testimony`), `other`."
)


class SourceIn(Input):
    """A document or page that states facts."""

    kind: SourceKind = choice(text=_KINDS)
    title: Line = field(text="Its title, as printed.")
    publisher_id: Id | None = field(None, text="The organization that published it.", references="organizations")
    published_on: PastDate | None = field(None, text="When it was published.")
    url: Url | None = field(None, text="Where it is.")
    archived_url: Url | None = field(None, text="Where an archived copy is.")
    language: LanguageTag | None = field(None, text="The language it is in.", filter=True)
    addressees: Lines = compound(default_factory=list, text="To whom a letter is addressed, as printed.", filter=False)
    demands: Annotated[list[Prose], Field(max_length=100)] = compound(
        default_factory=list, text="What a letter demands, as printed.", filter=False
    )
    signatories: Lines = compound(default_factory=list, text="Who signed, as printed, in order.", filter=False)


class Source(SourceIn, Record, table=True):
    """A source as kept."""

    __tablename__ = "sources"


sources = Resource(
    "sources",
    "a source",
    record=Source,
    write=SourceIn,
    sort="-published_on",
    text="Who says so: open letters, news, court documents, other registers. Every fact cites one.",
)
