"""API keys over HTTP, for admins."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json
from sqlalchemy import select

from app.core.access import ApiKey, Caller, Scope, make_key
from app.core.contract import headers, sends
from app.core.problems import Problem, docs, faults
from app.core.requests import JSON, STRICT, caller_of, change_reason, database_of, object_of
from app.core.resource import PathId
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


class NewKeyOut(KeyOut):
    """A key just made, with its secret: shown this once."""

    key: str = Field(description="The key itself. It is not kept: store it now.")


class KeysOut(BaseModel):
    """All keys."""

    items: list[KeyOut]


async def _admin(request: Request) -> Caller:
    caller = await caller_of(request)
    caller.require("admin")
    return caller


Admin = Annotated[Caller, Depends(_admin)]
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
    async with database_of(request).read() as session:
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
    sent = await object_of(request, JSON)
    try:
        wanted = KeyIn.model_validate_json(to_json(sent), strict=True)
    except ValidationError as error:
        said = faults(error.errors(include_url=False, include_input=False, include_context=False))
        raise Problem("invalid", errors=said) from None
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
    async with database_of(request).read() as session:
        key = await session.get(ApiKey, id)
    if key is None:
        raise Problem("not-found")
    return Response(to_json(_out(key)), media_type=JSON)


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
    names = ("id", "prefix", "owner", "scopes", "created_at", "expires_at", "revoked_at")
    return {name: getattr(key, name) for name in names}
