"""Compares the index of names with the records, a portion at a time, and changes nothing."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import Session

from app.core.documents import documents
from app.core.kinds import Fields
from app.core.projection import live, stored_fields
from app.core.record import Tier
from app.names.keys import KEY_VERSION, Entry
from app.reading.finding.blocks import block_of, names_of, packed, unpacked
from app.reading.finding.keeping import Place, portions, spellings
from app.reading.finding.tables import name_postings, name_state, name_words, person_names

_PORTION: Final = 500


def faults(session: Session) -> Iterator[str]:
    """Say what is wrong with the index, by the person whose name it is where there is one."""
    for told in persons(session):
        yield from _spelt(session, told)
    n, d = person_names.c, documents.c
    there = exists().where(d.kind == "persons", d.id == n.person_id, d.tier == int(Tier.PRIVATE), d.body.is_not(None))
    for person_id in session.execute(select(n.person_id).where(~there).limit(1)).scalars():
        yield f"persons {person_id}: they are gone, and have names in the index"
    for word_id, _ in stale_words(session):
        yield f"the index of names: word {word_id} is not found as it should be"
    for one in wrong_postings(session):
        yield f"persons {_whose(session, one)}: a word of their names is not posted as it should be"
    kept = {row.tier: (row.rules, row.names) for row in session.execute(select(name_state))}
    counted = counts(session)
    right = {int(tier): (KEY_VERSION, counted[tier]) for tier in Tier}
    if any(kept.get(tier, (KEY_VERSION, 0)) != right.get(tier) for tier in right.keys() | kept.keys()):
        yield "the index of names: it does not hold as many names as it says"


def persons(session: Session) -> Iterator[dict[UUID, Fields | None]]:
    """Give everybody with their record, in portions."""
    c = documents.c
    first = select(c.id, c.body).where(live("persons", Tier.PRIVATE)).order_by(c.id).limit(_PORTION)
    query = first
    while rows := session.execute(query).all():
        yield {row.id: stored_fields(row.body) for row in rows}
        query = first.where(c.id > rows[-1].id)


def _spelt(session: Session, told: Mapping[UUID, Fields | None]) -> Iterator[str]:
    """Say whose names are indexed otherwise than they should be."""
    n = person_names.c
    rows = session.execute(select(person_names).where(n.person_id.in_(told))).all()
    words = _words(session, {number for row in rows for number in row.words.split()})
    known: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        known[row.person_id].append((row.tier, row.text, tuple(map(words.get, row.words.split())), row.roles))
    for person_id, fields in told.items():
        if sorted(known[person_id], key=str) != sorted(((*one, one.roles) for one in spellings(fields)), key=str):
            yield f"persons {person_id}: their names are not indexed as they should be"


def _words(session: Session, numbers: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for portion in portions(sorted(map(int, filter(str.isdecimal, numbers)))):
        query = select(name_words.c.id, name_words.c.word).where(name_words.c.id.in_(portion))
        found |= {str(row.id): row.word for row in session.execute(query)}
    return found


def stale_words(session: Session) -> Iterator[tuple[int, str]]:
    """Give the words that are found by other keys than the rules make, with what they should be found by."""
    c = name_words.c
    first = select(name_words).where(c.word.is_not(None)).order_by(c.id).limit(_PORTION)
    query = first
    while rows := session.execute(query).all():
        for row in rows:
            if (entry := Entry.of(row.word).written()) != row.entry:
                yield row.id, entry
        query = first.where(c.id > rows[-1].id)


class Posted(NamedTuple):
    """Which names of a block have a word, as it is kept, or None, and as it should be."""

    place: Place
    known: bytes | None
    wanted: bytes


def wrong_postings(session: Session) -> Iterator[Posted]:
    """Give what is not posted as it should be, block by block."""
    n, p = person_names.c, name_postings.c
    ends = [session.execute(select(func.coalesce(func.max(column), 0))).scalar_one() for column in (n.id, p.block)]
    for block in range(max(block_of(ends[0]), ends[1]) + 1):
        having: defaultdict[Place, list[int]] = defaultdict(list)
        for row in _names(session, block):
            for word_id in set(map(int, row.words.split())):
                having[Place(word_id, row.tier, block)].append(row.id)
        rows = session.execute(select(p.word_id, p.tier, p.block, p.names).where(p.block == block))
        known = {Place(*row[:3]): row.names for row in rows}
        for place in sorted(having.keys() | known.keys()):
            wanted = packed(having[place])
            if wanted != known.get(place, b""):
                yield Posted(place, known.get(place), wanted)


def _names(session: Session, block: int) -> Sequence[Row[int, int, str]]:
    """Give the names of a block."""
    c = person_names.c
    query = select(c.id, c.tier, c.words).where(c.id.between(*names_of(block))).order_by(c.id)
    return session.execute(query).all()


def _whose(session: Session, one: Posted) -> UUID | None:
    """Give the person of the first name that is posted where it should not be, or the other way round."""
    wanted = set(unpacked(one.place.block, one.wanted))
    with suppress(ValueError):  # what is no list of names
        wanted ^= set(unpacked(one.place.block, one.known or b""))
    c = person_names.c
    query = select(c.person_id).where(c.id.in_(sorted(wanted)[:_PORTION])).order_by(c.id).limit(1)
    found: UUID | None = session.execute(query).scalar_one_or_none()
    return found


def counts(session: Session) -> Mapping[int, int]:
    """Count the names that each tier is the first to see."""
    c = person_names.c
    found: defaultdict[int, int] = defaultdict(int)
    for tier, number in session.execute(select(c.tier, func.count()).group_by(c.tier)):
        found[tier] = number
    return found
