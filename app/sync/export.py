"""``GET /v1/export``: the register as a file."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.cursors import Place
from app.core.kinds import Key
from app.core.problems import Problem, docs, fault, invalid
from app.core.requests import STRICT, database_of, header_of
from app.core.streaming import Stream
from app.core.tables import TABLE_MEDIA
from app.register import KINDS
from app.sync.compressing import compressed, encoding_of
from app.sync.copying import Copy
from app.sync.feed import Unreached, confirm, end_of
from app.sync.following import CursorText, Follower, KindName, kinds_of
from app.sync.sheets import bundle_of, table_of

JSON_LINES: Final = "application/jsonl"
_CSV: Final = TABLE_MEDIA["csv"].partition(";")[0]
_ZIP: Final = "application/zip"
_PROBLEMS: Final = ("foreign-cursor", "unauthorized", "invalid", "unavailable", "internal")
router = APIRouter(prefix="/v1/export", tags=["sync"], dependencies=STRICT)


class ExportLine(BaseModel):
    """A line of an export: the first, one per record, the last."""

    register_id: UUID | None = Field(default=None, description="First line: the register that this is a copy of.")
    format_version: int | None = Field(default=None, description="First line: the form of this file.")
    tier: str | None = Field(default=None, description="First line: `public`, `partners` or `private`.")
    kinds: Any = Field(default=None, description="First line: the kinds, in this order. Last line: how many of each.")
    cursor: str | None = Field(default=None, description="First line: where to follow `/v1/changes` from.")
    at: str | None = Field(default=None, description="First line: when the last change in it was made.")
    head: str | None = Field(default=None, description="First line: that change's hash in the register's history.")
    continued: bool | None = Field(default=None, description="First line: whether it goes on after a cut.")
    kind: str | None = Field(default=None, description="A record's kind.")
    record: dict[str, Any] | None = Field(default=None, description="The stored fields that you may read.")
    count: int | None = Field(default=None, description="Last line: how many records came before it.")


@router.get(
    "",
    summary="Copy the register",
    operation_id="export",
    response_model=None,
    responses={
        200: {
            "description": "The first line, a line per record, and the count.",
            "content": {
                JSON_LINES: {"schema": {"$ref": "#/components/schemas/ExportLine"}},
                _CSV: {"schema": {"type": "string"}},
                _ZIP: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **docs(*_PROBLEMS),
    },
)
async def export(
    request: Request,
    kind: Annotated[list[KindName] | None, Query(max_length=50, description="These kinds only.")] = None,
    cursor: Annotated[CursorText | None, Query(description="To go on: the cursor of the first line.")] = None,
    after: Annotated[
        str | None, Query(max_length=80, description="To go on: `KIND/ID` of the last record that you have.")
    ] = None,
    format: Annotated[  # noqa: A002 - the parameter's word
        Literal["jsonl", "csv", "zip"],
        Query(description="`jsonl`: for programs. `csv`: the one `kind` as a table for people. `zip`: one of each."),
    ] = "jsonl",
) -> Response:
    """Everything that you may read, as JSON Lines from one state of the register.

    A copy without its last line was cut. Go on with the first line's `cursor` and the last whole record as `after`:
    the rest is then from a later state, and following `/v1/changes` from that same cursor sets all of it right.
    Compressed with zstd or gzip when `Accept-Encoding` allows. As tables (`format=csv`, `format=zip`) it has a column
    per field and language; formulas are disarmed.
    """
    if format != "jsonl":
        _refuse_going_on(cursor=cursor, after=after)
        return await _as_tables(request, format, kind)
    if (cursor is None) != (after is None):
        raise invalid(fault("/query/after", "Send `cursor` and `after` together to go on, or neither to begin."))
    follower = Follower(request, kinds_of(kind), limit=0)
    encoding = encoding_of(header_of(request, "accept-encoding"))
    pieces = compressed(_lines(follower, cursor, _record(after, kind)), encoding)
    headers = {"Vary": "Authorization, Accept-Encoding", **({"Content-Encoding": encoding} if encoding else {})}
    # The first piece is made here, so that a problem with the request is still an answer of its own.
    return Stream(await anext(pieces), pieces, JSON_LINES, headers)


def _refuse_going_on(**said: str | None) -> None:
    words = "A table does not go on after a cut. Ask for it again, or for JSON Lines."
    if sent := [name for name, value in said.items() if value is not None]:
        raise invalid(*(fault(f"/query/{name}", words) for name in sent))


async def _as_tables(request: Request, wanted: str, kind: list[str] | None) -> Response:
    """Answer with one table, or with one for each kind."""
    if wanted == "csv" and len(set(kind or ())) != 1:
        raise invalid(fault("/query/kind", "A table is of one kind: send `kind` once, or ask for `format=zip`."))
    pieces = _tables(Follower(request, kinds_of(kind), limit=0), wanted)
    name = f"{kind[0]}.csv" if kind and wanted == "csv" else "vestka.zip"
    headers = {"Vary": "Authorization", "Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(await anext(pieces), pieces, _CSV if wanted == "csv" else _ZIP, headers)


async def _tables(follower: Follower, wanted: str) -> AsyncIterator[bytes]:
    async with database_of(follower.request).pour() as session:
        view, _ = await follower.view(session)
        await end_of(session, view)  # by which the transaction is begun that all is read in
        kinds = [kind for kind in KINDS if not view.kinds or kind in view.kinds]
        made = table_of(session, view.tier, kinds[0]) if wanted == "csv" else bundle_of(session, view.tier, kinds)
        async with aclosing(made):  # type: ignore[type-var]  # generators have aclose
            async for piece in made:
                if piece:
                    yield piece


def _record(after: str | None, kinds: list[str] | None) -> Key | None:
    if after is None:
        return None
    kind, _, text = after.partition("/")
    try:
        key = kind, UUID(text)
    except ValueError:
        key = "", UUID(int=0)
    if key[0] not in (kinds or KINDS):
        raise invalid(fault("/query/after", "Send KIND/ID of the last record that you have, as in `persons/…`."))
    return key


async def _lines(follower: Follower, cursor: str | None, after: Key | None) -> AsyncIterator[bytes]:
    database = database_of(follower.request)
    async with database.pour() as session:
        view, cursors = await follower.view(session)
        begun = await _begun(session, follower, cursors.unseal(cursor)) if cursor is not None else None
        kinds = tuple(kind for kind in KINDS if not view.kinds or kind in view.kinds)
        copy = Copy(view, kinds, await database.identity(), cursors, begun, after)
        async for portion in copy.lines(session):
            yield portion
    # When all has been sent: blocks that are made while a snapshot is held would stay in the database's log.
    if (filler := getattr(follower.request.app.state, "filler", None)) is not None:
        filler.ask(view.tier, copy.missed)


async def _begun(session: AsyncSession, follower: Follower, place: Place) -> Place:
    """Check the cursor of the export that goes on."""
    if place.kinds != follower.kinds or place.action:
        raise Problem("foreign-cursor", "This cursor is of another export, or of none.")
    try:
        await confirm(session, place)
    except Unreached:
        words = "The replica that answered is behind your copy. Try again in a moment."
        raise Problem("unavailable", words, headers={"Retry-After": "5"}) from None
    return place
