"""Old versions of a record, cut to what the caller may read of them today."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, Select, select

from app.core.desk import Desk
from app.core.documents import render
from app.core.history import changes, versions
from app.core.kinds import COMMON, Fields, Kind
from app.core.problems import Problem
from app.core.projection import sights
from app.core.record import Tier
from app.core.visibility import redact, seen_by


class FieldChange(BaseModel):
    """One field before and after a change."""

    field: str
    before: Any = Field(description="What it said; null if nothing.")
    after: Any = Field(description="What it says since; null if nothing.")


class VersionOut(BaseModel):
    """One version of a record: when, what changed, and, for partners, who and why."""

    version: int
    at: datetime
    action: str = Field(description="`upsert`, or `withdraw` when the record left your sight for a while.")
    changes: list[FieldChange]
    author: str | None = Field(default=None, description="Who made the change (partners).")
    reason: str | None = Field(default=None, description="Why (partners).")


class HistoryOut(BaseModel):
    """The versions of a record, oldest first."""

    items: list[VersionOut]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Seen:
    row: Row[Any]
    fields: Fields | None


async def version_of(desk: Desk, kind: Kind, record_id: UUID, version: int) -> bytes:
    """Give a version of a record that the caller sees, as it was, without what is hidden today."""
    found = await desk.find(kind, record_id)
    if version == found.version:
        return found.body or b""
    rows = (await desk.session.execute(_query(desk, kind, record_id).where(versions.c.version == version))).all()
    seen = await _redacted(desk, kind, rows)
    if not seen or (fields := seen[0].fields) is None:
        raise Problem("not-found", "There is no such version that you may read; see the record's history.")
    return render(record_id, version, found.created_at, seen[0].row.at, fields)


async def history_of(desk: Desk, kind: Kind, record_id: UUID, after: int, limit: int) -> tuple[list[VersionOut], bool]:
    """Give a page of a record's versions after one of them, and whether there are more."""
    await desk.find(kind, record_id)
    # The version before the page is needed to tell what its first one changed.
    query = _query(desk, kind, record_id).where(versions.c.version >= after).order_by(versions.c.version)
    rows = (await desk.session.execute(query.limit(limit + 2))).all()
    seen = await _redacted(desk, kind, rows)
    page = [item for item in seen if item.row.version > after]
    before = {item.row.version: old for old, item in zip([None, *seen], seen, strict=False)}
    tier = desk.caller.tier
    return [_version(before[item.row.version], item, tier) for item in page[:limit]], len(page) > limit


def _query(desk: Desk, kind: Kind, record_id: UUID) -> Select[Any]:
    columns = (versions.c.version, versions.c.action, changes.c.at, changes.c.author, changes.c.reason, changes.c.body)
    theirs = (versions.c.kind == kind.name, versions.c.id == record_id, versions.c.tier == int(desk.caller.tier))
    return select(*columns).join(changes, changes.c.position == versions.c.position).where(*theirs)


async def _redacted(desk: Desk, kind: Kind, rows: Any) -> list[_Seen]:  # noqa: ANN401 - rows of _query
    """Cut versions to what the caller may read today: what was withdrawn since is gone from old versions too."""
    stored = [(row, _fields(kind, row)) for row in rows]
    targets = {key for _, fields in stored if fields for _, key, _ in kind.links(fields)}
    sees = seen_by(desk.caller.tier, await desk.session.run_sync(sights, targets))
    return [_Seen(row, redact(kind, fields, desk.caller.tier, sees) if fields else None) for row, fields in stored]


def _fields(kind: Kind, row: Row[Any]) -> Fields | None:
    if row.body is None or row.action != "upsert":
        return None
    fields: Fields = json.loads(row.body)
    # Fields that came later are null in what was written before them.
    return {name: fields.get(name) for name in (*kind.fields, *fields) if name not in COMMON}


def _version(before: _Seen | None, now: _Seen, tier: Tier) -> VersionOut:
    old, new = (before.fields if before else None) or {}, now.fields or {}
    names = [name for name in {**new, **old} if old.get(name) != new.get(name)] if now.fields is not None else []
    said = {"version": now.row.version, "at": now.row.at, "action": now.row.action}
    who = {"author": now.row.author, "reason": now.row.reason} if tier >= Tier.PARTNERS else {}
    differences = [FieldChange(field=name, before=old.get(name), after=new.get(name)) for name in names]
    return VersionOut(**said, **who, changes=differences)
