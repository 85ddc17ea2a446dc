"""Lists of records: one keyset page at a time, each record as the bytes that are kept ready."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic_core import to_json
from sqlalchemy import Column, ColumnElement, Select, and_, func, or_, select

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
    """Give the page that a list's parameters ask for: one query, and one more for the total."""
    tier = desk.caller.tier
    table = kind.record.__table__  # type: ignore[attr-defined]  # table classes have it
    where = and_(live(kind.name, tier), *filters.conditions(query, tier))
    base = select(documents.c.id).join(table, table.c.id == documents.c.id).where(where)
    column, down = filters.sort(getattr(query, "sort", None))
    scope = paging.scope_of(request.url.path, int(tier), request.query_params.multi_items())
    statement = base.add_columns(documents.c.body, column.label("place"))
    if query.cursor is not None:
        value, last = paging.unseal(secret, scope, query.cursor)
        statement = statement.where(_after(column, from_cursor(column, value), UUID(last), down=down))
    rows = (await desk.session.execute(_ordered(statement, column, down=down).limit(query.limit + 1))).all()
    page = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit:
        cursor = paging.seal(secret, scope, [cursor_value(page[-1].place), str(page[-1].id)])
    total = (await desk.session.execute(_counted(base))).scalar_one() if query.count else None
    return Page([(row.id, row.body) for row in page], cursor, total)


def _counted(base: Select[Any]) -> Select[Any]:
    return select(func.count()).select_from(base.subquery())


def _ordered(statement: Select[Any], column: Column[Any], *, down: bool) -> Select[Any]:
    unknown_last = [column.is_(None)] if column.nullable else []
    return statement.order_by(*unknown_last, column.desc() if down else column, documents.c.id)


def _after(column: Column[Any], value: Any, last: UUID, *, down: bool) -> ColumnElement[bool]:  # noqa: ANN401
    """Give what comes after a place; unknown values come last, whichever the direction."""
    later = documents.c.id > last
    if value is None:
        return and_(column.is_(None), later)
    beyond = column < value if down else column > value
    unknown = [column.is_(None)] if column.nullable else []
    return or_(beyond, and_(column == value, later), *unknown)


def next_link(request: Request, cursor: str, base: str) -> str:
    """Give the ``Link`` header that leads to the next page."""
    pairs = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    return f'<{base}{request.url.path}?{urlencode([*pairs, ("cursor", cursor)])}>; rel="next"'
