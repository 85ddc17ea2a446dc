"""Lists of records: one keyset page at a time, each record as the bytes that are kept ready."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic_core import to_json
from sqlalchemy import Column, Row, Select, and_, func, select, tuple_

from app.core import paging
from app.core.desk import Desk
from app.core.documents import documents
from app.core.filters import Filter, Filters, cursor_value, from_cursor
from app.core.kinds import Kind
from app.core.projection import live


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: each record's id and bytes, the cursor of the next page, and, if asked for, the total."""

    items: list[tuple[UUID, bytes]]
    next_cursor: str | None
    total: int | None

    def body(self, items: list[bytes]) -> bytes:
        """Write the page as JSON, with these bytes for its records."""
        total = b"" if self.total is None else b',"total":%d' % self.total
        return b'{"items":[' + b",".join(items) + b'],"next_cursor":' + to_json(self.next_cursor) + total + b"}"


async def page_of(desk: Desk, kind: Kind, filters: Filters, query: Filter, request: Request, secret: bytes) -> Page:
    """Give the page that a list's parameters ask for.

    One query; one more at the place where unknown values begin, which come last in either direction; one more for
    the total.
    """
    tier = desk.caller.tier
    walk = filters.walk(query, tier)
    where = and_(*walk.where, live(kind.name, tier), *filters.conditions(query, tier))
    order = Order(walk.order, filters.sort(query)[1])
    base = select(documents.c.id, documents.c.body).select_from(walk.source).where(where)
    scope = paging.scope_of(request.url.path, int(tier), request.query_params.multi_items())
    place = None if query.cursor is None else paging.unseal(secret, scope, query.cursor)
    rows: list[Row[Any]] = []
    for statement in order.statements(base, place):
        left = query.limit + 1 - len(rows)
        rows += (await desk.session.execute(statement.limit(left))).all() if left else []
    page = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit:
        cursor = paging.seal(secret, scope, [cursor_value(value) for value in tuple(page[-1])[2:]])
    total = (await desk.session.execute(_counted(base))).scalar_one() if query.count else None
    return Page([(row.id, row.body) for row in page], cursor, total)


def _counted(base: Select[Any]) -> Select[Any]:
    return select(func.count()).select_from(base.with_only_columns(documents.c.id).subquery())


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


def next_link(request: Request, cursor: str, base: str) -> str:
    """Give the ``Link`` header that leads to the next page."""
    pairs = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    return f'<{base}{request.url.path}?{urlencode([*pairs, ("cursor", cursor)])}>; rel="next"'
