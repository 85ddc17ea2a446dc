"""Takes over what another register says of its records, by the same path as every write: in bulk, without objects."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, delete
from sqlalchemy.orm import Session

from app.core.bulk import insert_rows
from app.core.history import Change
from app.core.kinds import Key
from app.core.projection import Touch, by_kind
from app.core.recorder import Recorder

Rows = Mapping[Key, dict[str, Any]]


def take(session: Session, recorder: Recorder, touched: dict[Key, Touch], rows: Rows) -> list[Change]:
    """Record what another register gives, and make the kinds' tables say it.

    ``rows`` has a row for each record that is there; it is written where something has changed.
    """
    done = recorder.write(session, touched, {})
    changed = {change.key: change for change in done if change.key in touched}
    for kind, ids in by_kind(changed):
        table = _table(recorder, kind)
        session.connection().execute(delete(table).where(table.c.id.in_(ids)))
    for kind, ids in by_kind(key for key, change in changed.items() if change.fields is not None):
        insert_rows(session, _table(recorder, kind), [rows[kind, record_id] for record_id in ids])
    return done


def _table(recorder: Recorder, kind: str) -> Table:
    found: Table = recorder.kinds[kind].record.__table__  # type: ignore[attr-defined]  # table classes have it
    return found
