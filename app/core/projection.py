"""Works out what each tier hears of a change: of the records touched, and of those that refer to them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from app.core import copies
from app.core.bulk import among, run
from app.core.copies import Given
from app.core.documents import LEADS, MERGED, SHOWN, documents, fingerprint, links
from app.core.history import Change, Move
from app.core.kinds import COMMON, Fields, Key, Kinds
from app.core.known import Known, Led, before, end_of, known_of
from app.core.problems import Problem
from app.core.record import Tier
from app.core.visibility import cut, effective, effective_of_copy, redact, seen_by

CHUNK: Final = 1000
_d, _l, _kind = documents.c, links.c, bindparam("kind", type_=String())
_KNOWN: Final = select(documents).where(_d.kind == _kind, among(_d.id))
_FIRST: Final = (
    select(_d.id, _d.source, func.min(case((_d.action == SHOWN, _d.tier))))
    .where(_d.kind == _kind, among(_d.id))
    .group_by(_d.id, _d.source)
)
_LEAST: Final = select(_d.id, func.min(_d.tier)).where(_d.kind == _kind, among(_d.id)).group_by(_d.id)
_SEEN: Final = _LEAST.where(_d.action == SHOWN)
_LED_TO: Final = _LEAST.where(or_(_d.action == SHOWN, LEADS))
_BODIES: Final = select(_d.id, _d.body).where(
    _d.kind == _kind, among(_d.id), _d.tier == bindparam("tier"), _d.body.is_not(None)
)
_REFERRING: Final = select(_l.kind, _l.id).where(_l.to_kind == _kind, among(_l.to_id))
_MERGED: Final = select(_l.id, _l.to_kind, _l.to_id, _l.tier).where(_l.kind == _kind, among(_l.id), _l.field == MERGED)


class Touch(NamedTuple):
    """A record as a transaction leaves it; ``fields`` is None when it is gone.

    ``given`` is what another register says of it, where it is copied from there. ``into`` is the record of which a
    merged one is part, ``first`` the first tier that saw it when it was merged.
    """

    action: str
    fields: Fields | None
    created_at: datetime
    given: Given | None = None
    into: Key | None = None
    first: Tier | None = None


def by_kind(keys: Iterable[Key]) -> Iterator[tuple[str, list[UUID]]]:
    """Give the ids of each kind, in portions that a statement can take."""
    groups: dict[str, list[UUID]] = defaultdict(list)
    for kind, record_id in keys:
        groups[kind].append(record_id)
    for kind, ids in groups.items():
        for start in range(0, len(ids), CHUNK):
            yield kind, ids[start : start + CHUNK]


def sights(session: Session, keys: Iterable[Key], *, merged: bool = False) -> dict[Key, Tier]:
    """Give the first tier that sees each record; records that nobody sees are left out.

    With ``merged`` it sees also those that lead it on to another one.
    """
    found: dict[Key, Tier] = {}
    for kind, ids in by_kind(keys):
        rows = run(session, _LED_TO if merged else _SEEN, {"kind": kind, "ids": ids})
        found |= {(kind, record_id): Tier(tier) for record_id, tier in rows}
    return found


def bodies(session: Session, keys: Iterable[Key], tier: Tier = Tier.PRIVATE) -> dict[Key, Fields]:
    """Give the stored fields of records as a tier has them, by default all of them; others are left out."""
    found: dict[Key, Fields] = {}
    for kind, ids in by_kind(keys):
        rows = run(session, _BODIES, {"kind": kind, "ids": ids, "tier": int(tier)})
        found |= {(kind, record_id): stored_fields(body) for record_id, body in rows}
    return found


def stored_fields(body: bytes) -> Fields:
    """Give the fields of a written record, without the common ones."""
    fields: Fields = json.loads(body)
    return {name: value for name, value in fields.items() if name not in COMMON}


def referring(session: Session, keys: Iterable[Key]) -> set[Key]:
    """Give the records that refer to any of these."""
    found: set[Key] = set()
    for kind, ids in by_kind(keys):
        found |= {(row.kind, row.id) for row in run(session, _REFERRING, {"kind": kind, "ids": ids})}
    return found


def merged(session: Session, keys: Iterable[Key]) -> dict[Key, tuple[Key, Tier]]:
    """Give what merged records are part of, and the first tier that saw each of them; others are left out."""
    found: dict[Key, tuple[Key, Tier]] = {}
    for kind, ids in by_kind(keys):
        rows = run(session, _MERGED, {"kind": kind, "ids": ids})
        found |= {(kind, row.id): ((row.to_kind, row.to_id), Tier(row.tier)) for row in rows}
    return found


class Projector:
    """One transaction's changes, worked out tier by tier."""

    def __init__(self, session: Session, kinds: Kinds) -> None:
        self._session = session
        self._kinds = kinds
        self._fields: dict[Key, Fields | None] = {}
        self._led: Led = {}
        self._withdrawn: set[Key] = set()  # copied ones that their source shows no more, deleted or not
        self._forgotten: set[Key] = set()  # copied ones that led on until now, and are to be erased
        self._links: dict[Key, list[Key]] = {}
        self._given: dict[Key, Given] = {}
        self._source: dict[Key, UUID | None] = {}  # where each record that is here is copied from
        self._sight: dict[Key, Tier | None] = {}
        self._known: dict[Key, dict[Tier, Known]] = {}
        self._last: tuple[Fields | None, str] = (None, "")

    def project(self, touched: dict[Key, Touch]) -> list[Change]:
        """Give every change that follows from the touched records, what is referred to first.

        An id is given once: a new record with one that was ever used is a ``Problem``, also for who never saw that one.
        So is a change of a record that is another register's.
        """
        self._add(touched)
        self._load(touched)
        self._refuse(touched)
        self._forget(touched)
        self._lead(touched)
        frontier = self._place(touched)
        followers: dict[Key, Touch] = {}
        while frontier:
            fresh = referring(self._session, frontier) - self._fields.keys()
            self._load(fresh)
            following = self._following(fresh)
            self._add(following)
            self._lead(following)
            followers |= following
            frontier = self._place(fresh)
        return self._changes(touched | followers)

    def follow(self, keys: Iterable[Key]) -> list[Change]:
        """Give what has changed of copied records, to which nothing happened: nothing, if all is as it should be."""
        self._load(keys)
        following = self._following(keys)
        self._add(following)
        self._place(following)
        return self._changes(following)

    def _changes(self, touched: dict[Key, Touch]) -> list[Change]:
        self._look_up({target for targets in self._links.values() for target in targets})
        changes = (self._change(key, touch) for key, touch in self._ordered(touched))
        return [change for change in changes if change.moves]

    def _add(self, touched: dict[Key, Touch]) -> None:
        for key, touch in touched.items():
            self._fields[key] = touch.fields
            kind = self._kinds[key[0]]
            self._links[key] = [target for _, target, _ in kind.links(touch.fields)] if touch.fields else []
            self._source[key] = touch.given.source if touch.given else None
            if touch.action == "withdraw":
                self._withdrawn.add(key)
            if touch.given:
                self._given[key] = touch.given

    def _load(self, keys: Iterable[Key]) -> None:
        for kind, ids in by_kind(keys):
            for row in run(self._session, _KNOWN, {"kind": kind, "ids": ids}):
                self._known.setdefault((kind, row.id), {})[Tier(row.tier)] = known_of(row)

    def _refuse(self, touched: dict[Key, Touch]) -> None:
        for key in touched.keys() & self._known.keys() - self._given.keys():
            if touched[key].action == "create":
                raise Problem("taken")
            if touched[key].action == "detach":
                continue
            for source in {known.source for known in self._known[key].values() if known.source}:
                raise copies.refusal(self._session, source)

    def _lead(self, touched: dict[Key, Touch]) -> None:
        """Note where merged records lead: whoever saw them until then, here or at their source; and on from there."""
        for key, touch in touched.items():
            saw = [tier for tier in (self._was(key), touch.first) if tier is not None]
            if touch.into is not None and saw:
                self._led[key] = touch.into, min(saw)
        ends = {into for into, _ in self._led.values()}
        while ends := ends - self._led.keys() - self._fields.keys():
            further = merged(self._session, ends)
            self._led |= further
            ends = {into for into, _ in further.values()}

    def _forget(self, touched: dict[Key, Touch]) -> None:
        """Note which copied records led on, and do not any more: nothing is kept of them, whoever sees it."""
        gone = [key for key, touch in touched.items() if touch.given and touch.fields is None and touch.into is None]
        self._forgotten = set(merged(self._session, gone))

    def _following(self, keys: Iterable[Key]) -> dict[Key, Touch]:
        """Give the touches of records to which nothing happened but what they refer to."""
        found = {}
        copied = None
        led = merged(self._session, (key for key in keys if self._known[key][Tier.PRIVATE].body is None))
        for key in keys:
            known = self._known[key][Tier.PRIVATE]
            given = None
            if known.source is not None:
                copied = copied or copies.tiers(self._session)
                first = copied[known.source]
                given = Given(known.source, first, known.version, known.updated_at, known.hash, known.body)
            if key in led:
                found[key] = Touch("follow", None, known.created_at, given, *led[key])
            else:
                found[key] = Touch("follow", stored_fields(known.body or b"{}"), known.created_at, given)
        return found

    def _place(self, keys: Iterable[Key]) -> list[Key]:
        """Work out who sees these records now, and give those for which that has changed."""
        owners = {key: self._owner(key) for key in keys}
        unowned = [key for key, owner in owners.items() if owner is None and key not in self._led]
        for key in unowned:
            self._sight[key] = self._first(key, None)
        self._look_up({owner for owner in owners.values() if owner})
        owned = [(key, owner) for key, owner in owners.items() if owner]
        for key, owner in owned:
            self._sight[key] = self._first(key, owner)
        led = {key: end_of(key, self._led) for key in owners if key in self._led}
        self._look_up({end for end, _ in led.values()} - self._led.keys())
        for key, (end, first) in led.items():
            seen = None if end in self._led else self._sight.get(end)
            self._sight[key] = None if seen is None else max(first, seen)
        return [key for key in (*unowned, *(key for key, _ in owned), *led) if self._moves(key)]

    def _moves(self, key: Key) -> bool:
        """Tell whether others see this record from now on; a copied one may have been referred to before it came."""
        was = self._was(key)
        return was != self._sight[key] and (was is not None or key in self._given)

    def _owner(self, key: Key) -> Key | None:
        fields = self._fields[key]
        return self._kinds[key[0]].owner_of(fields) if fields is not None else None

    def _first(self, key: Key, owner: Key | None) -> Tier | None:
        """Give the first tier that sees a record."""
        fields, given = self._fields[key], self._given.get(key)
        if fields is None:
            return None
        own = effective(self._kinds[key[0]], fields, self._sight.get(owner) if owner else None)
        if given is None:
            return own
        return effective_of_copy(own, given.tier, under_ours=owner is not None and self._others(given, owner))

    def _others(self, given: Given, target: Key) -> bool:
        """Tell whether what a copied record refers to is here, and not from the same source."""
        return self._source.get(target, given.source) != given.source

    def _was(self, key: Key) -> Tier | None:
        return min((tier for tier, known in self._known.get(key, {}).items() if known.seen), default=None)

    def _look_up(self, keys: set[Key]) -> None:
        """Find out who sees records as they are in the database, and where these are from."""
        for kind, ids in by_kind(keys - self._sight.keys()):
            for record_id, source, tier in run(self._session, _FIRST, {"kind": kind, "ids": ids}):
                self._sight[kind, record_id] = None if tier is None else Tier(tier)
                self._source[kind, record_id] = source

    def _ordered(self, touched: dict[Key, Touch]) -> list[tuple[Key, Touch]]:
        def place(item: tuple[Key, Touch]) -> tuple[bool, int]:
            (kind, _), touch = item
            rank = self._kinds.rank(kind)
            return touch.fields is None, -rank if touch.fields is None else rank

        return sorted(touched.items(), key=place)

    def _change(self, key: Key, touch: Touch) -> Change:
        known, self._last = self._known.get(key, {}), (None, "")
        given = touch.given
        others = {target for target in self._links[key] if self._others(given, target)} if given else set()
        moves = (self._move(key, touch, tier, known.get(tier), others) for tier in Tier)
        told = tuple(move for move in moves if move)
        full = known.get(Tier.PRIVATE)
        old = stored_fields(full.body) if full and full.body else None
        made = full.created_at if full and touch.fields is None else touch.created_at
        whole = given is None or touch.fields is None or self._whole(key, given.tier, others)
        tiers = frozenset(known)
        into, first = self._led[key] if touch.into else (None, None)
        made_before = frozenset(row.created_at for row in known.values())
        shown = frozenset(tier for tier, row in known.items() if row.live)
        was = tiers, old, given, whole, into, first, made_before, shown
        return Change(key, touch.action, touch.fields, made, told, *was)

    def _whole(self, key: Key, tier: Tier, others: set[Key]) -> bool:
        """Tell whether a tier sees a copied record, and everything of others that it refers to."""
        sees = seen_by(tier, self._sight)
        return sees(key) and (tier is Tier.PRIVATE or all(map(sees, others)))

    def _move(self, key: Key, touch: Touch, tier: Tier, known: Known | None, others: set[Key]) -> Move | None:
        sees = seen_by(tier, self._sight)
        given = touch.given
        if key in self._led:
            return self._lead_on(key, touch, tier, known)
        if touch.fields is None or not sees(key):
            led = tier is Tier.PRIVATE and key in self._forgotten
            return _leave(touch, tier, known, led=led)
        if given and tier >= given.tier:
            return self._given_move(key, touch.fields, given, tier, known, others)
        fields, mark = self._marked(redact(self._kinds[key[0]], touch.fields, tier, sees))
        source = given.source if given else None
        if known and known.live and (known.hash, known.source) == (mark, source):
            return None
        version = known.version + 1 if known else 1
        return Move(tier, "upsert", version, mark, gone=False, fields=fields, **before(known))

    def _given_move(
        self, key: Key, fields: Fields, given: Given, tier: Tier, known: Known | None, others: set[Key]
    ) -> Move | None:
        """Give what a tier that sees all that was given hears of it."""
        mark, body = given.hash, given.body
        if not self._whole(key, tier, others):
            sees = seen_by(tier, self._sight)
            fields = cut(self._kinds[key[0]], fields, lambda target: target not in others or sees(target))
            mark, body = fingerprint(fields), None
        now = (given.version, mark, given.source, body)
        if known and known.live and now == (known.version, known.hash, known.source, body and known.body):
            return None
        told = {"body": body, "updated_at": given.updated_at, **before(known)}
        return Move(tier, "upsert", given.version, mark, gone=False, fields=fields, **told)

    def _lead_on(self, key: Key, touch: Touch, tier: Tier, known: Known | None) -> Move | None:
        """Give what a tier hears of a merged record: where it leads, or that it leads nowhere any more."""
        action = self._end(key, tier)
        if tier < self._led[key][1]:
            return None
        # Of a copied one the link waits here for what it leads to; others hear of it when they are led there.
        waits = tier is Tier.PRIVATE and touch.action == "merge"
        if known is None and action != "merge" and not waits:
            return None
        if known and known.action == action and not waits and (touch.action == "follow" or action != "merge"):
            return None  # where it leads is another matter: that may be new
        given = touch.given if touch.action == "merge" or known is None else None
        version = given.version if given and tier >= given.tier else known.version + 1 if known else 1
        return Move(tier, action, version, "", action == "delete", None, **before(known))

    def _end(self, key: Key, tier: Tier) -> str:
        """Give what becomes, for a tier, of a merged record."""
        end, first = end_of(key, self._led)
        if end in self._led or end in self._withdrawn or tier < first:
            return "withdraw"
        if seen_by(tier, self._sight)(end):
            return "merge"
        known = self._known.get(end, {}).get(tier)
        gone = self._fields.get(end) is None and known is not None and (known.seen or known.gone)
        return "delete" if gone else "withdraw"

    def _marked(self, fields: Fields) -> tuple[Fields, str]:
        """Give fields with their hash; most records say the same to every tier."""
        said, mark = self._last
        if said != fields:
            said, mark = self._last = fields, fingerprint(fields)
        return said, mark


def _leave(touch: Touch, tier: Tier, known: Known | None, *, led: bool) -> Move | None:
    """Give what a tier hears of a record that it no longer sees: nothing, if it never did.

    ``led``: a copied one that is to be erased, though where it led was out of sight already.
    """
    if known is None or not (known.seen or led or touch.action == "purge") or known.action == "purge":
        return None
    given = touch.given
    version = given.version if given and tier >= given.tier else known.version + 1
    action = touch.action if touch.fields is None else "withdraw"
    gone = action == "delete" or (action == "purge" and (known.seen or known.gone))
    return Move(tier, action, version, "", gone, None, **before(known))


def live(kind: str, tier: Tier) -> ColumnElement[bool]:
    """Give the condition that a row of ``documents`` is a record of this kind that the tier sees."""
    return and_(documents.c.kind == kind, documents.c.tier == int(tier), documents.c.action == SHOWN)
