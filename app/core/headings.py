"""What stands before each document in the feed, held against what the commit order makes of it."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.core.cursors import Identity, Place, cursors_of, heading
from app.core.dialects import OuterFirst
from app.core.documents import documents
from app.core.history import changes
from app.core.projection import merged
from app.core.record import Tier

_PORTION: Final = 500


def wrong(session: Session, identity: Identity) -> Iterator[tuple[Tier, Row[Any, *tuple[Any, ...]], bytes]]:
    """Give the documents whose heading is another than it should be, with the tier and what it should be."""
    c = documents.c
    for tier in Tier:
        cursors, last = cursors_of(identity, tier), 0
        query = select(c.kind, c.id, c.position, c.version, c.action, c.heading, changes.c.at)
        query = query.select_from(OuterFirst(documents, changes, changes.c.position == c.position))
        query = query.where(c.tier == int(tier)).order_by(c.position).limit(_PORTION)
        while rows := session.execute(query.where(c.position > last)).all():
            last = rows[-1].position
            into = merged(session, [(row.kind, row.id) for row in rows if row.action == "merge"])
            for row in rows:
                cursor, key = cursors.seal(Place(row.position, row.at)), (row.kind, row.id)
                led = into[key][0] if key in into else None
                written = heading(cursor, row.at, key, row.version, row.action, led)
                if written != row.heading:
                    yield tier, row, written
