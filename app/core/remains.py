"""What belonged to a record when it was deleted: nothing points at its owner any more, and the history alone tells."""

import json
from collections.abc import Collection, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.core.copies import kept_here
from app.core.history import ACTS, changes
from app.core.kinds import Key, Kinds
from app.core.projection import by_kind

_c: Final = changes.c


def belonged(session: Session, kinds: Kinds, owners: Collection[Key]) -> list[Key]:
    """Give the records that were deleted as ones of these, as far as something is kept of them.

    All deletions since the first of them was made are looked at: purges are rare, and no write pays for them.
    """
    owning = {kind.references[kind.owner] for kind in kinds.values() if kind.owner}
    if owning.isdisjoint(kind for kind, _ in owners):
        return []
    since = min(_begun(session, kind, ids) for kind, ids in by_kind(owners))
    # Of all kinds: asked for some, SQLite would walk along everything that was ever done to those.
    deleted = select(_c.kind, _c.id).where(ACTS, _c.action == "delete", _c.position > since)
    gone = {(row.kind, row.id) for row in session.execute(deleted) if row.kind in kinds and kinds[row.kind].owner}
    return [key for key, owner in _last(session, kinds, gone) if owner in owners]


def _begun(session: Session, kind: str, ids: list[UUID]) -> int:
    """Give where the history of the first of these begins."""
    return session.execute(select(func.min(_c.position)).where(_c.kind == kind, _c.id.in_(ids))).scalar() or 0


def _last(session: Session, kinds: Kinds, keys: Collection[Key]) -> Iterator[tuple[Key, Key | None]]:
    """Give whose each record was at last; of copied ones their own register tells."""
    for kind, ids in by_kind(keys):
        told = and_(_c.kind == kind, _c.id.in_(ids), _c.body.is_not(None), kept_here(_c.kind, _c.id))
        rows = session.execute(select(_c.id, _c.body).where(told).order_by(_c.id, _c.position)).all()
        for record_id, versions in groupby(rows, key=attrgetter("id")):
            *_, last = versions
            yield (kind, record_id), kinds[kind].owner_of(json.loads(last.body))
