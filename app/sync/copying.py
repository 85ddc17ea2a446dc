"""Everything that a tier may read, as JSON Lines from one state of the register."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.cursors import Cursors, Identity, Place
from app.core.dialects.direct import portions
from app.core.documents import documents
from app.core.history import changes
from app.core.kinds import Key
from app.core.problems import fault, invalid
from app.core.record import Tier
from app.sync.blocks import (
    DOCUMENTS,
    END,
    LINES,
    SIZE,
    START,
    Loose,
    Ready,
    behind,
    between,
    bounds,
    joined,
    of,
    place,
    stretches,
)
from app.sync.feed import View, end_of

FORMAT_VERSION: Final = 1
# Bytes: enough that the way to the reader does not show, little enough that neither others nor memory do.
PORTION: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class Copy:
    """One export: what it shows, of which register, and where an earlier one was cut."""

    view: View
    kinds: tuple[str, ...]
    identity: Identity
    cursors: Cursors
    begun: Place | None = None
    after: Key | None = None
    missed: set[str] = field(default_factory=set)  # kinds of which much was read that no block held

    async def lines(self, session: AsyncSession) -> AsyncIterator[bytes]:
        """Give the lines in portions: the first line, the records by kind and age, the count."""
        place = self.begun or await end_of(session, self.view)
        start = await self._cut(session)
        yield await self._first(session, place)
        found = (await session.execute(*bounds(self.view.tier))).all()
        ready = {kind: list(these) for kind, these in groupby(found, key=attrgetter("kind"))}
        counts: dict[str, int] = {}
        for kind in self._left():
            counts[kind] = 0
            mine = stretches(ready.get(kind, ()), start)
            async for count, lines in self._stretches(session, kind, mine):
                counts[kind] += count
                yield lines
            start = START
        yield to_json({"count": sum(counts.values()), "kinds": counts}) + b"\n"

    async def _stretches(
        self, session: AsyncSession, kind: str, these: Iterable[Ready | Loose]
    ) -> AsyncIterator[tuple[int, bytes]]:
        """Give the lines of stretches of a kind, with how many they are."""
        mine = of(self.view.tier, kind)
        for stretch in these:
            if isinstance(stretch, Ready):
                count = stretch.records
                async for found in portions(session, LINES, 1, {**mine, "begin": stretch.first, "last": stretch.last}):
                    yield count, b"".join(found)
                    count = 0
            else:
                said = {**mine, **between(stretch.first, stretch.until)}
                few = 0 if stretch.until != END else SIZE
                async for records in portions(session, DOCUMENTS, PORTION, said):
                    lines = joined(kind, records)
                    few -= len(lines)
                    yield len(records), lines
                if few < 0:
                    self.missed.add(kind)

    async def _first(self, session: AsyncSession, place: Place) -> bytes:
        # The hash of the last change that this tier heard: what others did since does not move it, and whoever
        # keeps it can hold the register to the history that lies before it.
        head = (await session.execute(select(changes.c.hash).where(changes.c.position == place.position))).scalar()
        said: dict[str, Any] = {
            "register_id": self.identity.register_id,
            "format_version": FORMAT_VERSION,
            "tier": self.view.tier.name.lower(),
            "kinds": self.kinds,
            "cursor": self.cursors.seal(place),
            "at": place.at if place.position else None,
            "head": head.hex() if head else None,
        }
        return to_json(said | ({"continued": True} if self.after else {})) + b"\n"

    def _left(self) -> tuple[str, ...]:
        return self.kinds[self.kinds.index(self.after[0]) :] if self.after else self.kinds

    async def _cut(self, session: AsyncSession) -> bytes:
        """Give the place at which an export goes on that was cut."""
        if self.after is None:
            return START
        c = documents.c
        mine = (c.kind == self.after[0], c.id == self.after[1], c.tier == int(self.view.tier))
        at = (await session.execute(select(c.created_at).where(*mine))).scalar()
        if at is None:
            raise invalid(fault("/query/after", "The export had no such record. Send the last one that you have."))
        return behind(place(at, self.after[1]))


def bodies(session: AsyncSession, tier: Tier, kind: str) -> AsyncIterator[list[bytes]]:
    """Give the records of a kind as a tier sees them, some at a time, by age."""
    return portions(session, DOCUMENTS, PORTION, {**of(tier, kind), **between(START, END)})
