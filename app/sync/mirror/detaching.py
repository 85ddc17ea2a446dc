"""Makes copied records this register's own, for good."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, and_, select, update
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.documents import documents
from app.core.kinds import Fields, Key
from app.core.projection import Touch, stored_fields
from app.core.record import Tier
from app.core.recorder import writing_in
from app.core.rows import full_row
from app.core.taking import take
from app.sync.mirror import state as states
from app.sync.mirror.kept import drop
from app.sync.mirror.state import State
from app.sync.mirror.stops import Stopped
from app.sync.mirror.taking import AUTHOR
from app.sync.mirror.telling import Teller

_PORTION: Final = 500
_DETACHING: Final = "detaching"


async def detach(database: Database, url: str | None, teller: Teller) -> int:
    """Make all that is copied from a register local; give the number of records. It can be stopped and run again."""
    async with database.read(primary=True) as session:
        state = _chosen(await states.states(session), url)
    begun = replace(state, state=_DETACHING)
    if state != begun:
        async with database.write(AUTHOR) as session:
            await session.run_sync(_begin, state, begun)
    teller.begin()
    count = 0
    while done := await _portion(database, begun):
        count += done
        teller.count(done, "records detached")
    async with database.write(AUTHOR) as session:
        await session.run_sync(_end, begun)
    return count


def _chosen(known: Sequence[State], url: str | None) -> State:
    found = [state for state in known if url in {None, state.url, str(state.register_id)}]
    if len(found) == 1:
        return found[0]
    urls = ", ".join(state.url for state in known) or "nothing"
    raise Stopped(f"Say which copy to detach; this register copies {urls}.")


async def _portion(database: Database, state: State) -> int:
    async with database.write(AUTHOR, reason=f"detached from the register {state.register_id}") as session:
        return await session.run_sync(_Detaching(database, state).some)


@dataclass(frozen=True, slots=True)
class _Detaching:
    database: Database
    state: State

    def some(self, session: Session) -> int:
        """Detach some records, what is referred to first."""
        for kind in self.database.kinds:
            d = documents.c
            theirs = (d.kind == kind, d.tier == int(Tier.PRIVATE), d.source == self.state.register_id)
            query = select(documents).where(*theirs, d.body.is_not(None)).order_by(d.created_at, d.id)
            if found := session.execute(query.limit(_PORTION)).all():
                self._detach(session, kind, found)
                return len(found)
        return 0

    def _detach(self, session: Session, kind: str, found: Sequence[Row[Any]]) -> None:
        touched: dict[Key, Touch] = {}
        rows: dict[Key, Fields] = {}
        for row in found:
            said = stored_fields(row.body)
            fields = {name: said.get(name) for name in self.database.kinds[kind].fields}
            touched[kind, row.id] = Touch("detach", fields, row.created_at)
            common = {"version": row.version + 1, "created_at": row.created_at, "updated_at": writing_in(session).at}
            rows[kind, row.id] = full_row(self.database.kinds[kind], row.id, said, common)
        take(session, self.database.recorder, touched, rows)
        ids = [row.id for row in found]
        theirs = and_(documents.c.kind == kind, documents.c.id.in_(ids))
        session.execute(update(documents).where(theirs).values(source=None))


def _begin(session: Session, state: State, begun: State) -> None:
    """Nothing more is taken in; what was fetched for that goes first."""
    states.advance(session, state, begun)
    drop(session, state.register_id)


def _end(session: Session, state: State) -> None:
    """Forget the source; also of what it deleted."""
    session.execute(update(documents).where(documents.c.source == state.register_id).values(source=None))
    states.forget(session, state.register_id)
