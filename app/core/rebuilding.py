"""Rebuilds what is derived, from the tables and the history, or tells what of it is not as it should be."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, and_, delete, exists, select, update
from sqlalchemy.orm import Session

from app.core import copied, headings
from app.core.bulk import insert_rows
from app.core.cursors import Identity
from app.core.database import Database
from app.core.documents import MERGED, documents, entries, fingerprint, links, render
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


def faults(session: Session, recorder: Recorder) -> Iterator[str]:
    """Give what is derived and does not follow from the records, record by record; nothing is mended.

    Memory is that of a portion of records. Documents of copies are left out: the history commits to them.
    """
    for kind in recorder.kinds.values():
        last = None
        while records := _portion(session, kind, last):
            given = copied.given(session, kind, [record.id for record in records])
            stored = {(kind.name, record.id): record.stored(kind.fields) for record in records}
            for table, _, wrong, _ in _wrong_indexes(session, recorder, stored | given):
                where = table.c.keys().index("id")
                yield f"{kind.name} {min(row[where] for row in wrong)}: its {table.name} are not what it says"
            own = {key: fields for key, fields in stored.items() if key not in given}
            for row, _, _ in _wrong_documents(session, kind, own):
                yield f"{kind.name} {row.id}: what tier {row.tier} is shown does not follow from the record"
            last = records[-1].id
            session.expunge_all()
    for table in (links, entries):
        yield from _strays(session, table)
    for plug in recorder.plugs:
        yield from plug.faults(session)


def _strays(session: Session, table: Table) -> Iterator[str]:
    """Give the first row of what is gone; where merged records lead is kept on."""
    c, d = table.c, documents.c
    there = exists().where(d.kind == c.kind, d.id == c.id, d.tier == int(Tier.PRIVATE), d.body.is_not(None))
    for row in session.execute(select(c.kind, c.id).where(~there, c.field != MERGED).limit(1)):
        yield f"{row.kind} {row.id}: it is gone, and has {table.name}"


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
    count = 0
    for table, theirs, wrong, rows in _wrong_indexes(session, recorder, stored):
        session.execute(delete(table).where(theirs))
        insert_rows(session, table, rows)
        count += len(wrong)
    return count


_Index = tuple[Table, ColumnElement[bool], set[tuple[Any, ...]], list[dict[str, Any]]]


def _wrong_indexes(session: Session, recorder: Recorder, stored: dict[Key, Fields]) -> Iterator[_Index]:
    """Give the tables in which these records are wrong: what is theirs, what differs of it, and all that should be."""
    kind = next(iter(stored))[0]
    for table, rows in zip((links, entries), recorder.indexed(dict(stored)), strict=True):
        theirs = and_(table.c.kind == kind, table.c.id.in_([record_id for _, record_id in stored]))
        before = {tuple(row) for row in session.execute(select(table).where(theirs))}
        now = {tuple(row[column.name] for column in table.c) for row in rows}
        if before != now:
            yield table, theirs, before ^ now, rows


def _documents(session: Session, kind: Kind, stored: dict[Key, Fields]) -> int:
    wrong = 0
    for row, body, mark in _wrong_documents(session, kind, stored):
        place = and_(documents.c.kind == kind.name, documents.c.id == row.id, documents.c.tier == row.tier)
        session.execute(update(documents).where(place).values(body=body, hash=mark))
        wrong += 1
    return wrong


def _wrong_documents(session: Session, kind: Kind, stored: dict[Key, Fields]) -> Iterator[tuple[Row[Any], bytes, str]]:
    """Give the documents of these records that do not follow from them, with what they and their hash should be."""
    targets = {key for fields in stored.values() for _, key, _ in kind.links(fields)}
    seen: dict[Key, Tier | None] = dict(sights(session, targets))
    ids = [record_id for _, record_id in stored]
    query = select(documents).where(documents.c.kind == kind.name, documents.c.id.in_(ids))
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
            yield row, body, mark
