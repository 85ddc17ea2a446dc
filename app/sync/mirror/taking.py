"""One page of a source, written in one transaction with the place up to which it reaches."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, delete, insert, literal, select, tuple_, update
from sqlalchemy.orm import Session

from app.core.copies import Given, apart
from app.core.database import Database
from app.core.documents import MERGED, documents, links
from app.core.history import Change, changes, register
from app.core.kinds import Key
from app.core.projection import Touch, by_kind, merged
from app.core.record import Tier
from app.core.recorder import writing_in
from app.core.taking import take
from app.register.seeding import AUTHOR as SEED
from app.sync.mirror.items import Item
from app.sync.mirror.kept import drop, drop_before
from app.sync.mirror.state import State, advance
from app.sync.mirror.stops import Unfit

AUTHOR: Final = "mirror"
Place = tuple[datetime, UUID]
_NAMED: Final = 100


class Taken(Exception):  # noqa: N818 - listed before it is said
    """Records of the source have ids that are local here."""

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__()
        self.keys = list(keys)


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a kind, in the order of the export: behind ``after``, up to ``until``, to the end without it."""

    kind: str
    after: Place | None
    until: Place | None


@dataclass(slots=True)
class _Here:
    """What is here under the id of an item."""

    source: UUID | None
    action: str = ""
    version: int = 0
    hash: str = ""
    body: bytes | None = None  # as it was given
    into: UUID | None = None  # where it leads on, or would if that were seen


@dataclass(slots=True)
class _Sorted:
    """The items of a page, by what is to be done with each."""

    ours: dict[Key, Item] = field(default_factory=dict)  # to be written
    adopted: list[Key] = field(default_factory=list)  # seeds that become copies
    left: dict[Key, Item] = field(default_factory=dict)  # our own, or held from another source
    local: list[Key] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Taker:
    """Writes what one source gives."""

    database: Database

    async def take(
        self, items: Sequence[Item], before: State, after: State, swept: Range | None = None, behind: int = 0
    ) -> int:
        """Write items and what is gone of a range; give the number of records that have changed.

        What was fetched is deleted before the portion ``behind``. ``Taken`` when ids are local here: then nothing is
        written.
        """
        words = f"as the register {before.register_id} says"
        async with self.database.write(AUTHOR, reason=words, hasty=swept is not None) as session:
            count = await session.run_sync(self._take, items, before, after, swept)
            if behind:
                await session.run_sync(drop_before, before.register_id, behind)
            return count

    async def end(self, before: State, after: State) -> None:
        """Leave nothing of what was fetched, as all of it is taken."""
        async with self.database.write(AUTHOR) as session:
            await session.run_sync(advance, before, after)
            await session.run_sync(drop, before.register_id)

    def _take(self, session: Session, items: Sequence[Item], before: State, after: State, swept: Range | None) -> int:
        advance(session, before, after)
        found = self._sorted(session, items, after)
        if found.local:
            raise Taken(found.local)
        touched = {key: _touch(item) for key, item in found.ours.items()}
        if swept is not None:
            touched |= _swept(session, swept, after, {item.key for item in items})
        rows = {key: item.row for key, item in found.ours.items() if item.row}
        done = take(session, self.database.recorder, touched, rows)
        _own(session, found.adopted, after.register_id)
        _note_left(session, found.left.values(), after.register_id)
        _offer_again(session, done)
        return sum(change.key in touched for change in done)

    async def leave(self, led: set[Key], before: State, after: State) -> int:
        """Withdraw what leads on here and not there, where that is ``led``; give the number of records."""
        async with self.database.write(AUTHOR, reason=f"as the register {before.register_id} says") as session:
            return await session.run_sync(self._leave, led, before, after)

    def _leave(self, session: Session, led: set[Key], before: State, after: State) -> int:
        advance(session, before, after)
        at = writing_in(session).at
        gone = {key: version for key, version in _leading(session, before.register_id) if key not in led}
        touched = {
            key: Touch("withdraw", None, at, Given(before.register_id, before.tier, version + 1, at))
            for key, version in gone.items()
        }
        take(session, self.database.recorder, touched, {})
        return len(touched)

    async def local(self, items: Sequence[Item], state: State) -> list[Key]:
        """Give the items whose ids are local here."""
        async with self.database.read(primary=True) as session:
            return (await session.run_sync(self._sorted, items, state)).local

    def _sorted(self, session: Session, items: Iterable[Item], state: State) -> _Sorted:
        newest = {item.key: item for item in items}
        here = _here(session, newest, state.tier)
        seeds = _untouched(session, [key for key, known in here.items() if known.source is None])
        us = session.execute(select(register.c.register_id)).scalar_one()
        found = _Sorted()
        for key, item in newest.items():
            known = here.get(key)
            mine = known is not None and known.source == state.register_id
            if item.origin == us or (known and known.source and not mine):
                found.left[key] = item
            elif mine or (known is None and _there(item)):
                if known is None or not _says(known, item):
                    found.ours[key] = item
            elif key in seeds and _there(item):
                found.ours[key] = item
                found.adopted.append(key)
            elif item.fields is None:
                found.left[key] = item
            else:
                found.local.append(key)
        return found


def _there(item: Item) -> bool:
    """Tell whether an item says that a record is there, or leads on."""
    return item.fields is not None or item.into is not None


def _says(known: _Here, item: Item) -> bool:
    """Tell whether all that an item says is here already."""
    if item.into is not None:
        return known.into == item.into
    if item.fields is None:
        return known.action == item.action and known.into is None
    given = item.given
    return (known.action, known.version, known.hash, known.body) == ("upsert", given.version, given.hash, given.body)


def _touch(item: Item) -> Touch:
    action = item.action if item.fields is None else "update"
    into = (item.key[0], item.into) if action == "merge" and item.into else None
    return Touch(action, item.fields, item.created_at, item.given, into, item.given.tier if into else None)


def _here(session: Session, keys: Iterable[Key], tier: Tier) -> dict[Key, _Here]:
    found: dict[Key, _Here] = {}
    d = documents.c
    columns = (d.id, d.tier, d.source, d.action, d.version, d.hash, d.body)
    for kind, ids in by_kind(keys):
        query = select(*columns).where(d.kind == kind, d.id.in_(ids), d.tier.in_({int(tier), int(Tier.PRIVATE)}))
        for row in session.execute(query):
            here = found.setdefault((kind, row.id), _Here(row.source))
            if row.tier == tier:
                here.action, here.version, here.hash = row.action, row.version, row.hash
            if row.tier == Tier.PRIVATE:
                here.body = row.body
    for key, (into, _) in merged(session, (key for key, here in found.items() if here.body is None)).items():
        found[key].into = into[1]
    return found


def _leading(session: Session, source: UUID) -> Iterator[tuple[Key, int]]:
    """Give the copied records that lead on, with their versions."""
    d, c = documents.c, links.c
    theirs = and_(d.kind == c.kind, d.id == c.id, d.tier == int(Tier.PRIVATE), d.source == source)
    query = select(c.kind, c.id, d.version).join(documents, theirs).where(c.field == MERGED)
    for kind, record_id, version in session.execute(query).all():
        yield (kind, record_id), version


def _untouched(session: Session, keys: Iterable[Key]) -> set[Key]:
    """Give those of these records that nobody has written but the seeds."""
    found: set[Key] = set()
    c = changes.c
    by_seed = and_(c.author == SEED, c.key_id.is_(None), c.action == "create")
    for kind, ids in by_kind(keys):
        theirs = select(c.id).where(c.kind == kind, c.id.in_(ids), c.action != "follow")
        others = set(session.execute(theirs.where(~by_seed)).scalars())
        found |= {(kind, record_id) for record_id in session.execute(theirs).scalars() if record_id not in others}
    return found


def _swept(session: Session, swept: Range, state: State, there: set[Key]) -> dict[Key, Touch]:
    """Give the withdrawals of what is here in a range and not there."""
    at = writing_in(session).at
    touched: dict[Key, Touch] = {}
    for record_id, version in _in_range(session, swept, state):
        key = swept.kind, record_id
        if key not in there:
            given = Given(state.register_id, state.tier, version + 1, at)
            touched[key] = Touch("withdraw", None, at, given)
    _forget_left(session, swept, state, there)
    return touched


def _in_range(session: Session, swept: Range, state: State) -> list[Any]:
    d = documents.c
    theirs = (d.tier == int(Tier.PRIVATE), d.kind == swept.kind, d.source == state.register_id, d.body.is_not(None))
    query = select(d.id, d.version).where(*theirs, *_between(documents, swept))
    return list(session.execute(query).all())


def _between(table: Any, swept: Range) -> list[Any]:  # noqa: ANN401 - either table
    place = tuple_(table.c.created_at, table.c.id)

    def at(place: Place) -> Any:  # noqa: ANN401 - a row value
        return tuple_(literal(place[0], table.c.created_at.type), literal(place[1], table.c.id.type))

    return [
        *([place > at(swept.after)] if swept.after else []),
        *([place <= at(swept.until)] if swept.until else []),
    ]


def _forget_left(session: Session, swept: Range, state: State, there: set[Key]) -> None:
    mine = (apart.c.source == state.register_id, apart.c.kind == swept.kind)
    ids = set(session.execute(select(apart.c.id).where(*mine, *_between(apart, swept))).scalars())
    gone = ids - {record_id for _, record_id in there}
    if gone:
        session.execute(delete(apart).where(*mine, apart.c.id.in_(gone)))


def _own(session: Session, keys: Iterable[Key], source: UUID) -> None:
    """Make seeds copies for every tier, also for those that hear nothing of it."""
    for kind, ids in by_kind(keys):
        theirs = and_(documents.c.kind == kind, documents.c.id.in_(ids))
        session.execute(update(documents).where(theirs).values(source=source))


def _note_left(session: Session, items: Iterable[Item], source: UUID) -> None:
    """Keep what the source shows and is not taken, for the comparison."""
    found = list(items)
    for kind, ids in by_kind(item.key for item in found):
        session.execute(delete(apart).where(apart.c.source == source, apart.c.kind == kind, apart.c.id.in_(ids)))
    rows = [
        {"source": source, "kind": item.key[0], "id": item.key[1], "created_at": item.created_at}
        | {"version": item.given.version, "hash": item.given.hash}
        for item in found
        if item.fields is not None
    ]
    if rows:
        session.execute(insert(apart), rows)


def _offer_again(session: Session, done: Iterable[Change]) -> None:
    """Let other sources that show a record which is gone now give it: their copies will differ, and be mended."""
    gone = [change.key for change in done if change.given and change.fields is None]
    for kind, ids in by_kind(gone):
        session.execute(delete(apart).where(apart.c.kind == kind, apart.c.id.in_(ids)))


def conflict(keys: Sequence[Key], url: str) -> Unfit:
    """Give what is said when ids of the source are local here."""
    lines = "".join(f"\n  {kind}/{record_id}" for kind, record_id in keys[:_NAMED])
    lines += f"\n  and {len(keys) - _NAMED:,} more" if len(keys) > _NAMED else ""
    return Unfit(
        f"{len(keys):,} records of {url} have ids that are this register's own, and nothing is written over. Copy into "
        f"a database of its own, or ask those who run that register why it has them:{lines}"
    )
