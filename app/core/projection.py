"""Works out what each tier hears of a change: of the records touched, and of those that refer to them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import Session

from app.core.documents import documents, fingerprint, links
from app.core.history import Change, Move
from app.core.kinds import COMMON, Fields, Key, Kinds
from app.core.problems import Problem
from app.core.record import Tier
from app.core.visibility import Sight, effective, redact, seen_by

CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class Touch:
    """A record as a transaction leaves it; ``fields`` is None when it is gone."""

    action: str
    fields: Fields | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """The row that a tier has of a record."""

    version: int
    action: str
    hash: str
    gone: bool
    created_at: datetime
    body: bytes | None

    @property
    def live(self) -> bool:
        return self.action == "upsert"


def by_kind(keys: Iterable[Key]) -> Iterator[tuple[str, list[UUID]]]:
    """Give the ids of each kind, in portions that a statement can take."""
    groups: dict[str, list[UUID]] = defaultdict(list)
    for kind, record_id in keys:
        groups[kind].append(record_id)
    for kind, ids in groups.items():
        for start in range(0, len(ids), CHUNK):
            yield kind, ids[start : start + CHUNK]


def sights(session: Session, keys: Iterable[Key]) -> dict[Key, Tier]:
    """Give the first tier that sees each record; records that nobody sees are left out."""
    found: dict[Key, Tier] = {}
    for kind, ids in by_kind(keys):
        live = and_(documents.c.kind == kind, documents.c.id.in_(ids), documents.c.action == "upsert")
        query = select(documents.c.id, func.min(documents.c.tier)).where(live).group_by(documents.c.id)
        found |= {(kind, row[0]): Tier(row[1]) for row in session.execute(query)}
    return found


def bodies(session: Session, keys: Iterable[Key]) -> dict[Key, Fields]:
    """Give all stored fields of records, as the private tier has them."""
    found: dict[Key, Fields] = {}
    for kind, ids in by_kind(keys):
        where = (documents.c.kind == kind, documents.c.id.in_(ids), documents.c.tier == int(Tier.PRIVATE))
        query = select(documents.c.id, documents.c.body).where(*where, documents.c.body.is_not(None))
        found |= {(kind, row.id): stored_fields(row.body) for row in session.execute(query)}
    return found


def stored_fields(body: bytes) -> Fields:
    """Give the fields of a written record, without the common ones."""
    fields: Fields = json.loads(body)
    return {name: value for name, value in fields.items() if name not in COMMON}


def referring(session: Session, keys: Iterable[Key]) -> set[Key]:
    """Give the records that refer to any of these."""
    found: set[Key] = set()
    for kind, ids in by_kind(keys):
        query: Select[Any] = select(links.c.kind, links.c.id).where(links.c.to_kind == kind, links.c.to_id.in_(ids))
        found |= {(row.kind, row.id) for row in session.execute(query)}
    return found


class Projector:
    """One transaction's changes, worked out tier by tier."""

    def __init__(self, session: Session, kinds: Kinds) -> None:
        self._session = session
        self._kinds = kinds
        self._fields: dict[Key, Fields | None] = {}
        self._sight: dict[Key, Tier | None] = {}
        self._known: dict[Key, dict[Tier, Known]] = {}
        self._last: tuple[Fields | None, str] = (None, "")

    def project(self, touched: dict[Key, Touch]) -> list[Change]:
        """Give every change that follows from the touched records, what is referred to first.

        An id is given once: a new record with one that was ever used is a ``Problem``, also for who never saw that one.
        """
        self._fields = {key: touch.fields for key, touch in touched.items()}
        self._load(touched)
        if any(touch.action == "create" and key in self._known for key, touch in touched.items()):
            raise Problem("taken")
        frontier = self._place(touched)
        followers: dict[Key, Touch] = {}
        while frontier:
            fresh = referring(self._session, frontier) - self._fields.keys()
            self._load(fresh)
            self._fields |= bodies(self._session, fresh)
            followers |= {key: self._following(key) for key in fresh}
            frontier = self._place(fresh)
        self._look_up_targets()
        changes = (self._change(key, touch) for key, touch in self._ordered(touched | followers))
        return [change for change in changes if change.moves]

    def _load(self, keys: Iterable[Key]) -> None:
        for kind, ids in by_kind(keys):
            query = select(documents).where(documents.c.kind == kind, documents.c.id.in_(ids))
            for row in self._session.execute(query):
                self._known.setdefault((kind, row.id), {})[Tier(row.tier)] = _known(row)

    def _following(self, key: Key) -> Touch:
        return Touch("follow", self._fields[key], self._known[key][Tier.PRIVATE].created_at)

    def _place(self, keys: Iterable[Key]) -> list[Key]:
        """Work out who sees these records now, and give those for which that has changed."""
        owned = [key for key in keys if self._owner(key)]
        unowned = [key for key in keys if not self._owner(key)]
        for key in unowned:
            self._sight[key] = self._effective(key, None)
        owners = {owner for key in owned if (owner := self._owner(key))} - self._sight.keys()
        self._sight |= sights(self._session, owners)
        for key in owned:
            owner = self._owner(key)
            self._sight[key] = self._effective(key, self._sight.get(owner) if owner else None)
        return [key for key in (*unowned, *owned) if self._was(key) not in (None, self._sight[key])]

    def _owner(self, key: Key) -> Key | None:
        fields = self._fields[key]
        return self._kinds[key[0]].owner_of(fields) if fields is not None else None

    def _effective(self, key: Key, owner: Tier | None) -> Tier | None:
        fields = self._fields[key]
        return None if fields is None else effective(self._kinds[key[0]], fields, owner)

    def _was(self, key: Key) -> Tier | None:
        return min((tier for tier, known in self._known.get(key, {}).items() if known.live), default=None)

    def _look_up_targets(self) -> None:
        targets = {
            target
            for key, fields in self._fields.items()
            if fields is not None
            for _, target, _ in self._kinds[key[0]].links(fields)
        }
        self._sight |= sights(self._session, targets - self._sight.keys())

    def _ordered(self, touched: dict[Key, Touch]) -> list[tuple[Key, Touch]]:
        def place(item: tuple[Key, Touch]) -> tuple[bool, int]:
            (kind, _), touch = item
            rank = self._kinds.rank(kind)
            return touch.fields is None, -rank if touch.fields is None else rank

        return sorted(touched.items(), key=place)

    def _change(self, key: Key, touch: Touch) -> Change:
        known, self._last = self._known.get(key, {}), (None, "")
        moves = (self._move(key, touch, tier, known.get(tier)) for tier in Tier)
        told = tuple(move for move in moves if move)
        full = known.get(Tier.PRIVATE)
        before = stored_fields(full.body) if full and full.body else None
        return Change(key, touch.action, touch.fields, touch.created_at, told, frozenset(known), before)

    def _move(self, key: Key, touch: Touch, tier: Tier, known: Known | None) -> Move | None:
        sight: Sight = self._sight
        version = known.version + 1 if known else 1
        if touch.fields is not None and seen_by(tier, sight)(key):
            fields, mark = self._marked(redact(self._kinds[key[0]], touch.fields, tier, seen_by(tier, sight)))
            same = known is not None and known.live and known.hash == mark
            was = known.hash if known else ""
            return None if same else Move(tier, "upsert", version, mark, gone=False, fields=fields, was=was)
        return _leave(touch, tier, known, version)

    def _marked(self, fields: Fields) -> tuple[Fields, str]:
        """Give fields with their hash; most records say the same to every tier."""
        said, mark = self._last
        if said != fields:
            said, mark = self._last = fields, fingerprint(fields)
        return said, mark


def _known(row: Row[Any]) -> Known:
    return Known(row.version, row.action, row.hash, row.gone, row.created_at, row.body)


def _leave(touch: Touch, tier: Tier, known: Known | None, version: int) -> Move | None:
    """Give what a tier hears of a record that it no longer sees: nothing, if it never did."""
    if known is None:
        return None
    if touch.action == "purge":
        gone = known.live or known.gone
        return None if known.action == "purge" else Move(tier, "purge", version, "", gone, None, known.hash)
    if not known.live:
        return None
    action = "delete" if touch.fields is None else "withdraw"
    return Move(tier, action, version, "", action == "delete", None, known.hash)


def live(kind: str, tier: Tier) -> ColumnElement[bool]:
    """Give the condition that a row of ``documents`` is a record of this kind that the tier sees."""
    return and_(documents.c.kind == kind, documents.c.tier == int(tier), documents.c.action == "upsert")
