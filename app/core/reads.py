"""Reads of private data are recorded: who, when, by which route, and of which records; before the answer leaves.

Every answer is recorded that is made at a desk of the private tier, so that no route can forget it: what such an
answer says may be derived from private records without naming one. Nothing of an address, a query or an agent is kept.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from fastapi import Request
from sqlalchemy import JSON, Boolean, Column, Index, String, Table, Uuid, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.access import Caller
from app.core.bulk import among, insert_rows, run
from app.core.documents import documents
from app.core.record import Tier

READ: Final = "vestka.read"  # in a request's scope: where a desk notes for whom it was opened
_UUID: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NO_CONTENT: Final = 204
_CONFLICT: Final = 409  # says what stands in the way, which may be private
_AT_ONCE: Final = 500  # ids that are looked up in one statement
_TEXTS: Final = (b"json", b"text/")

reads: Final = Table(
    "private_reads",
    SQLModel.metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", UTCDateTime(), nullable=False),
    Column("key_id", Uuid, nullable=False),
    Column("owner", String, nullable=False),
    Column("method", String, nullable=False),
    Column("route", String, nullable=False),
    Column("everything", Boolean, nullable=False),  # all that the route gives, such as an export; no records are named
    Column("kinds", JSON),  # of an export or a feed: the kinds that were asked for
    Index("ix_private_reads_at", "at", "id"),
    Index("ix_private_reads_key", "key_id", "at", "id"),
    Index("ix_private_reads_everything", "everything", "at", "id"),
)
read_records: Final = Table(
    "private_read_records",
    SQLModel.metadata,
    Column("read_id", Uuid, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Index("ix_private_read_records_id", "id", "kind", "read_id"),
)


@dataclass(slots=True)
class _Note:
    """What a request turned out to be: a read at the private tier, or not."""

    request: Request | None = None
    caller: Caller = field(default_factory=Caller)


def note_reader(request: Request, caller: Caller) -> None:
    """Note that an answer will be made of what a caller sees."""
    note: _Note | None = request.scope.get(READ)
    if note is not None and caller.tier is Tier.PRIVATE:
        note.request, note.caller = request, caller


class Recorded:
    """Holds an answer at the private tier back until its read has been recorded; without that, there is none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not any(name == b"authorization" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        note = _Note()
        held: Message | None = None

        async def recording(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and note.request is not None and _says_something(message):
                held = message
                return
            if held is not None and note.request is not None:
                await _record(note.request, note.caller, held, message)
                await send(held)
                held = None
            await send(message)

        await self._app({**scope, READ: note}, receive, recording)


def _says_something(start: Message) -> bool:
    status: int = start["status"]
    return (200 <= status < 300 and status != _NO_CONTENT) or status == _CONFLICT  # noqa: PLR2004 - success


async def _record(request: Request, caller: Caller, start: Message, body: Message) -> None:
    media_type = next((value for name, value in start["headers"] if name == b"content-type"), b"")
    # What goes on, and what is no text, is not looked into: it is recorded as all that the route gives.
    everything = body.get("more_body", False) or not any(text in media_type for text in _TEXTS)
    said = b"" if everything else body.get("body", b"")
    found = {*_UUID.findall(said), *_UUID.findall(request.url.path.encode())}
    ids = sorted(UUID(one.decode()) for one in found)
    row = {
        "id": uuid4(),
        "at": datetime.now(UTC),
        "key_id": caller.key_id,
        "owner": caller.name,
        "method": request.method,
        "route": request.scope["route"].path,
        "everything": everything,
        "kinds": request.query_params.getlist("kind") or None if everything else None,
    }
    database: Any = request.app.state.database  # which knows of this module
    await database.ledger.note(lambda session: _keep(session, row, ids, list(database.kinds)))


async def _keep(session: AsyncSession, row: dict[str, Any], ids: list[UUID], kinds: list[str]) -> None:
    await session.run_sync(insert_rows, reads, [row])
    for start in range(0, len(ids), _AT_ONCE):
        found = await session.run_sync(run, _PRIVATE, {"ids": ids[start : start + _AT_ONCE], "kinds": kinds})
        named = [{"read_id": row["id"], "kind": kind, "id": record_id} for kind, record_id in found]
        await session.run_sync(insert_rows, read_records, named)


_mine, _theirs = documents.alias("mine"), documents.alias("theirs")
# Of these, the records that hold something which only the private tier sees.
_PRIVATE: Final = (
    select(_mine.c.kind, _mine.c.id)
    .outerjoin(
        _theirs,
        and_(_theirs.c.kind == _mine.c.kind, _theirs.c.id == _mine.c.id, _theirs.c.tier == int(Tier.PARTNERS)),
    )
    .where(among(_mine.c.kind, "kinds"), among(_mine.c.id), _mine.c.tier == int(Tier.PRIVATE))
    .where(_mine.c.body.is_not(None), or_(_theirs.c.body.is_(None), _theirs.c.hash != _mine.c.hash))
)
