"""Builds the index of words again from the records, and says what was wrong with it."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.documents import documents
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


class WordIndex:
    """The index of words, plugged into the recorder."""

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


async def make_current(database: Database) -> None:
    """Build the index again if it is missing or was made by other rules, before anybody is answered."""
    async with database.read() as session:
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
    c, d, w = search_records.c, documents.c, search_words.c
    there = exists().where(d.kind == c.kind, d.id == c.record_id, d.tier == int(Tier.PRIVATE), d.action == "upsert")
    lost = session.execute(select(c.kind, c.record_id).where(~there)).all()
    write_texts(session, {(row.kind, row.record_id): () for row in lost})
    numbered = [(table, exists().where(c.number == table.c.number)) for table in (search_texts, search_postings)]
    worded = [(table, exists().where(w.id == table.c.word_id)) for table in (search_keys, search_postings)]
    dropped = (session.connection().execute(delete(table).where(~of)).rowcount for table, of in (*numbered, *worded))
    return len(lost) + sum(dropped)


def _mend_counts(session: Session) -> int:
    """Count the records of each word again."""
    c, w = search_postings.c, search_words.c
    true = select(func.count()).where(c.word_id == w.id).scalar_subquery()
    wrong = session.execute(select(w.id, true.label("records")).where(w.records != true)).all()
    if wrong:
        statement = update(search_words).where(w.id == bindparam("w")).values(records=bindparam("true"))
        session.connection().execute(statement, [{"w": row.id, "true": row.records} for row in wrong])
    forget(session, [row.id for row in wrong])
    return len(wrong)


def _mend_postings(session: Session) -> int:
    """Post what the texts have, and nothing else."""
    c, w = search_postings.c, search_words.c
    wrong = 0
    for numbers in _numbers(session, search_records.c.number):
        should = {one for number, rows in known_texts(session, numbers).items() for one in postings(number, rows)}
        query = select(w.tier, w.word, c.number).join(search_words, w.id == c.word_id).where(c.number.in_(numbers))
        does = {Posting(*row) for row in session.execute(query)}
        post(session, should - does, does - should)
        wrong += len(should ^ does)
    return wrong


def _numbers(session: Session, column: Any) -> Iterator[list[int]]:  # noqa: ANN401 - a column of numbers
    first: Select[Any] = select(column).order_by(column).limit(_PORTION)
    query = first
    while numbers := list(session.execute(query).scalars()):
        yield numbers
        query = first.where(column > numbers[-1])


def _mend_keys(session: Session) -> int:
    """Enter every word under its keys, and under nothing else; a share of the words at a time."""
    k, w = search_keys.c, search_words.c
    shares = session.execute(select(func.count()).select_from(search_words)).scalar_one() // _SHARE + 1
    wrong = 0
    for share in range(shares):
        query = select(w.id, w.tier, w.word).where(w.id % shares == share)
        should = {tuple(key.values()) for word in session.execute(query) for key in key_rows(*word)}
        does = {tuple(row) for row in session.execute(select(search_keys).where(k.word_id % shares == share))}
        if missing := should - does:
            rows = [dict(zip(k.keys(), one, strict=True)) for one in missing]
            session.execute(insert(search_keys), rows)
        for key, tier, word_id in does - should:
            session.execute(delete(search_keys).where(k.key == key, k.tier == tier, k.word_id == word_id))
        wrong += len(should ^ does)
    return wrong
