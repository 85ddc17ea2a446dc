"""How far this register has come with each that it copies, kept in the transactions that write what was copied."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.copies import apart, mirrors
from app.core.record import Tier
from app.sync.mirror.kept import drop
from app.sync.mirror.stops import Stopped

FETCHING: Final = "fetching"
COPYING: Final = "copying"  # taking in what was fetched
LEADING: Final = "leading"  # asking for what led on before
DERIVING: Final = "deriving"
_OTHER: Final = "Another command is at work on the same copy. Leave it to that one."


@dataclass(frozen=True, slots=True)
class State:
    """One source, and the place in its export or feed up to which all of it is here.

    While its export is fetched, what is here is what was fetched of it; after that, what was taken in.
    """

    register_id: UUID
    url: str
    tier: Tier
    state: str
    cursor: str | None
    copied_kind: str | None = None
    copied_id: UUID | None = None
    copied_at: datetime | None = None
    copied: int = 0
    agreed_at: datetime | None = None

    @property
    def last(self) -> tuple[datetime, UUID] | None:
        """Give the place of the last record that was copied."""
        return (self.copied_at, self.copied_id) if self.copied_at and self.copied_id else None

    def begun(self) -> "State":
        """Give the state at the beginning of this copy."""
        return State(self.register_id, self.url, self.tier, FETCHING, self.cursor)

    def fetched(self) -> "State":
        """Give the state when the whole export is here and nothing of it was taken in."""
        return replace(self.begun(), state=COPYING)

    def values(self) -> dict[str, Any]:
        """Give the row."""
        said = {name: getattr(self, name) for name in State.__slots__}
        return said | {"tier": int(self.tier)}


def _state(row: Row[Any]) -> State:
    return replace(State(**row._asdict()), tier=Tier(row.tier))


async def states(session: AsyncSession) -> list[State]:
    """Give every register that is copied."""
    return [_state(row) for row in await session.execute(select(mirrors))]


def begin(session: Session, state: State) -> None:
    """Write the state of a copy that begins; what was fetched before is dropped."""
    drop(session, state.register_id)
    session.execute(delete(mirrors).where(mirrors.c.register_id == state.register_id))
    session.execute(insert(mirrors), [state.values()])


def advance(session: Session, before: State, after: State) -> None:
    """Write where the copy stands; ``Stopped`` when it stands elsewhere than it was left."""
    place = {name: getattr(before, name) for name in ("state", "cursor", "copied_kind", "copied_id")}
    there = [mirrors.c[name].is_not_distinct_from(value) for name, value in place.items()]
    mine = update(mirrors).where(mirrors.c.register_id == before.register_id, *there)
    if session.execute(mine.values(**after.values()).returning(mirrors.c.register_id)).first() is None:
        raise Stopped(_OTHER)


def begin_again(session: Session, state: State) -> None:
    """Put a copy that takes in back to its beginning, if it still does: what was fetched is to be fetched anew."""
    row = session.execute(select(mirrors).where(mirrors.c.register_id == state.register_id)).first()
    if row is not None and (row.state, row.cursor) == (COPYING, state.cursor):
        begin(session, state.begun())


def forget(session: Session, register_id: UUID) -> None:
    """Forget a source."""
    drop(session, register_id)
    session.execute(delete(mirrors).where(mirrors.c.register_id == register_id))
    session.execute(delete(apart).where(apart.c.source == register_id))
