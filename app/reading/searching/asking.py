"""Asks the index of words what a typed text may mean, in three statements."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, and_, exists, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.dialects import OuterFirst
from app.core.kinds import Key
from app.core.record import Tier
from app.reading.searching.keys import NEAR, alike, begun, likeness
from app.reading.searching.ranking import Hit, Meant, rank
from app.reading.searching.tables import search_keys, search_postings, search_records, search_texts, search_words
from app.reading.searching.texts import Text
from app.reading.searching.tokens import Typed, is_number

_MOST_WORDS: Final = 2_000  # words of the index that the typed ones may mean, before they are compared
_MOST_BEGUN: Final = 200  # words that one beginning may stand for
_MOST_POSTINGS: Final = 5_000  # records of the rarest words that are looked at
_MOST_PASSED: Final = 20_000  # records of a common word among which those are looked for that have another one too
_MOST_RANKED: Final = 200  # records whose texts are read
_TELLING_LETTERS: Final = 4
_Row = Any  # of a statement beside which its columns are named


class _Word(NamedTuple):
    key: str
    id: int
    word: str
    records: int


async def search(session: AsyncSession, tier: Tier, asked: Typed, kinds: Collection[str]) -> list[Hit]:
    """Give the records of some kinds that a typed text may mean, as a tier sees them, best first."""
    if not asked.tokens or not kinds:
        return []
    words = [_Word(*row) for row in await session.execute(_words(asked, tier))]
    meant, ids = await asyncio.to_thread(_compared, asked, words)
    rows = (await session.execute(_postings(*_telling(meant, words), kinds))).all()
    best = _most_promising(meant, ids, rows)
    texts: dict[Key, list[Text]] = defaultdict(list)
    for kind, record_id, *text in (await session.execute(_texts(best, tier))) if best else ():
        texts[kind, record_id].append(Text(*text))
    return await asyncio.to_thread(rank, asked, meant, texts)


def _words(asked: Typed, tier: Tier) -> Select[Any]:
    """Give the statement for the words that may be meant, with the number of records that have each."""
    k, w = search_keys.c, search_words.c
    both = OuterFirst(search_keys, search_words, w.id == k.word_id)
    seen = select(k.key, w.id, w.word, w.records).select_from(both).where(k.tier <= int(tier))
    seen = seen.order_by(k.key, k.tier, k.word_id)
    keys = sorted({key for token in asked.tokens for key in alike(token)})
    parts = [seen.where(k.key.in_(keys)).limit(_MOST_WORDS)]
    for token in asked.tokens:
        for first, last in begun(token, unfinished=_goes_on(asked, token)):
            parts.append(seen.where(k.key >= first, k.key < last).limit(_MOST_BEGUN))
    found = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return select(found)


def _goes_on(asked: Typed, token: str) -> bool:
    return asked.unfinished and token == asked.tokens[-1]


def _compared(asked: Typed, words: Sequence[_Word]) -> tuple[list[Meant], dict[int, str]]:
    """Tell which words each typed one may mean, how surely, and how much it says that a record has it."""
    found = []
    for token in asked.tokens:
        own, ranges = alike(token), list(begun(token, unfinished=_goes_on(asked, token)))
        these = {one.id: one for one in words if one.key in own or any(a <= one.key < z for a, z in ranges)}
        sure = {one.word: likeness(token, one.word, unfinished=_goes_on(asked, token)) for one in these.values()}
        near = {word: share for word, share in sure.items() if share >= NEAR}
        common = sum(one.records for one in these.values() if one.word in near)
        found.append(Meant(near, _weight(token, common), common))
    return found, {one.id: one.word for one in words}


def _weight(token: str, records: int) -> float:
    """Give what a match of a token says: the more the rarer it is, and less of a word of two or three letters."""
    short = 1.0 if is_number(token) else min(1.0, len(token) / _TELLING_LETTERS)
    return short / (1 + math.log1p(max(records, 1)))


def _telling(meant: Iterable[Meant], words: Sequence[_Word]) -> tuple[list[int], list[int]]:
    """Give the words whose records are looked at, those of the rarest typed ones.

    Where already the rarest has too many, give also the words of which a record must have one beside.
    """
    rarest = sorted((one for one in meant if one.words), key=lambda one: one.records)
    taken: set[str] = set()
    rows = 0
    for place, one in enumerate(rarest):
        rows += one.records
        if place and rows > _MOST_POSTINGS:
            break
        taken |= one.words.keys()
    beside = rarest[1].words if len(rarest) > 1 and rarest[0].records > _MOST_POSTINGS else {}
    ids = {one.id: one.word for one in words}
    return [key for key in sorted(ids) if ids[key] in taken], [key for key in sorted(ids) if ids[key] in beside]


def _postings(word_ids: Sequence[int], beside: Sequence[int], kinds: Collection[str]) -> Select[Any]:
    p, r = search_postings.c, search_records.c
    both = OuterFirst(search_postings, search_records, and_(r.number == p.number, r.kind.in_(sorted(kinds))))
    query = select(p.word_id, p.number).select_from(both).where(p.word_id.in_(word_ids)).order_by(p.word_id, p.number)
    if not beside:
        return query.limit(_MOST_POSTINGS)
    passed, other = query.limit(_MOST_PASSED).subquery(), search_postings.alias()
    has = exists().where(other.c.word_id.in_(beside), other.c.number == passed.c.number)
    return select(passed).where(has).limit(_MOST_POSTINGS)


def _most_promising(meant: Sequence[Meant], words: Mapping[int, str], rows: Iterable[_Row]) -> list[int]:
    """Give the numbers of the records that have most of what was typed."""
    having: dict[int, set[str]] = defaultdict(set)
    for word_id, number in rows:
        having[number].add(words[word_id])
    promise = {number: sum(_gains(meant, theirs)) for number, theirs in having.items()}
    return sorted(promise, key=lambda number: (-promise[number], number))[:_MOST_RANKED]


def _gains(meant: Iterable[Meant], theirs: Collection[str]) -> Iterator[float]:
    for one in meant:
        yield one.weight * max((one.words.get(word, 0.0) for word in theirs), default=0.0)


def _texts(numbers: Sequence[int], tier: Tier) -> Select[Any]:
    r, t = search_records.c, search_texts.c
    both = OuterFirst(search_records, search_texts, and_(t.number == r.number, t.tier <= int(tier)))
    columns = (r.kind, r.record_id, t.tier, t.field, t.language, t.text, t.words)
    return select(*columns).select_from(both).where(r.number.in_(numbers)).order_by(t.number, t.place)
