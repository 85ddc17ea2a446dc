"""``GET /v1/addressees``: who can be written to, as a list and as files."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from app.core.contract import IF_NONE_MATCH, headers
from app.core.documents import etag
from app.core.formats import preferred
from app.core.lists import Item, Page, next_link
from app.core.problems import Fault, docs, fault, invalid
from app.core.requests import JSON, STRICT, answer, header_of
from app.core.streaming import Stream
from app.core.tables import TABLE_MEDIA, TableFormat, table
from app.core.types import DateBound
from app.letters import vcard
from app.letters.asking import People, PeopleAsked, refuse, with_filters
from app.letters.labels import sheet
from app.letters.letter import PDF, page_of_person
from app.letters.phrases import phrase
from app.letters.pressroom import PressRoom
from app.letters.recipients import row
from app.letters.shapes import EXAMPLE, AddresseeOut
from app.letters.writing import CARDS, COLUMNS, PrintJob, Recipient, as_cells, as_vcard
from app.reading.dossier import Dossier, reach

Format = Literal["json", "csv", "xlsx", "vcf", "pdf", "cards"]
_MEDIA: Final[dict[str, Format]] = {
    JSON: "json",
    "text/vcard": "vcf",
    PDF: "pdf",
    **{media_type.partition(";")[0]: kind for kind, media_type in TABLE_MEDIA.items()},
}
_SHEETS: Final[dict[Format, str]] = {"pdf": "L7160", "cards": "cards"}
_CARDS: Final = "`cards` (A4) or `cards-letter`"
_LOOKS: Final = 4  # portions that a page may take to fill up
_STEP: Final = 48  # labels that are set in one turn of the press
_PROBLEMS: Final = ("malformed", "foreign-cursor", "unauthorized", "invalid", "unavailable", "internal")
_TEXT: Final = """\
One row per person who can be written to on the day, in the order of the list of persons and with its filters.

`lines` are ready to print. `stale` says that the address wants to be checked; `warnings` say what else to mind. Whoever
is released, dead, expelled, of unknown whereabouts, in home confinement or not let have letters is left out, unless
`include_unreachable=true` asks for the reason.

As JSON in pages (one may hold fewer than `limit`; only `next_cursor: null` means the end), or as a file of everybody:
a table (CSV, XLSX), vCard 4, labels or cards as PDF.
"""


class AddresseesAsked(PeopleAsked):
    """What the list of addressees takes."""

    verified_since: DateBound | None = Field(
        default=None, description="The address, and that the person is there, was confirmed on or after this date."
    )
    fresh: bool = Field(default=False, description="Whether to leave out stale addresses.")
    include_unreachable: bool = Field(
        default=False,
        description="Whether to list those too who cannot be written to, with the reason (JSON and tables).",
    )
    format: Format | None = Field(
        default=None,
        description="What to answer with, `json` unless said; beats `Accept`. `csv` and `xlsx` are tables, `vcf` is "
        "for address books, `pdf` prints labels, `cards` cards.",
    )
    sheet: str | None = Field(
        default=None,
        max_length=40,
        description="With `pdf`: the sheet of labels by product number (`L7160`, `5160`, `3475` …) or by the measure "
        "of a label in millimetres (`63.5x38.1`), default `L7160`; or, as with `cards`: `cards` (A4), `cards-letter`.",
    )
    skip: int = Field(default=0, ge=0, le=200, description="Labels already used on the first sheet: fewer than it has.")
    qr: bool = Field(default=False, description="On cards: whether to print a QR code that leads to the record.")


class AddresseePage(BaseModel):
    """A page of addressees."""

    items: list[AddresseeOut] = Field(description="The people of this page.")
    next_cursor: str | None = Field(description="Where the next page begins; null at the end.")
    total: int = Field(default=0, description="With `count=true`: how many there are in all.")


class Addressees(People[AddresseesAsked]):
    """The people that a request asks for who can be written to."""

    @property
    def format(self) -> Format:
        """Give what to answer with: what ``format`` says, else ``Accept``, else JSON."""
        return self.asked.format or preferred(header_of(self.request, "accept"), _MEDIA, "json")

    async def rows(self, people: Sequence[Dossier]) -> list[Recipient]:
        """Give the rows of people, as far as they are asked for."""
        manner = self.manner
        found = await asyncio.to_thread(lambda: [Recipient(one.person, row(one, manner)) for one in people])
        return [one for one in found if self._wanted(one)]

    def _wanted(self, one: Recipient) -> bool:
        said, asked = one.row, self.asked
        days = said["verified_on"], said["place_confirmed_on"]
        return (
            (said["reachable"] or asked.include_unreachable)
            and not (asked.fresh and said["stale"])
            and (asked.verified_since is None or all(_since(day, asked.verified_since.earliest) for day in days))
        )

    async def page(self) -> Page:
        """Give a page; several portions are looked through for it, but not without end."""
        found: list[Recipient] = []
        cursor = self.asked.cursor
        for _ in range(_LOOKS):
            people, cursor = await self.portion(cursor, self.asked.limit - len(found))
            found += await self.rows(people)
            if cursor is None or len(found) == self.asked.limit:
                break
        total = await self._total() if self.asked.count else None
        return Page([Item(to_json(one.row)) for one in found], cursor, total)

    async def _total(self) -> int:
        return sum([len(await self.rows(people)) async for people in self.portions()])

    async def everybody(self) -> AsyncIterator[list[Recipient]]:
        """Give all rows, portion by portion; as many as ``limit`` if it was sent."""
        most = self.most
        async for people in self.portions():
            found = await self.rows(people)
            yield found[:most]
            if most is not None and (most := most - len(found)) <= 0:
                return

    def link(self, one: Recipient) -> str | None:
        """Give the address of a person's record where it is wanted."""
        known = self.request.app.state.settings.public_url and self.format == "vcf"
        return page_of_person(self.request, one.row["person_id"], "/query/qr") if self.asked.qr or known else None

    @property
    def press(self) -> PressRoom:
        """Give where PDFs are set."""
        press: PressRoom = self.request.app.state.press
        return press


def _since(day: str | None, first: date) -> bool:
    """Tell whether a day is known, and may be this one or later."""
    return day is not None and reach(day)[1] >= first


def router() -> APIRouter:
    """Make the route; its parameters are its own and those of persons."""
    made = APIRouter(prefix="/v1/addressees", tags=["letters"], dependencies=STRICT)

    async def list_addressees(request: Request, asked: AddresseesAsked) -> Response:
        return await _answer(Addressees(request, asked))

    list_addressees.__annotations__["asked"] = Annotated[with_filters(AddresseesAsked), Query()]
    example = {JSON: {"example": {"items": [EXAMPLE], "next_cursor": None}}}
    made.add_api_route(
        "",
        list_addressees,
        methods=["GET"],
        summary="List who can be written to",
        description=_TEXT,
        operation_id="list_addressees",
        response_model=None,
        responses={
            200: {
                "model": AddresseePage,
                "description": "The people, or a file of them.",
                "headers": headers("ETag", "Link", "Cache-Control"),
                "content": {**example, **{name: {} for name in _MEDIA if name != JSON}},
            },
            304: {"description": "You have this answer already."},
            **docs(*_PROBLEMS),
        },
        openapi_extra={"parameters": [IF_NONE_MATCH]},
    )
    return made


async def _answer(addressees: Addressees) -> Response:
    wanted = addressees.format
    _refuse_senseless(addressees.asked, wanted)
    if wanted == "json":
        return await _list(addressees)
    if wanted in TABLE_MEDIA:
        pieces, media_type, name = _tabled(addressees, wanted), TABLE_MEDIA[wanted], f"addressees.{wanted}"
    elif wanted == "vcf":
        pieces, media_type, name = _cards_for_address_books(addressees), vcard.MEDIA_TYPE, "addressees.vcf"
    else:
        job = _job(addressees, wanted)
        pieces, media_type, name = _printed(addressees, job), PDF, f"{job.kind}.pdf"
    # The first piece is made here, so that what cannot be done is still an answer of its own.
    first = await anext(pieces)
    named = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Authorization, Accept"}
    return Stream(first, pieces, media_type, named)


def _refuse_senseless(asked: AddresseesAsked, wanted: Format) -> None:
    printed = wanted in {"pdf", "cards"}
    wrong = {
        "sheet": asked.sheet is not None and not printed,
        "skip": asked.skip > 0 and not printed,
        "qr": asked.qr and not printed,
        "cursor": asked.cursor is not None and wanted != "json",
        "count": asked.count and wanted != "json",
        "include_unreachable": asked.include_unreachable and (printed or wanted == "vcf"),
    }
    refuse(wrong, f"This means nothing with the format `{wanted}`. Leave it out, or ask for another `format`.")


async def _list(addressees: Addressees) -> Response:
    request, page = addressees.request, await addressees.page()
    body = page.body([item.body for item in page.items])
    base = request.app.state.settings.public_url
    links = {"Link": next_link(request, page.next_cursor, base)} if page.next_cursor else {}
    return answer(request, body, etag(len(page.items), body), links)


async def _tabled(addressees: Addressees, kind: TableFormat) -> AsyncIterator[bytes]:
    rows, speech = table(kind, COLUMNS), addressees.manner.speech
    yield rows.feed(())
    async for found in addressees.everybody():
        yield rows.feed([as_cells(one, speech) for one in found])
    yield rows.finish()


async def _cards_for_address_books(addressees: Addressees) -> AsyncIterator[bytes]:
    speech = addressees.manner.speech
    yield b""
    async for found in addressees.everybody():
        yield vcard.vcards(as_vcard(one, speech, addressees.link(one)) for one in found)


def _job(addressees: Addressees, wanted: Format) -> PrintJob:
    """Begin to print on what is asked for; it is settled first whether that is cards or labels."""
    asked, manner = addressees.asked, addressees.manner
    name = _SHEETS[wanted] if asked.sheet is None else asked.sheet
    on_cards = wanted == "cards" or name in CARDS
    if unfit := list(_unfit_for_cards(asked, name) if on_cards else _unfit_for_labels(asked, name)):
        raise invalid(*unfit)
    return PrintJob(name, asked.skip, manner.speech, manner.fonts)


def _unfit_for_cards(asked: AddresseesAsked, name: str) -> Iterator[Fault]:
    if name not in CARDS:
        yield fault("/query/sheet", f"Leave this out, or print cards on {_CARDS}. Labels are `format=pdf`.")
    if asked.skip:
        yield fault("/query/skip", "Leave this out: no sheet of cards is used already. Labels are `format=pdf`.")


def _unfit_for_labels(asked: AddresseesAsked, name: str) -> Iterator[Fault]:
    if asked.qr:
        yield fault("/query/qr", "Leave this out: a label has no room for a code. Cards are `format=cards`.")
    try:
        count = sheet(name).count
    except ValueError as error:
        yield fault("/query/sheet", f"{str(error)[0].upper()}{str(error)[1:]}; for cards {_CARDS}.")
        return
    if asked.skip >= count:
        yield fault("/query/skip", f"This sheet has {count} labels. Send how many are used of it, {count - 1} at most.")


async def _printed(addressees: Addressees, job: PrintJob) -> AsyncIterator[bytes]:
    """Set the rows as they come; other jobs have their turn between two steps."""
    turn, any_rows = addressees.press.begin, False
    async for found in addressees.everybody():
        for start in range(0, len(found), _STEP):
            cells = [job.cell(one, addressees.link(one)) for one in found[start : start + _STEP]]
            yield await turn(partial(job.printing.feed, cells))
            turn, any_rows = addressees.press.go_on, True
    if not any_rows:
        nobody = phrase("nobody", addressees.manner.speech)
        yield await turn(partial(job.alone, nobody))
        return
    yield await turn(job.printing.finish)
