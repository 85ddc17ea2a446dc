"""Builds the index of names again from the records, and says what was wrong with it."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.documents import documents
from app.core.history import Change
from app.core.kinds import Fields
from app.core.projection import live, stored_fields
from app.core.record import Tier
from app.names.keys import KEY_VERSION, Entry
from app.reading.finding.blocks import block_of, packed
from app.reading.finding.keeping import forget, keep, portions, write_postings
from app.reading.finding.tables import name_postings, name_state, name_words, person_names

_PORTION: Final = 500


class NameIndex:
    """The index of names, plugged into the recorder."""

    def __call__(self, session: Session, changes: list[Change]) -> None:
        """Follow the changes of persons."""
        told = {change.key[1]: change.fields for change in changes if change.key[0] == "persons"}
        if told:
            keep(session, told)

    def rebuild(self, session: Session) -> int:
        """Compare the index with the records and mend it; give the number of rows that were wrong."""
        wrong = sum(keep(session, portion) for portion in _persons(session))
        known = set(session.execute(select(person_names.c.person_id).distinct()).scalars())
        gone = known - set(session.execute(select(documents.c.id).where(live("persons", Tier.PRIVATE))).scalars())
        wrong += sum(keep(session, dict.fromkeys(portion)) for portion in portions(sorted(gone)))
        return wrong + _entries(session) + _postings_and_state(session)


def _persons(session: Session) -> Iterator[dict[UUID, Fields | None]]:
    c = documents.c
    first = select(c.id, c.body).where(live("persons", Tier.PRIVATE)).order_by(c.id).limit(_PORTION)
    query = first
    while rows := session.execute(query).all():
        yield {row.id: stored_fields(row.body) for row in rows}
        query = first.where(c.id > rows[-1].id)


def _entries(session: Session) -> int:
    """Write again what words are found by, where the rules or the rows have changed."""
    rows = session.execute(select(name_words).where(name_words.c.word.is_not(None))).all()
    stale = [(row.id, entry) for row in rows if (entry := Entry.of(row.word).written()) != row.entry]
    for word_id, entry in stale:
        session.execute(update(name_words).where(name_words.c.id == word_id).values(entry=entry))
    return len(stale)


def _postings_and_state(session: Session) -> int:
    """Write again which names have each word, and how many there are, where that is not so."""
    names: defaultdict[int, int] = defaultdict(int)
    having: defaultdict[tuple[int, int, int], list[int]] = defaultdict(list)
    for row in session.execute(select(person_names.c.id, person_names.c.tier, person_names.c.words)):
        names[row.tier] += 1
        for word_id in set(map(int, row.words.split())):
            having[word_id, row.tier, block_of(row.id)].append(row.id)
    wanted = {place: packed(numbers) for place, numbers in having.items()}
    c = name_postings.c
    known = {(row.word_id, row.tier, row.block): row.names for row in session.execute(select(name_postings))}
    wrong = [place for place in wanted.keys() | known.keys() if wanted.get(place, b"") != known.get(place, b"")]
    versions = _set_state(session, names, changed={tier for _, tier, _ in wrong})
    rows = [_row(place, wanted.get(place, b""), versions) for place in sorted(wrong)]
    write_postings(session, [row for row in rows if _place(row) not in known], insert_them=True)
    write_postings(session, [row for row in rows if _place(row) in known], insert_them=False)
    forget(session, set(session.execute(select(c.word_id).distinct()).scalars()))
    return len(wrong)


def _row(place: tuple[int, int, int], names: bytes, versions: dict[int, int]) -> dict[str, Any]:
    word_id, tier, block = place
    return {"word_id": word_id, "tier": tier, "block": block, "names": names, "version": versions[tier]}


def _place(row: dict[str, Any]) -> tuple[int, int, int]:
    return row["word_id"], row["tier"], row["block"]


def _set_state(session: Session, names: dict[int, int], changed: set[int]) -> dict[int, int]:
    known = {row.tier: row for row in session.execute(select(name_state))}
    versions = {}
    for tier in map(int, Tier):
        row = known.get(tier)
        versions[tier] = (row.version if row else 0) + (tier in changed)
        said = {"rules": KEY_VERSION, "version": versions[tier], "names": names.get(tier, 0)}
        if row is None:
            session.execute(insert(name_state), [{"tier": tier, **said}])
        else:
            session.execute(update(name_state).where(name_state.c.tier == tier).values(said))
    return versions


async def make_current(database: Database) -> None:
    """Build the index again if it is missing or was made by other rules, before anybody is answered."""
    rules = select(name_state.c.rules)
    async with database.read() as session:
        known = (await session.execute(rules)).scalars().all()
    if len(known) == len(Tier) and set(known) == {KEY_VERSION}:
        return
    async with database.write("reindex") as session:
        await session.run_sync(NameIndex().rebuild)
