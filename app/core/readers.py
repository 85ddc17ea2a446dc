"""``GET /v1/reads``: who read what of private data, for admins."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import to_json
from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import paging
from app.core.acts import Admin
from app.core.filters import cursor_value, from_cursor
from app.core.lists import next_link
from app.core.problems import docs
from app.core.reads import read_records, reads
from app.core.requests import JSON, STRICT, database_of
from app.core.types import Id, Instant


class RecordRead(BaseModel):
    """A record that was in an answer."""

    kind: str
    id: UUID


class ReadOut(BaseModel):
    """One read."""

    at: AwareDatetime
    key_id: UUID = Field(description="The key that it was read with.")
    owner: str = Field(description="Who held the key.")
    method: str
    route: str = Field(description="The route, as this description names it; not what was asked of it.")
    records: list[RecordRead] | None = Field(
        description="The records in the answer that hold something which only `read:private` sees; null where it was "
        "all that the route gives, as an export, a feed that goes on, or a file."
    )
    kinds: list[str] | None = Field(description="The kinds that an export or a feed was cut to; null for all.")


class ReadsOut(BaseModel):
    """A page of reads, newest first."""

    items: list[ReadOut]
    next_cursor: str | None


class ReadsAsked(BaseModel):
    """The parameters of the list."""

    model_config = ConfigDict(extra="forbid")

    key_id: Id | None = Field(default=None, description="With this key only.")
    id: Id | None = Field(
        default=None, description="Of this record only. Reads of everything name none: see `everything`."
    )
    everything: bool | None = Field(default=None, description="Only reads of all that a route gives, or only others.")
    since: Instant | None = Field(default=None, description="At this instant or later.")
    until: Instant | None = Field(default=None, description="Before this instant.")
    limit: int = Field(default=50, ge=1, le=200, description="How many at most.")
    cursor: str | None = Field(default=None, max_length=2000, description="`next_cursor` of the page before.")


router = APIRouter(tags=["keys"], dependencies=STRICT)
_PROBLEMS = ("unauthorized", "forbidden", "invalid", "malformed", "foreign-cursor", "unavailable", "internal")


@router.get(
    "/v1/reads",
    summary="List reads of private data",
    operation_id="list_reads",
    response_model=None,
    responses={200: {"model": ReadsOut, "description": "Done."}, **docs(*_PROBLEMS)},
)
async def list_reads(request: Request, _: Admin, asked: Annotated[ReadsAsked, Query()]) -> Response:
    """Every answer that a key with `read:private` or `admin` got from the register, newest first (admin).

    Reads without a key, and with keys that see no private data, are not recorded. What was asked, from where and with
    which program is kept of nobody.
    """
    database = database_of(request)
    secret = (await database.identity()).secret
    scope = paging.scope_of(request.url.path, 0, request.query_params.multi_items())
    c = reads.c
    wanted = _wanted(asked)
    if asked.cursor is not None:
        at, read_id = paging.unseal(secret, scope, asked.cursor)
        last = literal(from_cursor(c.at, at), c.at.type), literal(from_cursor(c.id, read_id), c.id.type)
        wanted.append(tuple_(c.at, c.id) < tuple_(*last))
    query = select(reads).where(*wanted).order_by(c.at.desc(), c.id.desc()).limit(asked.limit + 1)
    async with database.read() as session:
        rows = (await session.execute(query)).all()
        page = rows[: asked.limit]
        records = await _records(session, [row.id for row in page if not row.everything])
    following = None
    if len(rows) > asked.limit:
        following = paging.seal(secret, scope, [cursor_value(page[-1].at), cursor_value(page[-1].id)])
    plain = ("at", "key_id", "owner", "method", "route", "kinds")
    items = [
        {name: getattr(row, name) for name in plain} | {"records": None if row.everything else records.get(row.id, [])}
        for row in page
    ]
    base = request.app.state.settings.public_url
    links = {"Link": next_link(request, following, base)} if following else {}
    return Response(to_json({"items": items, "next_cursor": following}), 200, links, JSON)


def _wanted(asked: ReadsAsked) -> list[ColumnElement[bool]]:
    c = reads.c
    wanted: list[ColumnElement[bool]] = []
    if asked.key_id is not None:
        wanted.append(c.key_id == asked.key_id)
    if asked.everything is not None:
        wanted.append(c.everything == asked.everything)
    if asked.since is not None:
        wanted.append(c.at >= asked.since)
    if asked.until is not None:
        wanted.append(c.at < asked.until)
    if asked.id is not None:
        wanted.append(c.id.in_(select(read_records.c.read_id).where(read_records.c.id == asked.id)))
    return wanted


async def _records(session: AsyncSession, read_ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Give the records of some reads."""
    c = read_records.c
    query = select(c.read_id, c.kind, c.id).where(c.read_id.in_(read_ids)).order_by(c.read_id, c.kind, c.id)
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in (await session.execute(query)).all() if read_ids else ():
        found.setdefault(row.read_id, []).append({"kind": row.kind, "id": row.id})
    return found
