"""Taking in what was fetched, and every later comparison with the whole: an export in order, beside what is here."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from app.core.database import Database
from app.core.kinds import Key
from app.sync.mirror import kept
from app.sync.mirror.aside import ahead, aside
from app.sync.mirror.items import Item, Reader, line_of
from app.sync.mirror.meeting import First
from app.sync.mirror.source import Source
from app.sync.mirror.state import LEADING, State, begin_again
from app.sync.mirror.stops import Again, Refused, Unfit, reading
from app.sync.mirror.taking import AUTHOR, Place, Range, Taken, Taker, conflict
from app.sync.mirror.telling import Teller

_PAGE: Final = 1000


@dataclass(slots=True)
class _Page:
    """Records of one kind in the order of the export; ``last`` when the kind ends with them.

    Of what was fetched, all that lies before the portion ``behind`` is in it or in pages before it.
    """

    kind: str
    items: list[Item] = field(default_factory=list)
    last: bool = False
    behind: int = 0


@dataclass(slots=True)
class Copier:
    """Copies all that a source shows, or some kinds of it, and withdraws what it does not show."""

    database: Database
    source: Source
    teller: Teller

    async def copy(self, state: State) -> State:
        """Take in everything that was fetched, from where it stopped; give the state behind it."""
        pages = _Fetched(self.database, state, self._reader(state), self.source.url).pages()
        try:
            place = await self._through(pages, state, moving=True)
        except Unfit:  # what is wrong may be set right there, and then that has to be fetched
            async with self.database.write(AUTHOR) as session:
                await session.run_sync(begin_again, state)
            raise
        after = replace(place, state=LEADING, copied_kind=None, copied_id=None, copied_at=None)
        await Taker(self.database).end(place, after)
        return after

    async def repair(self, state: State, kinds: Sequence[str]) -> State:
        """Compare some kinds record by record, and write what differs; the place in the feed stays."""
        return await self._through(ahead(_streamed(self.source, self._reader(state), kinds)), state, moving=False)

    def _reader(self, state: State) -> Reader:
        return Reader(self.database.kinds, state.register_id, state.tier)

    async def _through(self, pages: AsyncGenerator[_Page], state: State, *, moving: bool) -> State:
        taker, walk, place = Taker(self.database), _Walk(state.copied_kind, state.last), state
        found: list[Key] = []
        async with aclosing(pages):
            async for page in pages:
                swept = walk.over(page)
                after = _stands(place, page) if moving else place
                if found:  # nothing more is written, but all that is in the way is named
                    found += await taker.local(page.items, place)
                    continue
                try:
                    await taker.take(page.items, place, after, swept, page.behind)
                except Taken as taken:
                    found += taken.keys
                else:
                    place = after
                    self.teller.count(len(page.items), f"{'taking in' if moving else 'comparing'} {page.kind}")
        if found:
            raise conflict(found, self.source.url)
        return place


@dataclass(slots=True)
class _Walk:
    """Where a comparison stands: behind which record of which kind."""

    kind: str | None
    last: Place | None

    def over(self, page: _Page) -> Range:
        """Give the range that a page stands for, and go behind it."""
        begun = self.last if self.kind == page.kind else None
        until = (page.items[-1].created_at, page.items[-1].key[1]) if page.items else begun
        self.kind, self.last = page.kind, until
        return Range(page.kind, begun, None if page.last else until)


def _stands(place: State, page: _Page) -> State:
    """Give the state behind a page."""
    if not page.items:
        return place
    last = page.items[-1]
    copied = place.copied + len(page.items)
    return replace(place, copied_kind=page.kind, copied_id=last.key[1], copied_at=last.created_at, copied=copied)


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What was fetched of a source and not taken in."""

    database: Database
    state: State
    reader: Reader
    url: str

    async def pages(self) -> AsyncGenerator[_Page]:
        """Give it in pages; what is not here, as in a register that was restored, is ``Refused``."""
        async with self.database.read(primary=True) as session:
            line = await kept.first_line(session, self.state.register_id)
        if line is None:
            raise Refused
        known = [kind for kind in First.of(line, self.url).kinds if kind in self.reader.kinds]
        begun = self.state.copied_kind
        with reading(self.url):
            paging = _Paging(known[known.index(begun) :] if begun else known, self.url)
        async with aclosing(self._portions()) as coming:
            async for number, items in coming:
                for page in paging.over(items):
                    yield replace(page, behind=number)
        for page in paging.end():
            yield page

    async def _portions(self) -> AsyncGenerator[tuple[int, list[Item]]]:
        """Give the items of each portion, and read the next while they are taken in."""
        coming = asyncio.ensure_future(self._portion(0))
        done = self.state.copied_kind and (self.state.copied_kind, self.state.copied_id)
        try:
            while (portion := await coming) is not None:
                number, items = portion
                coming = asyncio.ensure_future(self._portion(number))
                # Only the first that is here may have been taken in part, and the last record that was may be in none.
                taken = next((place for place, item in enumerate(items) if item.key == done), -1)
                done = None
                yield number, items[taken + 1 :]
        finally:
            # Not cancelled: that would leave its connection open for a while, and it is a moment's work.
            await asyncio.gather(coming, return_exceptions=True)

    async def _portion(self, behind: int) -> tuple[int, list[Item]] | None:
        async with self.database.read(primary=True) as session:
            found = await kept.portion(session, self.state.register_id, behind)
        return found and (found[0], await aside(partial(self._items, found[1])))

    def _items(self, packed: bytes) -> list[Item]:
        with reading(self.url):
            read = (self.reader.exported(line_of(line, self.url)) for line in kept.unpack(packed).split(b"\n")[:-1])
            return [item for item in read if item]


def _streamed(source: Source, reader: Reader, kinds: Sequence[str]) -> Generator[_Page]:
    """Give some kinds of an export in pages, as they come."""
    with source.lines("/v1/export", kind=list(kinds)) as lines:
        first = First.of(next(lines, b""), source.url)
        if (first.register_id, first.tier) != (reader.source, reader.tier):
            raise Refused
        paging = _Paging([kind for kind in first.kinds if kind in reader.kinds], source.url)
        yield from paging.over(_records(lines, reader, source.url))
        yield from paging.end()


def _records(lines: Iterator[bytes], reader: Reader, url: str) -> Iterator[Item]:
    """Read the lines behind the first; the last one must be there, and count them all."""
    for count, raw in enumerate(lines):
        line = line_of(raw, url)
        if "count" in line:
            if line["count"] == count:
                return
            break
        with reading(url):
            item = reader.exported(line)
        if item:
            yield item
    raise Again(f"The copy from {url} was cut.")


class _Paging:
    """Makes pages of items in the order of an export; every kind of it that is known has a last one."""

    def __init__(self, kinds: Sequence[str], url: str) -> None:
        self._rest = iter(kinds)
        self._url = url
        self._page = _Page(next(self._rest, ""))

    def over(self, items: Iterable[Item]) -> Iterator[_Page]:
        """Give the pages that are full with these items."""
        for item in items:
            while self._page.kind != item.key[0]:
                if not self._page.kind:
                    words = "gives kinds of records in an order of its own. Run a newer version of Vestka."
                    raise Unfit(f"{self._url} {words}")
                yield self._next(last=True)
            self._page.items.append(item)
            if len(self._page.items) >= _PAGE:
                yield self._next()

    def end(self) -> Iterator[_Page]:
        """Give the pages that are left."""
        while self._page.kind:
            yield self._next(last=True)

    def _next(self, *, last: bool = False) -> _Page:
        """Give the page at hand, and begin the next."""
        page = replace(self._page, last=last)
        self._page = _Page(next(self._rest, "") if last else page.kind)
        return page
