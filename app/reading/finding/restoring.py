"""Builds the index of names again from the records, and says what was wrong with it."""

from collections.abc import Iterator, Mapping

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.documents import documents
from app.core.history import Change
from app.core.projection import live
from app.core.record import Tier
from app.names.keys import KEY_VERSION
from app.reading.finding import checking
from app.reading.finding.keeping import forget, keep, portions, write_postings
from app.reading.finding.tables import name_postings, name_state, name_words, person_names


class NameIndex:
    """The index of names, plugged into the recorder."""

    touched = None

    def __call__(self, session: Session, changes: list[Change]) -> None:
        """Follow the changes of persons."""
        told = {change.key[1]: change.fields for change in changes if change.key[0] == "persons"}
        if told:
            keep(session, told)

    def rebuild(self, session: Session) -> int:
        """Compare the index with the records and mend it; give the number of rows that were wrong."""
        wrong = sum(keep(session, portion) for portion in checking.persons(session))
        known = set(session.execute(select(person_names.c.person_id).distinct()).scalars())
        gone = known - set(session.execute(select(documents.c.id).where(live("persons", Tier.PRIVATE))).scalars())
        wrong += sum(keep(session, dict.fromkeys(portion)) for portion in portions(sorted(gone)))
        return wrong + _entries(session) + _postings_and_state(session)

    def faults(self, session: Session) -> Iterator[str]:
        """Compare the index with the records, and say what is wrong with it."""
        return checking.faults(session)


def _entries(session: Session) -> int:
    """Write again what words are found by, where the rules or the rows have changed."""
    stale = list(checking.stale_words(session))
    for word_id, entry in stale:
        session.execute(update(name_words).where(name_words.c.id == word_id).values(entry=entry))
    return len(stale)


def _postings_and_state(session: Session) -> int:
    """Write again which names have each word, and how many there are, where that is not so."""
    wrong = list(checking.wrong_postings(session))
    versions = _set_state(session, checking.counts(session), changed={one.place.tier for one in wrong})
    for fresh in (True, False):
        rows = [
            {**one.place._asdict(), "names": one.wanted, "version": versions[one.place.tier]}
            for one in wrong
            if (one.known is None) == fresh
        ]
        write_postings(session, rows, insert_them=fresh)
    forget(session, set(session.execute(select(name_postings.c.word_id).distinct()).scalars()))
    return len(wrong)


def _set_state(session: Session, names: Mapping[int, int], changed: set[int]) -> dict[int, int]:
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
    async with database.read(primary=True) as session:
        known = (await session.execute(rules)).scalars().all()
    if len(known) == len(Tier) and set(known) == {KEY_VERSION}:
        return
    async with database.write("reindex") as session:
        await session.run_sync(NameIndex().rebuild)
