"""Whether the copy agrees with its source: the digest of what is here as it was given."""

from collections import defaultdict
from typing import Any, Final

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from app.core.copies import apart
from app.core.database import Database
from app.core.documents import documents
from app.core.kinds import Kinds
from app.sync.digests import Sum
from app.sync.mirror.state import State

_PORTION: Final = 5000


Sums = dict[str, dict[str, Any]]


def sums_in(said: dict[str, Any]) -> Sums:
    """Give how many records of each kind a digest counts, and their hash. To be done ``reading``."""
    return {kind: {"count": int(one["count"]), "hash": str(one["hash"])} for kind, one in said["kinds"].items()}


async def differences(database: Database, state: State, said: Sums) -> list[str]:
    """Give the kinds in which the copy is not what the source's digest says; empty when they agree."""
    async with database.copy() as session:
        sums = await session.run_sync(_sums, state)
    return _unequal(sums, said, database.kinds)


def _sums(session: Session, state: State) -> dict[str, Sum]:
    sums: dict[str, Sum] = defaultdict(Sum)
    d, a = documents.c, apart.c
    otherwise = exists().where(a.source == state.register_id, a.kind == d.kind, a.id == d.id)
    as_given = and_(d.tier == int(state.tier), d.source == state.register_id, d.action == "upsert", ~otherwise)
    for query in (
        select(d.kind, d.id, d.version, d.hash).where(as_given),
        select(a.kind, a.id, a.version, a.hash).where(a.source == state.register_id),
    ):
        for row in session.execute(query.execution_options(yield_per=_PORTION)):
            sums[row.kind].add(row.kind, row.id, row.version, row.hash)
    return sums


def _unequal(sums: dict[str, Sum], said: Sums, kinds: Kinds) -> list[str]:
    nothing = Sum().said()
    return [kind for kind in kinds if said.get(kind, nothing) != sums[kind].said()]
