"""Everything that a tier may read, as JSON Lines from one state of the register."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Select, bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.cursors import Cursors, Identity, Place
from app.core.dialects.direct import portions
from app.core.documents import documents
from app.core.history import changes
from app.core.kinds import Key
from app.core.problems import fault, invalid
from app.core.record import Tier
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

    async def lines(self, session: AsyncSession) -> AsyncIterator[bytes]:
        """Give the lines in portions: the first line, the records by kind and age, the count."""
        place = self.begun or await end_of(session, self.view)
        last = await self._cut(session)
        yield await self._first(session, place)
        counts: dict[str, int] = {}
        for kind in self._left():
            counts[kind] = 0
            before = b'{"kind":"%b","record":' % kind.encode()
            between = b"}\n" + before
            async for records in portions(session, *_records(self.view.tier, kind, last)):
                counts[kind] += len(records)
                yield b"%b%b}\n" % (before, between.join(records))
            last = None
        yield to_json({"count": sum(counts.values()), "kinds": counts}) + b"\n"

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

    async def _cut(self, session: AsyncSession) -> tuple[datetime, UUID] | None:
        """Give the record behind which an export goes on that was cut."""
        if self.after is None:
            return None
        c = documents.c
        mine = (c.kind == self.after[0], c.id == self.after[1], c.tier == int(self.view.tier))
        at = (await session.execute(select(c.created_at).where(*mine))).scalar()
        if at is None:
            raise invalid(fault("/query/after", "The export had no such record. Send the last one that you have."))
        return at, self.after[1]


_c: Final = documents.c
_EVERY: Final = (
    select(_c.body)
    .where(_c.tier == bindparam("of_tier"), _c.kind == bindparam("of_kind"), _c.body.is_not(None))
    .order_by(_c.created_at, _c.id)
)
_BEHIND: Final = _EVERY.where(
    tuple_(_c.created_at, _c.id) > tuple_(bindparam("at", type_=_c.created_at.type), bindparam("id", type_=_c.id.type))
)


def _records(
    tier: Tier, kind: str, last: tuple[datetime, UUID] | None
) -> tuple[Select[bytes | None], int, Mapping[str, Any]]:
    """Give the query for the records of a kind by age, or for those behind one, as it is read in portions."""
    said = {"of_tier": int(tier), "of_kind": kind}
    return (_EVERY, PORTION, said) if last is None else (_BEHIND, PORTION, {**said, "at": last[0], "id": last[1]})


def bodies(session: AsyncSession, tier: Tier, kind: str) -> AsyncIterator[list[bytes]]:
    """Give the records of a kind as a tier sees them, some at a time, by age."""
    return portions(session, *_records(tier, kind, None))
