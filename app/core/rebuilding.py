"""Rebuilds what is derived, from the tables and the history."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, and_, delete, select, update
from sqlalchemy.orm import Session

from app.core import copied, headings
from app.core.bulk import insert_rows
from app.core.cursors import Identity
from app.core.database import Database
from app.core.documents import documents, entries, fingerprint, links, render
from app.core.kinds import Fields, Key, Kind
from app.core.projection import sights
from app.core.record import Record, Tier
from app.core.recorder import Recorder, turn, writing_in
from app.core.visibility import effective, redact, seen_by

_PORTION: Final = 500


async def reindex(database: Database) -> int:
    """Rebuild documents, links, entries and what is plugged in, in one transaction; give the number of wrong rows.

    Versions, times and places in the commit order are history and stay as they are.
    """
    async with database.write("reindex") as session:
        return await session.run_sync(lambda sync: _everything(sync, database))


def _everything(session: Session, database: Database) -> int:
    wrong = sum(_kind(session, database.recorder, kind) for kind in database.kinds.values())
    wrong += _headings(session, writing_in(session).identity)
    wrong += sum(plug.rebuild(session) for plug in database.recorder.plugs)
    if wrong:
        turn(session)
    return wrong


def _headings(session: Session, identity: Identity) -> int:
    """Write again what stands before documents in the feed."""
    c, wrong = documents.c, 0
    for tier, row, written in headings.wrong(session, identity):
        there = and_(c.kind == row.kind, c.id == row.id, c.tier == int(tier))
        session.execute(update(documents).where(there).values(heading=written))
        wrong += 1
    return wrong


def _kind(session: Session, recorder: Recorder, kind: Kind) -> int:
    wrong, last = copied.mend_rows(session, kind), None
    while records := _portion(session, kind, last):
        given = copied.given(session, kind, [record.id for record in records])
        stored = {(kind.name, record.id): record.stored(kind.fields) for record in records}
        wrong += _indexes(session, recorder, stored | given)
        wrong += _documents(session, kind, {key: fields for key, fields in stored.items() if key not in given})
        wrong += copied.mend_documents(session, recorder.kinds, list(given))
        wrong += sum(_derived(record) for record in records)
        last = records[-1].id
    session.flush()
    return wrong


def _portion(session: Session, kind: Kind, last: UUID | None) -> list[Any]:
    column = kind.record.__table__.c.id  # type: ignore[attr-defined]  # table classes have it
    query = select(kind.record).order_by(column).limit(_PORTION)
    return list(session.execute(query if last is None else query.where(column > last)).scalars())


def _derived(record: Record) -> int:
    """Fill the shadow columns again; tell whether one was wrong."""
    before = {name: value for name, value in vars(record).items() if not name.startswith("_")}
    record.derive()
    return before != {name: value for name, value in vars(record).items() if not name.startswith("_")}


def _indexes(session: Session, recorder: Recorder, stored: dict[Key, Fields]) -> int:
    pointing, holding = recorder.indexed(dict(stored))
    return _replace(session, links, pointing, stored) + _replace(session, entries, holding, stored)


def _replace(session: Session, table: Table, rows: list[dict[str, Any]], stored: dict[Key, Fields]) -> int:
    kind = next(iter(stored))[0]
    theirs = and_(table.c.kind == kind, table.c.id.in_([record_id for _, record_id in stored]))
    before = {tuple(row) for row in session.execute(select(table).where(theirs))}
    now = {tuple(row[column.name] for column in table.c) for row in rows}
    if before != now:
        session.execute(delete(table).where(theirs))
        if rows:
            insert_rows(session, table, rows)
    return len(before ^ now)


def _documents(session: Session, kind: Kind, stored: dict[Key, Fields]) -> int:
    targets = {key for fields in stored.values() for _, key, _ in kind.links(fields)}
    seen: dict[Key, Tier | None] = dict(sights(session, targets))
    ids = [record_id for _, record_id in stored]
    query = select(documents).where(documents.c.kind == kind.name, documents.c.id.in_(ids))
    wrong = 0
    for row in session.execute(query).all():
        fields = stored[kind.name, row.id]
        owner = kind.owner_of(fields)
        first = effective(kind, fields, seen.get(owner) if owner else None)
        tier = Tier(row.tier)
        if row.action != "upsert" or first > tier:
            continue
        shown = redact(kind, fields, tier, seen_by(tier, seen))
        body, mark = render(row.id, row.version, row.created_at, row.updated_at, shown), fingerprint(shown)
        if (body, mark) != (row.body, row.hash):
            wrong += 1
            place = and_(documents.c.kind == kind.name, documents.c.id == row.id, documents.c.tier == row.tier)
            session.execute(update(documents).where(place).values(body=body, hash=mark))
    return wrong
