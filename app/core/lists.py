"""Lists of records: one keyset page at a time, each record as the bytes that are kept ready."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic_core import to_json
from sqlalchemy import Column, CursorResult, Row, Select, and_, func, select, tuple_

from app.core import paging
from app.core.desk import Desk
from app.core.documents import documents, etag, id_of
from app.core.express import Statement, Written
from app.core.filters import Filter, Filters, cursor_value, from_cursor
from app.core.kinds import Kind
from app.core.projection import live


class Item(NamedTuple):
    """A record of a page: its bytes, and what was read with it."""

    body: bytes
    beside: Sequence[Any] = ()

    @property
    def id(self) -> UUID:
        """Its id, as its bytes say."""
        return id_of(self.body)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: its records, the cursor of the next page, and, if asked for, the total.

    ``results`` are what it was read from, ``of`` the statements that a page of this query may need.
    """

    items: list[Item]
    next_cursor: str | None
    total: int | None
    cut: "Cut | None" = None
    results: Sequence[CursorResult[Any]] = ()
    of: int = 1

    def body(self, items: list[bytes]) -> bytes:
        """Write the page as JSON, with these bytes for its records."""
        return written_page(items, self.next_cursor, self.total)


def written_page(items: Sequence[bytes], next_cursor: str | None, total: int | None) -> bytes:
    """Write a page as JSON."""
    counted = b"" if total is None else b',"total":%d' % total
    return b'{"items":[' + b",".join(items) + b'],"next_cursor":' + to_json(next_cursor) + counted + b"}"


async def page_of(desk: Desk, kind: Kind, filters: Filters, query: Filter, request: Request, secret: bytes) -> Page:
    """Give the page that a list's parameters ask for.

    One query; one more at the place where unknown values begin, which come last in either direction; one more for
    the total. What a typed text finds comes best first, unless another order is asked for.
    """
    tier = desk.caller.tier
    scope = paging.scope_of(request.url.path, int(tier), request.query_params.multi_items())
    beside = filters.beside(request)
    cut = Cut(query.limit, secret, scope, len(beside))
    place = None if query.cursor is None else paging.unseal(secret, cut.scope, query.cursor)
    found = await filters.search(request, desk, query)
    walk = filters.walk(query, tier)
    # What another part keeps for a tier is there as long as the tier sees the record.
    seen = (live(kind.name, tier),) if walk.reads(documents) else ()
    where = and_(*walk.where, *seen, *filters.conditions(query, tier, walk.met))
    base = select(filters.answer, *beside).select_from(walk.source).where(where)
    if found is not None and getattr(query, "sort", None) is None:
        return await _best_first(request, desk, filters, query, base, cut, place=place)
    order = Order(walk.order, filters.sort(query)[1])
    rows: list[Row[Any]] = []
    results: list[Any] = []
    statements = list(order.statements(base, place))
    for statement in statements:
        if len(rows) <= query.limit:
            results.append(await desk.session.execute(statement.limit(query.limit + 1)))
            rows += results[-1].all()
    counted = select(func.count()).select_from(base.with_only_columns(walk.order[-1]).subquery())
    total = (await desk.session.execute(counted)).scalar_one() if query.count else None
    first = 1 + cut.beside
    read = [tuple(row) for row in rows]
    items = [Item(row[0], row[1:first]) for row in read[: query.limit]]
    cursor = cut.cursor(read[query.limit - 1][first:]) if len(read) > query.limit else None
    # What is found hangs on more than the statement: on the words that the register knows.
    return Page(items, cursor, total, cut if found is None else None, results, len(statements))


async def _best_first(
    request: Request,
    desk: Desk,
    filters: Filters,
    query: Filter,
    base: Select[Any],
    cut: "Cut",
    *,
    place: list[Any] | None,
) -> Page:
    """Give a page of what a typed text finds: one query, and one more where filters narrow it."""
    scores = query.found.scores if query.found else {}
    ids = list(scores)
    if ids and filters.narrowed(query):
        kept = set((await desk.session.execute(base.with_only_columns(documents.c.id))).scalars())
        ids = [record_id for record_id in ids if record_id in kept]
    total = len(ids) if query.count else None
    if place is not None:
        behind = (-place[0], place[1])
        ids = [record_id for record_id in ids if (-scores[record_id], str(record_id)) > behind]
    here = ids[: query.limit]
    rows = (await desk.session.execute(filters.some(request, here, desk.caller.tier))).all() if here else []
    read = {item.id: item for item in (Item(row[0], tuple(row[1:])) for row in rows)}
    cursor = cut.cursor([scores[here[-1]], here[-1]]) if len(ids) > query.limit else None
    return Page([read[record_id] for record_id in here if record_id in read], cursor, total)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a page of a query ends."""

    limit: int
    secret: bytes
    scope: str
    beside: int  # how many values are read with each record

    def cursor(self, place: Sequence[Any]) -> str:
        """Give the cursor of the page behind a place."""
        return paging.seal(self.secret, self.scope, [cursor_value(value) for value in place])


def tag_of(rows: Sequence[Sequence[Any]], body: bytes, cursor: str | None, *, kept: bool) -> str:
    """Give the entity tag of a page, of rows of answers and what was read with them.

    What is kept of answers has tags: they and how the answers end tell a page. Others are hashed as they are.
    """
    if not kept or not rows:
        return etag(len(rows), body)
    said = b"".join([row[2] for row in rows]) + bytes([row[1] for row in rows]) + (cursor or "").encode()
    return etag(len(rows), said)


@dataclass(frozen=True, slots=True)
class PageAgain:
    """Writes a page of the same query of what its statement gives now."""

    cut: Cut
    finish: Callable[[Sequence[Any]], bytes | None]
    link: Callable[[str], str]
    of: int  # statements that may be needed

    def __call__(
        self, statements: Sequence[Statement], found: Sequence[Sequence[Sequence[Any]]], _: str
    ) -> Written | None:
        """Write it, or nothing where that takes more than these rows."""
        rows = [row for some in found for row in some] if len(found) > 1 else found[0]
        if len(found) < self.of and len(rows) <= self.cut.limit:
            return None  # the statement that goes on was never run
        here = rows[: self.cut.limit]
        pieces: list[bytes] = []
        for row in here:
            end = self.finish(row)
            if end is None:
                return None
            pieces += (row[0], end, b",")
        cursor = None
        if len(rows) > self.cut.limit:
            cursor = self.cut.cursor(statements[0].values(1 + self.cut.beside)(here[-1]))
        body = b'{"items":[%b],"next_cursor":%b}' % (b"".join(pieces[:-1]), to_json(cursor))
        tag = tag_of(here, body, cursor, kept=bool(self.cut.beside))
        return Written(body, tag, self.link(cursor) if cursor else None)


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: the columns of one index, so that every page begins where the one before ended."""

    columns: tuple[Column[Any], ...]
    down: bool

    def statements(self, base: Select[Any], place: list[Any] | None) -> Iterator[Select[Any]]:
        """Give the statements that a page after a place is read with, one after the other until it is full."""
        base = base.add_columns(*(column.label(f"place_{i}") for i, column in enumerate(self.columns)))
        first, *rest = self.columns
        if not first.nullable:
            yield self._from(base, self.columns, place)
            return
        if place is None or place[0] is not None:
            yield self._from(base.where(first.is_not(None)), self.columns, place)
            place = None
        yield self._from(base.where(first.is_(None)), rest, place[1:] if place else None)

    def _from(self, base: Select[Any], columns: Sequence[Column[Any]], place: list[Any] | None) -> Select[Any]:
        if place is not None:
            here = tuple_(*columns)
            last = tuple_(*(from_cursor(column, value) for column, value in zip(columns, place, strict=True)))
            base = base.where(here < last if self.down else here > last)
        return base.order_by(*(column.desc() if self.down else column for column in columns))


def link_of(request: Request, base: str) -> Callable[[str], str]:
    """Give what writes the ``Link`` header that leads to the page behind a cursor."""
    pairs = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    before = f"<{base}{request.url.path}?{urlencode([*pairs, ('cursor', '')])}"
    return lambda cursor: f'{before}{cursor}>; rel="next"'


def next_link(request: Request, cursor: str, base: str) -> str:
    """Give the ``Link`` header that leads to the next page."""
    return link_of(request, base)(cursor)
