"""One letter: the address of a person, and an envelope that bears it."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from app.core.asked import PathId
from app.core.contract import IF_NONE_MATCH, NEEDS_NO_KEY, headers, sends
from app.core.documents import etag
from app.core.express import Written
from app.core.problems import Problem, fault, invalid
from app.core.requests import JSON, STRICT, answer, model_of, reading
from app.letters.coverage import uncovered
from app.letters.envelope import envelope
from app.letters.press import UnprintableError, forget
from app.letters.pressroom import PressRoom
from app.letters.recipients import Manner, Row, row
from app.letters.refusals import conflict, no_mail_address, no_public_address, unprintable
from app.letters.scripts import clean
from app.letters.shapes import EXAMPLE, AddresseeOut, AddressLanguage, EnvelopeIn, EnvelopeSize, Origin, Qr
from app.reading import casefile
from app.reading.days import today
from app.reading.dossier import Dossier
from app.reading.gather import dossiers
from app.reading.staleness import intervals_of
from app.reading.whole import Case, answered, bare
from app.register.persons import persons

PDF: Final = "application/pdf"
router: Final = APIRouter(prefix="/v1/persons/{id}", tags=["letters"], dependencies=STRICT)
_PROBLEMS: Final = ("malformed", "unauthorized", "not-found", "gone", "invalid", "unavailable", "internal")


class AddressAsked(BaseModel):
    """How to write an address."""

    model_config = ConfigDict(extra="forbid")

    language: AddressLanguage | None = None
    origin: Origin | None = None


class EnvelopeAsked(AddressAsked):
    """What to print on an envelope."""

    size: EnvelopeSize = "C6"
    qr: Qr = False


def fonts_of(request: Request) -> str | None:
    """Give the operator's directory of fonts."""
    folder = request.app.state.settings.font_dir
    return str(folder) if folder else None


def page_of_person(request: Request, person_id: UUID | str, pointer: str) -> str:
    """Give the public address of a person's record; refused when the register has none."""
    base = request.app.state.settings.public_url
    if not base:
        raise no_public_address(pointer)
    return f"{base}{persons.path}/{person_id}"


async def _row(request: Request, person_id: UUID, asked: AddressAsked | EnvelopeIn) -> Row:
    """Give a person's row for today; 409 when nobody can write to them."""
    async with reading(request) as desk:
        await desk.find(persons.kind, person_id)
        dossier = (await dossiers(desk, [person_id]))[person_id]
    found = _written(request, dossier, today(), asked)
    if not found["reachable"]:
        raise no_mail_address(found)
    return found


def _written(request: Request, dossier: Dossier, on: date, asked: AddressAsked | EnvelopeIn) -> Row:
    return row(dossier, Manner(on, today(), intervals_of(request), asked.origin, asked.language, fonts_of(request)))


# What a case file says of letters: the row of the day, also of those who cannot be written to.
IN_A_FILE: Final = casefile.Address(AddresseeOut, partial(_written, asked=AddressAsked()))


@router.get(
    "/address",
    summary="Read the mail address of a person",
    operation_id="read_person_address",
    response_model=None,
    responses={
        200: {
            "model": AddresseeOut,
            "description": "The address.",
            "headers": headers("ETag", "Cache-Control"),
            "content": {JSON: {"example": EXAMPLE}},
        },
        304: {"description": "You have this answer already."},
        **conflict(*_PROBLEMS),
    },
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def read_address(request: Request, id: PathId, asked: Annotated[AddressAsked, Query()]) -> Response:  # noqa: A002 - the path's word
    """Where letters reach the person today, as lines and as parts, and how fresh that is.

    It is written as the post of the country wants it, in the script that the institution uses where that is known.
    Whoever is released, dead, expelled, of unknown whereabouts, in home confinement or not let have letters has no
    address: 409 `no-mail-address` says why, since when and who says so.
    """
    served, day = bare(request), today()

    def written(case: Case) -> Written | None:
        found = _written(served, case.dossier, day, asked)
        body = to_json(found)
        return Written(body, etag(1, body)) if found["reachable"] else None

    def refused(case: Case) -> Problem:
        return no_mail_address(_written(served, case.dossier, day, asked))

    async with reading(request) as desk:
        return await answered(request, desk, id, written, refused)


@router.get(
    "/envelope.pdf",
    summary="Print an envelope",
    operation_id="read_person_envelope",
    response_class=Response,
    responses={
        200: {"description": "The envelope.", "content": {PDF: {}}, "headers": headers("ETag", "Cache-Control")},
        304: {"description": "You have this answer already."},
        **conflict(*_PROBLEMS),
    },
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def read_envelope(request: Request, id: PathId, asked: Annotated[EnvelopeAsked, Query()]) -> Response:  # noqa: A002 - the path's word
    """An envelope of the size asked for, with the address and how old it is, ready to print without scaling.

    Send a POST to have a sender on it.
    """
    pdf = await _print(request, id, asked, ())
    return answer(request, pdf, etag(1, pdf), _named(asked.size))


@router.post(
    "/envelope.pdf",
    summary="Print an envelope with a sender",
    operation_id="print_person_envelope",
    response_class=Response,
    responses={
        200: {"description": "The envelope.", "content": {PDF: {}}, "headers": headers("Cache-Control")},
        **conflict(*_PROBLEMS, "media-type", "too-large"),
    },
    openapi_extra={**sends(EnvelopeIn, JSON), "security": NEEDS_NO_KEY},
)
async def print_envelope(request: Request, id: PathId) -> Response:  # noqa: A002 - the path's word
    """The same with the sender's lines on it. They are used for this answer only and kept nowhere. Needs no key."""
    asked = await model_of(request, EnvelopeIn)
    fonts = fonts_of(request)
    gaps = [place for place, line in enumerate(asked.sender) if uncovered(clean(line), fonts)]
    if gaps:
        raise invalid(*(fault(f"/sender/{place}", "No font here can print all of this line.") for place in gaps))
    pdf = await _print(request, id, asked, asked.sender)
    return Response(pdf, 200, {**_named(asked.size), "Cache-Control": "no-store"})


async def _print(
    request: Request, person_id: UUID, asked: EnvelopeAsked | EnvelopeIn, sender: list[str] | tuple[()]
) -> bytes:
    pointer = "/qr" if isinstance(asked, EnvelopeIn) else "/query/qr"
    code = page_of_person(request, person_id, pointer) if asked.qr else None
    found = await _row(request, person_id, asked)
    room: PressRoom = request.app.state.press
    job = partial(
        envelope,
        found["lines"],
        asked.size,
        sender=sender,
        age_line=found["age"],
        qr=code,
        fonts=fonts_of(request),
    )
    try:
        return await room.begin(partial(_forgotten, job, fonts_of(request)) if sender else job)
    except UnprintableError as error:
        raise unprintable(error) from None


def _forgotten(job: Callable[[], bytes], fonts: str | None) -> bytes:
    """Print what nothing may be kept of, not even where typst remembers its last pages."""
    try:
        return job()
    finally:
        forget(fonts)


def _named(size: str) -> dict[str, Any]:
    # No name in the name of the file: it stays behind in folders of downloads.
    return {"Content-Type": PDF, "Content-Disposition": f'inline; filename="envelope-{size}.pdf"'}
