"""Old versions of a record, cut to what the caller may read of them today."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, Select, select

from app.core.desk import Desk
from app.core.documents import render
from app.core.history import changes, versions
from app.core.kinds import Fields, Key, Kind
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
    action: str = Field(
        description="`upsert`; `withdraw` when the record left your sight for a while; `merge` when it became part of "
        "`into`."
    )
    changes: list[FieldChange]
    into: UUID | None = Field(default=None, description="Of `merge`: what it was merged into, if you see that.")
    author: str | None = Field(default=None, description="Who made the change (partners).")
    reason: str | None = Field(default=None, description="Why (partners).")


class HistoryOut(BaseModel):
    """The versions of a record, oldest first."""

    items: list[VersionOut]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Seen:
    row: Row[Any]
    at: datetime
    fields: Fields | None
    origin: UUID | None = None
    into: UUID | None = None


async def version_of(desk: Desk, kind: Kind, record_id: UUID, version: int) -> bytes:
    """Give a version of a record that the caller sees, as it was, without what is hidden today."""
    found = await desk.find(kind, record_id, merged=True)
    if version == found.version and found.body is not None:
        return found.body
    query = _query(desk, kind, record_id).where(versions.c.version == version).order_by(versions.c.position.desc())
    seen = await _redacted(desk, kind, (await desk.session.execute(query.limit(1))).all())
    if not seen or (fields := seen[0].fields) is None:
        raise Problem("not-found", "There is no such version that you may read; see the record's history.")
    return render(record_id, version, found.created_at, seen[0].at, fields, seen[0].origin)


async def history_of(desk: Desk, kind: Kind, record_id: UUID, after: int, limit: int) -> tuple[list[VersionOut], bool]:
    """Give a page of a record's versions after one of them, and whether there are more."""
    await desk.find(kind, record_id, merged=True)
    # The version before the page is needed to tell what its first one changed.
    query = _query(desk, kind, record_id).where(versions.c.version >= after)
    rows = (await desk.session.execute(query.order_by(versions.c.version, versions.c.position).limit(limit + 2))).all()
    seen = await _redacted(desk, kind, rows)
    pairs = [(old, item) for old, item in zip([None, *seen], seen, strict=False) if item.row.version > after]
    return [_version(old, item, desk.caller.tier) for old, item in pairs[:limit]], len(pairs) > limit


def _query(desk: Desk, kind: Kind, record_id: UUID) -> Select[Any]:
    columns = (
        versions.c.version,
        versions.c.position,
        versions.c.action,
        changes.c.at,
        changes.c.author,
        changes.c.reason,
        changes.c.body,
    )
    theirs = (versions.c.kind == kind.name, versions.c.id == record_id, versions.c.tier == int(desk.caller.tier))
    return select(*columns).join(changes, changes.c.position == versions.c.position).where(*theirs)


async def _redacted(desk: Desk, kind: Kind, rows: Any) -> list[_Seen]:  # noqa: ANN401 - rows of _query
    """Cut versions to what the caller may read today: what was withdrawn since is gone from old versions too."""
    stored = [(row, _said(row)) for row in rows]
    targets = {key for _, said in stored if said for _, key, _ in kind.links(said)}
    ends = {(kind.name, into) for row, _ in stored if (into := _into(row))}
    sees = seen_by(desk.caller.tier, await desk.session.run_sync(sights, targets | ends, merged=True))
    return [_seen(kind, row, said, desk.caller.tier, sees) for row, said in stored]


def _into(row: Row[Any]) -> UUID | None:
    return UUID(json.loads(row.body)["into"]) if row.body is not None and row.action == "merge" else None


def _said(row: Row[Any]) -> Fields | None:
    said: Fields | None = json.loads(row.body) if row.body is not None and row.action == "upsert" else None
    return said


def _seen(kind: Kind, row: Row[Any], said: Fields | None, tier: Tier, sees: Callable[[Key], bool]) -> _Seen:
    if said is None:
        into = _into(row)
        return _Seen(row, row.at, None, into=into if into and sees((kind.name, into)) else None)
    fields = redact(kind, {name: said.get(name) for name in (*kind.fields, *said)}, tier, sees)
    if "origin" not in said:
        return _Seen(row, row.at, fields, None)
    # What is copied keeps the times that it was given with; what is not said of it was not for us to see.
    at = datetime.fromisoformat(said["updated_at"]) if said["version"] == row.version else row.at
    return _Seen(row, at, {name: value for name, value in fields.items() if name in said}, UUID(said["origin"]))


def _version(before: _Seen | None, now: _Seen, tier: Tier) -> VersionOut:
    old, new = (before.fields if before else None) or {}, now.fields or {}
    names = [name for name in {**new, **old} if old.get(name) != new.get(name)] if now.fields is not None else []
    said = {"version": now.row.version, "at": now.at, "action": now.row.action}
    who = {"author": now.row.author, "reason": now.row.reason} if tier >= Tier.PARTNERS else {}
    if now.into is not None:
        said["into"] = now.into
    differences = [FieldChange(field=name, before=old.get(name), after=new.get(name)) for name in names]
    return VersionOut(**said, **who, changes=differences)
