"""``GET /v1/changes``: the feed by pages, by waiting, and as server-sent events."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.core.contract import IF_NONE_MATCH, headers
from app.core.problems import Problem, docs
from app.core.requests import STRICT, answer
from app.core.streaming import Stream
from app.sync.feed import FeedPage, View
from app.sync.following import CursorText, Follower, KindName, kinds_of
from app.sync.planning import leave_feed_plan
from app.sync.watch import watch_of

HEARTBEAT_SECONDS: Final = 15
_RETRY_MILLISECONDS: Final = 3000


class ChangeOut(BaseModel):
    """What happened to a record, as far as your key sees it."""

    cursor: str = Field(description="Where to go on after this item.")
    at: datetime = Field(description="When it happened.")
    kind: str = Field(description="The kind of record, as in its path.")
    id: UUID
    version: int
    action: str = Field(
        description="`upsert`: it is there, as `record` says. `delete`: it was deleted. `purge`: it was deleted and "
        "what was kept of it erased. `withdraw`: it is no longer for you to see. `merge`: it is part of `into` since, "
        "with all that belonged to it; whoever asks for it is to be sent there. `into` may have been merged in turn."
    )
    record: dict[str, Any] | None = Field(description="The stored fields that you may read; null unless `upsert`.")
    into: UUID | None = Field(default=None, description="Of `merge` only: the id of a record of the same kind.")


class ChangesOut(BaseModel):
    """A page of the feed."""

    items: list[ChangeOut] = Field(description="In commit order; empty only at the end.")
    cursor: str = Field(description="Send it as `after` to go on. Keep it once you have stored the items.")
    has_more: bool = Field(description="Whether more is there already.")


After = Annotated[
    CursorText | None, Query(description="A `cursor` of the feed or of an export; from the start without it.")
]
Kinds = Annotated[
    list[KindName] | None, Query(max_length=50, description="These kinds of record only; repeat for several.")
]
Leading = Annotated[
    Literal["merge"] | None,
    Query(
        description="`merge`: only what leads on to another record now; an export does not hold it. Read it to its end "
        "once you have made a copy, and then follow from the copy's cursor: cursors of this feed skip all else."
    ),
]
_PROBLEMS: Final = ("foreign-cursor", "unauthorized", "invalid", "unavailable", "internal")
router = APIRouter(prefix="/v1/changes", tags=["sync"], dependencies=STRICT)


@router.get(
    "",
    summary="Follow the register",
    operation_id="list_changes",
    response_model=None,
    responses={
        200: {"model": ChangesOut, "description": "Done.", "headers": headers("ETag", "Cache-Control")},
        304: {"description": "You have this answer already."},
        **docs(*_PROBLEMS),
    },
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def list_changes(
    request: Request,
    after: After = None,
    kind: Kinds = None,
    action: Leading = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 500,
    wait: Annotated[int, Query(ge=0, le=60, description="Wait so many seconds for something to happen.")] = 0,
) -> Response:
    """Everything that happened after a cursor, in commit order, each record at its newest only.

    From the start it gives what you may see now, and what you once could see and is gone. A record may refer to
    one that comes later; at the end all are there. Cursors are good for this register and for keys that see the
    same. With `wait`, an answer without items comes when the time is over. See docs/sync.md for the whole protocol.
    """
    follower = Follower(request, kinds_of(kind), limit, action or "", brief=not wait)
    view, page = await follower.page(after)
    if not wait and not view.kinds and not view.action:
        leave_feed_plan(request, view.tier, await follower.cursors(view), limit, goes_on=bool(after))
    if wait and not page.items and await watch_of(request).news(view, await follower.position(view, page), wait):
        view, page = await follower.page(page.cursor)
    # What was waited for is no answer to keep ready: whoever asks again wants to wait again.
    return answer(request, page.body(), page.tag, {"Cache-Control": "no-store"} if wait else None)


@router.get(
    "/stream",
    summary="Follow the register as server-sent events",
    operation_id="stream_changes",
    response_model=None,
    responses={
        200: {
            "description": "An endless stream of events `change`: `id` is the cursor, `data` an item of "
            "`/v1/changes`. A comment every 15 seconds shows that it lives.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **docs(*_PROBLEMS),
    },
    openapi_extra={
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "description": "The `id` of the last event that you have, as browsers send it. Beats `after`.",
                "schema": {"type": "string", "maxLength": 500, "pattern": "^[A-Za-z0-9_-]*$"},
            }
        ]
    },
)
async def stream_changes(request: Request, after: After = None, kind: Kinds = None) -> Response:
    """The feed of `/v1/changes` while it happens. After a cut, go on with `Last-Event-ID`."""
    follower = Follower(request, kinds_of(kind), limit=500)
    view, page = await follower.page(request.headers.get("last-event-id") or after)
    quiet = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    first = b"retry: %d\n\n" % _RETRY_MILLISECONDS
    return Stream(first, _events(follower, view, page), "text/event-stream", quiet)


async def _events(follower: Follower, view: View, page: FeedPage) -> AsyncIterator[bytes]:
    watch = watch_of(follower.request)
    while True:
        if page.items:
            yield page.events()
        position = await follower.position(view, page)
        while not page.more and not await watch.news(view, position, HEARTBEAT_SECONDS):
            if watch.stopped or not await _still(follower, view):
                return
            yield b": still here\n\n"
        try:
            now, page = await follower.page(page.cursor)
        except Problem:
            return  # the key is no longer valid, or sees something else: who comes again is told so
        if now != view:
            return


async def _still(follower: Follower, view: View) -> bool:
    """Tell whether the caller's key still opens what it opened."""
    if "authorization" not in follower.request.headers:
        return True
    try:
        return await follower.caller_view() == view
    except Problem:
        return False
