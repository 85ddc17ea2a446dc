"""One follower's requests: who asks, from where on, of which kinds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Request
from pydantic import AfterValidator, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.cursors import Cursors, Place, cursors_of, start
from app.core.problems import Problem
from app.core.reads import note_reader
from app.core.requests import database_of, identified, may_be_brief
from app.register import KINDS
from app.sync.feed import FeedPage, Unreached, View, page_after


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"there is no such kind; there are {', '.join(KINDS)}")
    return kind


KindName = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(KINDS)})]
CursorText = Annotated[str, Field(max_length=500, pattern="^[A-Za-z0-9_-]*$")]
_AHEAD: Final = "This cursor is ahead of the register, which was restored to a time before it. Start again without it."


def kinds_of(asked: Iterable[str] | None) -> tuple[str, ...]:
    """Give the kinds that are asked for, in one order; none for all."""
    return tuple(sorted(set(asked or ())))


def _narrower(place: Place) -> str:
    these = ", ".join((*place.kinds, *([f"`action={place.action}`"] if place.action else [])))
    return f"This cursor is of a feed of {these} only; it skips what else there is."


@dataclass(frozen=True, slots=True)
class Follower:
    """What a request follows."""

    request: Request
    kinds: tuple[str, ...]
    limit: int
    action: str = ""
    brief: bool = False  # whether the request may still be done again

    async def cursors(self, view: View) -> Cursors:
        """Give what writes and reads the cursors of a view."""
        return cursors_of(await database_of(self.request).identity(), view.tier)

    async def position(self, view: View, page: FeedPage) -> int:
        """Give the position behind which the next page begins."""
        return (await self.cursors(view)).unseal(page.cursor).position

    async def view(self, session: AsyncSession) -> tuple[View, Cursors]:
        """Give what the caller may hear, as their key stands now."""
        caller = await identified(self.request, session)
        note_reader(self.request, caller)
        identity = await database_of(self.request).identity()
        return View(caller.tier, self.kinds, self.action), cursors_of(identity, caller.tier)

    async def caller_view(self) -> View:
        """Ask again what the caller may hear."""
        async with database_of(self.request).read() as session:
            return (await self.view(session))[0]

    async def page(self, cursor: str | None) -> tuple[View, FeedPage]:
        """Give the page after a cursor; the primary answers when a replica is behind it, and whoever has a key."""
        brief = self.brief and may_be_brief(self.request)
        for primary in (True,) if "authorization" in self.request.headers else (False, True):
            async with database_of(self.request).read(brief=brief, primary=primary) as session:
                view, cursors = await self.view(session)
                after = cursors.unseal(cursor) if cursor else start(self.kinds, self.action)
                if not after.serves(self.kinds, self.action):
                    raise Problem("foreign-cursor", _narrower(after))
                try:
                    return view, await page_after(session, view, cursors, after, self.limit)
                except Unreached:
                    continue
        raise Problem("foreign-cursor", _AHEAD)
