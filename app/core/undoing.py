"""What one transaction did, read back from the history."""

import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.core.history import changes
from app.core.kinds import COMMON, Fields, Key
from app.core.projection import by_kind

_PORTION: Final = 500


@dataclass(frozen=True, slots=True)
class Step:
    """What a transaction did to one record: all stored fields before and after, or what it was merged into."""

    key: Key
    action: str
    before: Fields
    after: Fields | None = None
    into: UUID | None = None


def steps_of_merge(session: Session, key: Key) -> list[Step]:
    """Give what was done when a record was last merged; what was erased since is left out."""
    c = changes.c
    merges = select(func.max(c.position)).where(c.kind == key[0], c.id == key[1], c.action == "merge")
    together = _together(session, session.execute(merges).scalar_one())
    rows = [row for row in together if row.body is not None and row.action in {"update", "merge"}]
    before = _before(session, [(row.kind, row.id) for row in rows], min(row.position for row in rows))
    known = ((row, before.get((row.kind, row.id))) for row in rows)
    return [_step(row, fields) for row, fields in known if fields is not None]


def _together(session: Session, position: int) -> list[Any]:
    """Give the changes of the transaction that made this one; it wrote all of them at one time."""
    c = changes.c
    found: list[Any] = []
    query = select(c.position, c.at, c.kind, c.id, c.action, c.body).order_by(c.position.desc()).limit(_PORTION)
    while rows := list(session.execute(query.where(c.position <= position))):
        found += [row for row in rows if row.at == (found or rows)[0].at]
        if len(rows) < _PORTION or rows[-1].at != found[0].at:
            break
        position = rows[-1].position - 1
    return found


def _before(session: Session, keys: list[Key], position: int) -> dict[Key, Fields]:
    """Give what records said before a place in the history."""
    c = changes.c
    found: dict[Key, Fields] = {}
    for kind, ids in by_kind(keys):
        earlier = and_(c.kind == kind, c.id.in_(ids), c.position < position)
        last = select(func.max(c.position)).where(earlier).group_by(c.id)
        for row in session.execute(select(c.id, c.body).where(c.position.in_(last), c.body.is_not(None))):
            found[kind, row.id] = _fields(row.body)
    return found


def _step(row: Any, before: Fields) -> Step:  # noqa: ANN401 - a row
    if row.action == "merge":
        return Step((row.kind, row.id), row.action, before, into=UUID(json.loads(row.body)["into"]))
    return Step((row.kind, row.id), row.action, before, _fields(row.body))


def _fields(body: bytes) -> Fields:
    said: Fields = json.loads(body)
    return {name: value for name, value in said.items() if name not in COMMON}
