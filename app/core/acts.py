"""What was done that takes something away or lets somebody in, for admins: who, when and why."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import to_json
from sqlalchemy import ColumnElement, Row, Select, TextClause, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import paging
from app.core.access import Caller
from app.core.asked import PathId
from app.core.history import ACTS, changes
from app.core.lists import next_link
from app.core.past import FieldChange
from app.core.problems import Problem, docs, fault, invalid
from app.core.requests import JSON, STRICT, caller_of, database_of

# What the log keeps of a key that is for people; the rest serves to check it.
_SHOWN = ("prefix", "owner", "scopes", "expires_at", "revoked_at", "replaces")


class ActOut(BaseModel):
    """One act."""

    at: AwareDatetime
    kind: str = Field(description="The kind of record that it was done to, as in its path; `keys` for API keys.")
    id: UUID
    action: str = Field(
        description="`delete`, `purge` or `merge` of a record, or `restore` when its merge was undone; a cascade is a "
        "`delete` for each, at the same time. Of a key: `create` (made, also to take another's place) or `update` "
        "(revoked, or ends earlier)."
    )
    author: str | None = Field(description="Who did it: the owner of the key; `cli` for the command line.")
    key_id: UUID | None = Field(description="The key that it was done with.")
    reason: str | None = Field(description="Why, as it was said; erased with a purge.")


class ActsOut(BaseModel):
    """A page of acts, newest first."""

    items: list[ActOut]
    next_cursor: str | None


class KeyActOut(ActOut):
    """One act on a key, with what it changed."""

    changes: list[FieldChange]


class KeyHistoryOut(BaseModel):
    """What was done with a key, oldest first."""

    items: list[KeyActOut]


Action = Literal["create", "update", "delete", "purge", "merge", "restore"]
_ACTIONS = (
    "These acts only: `delete`, `purge` or `merge` of a record, `restore` of one that was merged; `create` of a key, "
    "or `update`: it was revoked, or ends earlier."
)


class ActsAsked(BaseModel):
    """The parameters of the list."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = Field(default=None, max_length=50, description="To records of this kind only, or to `keys`.")
    id: UUID | None = Field(default=None, description="To this record or key only.")
    action: Action | None = Field(default=None, description=_ACTIONS)
    key_id: UUID | None = Field(default=None, description="Done with this key only.")
    limit: int = Field(default=50, ge=1, le=200, description="How many at most.")
    cursor: str | None = Field(default=None, max_length=2000, description="`next_cursor` of the page before.")


async def admin_of(request: Request) -> Caller:
    """Give the caller, who must be an admin."""
    caller = await caller_of(request)
    caller.require("admin")
    return caller


Admin = Annotated[Caller, Depends(admin_of)]
_PROBLEMS = ("unauthorized", "forbidden", "invalid", "unavailable", "internal")
router = APIRouter(tags=["keys"], dependencies=STRICT)


@router.get(
    "/v1/acts",
    summary="List what admins did",
    operation_id="list_acts",
    response_model=None,
    responses={200: {"model": ActsOut, "description": "Done."}, **docs(*_PROBLEMS, "foreign-cursor", "malformed")},
)
async def list_acts(request: Request, _: Admin, asked: Annotated[ActsAsked, Query()]) -> Response:
    """Every deletion, purge and merge, what was undone, and all that was done with API keys, newest first (admin).

    Other changes are in the history of each record. All of them are in the chain that `vestka verify` walks.
    """
    database = database_of(request)
    kinds = [*database.kinds, "keys"]
    if asked.kind is not None and asked.kind not in kinds:
        raise invalid(fault("/query/kind", f"There is no such kind; there are {', '.join(kinds)}."))
    secret = (await database.identity()).secret
    scope = paging.scope_of(request.url.path, 0, request.query_params.multi_items())
    c = changes.c
    wanted: list[ColumnElement[bool] | TextClause] = [ACTS]
    wanted += [c[name] == value for name in ("kind", "id", "action", "key_id") if (value := getattr(asked, name))]
    if asked.cursor is not None:
        wanted.append(c.position < paging.unseal(secret, scope, asked.cursor)[0])
    query = select(c.position, *_COLUMNS).where(*wanted).order_by(c.position.desc()).limit(asked.limit + 1)
    async with database.read() as session:
        rows = (await session.execute(query)).all()
    following = paging.seal(secret, scope, [rows[asked.limit - 1].position]) if len(rows) > asked.limit else None
    items = [dict(row._mapping) for row in rows[: asked.limit]]  # noqa: SLF001 - SQLAlchemy's public name for it
    for item in items:
        del item["position"]
    base = request.app.state.settings.public_url
    links = {"Link": next_link(request, following, base)} if following else {}
    return Response(to_json({"items": items, "next_cursor": following}), 200, links, JSON)


@router.get(
    "/v1/keys/{id}/history",
    summary="Read the history of an API key",
    operation_id="read_keys_history",
    response_model=None,
    responses={200: {"model": KeyHistoryOut, "description": "Done."}, **docs(*_PROBLEMS, "not-found")},
)
async def read_key_history(request: Request, _: Admin, id: PathId) -> Response:  # noqa: A002 - the path's word
    """When a key was made, rotated and revoked, by whom and why (admin). Secrets are not part of it."""
    async with database_of(request).read(primary=True) as session:
        rows = await _of_key(session, id)
    if not rows:
        raise Problem("not-found")
    before: dict[str, Any] = {}
    items = []
    for row in rows:
        now = {name: value for name, value in json.loads(row.body or b"{}").items() if name in _SHOWN}
        changed = [
            {"field": name, "before": before.get(name), "after": now[name]}
            for name in now
            if now[name] != before.get(name)
        ]
        items.append({name: getattr(row, name) for name in ActOut.model_fields} | {"changes": changed})
        before = now
    return Response(to_json({"items": items}), media_type=JSON)


_COLUMNS = tuple(changes.c[name] for name in ActOut.model_fields)


async def _of_key(session: AsyncSession, key_id: UUID) -> Sequence[Row[Any]]:
    theirs = (changes.c.kind == "keys", changes.c.id == key_id)
    query: Select[Any] = select(*_COLUMNS, changes.c.body).where(*theirs).order_by(changes.c.position)
    return list((await session.execute(query)).all())
