"""What a register knew that an older backup of it does not: who must not see, and who must not enter.

A restore brings back what was withdrawn and purged since, which can hurt people. What the register that is replaced
still knows of that is kept: keys stay revoked, and the operator is told which records are there again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select
from sqlalchemy.orm import Session

from app.core.access import ApiKey
from app.core.documents import SHOWN, documents
from app.core.history import ERASING, register
from app.core.kinds import Key, Kinds
from app.core.projection import by_kind
from app.core.record import Tier
from app.core.recorder import Recorder, begin

_AUTHOR = "restore"
_REASON = "revoked after the backup was made"


@dataclass(frozen=True, slots=True)
class Since:
    """What has to outlive a register that is replaced by an earlier state of itself."""

    register_id: UUID
    left: frozenset[Key]  # records that the public saw and sees no more
    purged: frozenset[Key]
    revoked: dict[UUID, datetime]

    def again(self, connection: Connection) -> list[str]:
        """Give the records that were purged and are back, and those that are public again."""
        c = documents.c
        here = and_(c.tier == int(Tier.PRIVATE), c.action.not_in(ERASING))
        public = and_(c.tier == int(Tier.PUBLIC), c.action == SHOWN)
        back = set(_keys(connection, self.purged, here))
        shown = set(_keys(connection, self.left, public)) - back
        words = [(key, "was purged and is here again") for key in back]
        words += [(key, "had left the public and is public again") for key in shown]
        return [f"{kind}/{record_id} {said}" for (kind, record_id), said in sorted(words)]


def since(connection: Connection) -> Since:
    """Read it off the register that is there."""
    c = documents.c
    left = and_(c.tier == int(Tier.PUBLIC), c.action.in_(["withdraw", "delete", "purge"]))
    purged = and_(c.tier == int(Tier.PRIVATE), c.action.in_(ERASING))
    rows = connection.execute(select(c.kind, c.id, c.tier).where(or_(left, purged))).all()
    keys = connection.execute(select(ApiKey.id, ApiKey.revoked_at).where(ApiKey.revoked_at.is_not(None)))  # type: ignore[call-overload, union-attr]  # columns
    return Since(
        connection.execute(select(register.c.register_id)).scalar_one(),
        frozenset((row.kind, row.id) for row in rows),
        frozenset((row.kind, row.id) for row in rows if row.tier == Tier.PRIVATE),
        {row.id: row.revoked_at for row in keys},
    )


def _keys(connection: Connection, keys: Iterable[Key], condition: Any) -> Iterator[Key]:  # noqa: ANN401 - a condition
    for kind, ids in by_kind(keys):
        query = select(documents.c.id).where(documents.c.kind == kind, documents.c.id.in_(ids), condition)
        yield from ((kind, record_id) for record_id in connection.execute(query).scalars())


def revoke_again(connection: Connection, kinds: Kinds, before: Since) -> int:
    """Revoke the keys that were revoked since, as a change like any other; give their number."""
    recorded: type[Session] = type("RestoringSession", (Session,), {})
    Recorder(kinds).follow(recorded)
    with recorded(connection) as session:
        found = (session.get(ApiKey, key_id) for key_id in before.revoked)
        keys = [key for key in found if key is not None and key.revoked_at is None]
        if keys:
            begin(session, _AUTHOR, reason=_REASON)
        for key in keys:
            key.revoked_at = before.revoked[key.id]
        session.flush()
        return len(keys)
