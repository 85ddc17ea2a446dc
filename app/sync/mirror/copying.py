"""The first copy, and every later comparison with the whole: the export read in order, beside what is here."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from app.core.database import Database
from app.core.kinds import Key, Kinds
from app.core.record import Tier
from app.sync.copying import FORMAT_VERSION
from app.sync.mirror.aside import ahead
from app.sync.mirror.items import Item, Reader, line_of
from app.sync.mirror.source import Source
from app.sync.mirror.state import LEADING, State
from app.sync.mirror.stops import Again, Refused, Stopped
from app.sync.mirror.taking import Place, Range, Taken, Taker, conflict
from app.sync.mirror.telling import Teller

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class First:
    """The first line of an export."""

    register_id: UUID
    tier: Tier
    cursor: str
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, raw: bytes, url: str) -> "First":
        """Read it; what is none, or of another form, is ``Stopped``."""
        said = line_of(raw, url)
        if said.get("format_version", FORMAT_VERSION) != FORMAT_VERSION:
            raise Stopped(f"{url} writes copies in a newer form. Run a newer version of Vestka.")
        try:
            return cls(UUID(said["register_id"]), Tier.named(said["tier"]), said["cursor"], tuple(said["kinds"]))
        except (KeyError, TypeError, ValueError):
            raise Stopped(f"{url} answers, but not as a Vestka register does. Is the address right?") from None


def look_at(source: Source) -> First:
    """Ask a register who it is and what it shows."""
    with source.lines("/v1/export") as lines:
        return First.of(next(lines, b""), source.url)


@dataclass(slots=True)
class _Page:
    """Records of one kind in the order of the export; ``last`` when the kind ends with them."""

    kind: str
    items: list[Item] = field(default_factory=list)
    last: bool = False


@dataclass(slots=True)
class Copier:
    """Copies all that a source shows, or some kinds of it, and withdraws what it does not show."""

    database: Database
    source: Source
    teller: Teller

    async def copy(self, state: State) -> State:
        """Copy everything, from where it stopped; give the state behind it."""
        query = {}
        if state.copied_kind and state.copied_id:
            query = {"cursor": state.cursor, "after": f"{state.copied_kind}/{state.copied_id}"}
        behind = replace(state, state=LEADING, copied_kind=None, copied_id=None, copied_at=None)
        return await self._through(state, behind, query)

    async def repair(self, state: State, kinds: Sequence[str]) -> State:
        """Compare some kinds record by record, and write what differs; the place in the feed stays."""
        return await self._through(state, state, {"kind": list(kinds)})

    async def _through(self, state: State, behind: State, query: dict[str, Any]) -> State:
        taker, reader = Taker(self.database), Reader(self.database.kinds, state.register_id, state.tier)
        walk, place = _Walk(state.copied_kind, state.last), state
        found: list[Key] = []
        async with aclosing(ahead(_pages(self.source, reader, query))) as coming:
            async for page in coming:
                swept = walk.over(page)
                after = place if behind is state else _stands(place, page)
                if found:  # nothing more is written, but all that is in the way is named
                    found += await taker.local(page.items, place)
                    continue
                try:
                    await taker.take(page.items, place, after, swept)
                except Taken as taken:
                    found += taken.keys
                else:
                    place = after
                    self.teller.count(len(page.items), page.kind)
        if found:
            raise conflict(found, self.source.url)
        if behind is state:
            return place
        after = replace(behind, copied=place.copied)
        await taker.take([], place, after)
        return after


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


def _pages(source: Source, reader: Reader, query: dict[str, Any]) -> Generator[_Page]:
    """Read an export in pages; every known kind of it has a last one."""
    with source.lines("/v1/export", **query) as lines:
        first = First.of(next(lines, b""), source.url)
        if (first.register_id, first.tier) != (reader.source, reader.tier):
            raise Refused
        yield from _by_kind(_records(lines, reader, source.url), _left(first, reader.kinds, query), source.url)


def _left(first: First, kinds: Kinds, query: dict[str, Any]) -> list[str]:
    """Give the kinds that an export still gives."""
    known = [kind for kind in first.kinds if kind in kinds]
    if "after" not in query:
        return known
    return known[known.index(str(query["after"]).partition("/")[0]) :]


def _records(lines: Iterator[bytes], reader: Reader, url: str) -> Iterator[Item]:
    """Read the lines behind the first; the last one must be there, and count them all."""
    for count, raw in enumerate(lines):
        line = line_of(raw, url)
        if "count" in line:
            if line["count"] == count:
                return
            break
        if item := reader.exported(line):
            yield item
    raise Again(f"The copy from {url} was cut.")


def _by_kind(items: Iterator[Item], kinds: list[str], url: str) -> Iterator[_Page]:
    rest = iter(kinds)
    page = _Page(next(rest, ""))
    for item in items:
        while page.kind != item.key[0]:
            if not page.kind:
                raise Stopped(f"{url} gives kinds of records in an order of its own. Run a newer version of Vestka.")
            yield replace(page, last=True)
            page = _Page(next(rest, ""))
        page.items.append(item)
        if len(page.items) >= _PAGE:
            yield page
            page = _Page(page.kind)
    while page.kind:
        yield replace(page, last=True)
        page = _Page(next(rest, ""))
