"""Compares what is kept of each record with what the history says of it: tables and documents, key by key.

The history's last word on a record holds all its fields; its versions commit to the documents of each tier. Nothing is
believed that is not part of the chain, and values are read as the database holds them, so that no class mends them.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json, to_jsonable_python
from sqlalchemy import Row, Select, Table, and_, exists, func, select
from sqlalchemy.orm import Session

from app.core import headings
from app.core.access import ApiKey
from app.core.cursors import Identity
from app.core.documents import canonical, documents, fingerprint, mark_of
from app.core.history import changes, register, versions
from app.core.kinds import Fields, Kind, Kinds
from app.core.plain import UNREADABLE, columns_of, plain
from app.core.record import Record, Tier, core_type, shadows

_PORTION: Final = 200
_KEYS: Final = "keys"
_MERGED: Final = {"into"}  # what the history says of a record that is part of another
_OWN: Final = ("id", "version", "created_at", "updated_at")
_NAMES: Final = {int(Tier.PUBLIC): "the public", int(Tier.PARTNERS): "partners", int(Tier.PRIVATE): "those who see all"}


def faults(session: Session, kinds: Kinds) -> Iterator[str]:
    """Give what is not as the history says, kind by kind, each record once."""
    for kind in kinds.values():
        table = _plain(kind)
        for ids in _told(session, kind.name):
            yield from _compared(session, kind, table, ids)
        yield from _untold(session, kind.name, table)
    for row in session.execute(select(documents).where(documents.c.kind.not_in(list(kinds))).limit(1)):
        yield f"{row.kind} {row.id}: there is no such kind of record"
    yield from _misled(session)
    try:
        yield from _keys(session)
    except UNREADABLE:
        yield "API keys: something of them cannot be read"


def _misled(session: Session) -> Iterator[str]:
    """Give the records of which the feed says something else before it shows them."""
    identity = Identity(*session.execute(select(register.c.register_id, register.c.secret)).one())
    for tier, row, _ in headings.wrong(session, identity):
        if row.heading is not None:  # one that is not kept is written when it is asked for
            yield f"{row.kind} {row.id}: what the feed says of it to {_NAMES[int(tier)]} is not what the history says"


def _plain(kind: Kind) -> Table:
    return _as_kept(kind.record.__table__)  # type: ignore[attr-defined]  # table classes have it


@cache  # statements on another table each time would be compiled each time
def _as_kept(table: Table) -> Table:
    return plain(table.name, columns_of(table), ["id"])


def _told(session: Session, kind: str) -> Iterator[list[UUID]]:
    """Give the ids of all records of which the history tells, in portions."""
    c = changes.c
    first = select(c.id).where(c.kind == kind).distinct().order_by(c.id).limit(_PORTION)
    query = first
    while ids := list(session.execute(query).scalars()):
        yield ids
        query = first.where(c.id > ids[-1])


@dataclass(slots=True)
class _Kept:
    """What the history says of some records, and what is kept of them."""

    last: Mapping[UUID, Row[Any]]
    heard: Mapping[UUID, Mapping[int, Row[Any]]]
    shown: Mapping[UUID, Mapping[int, Row[Any]]]
    rows: Mapping[UUID, Row[Any]]

    @classmethod
    def read(cls, session: Session, kind: str, table: Table, ids: Sequence[UUID]) -> "_Kept":
        """Read all of it; one of ``UNREADABLE`` if a value is none of its type."""
        newest = select(func.max(changes.c.position)).where(changes.c.kind == kind, changes.c.id.in_(ids))
        last = select(changes).where(changes.c.position.in_(newest.group_by(changes.c.id)))
        shown = select(documents).where(documents.c.kind == kind, documents.c.id.in_(ids))
        return cls(
            {row.id: row for row in session.execute(last)},
            _by_tier(session.execute(_last_heard(kind, ids))),
            _by_tier(session.execute(shown)),
            {row.id: row for row in session.execute(select(table).where(table.c.id.in_(ids)))},
        )


def _by_tier(rows: Iterable[Row[Any]]) -> Mapping[UUID, Mapping[int, Row[Any]]]:
    found: dict[UUID, dict[int, Row[Any]]] = defaultdict(dict)
    for row in rows:
        found[row.id][row.tier] = row
    return found


def _last_heard(kind: str, ids: Sequence[UUID]) -> Select[Any]:
    v, later = versions.c, versions.alias()
    after = and_(later.c.kind == v.kind, later.c.id == v.id, later.c.tier == v.tier, later.c.position > v.position)
    return select(versions).where(v.kind == kind, v.id.in_(ids), ~exists().where(after))


def _compared(session: Session, kind: Kind, table: Table, ids: Sequence[UUID]) -> Iterator[str]:
    try:
        kept = _Kept.read(session, kind.name, table, ids)
    except UNREADABLE:
        if len(ids) == 1:
            yield f"{kind.name} {ids[0]}: something of it cannot be read"
            return
        for record_id in ids:
            yield from _compared(session, kind, table, [record_id])
        return
    for record_id in ids:
        fault = _record_fault(kind, record_id, kept) or _documents_fault(record_id, kept)
        if fault:
            yield f"{kind.name} {record_id}: {fault}"


def _record_fault(kind: Kind, record_id: UUID, kept: _Kept) -> str:
    """Say where a row of the kind's table is not what the history's last word makes of it."""
    last, row = kept.last[record_id], kept.rows.get(record_id)
    told = None if last.body is None else json.loads(last.body)
    if told is None or told.keys() == _MERGED or row is None:
        there = "it is not in its table" if row is None else "it is gone, and is in its table"
        return there if (told is None or told.keys() == _MERGED) != (row is None) else ""
    values = row._asdict()
    wrong = _difference(_expected(kind, told, values), values) or _shadow_fault(kind.record, values)
    if wrong:
        return f"`{wrong}` is not what change {last.position} says"
    full = kept.shown[record_id].get(int(Tier.PRIVATE))
    if full is not None and any(getattr(row, name) != getattr(full, name) for name in _OWN):
        return "its version or its times are not those that were written"
    return ""


def _expected(kind: Kind, told: Fields, values: Mapping[str, Any]) -> Fields:
    """Give the values of a record's columns.

    A field of which nothing is told came later, or is hidden at the source of a copy: it is null, or as by itself.
    """
    infos = kind.write.model_fields
    return {
        name: told.get(name)
        if name in told or values[name] is None
        else to_jsonable_python(infos[name].get_default(call_default_factory=True))
        for name in kind.fields
    }


def _difference(expected: Fields, values: Mapping[str, Any]) -> str:
    """Name the first field that is another; true is not 1, and 1 is not 1.0."""
    found = {name: to_jsonable_python(values[name]) for name in expected}
    if canonical(found) == canonical(expected):
        return ""
    return next(name for name in expected if canonical([found[name]]) != canonical([expected[name]]))


def _shadow_fault(record: type[Record], values: Mapping[str, Any]) -> str:
    for name, shadow in shadows(record):
        column, value = f"{name}_{shadow.suffix}", values[name]
        parsed = core_type(record.model_fields[name].annotation)
        if values[column] != (None if value is None else shadow.of(parsed(value))):
            return column
    return ""


def _documents_fault(record_id: UUID, kept: _Kept) -> str:
    all_heard, all_shown = kept.heard[record_id], kept.shown[record_id]
    for tier in sorted({*all_heard, *all_shown}):
        heard, shown = all_heard.get(tier), all_shown.get(tier)
        if heard is None or shown is None or not _agree(heard, shown):
            return f"what is shown to {_NAMES.get(tier, 'nobody')} is not what the history says"
    return ""


def _agree(heard: Row[Any], shown: Row[Any]) -> bool:
    """Tell whether a document is what a version commits to."""
    if (shown.version, shown.position, shown.action) != (heard.version, heard.position, heard.action):
        return False
    mark = mark_of(shown.created_at, shown.updated_at, shown.hash, shown.source, gone=shown.gone)
    if heard.mark not in (None, mark) or (shown.body is None) != (shown.action != "upsert"):
        return False
    return shown.body is None or _says(shown)


def _says(shown: Row[Any]) -> bool:
    """Tell whether a document's bytes say what its columns say."""
    try:
        said = json.loads(shown.body)
        if to_json(said) != shown.body:  # a member twice, of which readers may take the one or the other
            return False
        if (said.pop("origin", None) is None) != (shown.source is None):
            return False
        head = [said.pop(name) for name in _OWN]
        times = [datetime.fromisoformat(time) for time in head[2:4]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    columns = [str(shown.id), shown.version, shown.created_at, shown.updated_at]
    return [*head[:2], *times] == columns and fingerprint(said) == shown.hash


def _untold(session: Session, kind: str, table: Table) -> Iterator[str]:
    """Give the rows that no change made."""
    for there, of_kind in ((table, None), (documents, documents.c.kind == kind)):
        told = exists().where(changes.c.kind == kind, changes.c.id == there.c.id)
        query = select(there.c.id).where(~told)
        stray = session.execute(query if of_kind is None else query.where(of_kind)).scalars().first()
        if stray is not None:
            yield f"{kind} {stray}: no change made it"


def _keys(session: Session) -> Iterator[str]:
    """Give the API keys that are not as the history says; it does not know their secrets."""
    c = changes.c
    newest = select(func.max(c.position)).where(c.kind == _KEYS).group_by(c.id)
    told = {row.id: json.loads(row.body) for row in session.execute(select(changes).where(c.position.in_(newest)))}
    there = {key.id: key.described() for key in session.execute(select(ApiKey)).scalars()}
    for key_id in [*sorted(told), *sorted(there.keys() - told)]:
        said, found = told.get(key_id), there.get(key_id)
        if said is None or found is None:
            yield f"key {key_id}: {'no change made it' if said is None else 'it is gone'}"
        elif any(found[name] != said[name] for name in found if name in said):
            yield f"key {key_id}: it is not what was written"
