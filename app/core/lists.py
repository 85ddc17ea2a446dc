"""Lists of records: one keyset page at a time, each record as the bytes that are kept ready."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic_core import to_json
from sqlalchemy import (
    BigInteger,
    Column,
    CursorResult,
    Dialect,
    Row,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    tuple_,
)

from app.core import paging
from app.core.desk import Desk
from app.core.dialects.joining import Joined, Spelled
from app.core.documents import documents, etag, id_of
from app.core.express import Plan, Statement, Written, wants_plan
from app.core.filters import Filter, Filters, cursor_value, from_cursor
from app.core.kinds import Kind
from app.core.projection import live

# Between the records of a page: no record has a line break in it, so that a page can be taken apart again.
BETWEEN: Final = b",\n"


# Gives how an answer ends, by a row of its bytes and what was read with them, or None where that is not enough.
Finish = Callable[[Sequence[Any]], bytes | None]


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

    ``beyond`` is the first record of the next one. ``results`` are what it was read from, ``of`` the statements that a
    page of this query may need, and ``joined`` is the one that gives it in one row, where there is such a statement.
    """

    items: list[Item]
    next_cursor: str | None
    total: int | None
    beyond: Sequence[Item] = ()
    cut: "Cut | None" = None
    results: Sequence[CursorResult[Any]] = ()
    of: int = 1
    joined: Select[bytes, int, int, int] | None = None

    def plan(self, finish: Finish, link: Callable[[str], str], dialect: Dialect) -> Plan:
        """Give how the page is made again; there must be a cut."""
        if self.cut is None:
            raise RuntimeError("what was found by a text is no plan")
        if self.joined is not None:
            return Plan((Statement.compiled(self.joined, dialect),), PageJoined(self.cut, link))
        return Plan(tuple(map(Statement.of, self.results)), PageAgain(self.cut, finish, link, self.of))

    def tag(self, finish: Finish | None, body: bytes) -> str:
        """Give the entity tag; a page that is not made of what is kept is hashed as it is."""
        rows = [(item.body, *item.beside) for item in (*self.items, *self.beyond)]
        marks = 0
        if finish and self.cut and self.cut.beside and self.total is None:
            ends = [end for row in rows if (end := finish(row)) is not None]
            marks = self.cut.marks(rows, ends) if len(ends) == len(rows) else 0
        return tag_of(len(self.items), marks, body, self.next_cursor)

    def body(self, items: list[bytes]) -> bytes:
        """Write the page as JSON, with these bytes for its records."""
        return written_page([BETWEEN.join(items)], self.next_cursor, self.total)


def written_page(items: Iterable[bytes | memoryview], next_cursor: str | None, total: int | None = None) -> bytes:
    """Write a page as JSON, of its records and what stands between them."""
    counted = b"" if total is None else b',"total":%d' % total
    return b"".join([b'{"items":[', *items, b'],"next_cursor":', to_json(next_cursor), counted, b"}"])


async def page_of(desk: Desk, kind: Kind, filters: Filters, query: Filter, request: Request, secret: bytes) -> Page:
    """Give the page that a list's parameters ask for.

    One query; one more at the place where unknown values begin, which come last in either direction; one more for
    the total, and one where it hangs on how many there are how they are best found. What a typed text finds comes best
    first, unless another order is asked for.
    """
    tier = desk.caller.tier
    scope = paging.scope_of(request.url.path, int(tier), request.query_params.multi_items())
    place = None if query.cursor is None else paging.unseal(secret, scope, query.cursor)
    found = await filters.search(request, desk, query)
    walk = filters.walk(query, tier, await filters.few(desk, query))
    order = Order(walk.order, filters.sort(query)[1])
    beside = filters.beside(request)
    cut = Cut(query.limit, secret, scope, len(beside), order.is_of_creation)
    # What another part keeps for a tier is there as long as the tier sees the record.
    seen = (live(kind.name, tier),) if walk.reads(documents) else ()
    where = and_(*walk.where, *seen, *filters.conditions(query, tier, walk.met))
    base = select(filters.answer, *beside).select_from(walk.source).where(where)
    if found is not None and getattr(query, "sort", None) is None:
        return await _best_first(request, desk, filters, query, base, cut, place=place)
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
    items = [Item(row[0], row[1:first]) for row in read]
    cursor = cut.cursor(read[query.limit - 1][first:]) if len(read) > query.limit else None
    again = (
        joined(base, order, place, query.limit, filters.ends) if order.is_of_creation and wants_plan(request) else None
    )
    # What is found hangs on more than the statement: on the words that the register knows.
    cut_here = cut if found is None else None
    return Page(items[: query.limit], cursor, total, items[query.limit :], cut_here, results, len(statements), again)


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
    fixed: bool  # whether records keep their places among one another

    def marks(self, rows: Sequence[Sequence[Any]], ends: Sequence[bytes]) -> int:
        """Give what tells the records of a page: the sum of their marks, each times the length of how its answer ends.

        Where a record may come to stand elsewhere though nothing that it says is new, its place counts too.
        """
        marks = [row[2] * len(end) for row, end in zip(rows, ends, strict=True)]
        return sum(marks if self.fixed else [place * mark for place, mark in enumerate(marks, 1)])

    def cursor(self, place: Sequence[Any]) -> str:
        """Give the cursor of the page behind a place."""
        return paging.seal(self.secret, self.scope, [cursor_value(value) for value in place])


def tag_of(count: int, marks: int, body: bytes, cursor: str | None) -> str:
    """Give the entity tag of a page of so many records.

    ``marks`` are those of what is kept (`Cut.marks`) of these records and the next one: with the cursor they tell a
    page, as no two ends are of one length. Where nothing is kept, the page is hashed as it is.
    """
    return etag(count, b"%d %b" % (marks, (cursor or "").encode()) if marks else body)


@dataclass(frozen=True, slots=True)
class PageAgain:
    """Writes a page of the same query of what its statements give now, row by row."""

    cut: Cut
    finish: Finish
    link: Callable[[str], str]
    of: int  # statements that may be needed

    def __call__(
        self, statements: Sequence[Statement], found: Sequence[Sequence[Sequence[Any]]], _: str
    ) -> Written | None:
        """Write it, or nothing where that takes more than these rows."""
        rows = [row for some in found for row in some] if len(found) > 1 else found[0]
        limit = self.cut.limit
        if len(found) < self.of and len(rows) <= limit:
            return None  # the statement that goes on was never run
        ends = [end for row in rows if (end := self.finish(row)) is not None]
        if len(ends) < len(rows):
            return None
        pieces = [piece for row, end in zip(rows[:limit], ends, strict=False) for piece in (row[0], end, BETWEEN)]
        cursor = None
        if len(rows) > limit:
            cursor = self.cut.cursor(statements[0].values(1 + self.cut.beside)(rows[limit - 1]))
        marks = self.cut.marks(rows, ends) if self.cut.beside else 0
        body = written_page(pieces[:-1], cursor)
        count = min(len(rows), limit)
        return Written(body, tag_of(count, marks, body, cursor), self.link(cursor) if cursor else None)


@dataclass(frozen=True, slots=True)
class PageJoined:
    """Writes a page of the one row that `joined` gives, in which the database has put it together."""

    cut: Cut
    link: Callable[[str], str]

    def __call__(self, _: Sequence[Statement], found: Sequence[Sequence[Sequence[Any]]], __: str) -> Written | None:
        """Write it, or nothing where an answer has to be made anew first."""
        items, marks, count, missing = found[0][0]
        if missing:
            return None
        end, cursor = len(items or b""), None
        if count > self.cut.limit:
            end, count = items.rindex(BETWEEN), self.cut.limit
            cursor = _cursor_behind(self.cut, _head(items, end))
        body = written_page([memoryview(items or b"")[:end]], cursor)
        return Written(body, tag_of(count, marks or 0, body, cursor), self.link(cursor) if cursor else None)


def last_before(items: bytes, end: int) -> int:
    """Give where the last of some records before an end begins."""
    before = items.rfind(BETWEEN, 0, end)
    return before + len(BETWEEN) if before >= 0 else 0


def _head(items: bytes, end: int) -> bytes:
    """Give the beginning of the last record before an end, up to when it was made."""
    at = last_before(items, end)
    return items[at : items.index(b'"', items.index(_CREATED, at) + len(_CREATED))]


@lru_cache(maxsize=1000)
def _cursor_behind(cut: Cut, head: bytes) -> str:
    """Give the cursor behind a record in the order of creation; the same list often ends with the same one."""
    made = datetime.fromisoformat(head[head.rindex(b'"') + 1 :].decode())
    return cut.cursor((made, id_of(head)))


_CREATED: Final = b',"created_at":"'


def joined(
    base: Select[Any], order: "Order", place: list[Any] | None, limit: int, ends: Mapping[int, bytes]
) -> Select[bytes, int, int, int]:
    """Give the statement for a page in the order of creation as one row, and one record more if there is one.

    Its columns: the records as they are sent, the sum of their marks, how many they are, and how many of them have to
    be made anew. ``base`` reads answers, and with ``ends`` also which of them each has, and its mark.
    """
    answer, *beside = base.selected_columns
    if not ends:
        rows = order.read(base, place).limit(limit + 1).subquery()
        return select(Joined(rows.c[0], BETWEEN), literal(0), func.count(), literal(0))
    # Worked out once for each record, and not wherever it is named.
    end = case({code: Spelled(end) for code, end in ends.items()}, value=beside[0]).label("end")
    rows = order.read(base.with_only_columns(answer, end, beside[1]), place).limit(limit + 1).subquery()
    body, ending, mark = rows.c
    marks = cast(func.sum(mark * func.length(ending)), BigInteger)
    return select(Joined(body.op("||")(ending), BETWEEN), marks, func.count(), func.count() - func.count(ending))


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: the columns of one index, so that every page begins where the one before ended."""

    columns: tuple[Column[Any], ...]
    down: bool

    @property
    def is_of_creation(self) -> bool:
        """Tell whether it is that of creation, whose places can be read off the records themselves."""
        return self.columns[0].name == "created_at" and len(self.columns) == 2  # noqa: PLR2004 - and the id

    def statements(self, base: Select[Any], place: list[Any] | None) -> Iterator[Select[Any]]:
        """Give the statements that a page after a place is read with, one after the other until it is full."""
        base = base.add_columns(*(column.label(f"place_{i}") for i, column in enumerate(self.columns)))
        first, *rest = self.columns
        if not first.nullable:
            yield self.read(base, place)
            return
        if place is None or place[0] is not None:
            yield self.read(base.where(first.is_not(None)), place)
            place = None
        yield self.read(base.where(first.is_(None)), place[1:] if place else None, rest)

    def read(self, base: Select[Any], place: list[Any] | None, columns: Sequence[Column[Any]] = ()) -> Select[Any]:
        """Give the statement for what comes after a place; by all of its columns, or by these."""
        columns = columns or self.columns
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
