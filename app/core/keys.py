"""API keys over HTTP, for admins."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import to_json
from sqlalchemy import select

from app.core.access import ApiKey, Scope, make_key, rotate
from app.core.acts import Admin
from app.core.asked import PathId
from app.core.contract import headers, sends
from app.core.problems import Problem, docs
from app.core.requests import JSON, STRICT, change_reason, database_of, model_of
from app.core.types import Line


class KeyIn(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    owner: Annotated[Line, Field(max_length=100, description="Who holds it; shown as the author of changes.")]
    scopes: list[Scope] = Field(min_length=1, max_length=4, description="What it allows.")
    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        default=None, description="After how many days it ends; never, if null."
    )


class KeyOut(BaseModel):
    """A key, without its secret."""

    id: UUID
    prefix: str = Field(description="How the key begins, after `vk_`: enough to tell it from others.")
    owner: str
    scopes: list[str]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_on: date | None = Field(description="The day (UTC) of its last use; not the hour, nor what for.")
    replaces: UUID | None = Field(description="The key whose place it took, when that was rotated.")


class NewKeyOut(KeyOut):
    """A key just made, with its secret: shown this once."""

    key: str = Field(description="The key itself. It is not kept: store it now.")


class KeyRotationIn(BaseModel):
    """How a key is rotated."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[int, Field(ge=0, le=90)] = Field(
        default=7, description="For how many days the old key still works, so that nothing stops meanwhile."
    )


class KeysOut(BaseModel):
    """All keys."""

    items: list[KeyOut]


_PROBLEMS = ("unauthorized", "forbidden", "invalid", "unavailable", "internal")
router = APIRouter(prefix="/v1/keys", tags=["keys"], dependencies=STRICT)


@router.get(
    "",
    summary="List API keys",
    operation_id="list_keys",
    response_model=None,
    responses={200: {"model": KeysOut, "description": "Done."}, **docs(*_PROBLEMS)},
)
async def list_keys(request: Request, _: Admin) -> Response:
    """Every key that was made, newest first; secrets are not kept and so not shown (admin)."""
    async with database_of(request).read(primary=True) as session:
        rows = (await session.execute(select(ApiKey))).scalars().all()
    newest = sorted(rows, key=lambda key: key.created_at, reverse=True)
    return Response(to_json({"items": [_out(key) for key in newest]}), media_type=JSON)


@router.post(
    "",
    summary="Make an API key",
    operation_id="create_keys",
    status_code=201,
    response_model=None,
    responses={
        201: {"model": NewKeyOut, "description": "Made.", "headers": headers("Location")},
        **docs(*_PROBLEMS, "malformed", "media-type", "too-large"),
    },
    openapi_extra=sends(KeyIn, JSON),
)
async def create_key(request: Request, admin: Admin) -> Response:
    """Make a key; the answer shows it, this once (admin). `Idempotency-Key` does not apply here."""
    wanted = await model_of(request, KeyIn)
    expires = datetime.now(UTC) + timedelta(days=wanted.days) if wanted.days else None
    key, token = make_key(wanted.owner, list(wanted.scopes), expires)
    shown = _out(key) | {"key": token}
    said_why = change_reason(request)
    async with database_of(request).write(admin.name, key_id=admin.key_id, reason=said_why) as session:
        session.add(key)
    return Response(to_json(shown), 201, {"Location": f"/v1/keys/{key.id}"}, JSON)


@router.get(
    "/{id}",
    summary="Read an API key",
    operation_id="read_keys",
    response_model=None,
    responses={200: {"model": KeyOut, "description": "Done."}, **docs(*_PROBLEMS, "not-found")},
)
async def read_key(request: Request, _: Admin, id: PathId) -> Response:  # noqa: A002 - the path's word
    """Read what is known of a key: whose it is, what it allows, how long (admin)."""
    async with database_of(request).read(primary=True) as session:
        key = await session.get(ApiKey, id)
    if key is None:
        raise Problem("not-found")
    return Response(to_json(_out(key)), media_type=JSON)


@router.post(
    "/{id}/rotate",
    summary="Rotate an API key",
    operation_id="rotate_keys",
    status_code=201,
    response_model=None,
    responses={
        201: {"model": NewKeyOut, "description": "Made.", "headers": headers("Location")},
        **docs(*_PROBLEMS, "not-found", "ended", "malformed", "media-type", "too-large"),
    },
    openapi_extra=sends(KeyRotationIn, JSON),
)
async def rotate_key(request: Request, admin: Admin, id: PathId) -> Response:  # noqa: A002 - the path's word
    """Make a key for the same holder with the same scopes; the old one works for some days more (admin).

    The answer shows the new key, this once. It lasts as long as the old one was made for.
    """
    wanted = await model_of(request, KeyRotationIn)
    async with database_of(request).write(admin.name, key_id=admin.key_id, reason=change_reason(request)) as session:
        key = await session.get(ApiKey, id)
        if key is None:
            raise Problem("not-found")
        if not key.valid(datetime.now(UTC)):
            raise Problem("ended")
        made, token = await rotate(session, key, wanted.days)
        shown = _out(made) | {"key": token}
    return Response(to_json(shown), 201, {"Location": f"/v1/keys/{made.id}"}, JSON)


@router.delete(
    "/{id}",
    summary="Revoke an API key",
    operation_id="delete_keys",
    status_code=204,
    response_model=None,
    responses={204: {"description": "Revoked."}, **docs(*_PROBLEMS, "not-found")},
)
async def revoke_key(request: Request, admin: Admin, id: PathId) -> Response:  # noqa: A002 - the path's word
    """Revoke a key: from this answer on it opens nothing (admin)."""
    async with database_of(request).write(admin.name, key_id=admin.key_id, reason=change_reason(request)) as session:
        key = await session.get(ApiKey, id)
        if key is None:
            raise Problem("not-found")
        key.revoked_at = key.revoked_at or datetime.now(UTC)
    return Response(status_code=204)


def _out(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in KeyOut.model_fields}
