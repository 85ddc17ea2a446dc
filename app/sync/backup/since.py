"""What a register knew that an older backup of it does not: who must not see, and who must not enter.

A restore brings back what was withdrawn and purged since, which can hurt people. What the register that is replaced
still knows of that is kept: keys stay revoked, and the operator is told which records are there again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
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
_REASON = "ended after the backup was made"
_OF: Final[Mapping[Tier, tuple[str, str]]] = {
    Tier.PUBLIC: ("the public", "is public again"),
    Tier.PARTNERS: ("the partners' sight", "is seen by partners again"),
}


@dataclass(frozen=True, slots=True)
class Since:
    """What has to outlive a register that is replaced by an earlier state of itself."""

    register_id: UUID
    left: Mapping[Tier, frozenset[Key]]  # records that a tier saw and sees no more
    purged: frozenset[Key]
    ended: Mapping[UUID, tuple[datetime | None, datetime | None]]  # when keys were revoked, and when they expire

    def again(self, connection: Connection) -> list[str]:
        """Give the records that were purged and are back, and those that are seen again."""
        c = documents.c
        here = and_(c.tier == int(Tier.PRIVATE), c.action.not_in(ERASING))
        back = set(_keys(connection, self.purged, here))
        words = [(key, "was purged and is here again") for key in back]
        told = back
        for tier, (whose, now) in _OF.items():
            shown = set(_keys(connection, self.left[tier], and_(c.tier == int(tier), c.action == SHOWN))) - told
            words += [(key, f"had left {whose} and {now}") for key in shown]
            told = told | shown
        return [f"{kind}/{record_id} {said}" for (kind, record_id), said in sorted(words)]


def since(connection: Connection) -> Since:
    """Read it off the register that is there."""
    c = documents.c
    left = and_(c.tier.in_(list(map(int, _OF))), c.action.in_(["withdraw", "delete", "purge"]))
    purged = and_(c.tier == int(Tier.PRIVATE), c.action.in_(ERASING))
    rows = connection.execute(select(c.kind, c.id, c.tier).where(or_(left, purged))).all()
    ends = or_(ApiKey.revoked_at.is_not(None), ApiKey.expires_at.is_not(None))  # type: ignore[union-attr]  # columns
    keys = connection.execute(select(ApiKey.id, ApiKey.revoked_at, ApiKey.expires_at).where(ends))  # type: ignore[call-overload]  # the same
    return Since(
        connection.execute(select(register.c.register_id)).scalar_one(),
        {tier: frozenset((row.kind, row.id) for row in rows if row.tier == tier) for tier in _OF},
        frozenset((row.kind, row.id) for row in rows if row.tier == Tier.PRIVATE),
        {row.id: (row.revoked_at, row.expires_at) for row in keys},
    )


def _keys(connection: Connection, keys: Iterable[Key], condition: Any) -> Iterator[Key]:  # noqa: ANN401 - a condition
    for kind, ids in by_kind(keys):
        query = select(documents.c.id).where(documents.c.kind == kind, documents.c.id.in_(ids), condition)
        yield from ((kind, record_id) for record_id in connection.execute(query).scalars())


def end_again(connection: Connection, kinds: Kinds, before: Since) -> int:
    """End the keys that were revoked since, or given an end or an earlier one, as a change; give their number."""
    recorded: type[Session] = type("RestoringSession", (Session,), {})
    Recorder(kinds).follow(recorded)
    with recorded(connection) as session:
        found = (session.get(ApiKey, key_id) for key_id in before.ended)
        ends = [(key, key.revoked_at, _earlier(key.expires_at, before.ended[key.id][1])) for key in found if key]
        ends = [(key, revoked or before.ended[key.id][0], expires) for key, revoked, expires in ends]
        others = [one for one in ends if one[1:] != (one[0].revoked_at, one[0].expires_at)]
        if others:
            begin(session, _AUTHOR, reason=_REASON)
        for key, revoked, expires in others:
            key.revoked_at, key.expires_at = revoked, expires
        session.flush()
        return len(others)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((end for end in (one, other) if end is not None), default=None)
