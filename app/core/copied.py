"""Mends what is derived from records that are copied: of these the documents hold the truth, and the rest follows."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, and_, delete, select, update
from sqlalchemy.orm import Session

from app.core.bulk import insert_rows
from app.core.documents import canonical, documents, fingerprint, render
from app.core.history import Change, Move
from app.core.kinds import Fields, Key, Kind, Kinds
from app.core.projection import Projector, by_kind, stored_fields
from app.core.record import Tier
from app.core.rows import full_row

_PORTION: Final = 500
_FULL: Final = and_(
    documents.c.tier == int(Tier.PRIVATE), documents.c.source.is_not(None), documents.c.body.is_not(None)
)


def given(session: Session, kind: Kind, ids: Sequence[UUID]) -> dict[Key, Fields]:
    """Give those of these records that are copied, with what their source says of them."""
    query = select(documents.c.id, documents.c.body).where(
        documents.c.kind == kind.name, documents.c.id.in_(ids), _FULL
    )
    return {(kind.name, row.id): stored_fields(row.body) for row in session.execute(query)}


def mend_rows(session: Session, kind: Kind) -> int:
    """Write the rows of the kind's table again that do not say what was given; give their number."""
    table = kind.record.__table__  # type: ignore[attr-defined]  # table classes have it
    wrong = 0
    for portion in _portions(session, kind):
        ids = [row.id for row in portion]
        query = select(kind.record).where(table.c.id.in_(ids)).execution_options(populate_existing=True)
        known = {record.id: record for record in session.execute(query).scalars()}
        rows = [_row(kind, row) for row in portion if not _says(kind, known.get(row.id), row)]
        for record in known.values():
            session.expunge(record)
        if rows:
            session.connection().execute(delete(table).where(table.c.id.in_([row["id"] for row in rows])))
            insert_rows(session, table, rows)
        wrong += len(rows)
    return wrong


def _portions(session: Session, kind: Kind) -> Iterator[Sequence[Row[Any]]]:
    c = documents.c
    first = select(documents).where(c.kind == kind.name, _FULL).order_by(c.id).limit(_PORTION)
    query = first
    while rows := session.execute(query).all():
        yield rows
        query = first.where(c.id > rows[-1].id)


def _says(kind: Kind, record: Any, row: Row[Any]) -> bool:  # noqa: ANN401 - a record of the kind, or none
    if record is None or (record.version, record.created_at) != (row.version, row.created_at):
        return False
    fields = stored_fields(row.body)
    return canonical(record.stored(kind.fields)) == canonical({name: fields.get(name) for name in kind.fields})


def _row(kind: Kind, row: Row[Any]) -> dict[str, Any]:
    common = {"version": row.version, "created_at": row.created_at, "updated_at": row.updated_at}
    return full_row(kind, row.id, stored_fields(row.body), common)


def mend_documents(session: Session, kinds: Kinds, keys: Sequence[Key]) -> int:
    """Write the documents of copied records again that do not follow from what was given; give their number."""
    wrong = 0
    for row in _rows(session, keys):
        mark = fingerprint(stored_fields(row.body))
        if mark != row.hash:
            there = and_(documents.c.kind == row.kind, documents.c.id == row.id, documents.c.tier == row.tier)
            session.execute(update(documents).where(there).values(hash=mark))
            wrong += row.tier == Tier.PRIVATE  # the others are compared with it
    for change in Projector(session, kinds).follow(keys):
        for move in change.moves:
            wrong += _rewrite(session, change, move)
    return wrong


def _rows(session: Session, keys: Sequence[Key]) -> Iterator[Row[Any]]:
    c = documents.c
    for kind, ids in by_kind(keys):
        yield from session.execute(select(documents).where(c.kind == kind, c.id.in_(ids), c.body.is_not(None))).all()


def _rewrite(session: Session, change: Change, move: Move) -> int:
    """Write what a tier is shown again; its version and times are history and stay as they are."""
    if move.fields is None or change.given is None:
        return 0
    kind, record_id = change.key
    c = documents.c
    place = (c.kind == kind, c.id == record_id, c.tier == int(move.tier))
    row = session.execute(select(c.version, c.updated_at).where(*place)).one_or_none()
    if row is None:
        return 0
    origin = change.given.origin
    body = move.body or render(record_id, row.version, change.created_at, row.updated_at, move.fields, origin)
    session.execute(update(documents).where(*place).values(hash=move.hash, body=body))
    return 1
