"""Builds the index of words again from the records, and says what was wrong with it."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Exists, Select, Table, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.documents import SHOWN, documents
from app.core.history import Change
from app.core.kinds import Fields, Key
from app.core.projection import live, stored_fields
from app.core.record import Tier
from app.reading.searching.keeping import (
    Posting,
    follow,
    forget,
    key_rows,
    known_texts,
    other_texts,
    post,
    postings,
    wanted,
    write_texts,
)
from app.reading.searching.tables import (
    search_keys,
    search_postings,
    search_records,
    search_state,
    search_texts,
    search_words,
)
from app.reading.searching.texts import CALLED, RULES

_PORTION: Final = 500
_SHARE: Final = 50_000  # words whose keys are compared at once


class _Key(NamedTuple):
    key: str
    tier: int
    word_id: int


class WordIndex:
    """The index of words, plugged into the recorder."""

    touched = None

    def __call__(self, session: Session, changes: list[Change]) -> None:
        """Follow the changes of what is found by words."""
        follow(session, changes)

    def rebuild(self, session: Session) -> int:
        """Compare the index with the records and mend it; give the number of rows that were wrong."""
        wrong = _drop_strays(session)
        for kind in CALLED:
            wrong += sum(write_texts(session, wanted(session, told)).records for told in _records(session, kind))
        wrong += _mend_counts(session) + _mend_postings(session) + _mend_keys(session)
        session.execute(delete(search_state))
        session.execute(insert(search_state), [{"one": 1, "rules": RULES}])
        return wrong

    def faults(self, session: Session) -> Iterator[str]:
        """Compare the index with the records, and say what is wrong with it."""
        yield from _wrong_records(session)
        yield from _wrong_words(session)


def _wrong_records(session: Session) -> Iterator[str]:
    for kind in CALLED:
        for told in _records(session, kind):
            for _, record_id in other_texts(session, wanted(session, told))[2]:
                yield f"{kind} {record_id}: it is found by words that are not its own"
    for row in session.execute(_lost().limit(1)):
        yield f"{row.kind} {row.record_id}: it is gone, and is found by words"
    c = search_records.c
    for missing, more in _wrong_postings(session):
        number = min(one.number for one in missing | more)
        row = session.execute(select(c.kind, c.record_id).where(c.number == number)).one()
        yield f"{row.kind} {row.record_id}: its words are not posted as they should be"


def _wrong_words(session: Session) -> Iterator[str]:
    for table, of in _parts():
        for row in session.execute(select(table).where(~of).limit(1)):
            yield f"the index of words: a row of {table.name} is of nothing ({', '.join(map(str, row))})"
    for row in session.execute(_wrong_counts().limit(1)):
        yield f"the index of words: word {row.id} is counted {row.records} times, and is there {row.true} times"
    for should, does in _wrong_keys(session):
        word_id = min(one.word_id for one in should ^ does)
        yield f"the index of words: word {word_id} is not looked up as it should be"


async def make_current(database: Database) -> None:
    """Build the index again if it is missing or was made by other rules, before anybody is answered."""
    async with database.read(primary=True) as session:
        known = (await session.execute(select(search_state.c.rules))).scalar_one_or_none()
    if known != RULES:
        async with database.write("reindex") as session:
            await session.run_sync(WordIndex().rebuild)


def _records(session: Session, kind: str) -> Iterator[dict[Key, Fields | None]]:
    c = documents.c
    first = select(c.id, c.body).where(live(kind, Tier.PRIVATE)).order_by(c.id).limit(_PORTION)
    query = first
    while rows := session.execute(query).all():
        yield {(kind, row.id): stored_fields(row.body) for row in rows}
        query = first.where(c.id > rows[-1].id)


def _drop_strays(session: Session) -> int:
    """Drop the texts of records that are gone, and rows that are of nothing."""
    lost = session.execute(_lost()).all()
    write_texts(session, {(row.kind, row.record_id): () for row in lost})
    dropped = (session.connection().execute(delete(table).where(~of)).rowcount for table, of in _parts())
    return len(lost) + sum(dropped)


def _lost() -> Select[Any]:
    c, d = search_records.c, documents.c
    there = exists().where(d.kind == c.kind, d.id == c.record_id, d.tier == int(Tier.PRIVATE), d.action == SHOWN)
    return select(c.kind, c.record_id).where(~there)


def _parts() -> list[tuple[Table, Exists]]:
    """Give the tables whose rows are of a record or of a word, with the condition that it is there."""
    c, w = search_records.c, search_words.c
    numbered = [(table, exists().where(c.number == table.c.number)) for table in (search_texts, search_postings)]
    return numbered + [(table, exists().where(w.id == table.c.word_id)) for table in (search_keys, search_postings)]


def _mend_counts(session: Session) -> int:
    """Count the records of each word again."""
    w = search_words.c
    wrong = session.execute(_wrong_counts()).all()
    if wrong:
        statement = update(search_words).where(w.id == bindparam("w")).values(records=bindparam("true"))
        session.connection().execute(statement, [{"w": row.id, "true": row.true} for row in wrong])
    forget(session, [row.id for row in wrong])
    return len(wrong)


def _wrong_counts() -> Select[Any]:
    c, w = search_postings.c, search_words.c
    true = select(func.count()).where(c.word_id == w.id).scalar_subquery()
    return select(w.id, w.records, true.label("true")).where(w.records != true)


def _mend_postings(session: Session) -> int:
    """Post what the texts have, and nothing else."""
    wrong = 0
    for missing, more in _wrong_postings(session):
        post(session, missing, more)
        wrong += len(missing) + len(more)
    return wrong


def _wrong_postings(session: Session) -> Iterator[tuple[set[Posting], set[Posting]]]:
    """Give what is missing and what is too much, for some records at a time."""
    c, w = search_postings.c, search_words.c
    for numbers in _numbers(session, search_records.c.number):
        should = {one for number, rows in known_texts(session, numbers).items() for one in postings(number, rows)}
        query = select(w.tier, w.word, c.number).join(search_words, w.id == c.word_id).where(c.number.in_(numbers))
        does = {Posting(*row) for row in session.execute(query)}
        if should != does:
            yield should - does, does - should


def _numbers(session: Session, column: Any) -> Iterator[list[int]]:  # noqa: ANN401 - a column of numbers
    first: Select[Any] = select(column).order_by(column).limit(_PORTION)
    query = first
    while numbers := list(session.execute(query).scalars()):
        yield numbers
        query = first.where(column > numbers[-1])


def _mend_keys(session: Session) -> int:
    """Enter every word under its keys, and under nothing else."""
    k = search_keys.c
    wrong = 0
    for should, does in _wrong_keys(session):
        if missing := should - does:
            rows = [one._asdict() for one in missing]
            session.execute(insert(search_keys), rows)
        for key, tier, word_id in does - should:
            session.execute(delete(search_keys).where(k.key == key, k.tier == tier, k.word_id == word_id))
        wrong += len(should ^ does)
    return wrong


def _wrong_keys(session: Session) -> Iterator[tuple[set[_Key], set[_Key]]]:
    """Give the keys as they should be and as they are, where that is not the same; a share of the words at a time."""
    k, w = search_keys.c, search_words.c
    shares = session.execute(select(func.count()).select_from(search_words)).scalar_one() // _SHARE + 1
    for share in range(shares):
        query = select(w.id, w.tier, w.word).where(w.id % shares == share)
        should = {
            _Key(key["key"], tier, number)
            for number, tier, word in session.execute(query)
            for key in key_rows(number, tier, word)
        }
        does = {_Key(*row) for row in session.execute(select(search_keys).where(k.word_id % shares == share))}
        if should != does:
            yield should, does
