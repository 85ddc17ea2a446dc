"""Keeps what is kept of persons: in the transaction of each change, and for whom a day has come."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Select, Table, and_, delete, exists, func, literal, select
from sqlalchemy.orm import Session

from app.core.bulk import among, insert_rows, run
from app.core.copies import FOLLOWING, mirrors
from app.core.database import Database
from app.core.dialects import is_passing
from app.core.documents import documents, links
from app.core.history import Change
from app.core.kinds import Key
from app.core.projection import by_kind, live
from app.core.record import Tier
from app.core.recorder import turn, writing_in
from app.core.touched import SINCE
from app.reading.days import today
from app.reading.dossier import Dossier
from app.reading.facts import Facts, facts, term_key
from app.reading.gather import Whose, gather
from app.reading.kept import MARK, TABLES, custodies, situations, standings, values

# What others are described by, and the kinds through which they are: a change reaches everybody who is.
_THROUGH: Final = {
    "facilities": ("detentions",),
    "articles": ("charges",),
    "cases": ("charges", "sentences", "hearings"),
    "sources": ("detentions", "charges", "sentences"),
}
# Nothing follows from these, and without them most people are the same to every tier.
_UNREAD: Final = ("private_notes", "verified_by", "version")
_PORTION: Final = 500
_AGAIN_SECONDS: Final = 30
_PLACE: Final = situations.c.place.name
Row = dict[str, Any]
_NOTHING: Final[Mapping[Whose, datetime]] = {}


class Keeper:
    """The plug that keeps the tables of ``app.reading.kept``."""

    # Whose answer may have become another one after a change: also of people in whose own record nothing changed.
    touched = select(literal("persons"), situations.c.person_id).where(
        situations.c.place > SINCE, situations.c.tier == int(Tier.PUBLIC)
    )

    def __call__(self, session: Session, changes: list[Change]) -> None:
        """Derive anew what is kept of everybody whom the changes concern."""
        people = _concerned(session, changes)
        # Those of whom nothing is kept yet are derived once, when all that belongs to them has come (`catch_up`).
        new = {change.key[1] for change in changes if change.key[0] == "persons" and change.is_new}
        keep(session, _known(session, people) if writing_in(session).hasty else people, _lost(session, changes), new)

    def rebuild(self, session: Session) -> int:
        """Derive everything anew, and give the number of rows that were wrong."""
        people = session.execute(select(documents.c.id).where(documents.c.kind == "persons").distinct()).scalars()
        everybody = sorted({*people, *session.execute(select(situations.c.person_id).distinct()).scalars()})
        return sum(_mend(session, portion) for portion in _portions(everybody))

    def faults(self, session: Session) -> Iterator[str]:
        """Derive everything anew, as of the day until which it stands, and say of whom something else is kept."""
        first = select(documents.c.id).where(live("persons", Tier.PRIVATE)).order_by(documents.c.id).limit(_PORTION)
        query = first
        while people := list(session.execute(query).scalars()):
            yield from _faults(session, people)
            query = first.where(documents.c.id > people[-1])
        yield from _strays(session)


async def follow_the_calendar(database: Database) -> None:
    """Derive anew, at once and after each midnight (UTC), what stood until the day before only."""
    while True:
        try:
            await refresh(database)
        except Exception as error:
            if not is_passing(error):
                raise
            await asyncio.sleep(_AGAIN_SECONDS)
            continue
        now = datetime.now(UTC)
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        await asyncio.sleep((tomorrow - now).total_seconds())


async def refresh(database: Database) -> None:
    """Derive anew what stood until before today only."""
    async with database.read(primary=True) as session:
        if not await session.run_sync(_due):
            return
    async with database.write("the calendar") as session:
        await session.run_sync(_refresh)


async def catch_up(database: Database) -> AsyncIterator[int]:
    """Derive what is kept of people of whom nothing is kept yet, in portions; give the number done after each."""
    done, last = 0, None
    while True:
        async with database.write("the calendar") as session:
            people = await session.run_sync(_unknown, last)
            if not people:
                return
            await session.run_sync(_keep_new, people)
        done, last = done + len(people), people[-1]
        yield done


def _keep_new(session: Session, people: list[UUID]) -> None:
    keep(session, people)
    turn(session)


def _unknown(session: Session, last: UUID | None) -> list[UUID]:
    query = _nothing_kept().order_by(documents.c.id).limit(_PORTION)
    return list(session.execute(query if last is None else query.where(documents.c.id > last)).scalars())


def _nothing_kept() -> Select[UUID]:
    known = exists().where(situations.c.person_id == documents.c.id, situations.c.tier == documents.c.tier)
    return select(documents.c.id).where(live("persons", Tier.PRIVATE), ~known)


def _known(session: Session, people: set[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for portion in _portions(sorted(people)):
        found |= {whose.person_id for whose in _before(session, portion)}
    return found


def _refresh(session: Session) -> None:
    if people := _due(session):
        keep(session, people)
        turn(session)


def _due(session: Session) -> set[UUID]:
    """Give the people of whom something stood until before today, or of whom nothing is kept yet."""
    over = select(situations.c.person_id).where(situations.c.good_until < today())
    return {*session.execute(over).scalars(), *session.execute(_nothing_kept()).scalars()}


def keep(
    session: Session,
    people: Iterable[UUID],
    lost: Mapping[Whose, datetime] = _NOTHING,
    new: Collection[UUID] = (),
) -> None:
    """Derive anew what is kept of people; ``lost`` tells when a tier lost something of theirs.

    Of those who are ``new`` there is nothing yet.
    """
    for portion in _portions(sorted(people)):
        known = [person_id for person_id in portion if person_id not in new]
        kept = _later(_before(session, known), lost)
        for table, rows in _derived(session, portion, kept, today()).items():
            _put(session, table, known, rows)


def _about(table: Table) -> ColumnElement[bool]:
    """Give the condition for what is kept of ``people``; with the tiers, by which the tables' keys begin."""
    return and_(table.c.tier.in_([int(tier) for tier in Tier]), among(table.c.person_id, "people"))


_CLEARED: Final = {table: delete(table).where(_about(table)) for table in TABLES}


def _portions(people: list[UUID]) -> Iterator[list[UUID]]:
    return (people[start : start + _PORTION] for start in range(0, len(people), _PORTION))


def _mend(session: Session, people: list[UUID]) -> int:
    count = 0
    for table, wrong, rows in _wrong(session, people, today()):
        _put(session, table, people, rows)
        count += len(wrong)
    return count


def _put(session: Session, table: Table, people: list[UUID], rows: list[Row]) -> None:
    """Put rows in the place of what is kept of people."""
    if people:
        run(session, _CLEARED[table], {"people": people})
    place = {_PLACE: writing_in(session).position} if _PLACE in table.c else {}
    insert_rows(session, table, [row | place for row in rows])


def _wrong(session: Session, people: list[UUID], on: date) -> Iterator[tuple[Table, set[tuple[Any, ...]], list[Row]]]:
    """Give the tables in which these people are wrong, with the rows that differ, and with all as they should be."""
    for table, rows in _derived(session, people, _before(session, people), on).items():
        said = [column for column in table.c if column.name != _PLACE]  # tells when it was derived, and not what
        before = {tuple(row) for row in session.execute(select(*said).where(_about(table)), {"people": people})}
        now = {tuple(row[column.name] for column in said) for row in rows}
        if before != now:
            yield table, before ^ now, rows


def _faults(session: Session, people: list[UUID]) -> Iterator[str]:
    """Say of whom something else is kept than follows, be it that it stood until an earlier day."""
    c, now = situations.c, today()
    query = select(c.person_id, func.coalesce(func.min(c.good_until), now)).where(_about(situations))
    found = session.execute(query.group_by(c.person_id), {"people": people})
    kept = {person_id: min(until, now) for person_id, until in found}
    unfinished = session.execute(select(mirrors.c.state).where(mirrors.c.state != FOLLOWING)).first() is not None
    whose = defaultdict(list)
    for person_id in people:
        if person_id in kept or not unfinished:  # a copy that is not whole yet keeps nothing of some
            whose[kept.get(person_id, now)].append(person_id)
    for on, these in whose.items():
        for table, wrong, _ in _wrong(session, these, on):
            first = min(row[table.c.keys().index("person_id")] for row in wrong)
            yield f"persons {first}: what is kept of them ({table.name}) does not follow from the records"


def _strays(session: Session) -> Iterator[str]:
    """Give those of whom something is kept, though they are gone."""
    d = documents.c
    for table in TABLES:
        there = exists().where(d.kind == "persons", d.id == table.c.person_id, d.body.is_not(None))
        for person_id in session.execute(select(table.c.person_id).where(~there).limit(1)).scalars():
            yield f"persons {person_id}: they are gone, and something is kept of them ({table.name})"


def _concerned(session: Session, changes: list[Change]) -> set[UUID]:
    """Give the people whom changes concern: whose a record is or was, and who is described by it."""
    people = {record_id for kind, record_id in (change.key for change in changes) if kind == "persons"}
    described = {change.key for change in changes if change.key[0] in _THROUGH}
    for change in changes:
        for said in (change.before, change.fields):
            if said and said.get("person_id"):
                people.add(UUID(said["person_id"]))
            if said and change.key[0] == "addresses" and said.get("facility_id"):
                described.add(("facilities", UUID(said["facility_id"])))
    return people | _described_by(session, described)


def _described_by(session: Session, described: Iterable[Key]) -> set[UUID]:
    """Give the people whose records refer to these."""
    owned = links.alias()
    found: set[UUID] = set()
    for kind, ids in by_kind(described):
        both = links.join(owned, and_(owned.c.kind == links.c.kind, owned.c.id == links.c.id))
        query = (
            select(owned.c.to_id)
            .select_from(both)
            .where(links.c.to_kind == kind, links.c.to_id.in_(ids), links.c.kind.in_(_THROUGH[kind]))
            .where(owned.c.field == "person_id", owned.c.to_kind == "persons")
        )
        found |= set(session.execute(query).scalars())
    return found


def _derived(session: Session, people: list[UUID], kept: Mapping[Whose, datetime], on: date) -> dict[Table, list[Row]]:
    """Give the rows of every table for people as of a day, one set for each tier that sees them.

    ``kept`` tells of earlier changes that have left no other trace.
    """
    rows: dict[Table, list[Row]] = {table: [] for table in TABLES}
    known: dict[UUID, tuple[Dossier, dict[Table, list[Row]], bytes]] = {}
    for whose, (dossier, body, changed) in gather(session, list(Tier), people, _UNREAD).items():
        same = known.get(whose.person_id)
        if same is None or same[0] != dossier:
            found = facts(dossier, on)
            same = known[whose.person_id] = dossier, _rows(dossier, found), _said(found)
        base: Row = {"tier": int(whose.tier), "person_id": whose.person_id}
        for table, theirs in same[1].items():
            rows[table] += [base | row for row in theirs]
        rows[situations][-1] |= _answer(body, same[2]) | {"updated_at": max(changed, kept.get(whose, changed))}
    return rows


def _before(session: Session, people: list[UUID]) -> dict[Whose, datetime]:
    """Give what was kept: a record that is gone leaves its time here only."""
    if not people:
        return {}
    rows = run(session, _BEFORE, {"people": people})
    return {Whose(Tier(tier), person_id): at for tier, person_id, at, _ in rows}


_s = situations.c
# A column that no index has: SQLite would rather walk along an index that has all than look each person up.
_BEFORE: Final = select(_s.tier, _s.person_id, _s.updated_at, _s.mark).where(_about(situations))


def _later(*times: Mapping[Whose, datetime]) -> dict[Whose, datetime]:
    found: dict[Whose, datetime] = {}
    for whose, at in (item for some in times for item in some.items()):
        found[whose] = max(at, found.get(whose, at))
    return found


def _lost(session: Session, changes: list[Change]) -> dict[Whose, datetime]:
    """Give when tiers lost a record that belonged to somebody: it is gone, or belongs to somebody else now."""
    at = writing_in(session).at
    return {
        Whose(move.tier, UUID(change.before["person_id"])): at
        for change in changes
        if change.before and change.before.get("person_id")
        for move in change.moves
        if move.fields is None
        or (move.tier in change.shown and move.fields.get("person_id") != change.before["person_id"])
    }


def _rows(dossier: Dossier, found: Facts) -> dict[Table, list[Row]]:
    """Give what is kept of somebody for each tier that sees this of them."""
    made = datetime.fromisoformat(str(dossier.person["created_at"]))
    kind, confirmed = found.confirmed or (None, None)
    situation: Row = {
        "created_at": made,
        "good_until": found.good_until,
        "kind": kind,
        "confirmed": confirmed,
        "status": found.situation["status"],
        "facility_id": _id(found.situation.get("facility_id")),
        "sex": found.sex,
        "birth_month": found.birth_month,
        "reachable": found.situation["mail"]["reachable"],
        "name_key": found.name_key[:200],
        "since": found.since,
        "term_key": found.term_key,
        "age_key": found.age_key,
    }
    spans = [
        {"first": span.first, "last": span.last or date.max, "status": span.status}
        | {"facility_id": _id(span.facility_id), "reachable": span.reachable, "term_key": term_key(span.term)}
        for span in found.spans
    ]
    return {
        situations: [situation],
        values: [{"created_at": made, **value._asdict()} for value in found.values],
        standings: spans,
        custodies: [taken._asdict() for taken in found.taken],
    }


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _said(found: Facts) -> bytes:
    """Write a situation up to where it hangs on the day and on a setting: `stale`, and how objects end."""
    said: dict[str, Any] = {**found.situation}
    if found.confirmed is None:
        return to_json(said)
    said["mail"] = {name: value for name, value in found.situation["mail"].items() if name != "stale"}
    return to_json(said)[:-2]


def _answer(person: bytes, situation: bytes) -> Row:
    """Write a person's answer as far as their situation is written."""
    answer = b'%b,"situation":%b' % (person[:-1], situation)
    return {"answer": answer, "mark": int.from_bytes(hashlib.sha256(answer).digest()[:MARK])}
