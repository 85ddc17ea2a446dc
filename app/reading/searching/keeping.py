"""Keeps the index of words in the transaction that changes a record."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from app.core.bulk import insert_rows
from app.core.documents import documents, links
from app.core.history import Change
from app.core.kinds import Fields, Key
from app.core.projection import bodies, by_kind, stored_fields
from app.core.record import Tier
from app.reading.finding.keeping import portions
from app.reading.searching.keys import entered
from app.reading.searching.tables import search_keys, search_postings, search_records, search_texts, search_words
from app.reading.searching.texts import CALLED, UNSAID, Text, texts


class Posting(NamedTuple):
    """That a record has a word in a text of a tier."""

    tier: int
    word: str
    number: int


class Written(NamedTuple):
    """What a change of texts means: what is to be posted, what no longer is, and how many records had other texts."""

    added: set[Posting]
    removed: set[Posting]
    records: int


def follow(session: Session, changes: Iterable[Change]) -> None:
    """Follow the changes of records that are found by words, and of the addresses of facilities."""
    told = {change.key: change.fields for change in changes if change.key[0] in CALLED}
    places = {
        ("facilities", UUID(said["facility_id"]))
        for change in changes
        if change.key[0] == "addresses"
        for said in (change.before, change.fields)
        if said and said.get("facility_id")
    } - told.keys()
    told |= dict.fromkeys(places) | bodies(session, places)
    if told:
        written = write_texts(session, wanted(session, told))
        post(session, written.added, written.removed)


def wanted(session: Session, told: Mapping[Key, Fields | None]) -> dict[Key, list[Text]]:
    """Give what records are found by."""
    addresses = _addresses(session, [record_id for kind, record_id in told if kind == "facilities"])
    return {key: texts(key[0], fields, addresses.get(key[1], ())) for key, fields in told.items()}


def _addresses(session: Session, facilities: Sequence[UUID]) -> dict[UUID, list[Fields]]:
    d, c = documents.c, links.c
    found: dict[UUID, list[Fields]] = defaultdict(list)
    both = links.join(documents, and_(d.kind == c.kind, d.id == c.id, d.tier == int(Tier.PRIVATE)))
    query = select(c.to_id, d.body).select_from(both).where(c.kind == "addresses", c.field == "facility_id")
    for portion in portions(facilities):
        here = query.where(c.to_kind == "facilities", c.to_id.in_(portion), d.body.is_not(None))
        for place, body in session.execute(here.order_by(d.created_at, d.id)):
            found[place].append(stored_fields(body))
    return found


def other_texts(
    session: Session, told: Mapping[Key, Sequence[Text]]
) -> tuple[dict[Key, int], Mapping[int, Sequence[Text]], dict[Key, Sequence[Text]]]:
    """Give the numbers of records, their texts as they are kept, and those that are to be others."""
    numbers = known_numbers(session, told)
    known = known_texts(session, numbers.values())
    return numbers, known, {key: rows for key, rows in told.items() if known.get(numbers.get(key, 0), []) != list(rows)}


def write_texts(session: Session, told: Mapping[Key, Sequence[Text]]) -> Written:
    """Make the texts of records be these."""
    numbers, known, changed = other_texts(session, told)
    fresh = [key for key in changed if key not in numbers]
    if fresh:
        first = _next(session, search_records.c.number)
        numbers |= {key: number for number, key in enumerate(fresh, first)}
        named = [{"number": numbers[key], "kind": key[0], "record_id": key[1]} for key in fresh]
        insert_rows(session, search_records, named)
    before: set[Posting] = set()
    after: set[Posting] = set()
    for key, rows in changed.items():
        before |= postings(numbers[key], known.get(numbers[key], ()))
        after |= postings(numbers[key], rows)
    _replace_texts(session, {numbers[key]: rows for key, rows in changed.items()})
    return Written(after - before, before - after, len(changed))


def postings(number: int, rows: Iterable[Text]) -> set[Posting]:
    """Give what is posted of a record. Words that go without saying are looked at when it is found by others."""
    return {Posting(row.tier, word, number) for row in rows if row.field != UNSAID for word in row.words.split()}


def known_numbers(session: Session, keys: Iterable[Key]) -> dict[Key, int]:
    """Give the numbers of records that have one."""
    found: dict[Key, int] = {}
    c = search_records.c
    for kind, ids in by_kind(keys):
        rows = session.execute(select(c.record_id, c.number).where(c.kind == kind, c.record_id.in_(ids)))
        found |= {(kind, row.record_id): row.number for row in rows}
    return found


def known_texts(session: Session, numbers: Iterable[int]) -> dict[int, list[Text]]:
    """Give the texts of records as they are kept."""
    found: dict[int, list[Text]] = defaultdict(list)
    c = search_texts.c
    query = select(c.number, c.tier, c.field, c.language, c.text, c.words).order_by(c.number, c.place)
    for portion in portions(numbers):
        for number, *row in session.execute(query.where(c.number.in_(portion))):
            found[number].append(Text(*row))
    return found


def _replace_texts(session: Session, told: Mapping[int, Sequence[Text]]) -> None:
    gone = [number for number, rows in told.items() if not rows]
    for portion in portions(told):
        session.execute(delete(search_texts).where(search_texts.c.number.in_(portion)))
    for portion in portions(gone):
        session.execute(delete(search_records).where(search_records.c.number.in_(portion)))
    rows = [
        {"number": number, "place": place, **row._asdict()}
        for number, these in told.items()
        for place, row in enumerate(these)
    ]
    if rows:
        insert_rows(session, search_texts, rows)


def post(session: Session, added: Collection[Posting], removed: Collection[Posting]) -> None:
    """Enter what is posted, take out what no longer is, and count."""
    ids = word_ids(session, {(one.tier, one.word) for one in (*added, *removed)})
    fresh = sorted({(one.tier, one.word) for one in added} - ids.keys())
    ids |= _enter(session, fresh, Counter((one.tier, one.word) for one in added))
    more = Counter(ids[one.tier, one.word] for one in added)
    more.subtract(Counter(ids[one.tier, one.word] for one in removed if (one.tier, one.word) in ids))
    if added:
        rows = [{"word_id": ids[one.tier, one.word], "number": one.number} for one in sorted(added)]
        insert_rows(session, search_postings, rows)
    _take_out(session, [(ids[one.tier, one.word], one.number) for one in removed if (one.tier, one.word) in ids])
    count(session, {word_id: change for word_id, change in more.items() if change}, but={ids[word] for word in fresh})
    forget(session, {ids[one.tier, one.word] for one in removed if (one.tier, one.word) in ids})


def word_ids(session: Session, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Give the ids of words that have one."""
    found: dict[tuple[int, str], int] = {}
    c = search_words.c
    words = set(wanted)
    for portion in portions(sorted({word for _, word in words})):
        for row in session.execute(select(c.id, c.tier, c.word).where(c.word.in_(portion))):
            found[row.tier, row.word] = row.id
    return {word: number for word, number in found.items() if word in words}


def _enter(session: Session, fresh: Sequence[tuple[int, str]], records: Mapping[Any, int]) -> dict[Any, int]:
    """Enter words that are new, with what they are looked up by."""
    if not fresh:
        return {}
    ids = {word: number for number, word in enumerate(fresh, _next(session, search_words.c.id))}
    rows = [{"id": ids[one], "tier": one[0], "word": one[1], "records": records[one]} for one in fresh]
    insert_rows(session, search_words, rows)
    insert_rows(session, search_keys, [row for one in fresh for row in key_rows(ids[one], *one)])
    return ids


def key_rows(word_id: int, tier: int, word: str) -> list[dict[str, Any]]:
    """Give the rows by which a word is looked up."""
    return [{"key": key, "tier": tier, "word_id": word_id} for key in sorted(entered(word))]


def _take_out(session: Session, gone: Sequence[tuple[int, int]]) -> None:
    c = search_postings.c
    if gone:
        statement = delete(search_postings).where(c.word_id == bindparam("w"), c.number == bindparam("n"))
        session.connection().execute(statement, [{"w": word_id, "n": number} for word_id, number in gone])


def count(session: Session, more: Mapping[int, int], but: Collection[int] = ()) -> None:
    """Add to how many records have words; a new word is counted already."""
    rows = [{"w": word_id, "more": change} for word_id, change in sorted(more.items()) if word_id not in but]
    if rows:
        c = search_words.c
        statement = update(search_words).where(c.id == bindparam("w")).values(records=c.records + bindparam("more"))
        session.connection().execute(statement, rows)


def forget(session: Session, word_ids: Iterable[int]) -> None:
    """Erase the words that no record has any more."""
    c, k = search_words.c, search_keys.c
    for portion in portions(sorted(word_ids)):
        unused = session.execute(select(c.id, c.tier, c.word).where(c.id.in_(portion), c.records <= 0)).all()
        if unused:
            at = and_(*(k[name] == bindparam(f"at_{name}") for name in ("key", "tier", "word_id")))
            rows = [{f"at_{name}": value for name, value in row.items()} for one in unused for row in key_rows(*one)]
            session.connection().execute(delete(search_keys).where(at), rows)
            session.execute(delete(search_words).where(c.id.in_([one.id for one in unused])))


def _next(session: Session, column: Any) -> int:  # noqa: ANN401 - a column of numbers
    return int(session.execute(select(func.coalesce(func.max(column), 0))).scalar_one()) + 1
