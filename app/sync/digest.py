"""``GET /v1/digest``: whether two copies of the register agree, without sending it."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json
from sqlalchemy import select

from app.core.contract import IF_NONE_MATCH, headers
from app.core.documents import etag
from app.core.problems import docs
from app.core.requests import STRICT, answer, database_of
from app.register import KINDS
from app.sync.digests import Sum, digests
from app.sync.feed import end_of
from app.sync.following import Follower

_PROBLEMS: Final = ("unauthorized", "invalid", "unavailable", "internal")
router = APIRouter(prefix="/v1/digest", tags=["sync"], dependencies=STRICT)


class KindDigest(BaseModel):
    """The digest of the records of one kind that you see."""

    count: int = Field(description="How many there are.")
    hash: str = Field(pattern="^[0-9a-f]{64}$", description="The sum of their hashes; zeros when there is none.")


class DigestOut(BaseModel):
    """What you see of the register, as a few numbers."""

    cursor: str = Field(description="The place in `/v1/changes` at which the digest was made.")
    at: datetime | None = Field(description="When the last change before it was made; null before the first.")
    kinds: dict[str, KindDigest] = Field(description="Each kind of record.")


@router.get(
    "",
    summary="Compare a copy",
    operation_id="digest",
    response_model=None,
    responses={
        200: {"model": DigestOut, "description": "Done.", "headers": headers("ETag", "Cache-Control")},
        304: {"description": "You have this answer already."},
        **docs(*_PROBLEMS),
    },
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def digest(request: Request) -> Response:
    """A hash of everything that you may read, per kind, in whatever order it is made.

    It is the sum, modulo 2^256, of the SHA-256 of `KIND/ID/VERSION/FIELDS` for each record, as 64 hexadecimal
    digits. FIELDS are the first 32 hexadecimal digits of the SHA-256 of its stored fields as JSON in UTF-8 without
    spaces: keys sorted, nulls dropped from objects, without `id`, `version`, `created_at` and `updated_at`. Two
    copies that agree have equal `kinds`; compare at the same `cursor`.
    """
    follower = Follower(request, (), limit=0)
    async with database_of(request).read() as session:
        view, cursors = await follower.view(session)
        place = await end_of(session, view)
        rows = (await session.execute(select(digests).where(digests.c.tier == int(view.tier)))).all()
    sums = {row.kind: Sum(row[2], row[3]) for row in rows}
    said = {
        "cursor": cursors.seal(place),
        "at": place.at if place.position else None,
        "kinds": {kind: sums.get(kind, Sum()).said() for kind in KINDS},
    }
    body = to_json(said)
    return answer(request, body, etag(len(rows), body))
