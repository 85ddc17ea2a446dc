"""Asks the index of names: the vocabulary in memory, kept current by a version; all else from the database."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import Database
from app.core.dialects import is_passing
from app.core.record import Tier
from app.names.fold import words
from app.names.match import Candidate, Hit, rank, sift
from app.names.plan import Plan, plan
from app.names.roles import Role
from app.names.vocabulary import Vocabulary
from app.reading.finding.blocks import unpacked
from app.reading.finding.keeping import portions
from app.reading.finding.tables import name_postings, name_state, name_words, person_names

_KEPT: Final = 64  # answers that are kept for the next page and for the facets beside the list
_AT_A_TIME: Final = 10  # names of a list, so that even the commonest take little room
_PORTION: Final = 2_000  # words that are read at a time, which takes a few milliseconds
_AT_ONCE: Final = 1_000  # rows that are asked for in a statement; then others have their turn
# One thread works on vocabularies, so that none changes while it is read; the event loop goes on meanwhile.
_WORK: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="names")
_T = TypeVar("_T")
_Row = Any  # of a statement beside which its columns are named
_Versions = dict[int, tuple[int, int]]  # of each tier: the version of its part of the index, its number of names


@dataclass
class _Held:
    """A tier's vocabulary, and of which state of the index it is."""

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    versions: _Versions = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    answers: OrderedDict[tuple[tuple[str, ...], bool], list[Hit]] = field(default_factory=OrderedDict)


class Finder:
    """Finds persons by name, for callers of any tier."""

    def __init__(self) -> None:
        self._held: dict[Tier, _Held] = {}

    async def find(self, session: AsyncSession, tier: Tier, text: str, *, prefix: bool = False) -> list[Hit]:
        """Give whom a typed name may mean among those that the tier sees, best first; `owner` is the person's id.

        With ``prefix`` the last word may be the beginning of one. Three statements, or one for what was just asked.
        """
        held, here = await self._current(session, tier)
        key = (words(text), prefix)
        if key in held.answers and held.versions == here:
            held.answers.move_to_end(key)
            return held.answers[key]
        hits = (await _search(session, tier, held.vocabulary, [text], prefix=prefix))[0]
        if held.versions == here:  # another transaction may be ahead of this one
            held.answers[key] = hits
            if len(held.answers) > _KEPT:
                held.answers.popitem(last=False)
        return hits

    async def find_all(self, session: AsyncSession, tier: Tier, texts: Iterable[str]) -> list[list[Hit]]:
        """Give whom each of several names may mean, all of them whole; nothing of it is kept."""
        held, _ = await self._current(session, tier)
        found: list[list[Hit]] = []
        for portion in portions(texts, _AT_A_TIME):
            found += await _search(session, tier, held.vocabulary, portion)
        return found

    async def _current(self, session: AsyncSession, tier: Tier) -> tuple[_Held, _Versions]:
        """Give the tier's vocabulary as it is in the transaction at hand, or newer; and which it is there."""
        held = self._held.setdefault(tier, _Held())
        async with held.lock:
            c = name_state.c
            rows = await session.execute(select(c.tier, c.version, c.names).where(c.tier <= int(tier)))
            versions: _Versions = {row.tier: (row.version, row.names) for row in rows}
            if any(versions[known][0] > held.versions.get(known, _NONE)[0] for known in versions):
                async for changed in _changes(session, tier, held.versions):
                    await _worked(partial(_learn, held.vocabulary, changed))
                held.vocabulary.names = sum(names for _, names in versions.values())
                held.versions = versions
                held.answers.clear()
        return held, versions


async def know_the_names(database: Database) -> None:
    """Do once what the first search would have to: learn the words that the public sees, and the given names."""
    try:
        async with database.copy() as session:
            await finder_of(database).find(session, Tier.PUBLIC, _STRANGE)
    except Exception as error:
        if not is_passing(error):
            raise  # a search that comes will learn them


_STRANGE: Final = "Annastassijja Annastassijjewa"
_NONE: Final = (0, 0)
_FINDERS: Final[WeakKeyDictionary[Database, Finder]] = WeakKeyDictionary()


def finder_of(database: Database) -> Finder:
    """Give what finds names in a database."""
    return _FINDERS.setdefault(database, Finder())


async def _search(
    session: AsyncSession, tier: Tier, vocabulary: Vocabulary, texts: Sequence[str], *, prefix: bool = False
) -> list[list[Hit]]:
    """Search for several names at once, in two statements."""
    plans = [await _worked(partial(plan, text, vocabulary, prefix=prefix)) for text in texts]
    wanted = {word_id for planned in plans if planned.drivers for word_id in planned.links}
    postings = await _postings(session, tier, sorted(wanted))
    sifted = [await _worked(partial(_sifted, planned, postings)) for planned in plans]
    names = await _names(session, sorted({number for numbers in sifted for number in numbers}))
    found = []
    for planned, numbers in zip(plans, sifted, strict=True):
        rows = [names[number] for number in numbers if number in names]
        found.append(await _worked(partial(_ranked, planned, rows, vocabulary)))
    return found


def _ranked(planned: Plan, rows: Sequence[_Row], vocabulary: Vocabulary) -> list[Hit]:
    return rank(planned, map(_candidate, rows), vocabulary)


def _sifted(planned: Plan, postings: Mapping[int, list[_Row]]) -> Iterable[int]:
    if not planned.drivers:
        return []
    return sift(planned, {word_id: _all(postings[word_id]) for word_id in planned.links if word_id in postings})


async def _worked(work: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(_WORK, work)


async def _changes(session: AsyncSession, tier: Tier, known: _Versions) -> AsyncIterator[Sequence[_Row]]:
    """Yield the words whose names have changed since, in portions, so that others are served in between.

    Each comes with the number of names that the tier sees.
    """
    c = name_postings.c
    if not known:
        last = (await session.execute(select(func.max(c.word_id)))).scalar_one() or 0
        for first in range(0, last, _PORTION):
            yield await _counted(session, tier, and_(c.word_id > first, c.word_id <= first + _PORTION))
        return
    since = [and_(c.tier == t, c.version > known.get(t, _NONE)[0]) for t in range(int(tier) + 1)]
    changed = (await session.execute(select(c.word_id).where(or_(*since)).distinct())).scalars().all()
    for portion in portions(changed, _PORTION):
        yield await _counted(session, tier, c.word_id.in_(portion))


async def _counted(session: AsyncSession, tier: Tier, which: ColumnElement[bool]) -> Sequence[_Row]:
    p, w = name_postings.c, name_words.c
    query = (
        select(p.word_id, w.word, w.entry, func.sum(func.length(p.names)).label("bytes"))
        .select_from(name_postings.outerjoin(name_words, p.word_id == w.id))
        .where(p.tier <= int(tier), which)
        .group_by(p.word_id, w.word, w.entry)
    )
    return (await session.execute(query)).all()


def _learn(vocabulary: Vocabulary, changed: Sequence[_Row]) -> None:
    for row in changed:
        if row.word is None or not row.bytes:
            vocabulary.drop(row.word_id)
        else:
            vocabulary.put(row.word_id, row.word, row.entry, int(row.bytes) // 2)


async def _postings(session: AsyncSession, tier: Tier, word_ids: Sequence[int]) -> dict[int, list[_Row]]:
    found: dict[int, list[_Row]] = {}
    c = name_postings.c
    for portion in portions(word_ids, _AT_ONCE):
        query = select(c.word_id, c.block, c.names).where(c.word_id.in_(portion), c.tier <= int(tier))
        for row in await session.execute(query):
            found.setdefault(row.word_id, []).append(row)
        await asyncio.sleep(0)
    return found


def _all(rows: list[_Row]) -> list[int]:
    return [name for row in rows for name in unpacked(row.block, row.names)]


async def _names(session: AsyncSession, numbers: Sequence[int]) -> dict[int, _Row]:
    c = person_names.c
    found: dict[int, _Row] = {}
    for portion in portions(numbers, _AT_ONCE):
        query = select(c.id, c.person_id, c.text, c.words, c.roles).where(c.id.in_(portion))
        found |= {row.id: row for row in await session.execute(query)}
        await asyncio.sleep(0)
    return found


def _candidate(row: _Row) -> Candidate:
    number, person_id, text, words, roles = row
    return Candidate(number, person_id, text, tuple(map(int, words.split())), Role.written(roles))
