"""The feed itself: what a tier hears, in commit order, read from ``documents`` alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Dialect, FromClause, Row, Select, and_, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from app.core.cursors import Cursors, Place, cursor_in, heading, start
from app.core.dialects import OuterFirst
from app.core.dialects.joining import Joined, Spelled, joins_as_it_walks
from app.core.documents import LEADS, documents, etag
from app.core.history import changes, register
from app.core.kinds import Key
from app.core.lists import BETWEEN
from app.core.problems import Problem
from app.core.projection import merged as merged_into
from app.core.record import Tier


@dataclass(frozen=True, slots=True)
class View:
    """What a follower follows: all that a tier hears, or these kinds of it, or only what leads on (`merge`)."""

    tier: Tier
    kinds: tuple[str, ...] = ()
    action: str = ""

    def place(self, position: int, at: datetime) -> Place:
        """Give a place in this feed."""
        return Place(position, at, self.kinds, self.action)


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page of the feed, and where the next one begins.

    An item is one thing that a tier hears: a record as it is now, or that it is there no more. It is two pieces: what
    stands before the record, and the record.
    """

    items: Sequence[Sequence[Any]]
    cursor: str
    more: bool

    def body(self) -> bytes:
        """Write the page as JSON."""
        items = [b"%b%b}" % (heading, record or _GONE) for heading, record in self.items]
        begun, ended = begun_and_ended(self.cursor, more=self.more)
        return b"".join((begun, BETWEEN.join(items), ended))

    @property
    def tag(self) -> str:
        """Give the entity tag."""
        return tag_of(len(self.items), self.cursor, more=self.more)

    def events(self) -> bytes:
        """Write the items as server-sent events."""
        return b"".join(
            b"id: %b\nevent: change\ndata: %b%b}\n\n" % (cursor_in(heading).encode(), heading, record or _GONE)
            for heading, record in self.items
        )


ENDED: Final = b"}"  # how an item ends
UNREADY: Final = b"\0"  # stands for a heading that there is not; no JSON has it
_GONE: Final = b"null"


def begun_and_ended(cursor: str, *, more: bool) -> tuple[bytes, bytes]:
    """Give what stands before and behind the items of a page as JSON."""
    return b'{"items":[', b'],"cursor":"%b","has_more":%b}' % (cursor.encode(), b"true" if more else b"false")


def tag_of(count: int, cursor: str, *, more: bool) -> str:
    """Give the entity tag of a page: of all that stood between two places some may have moved on, but nothing came.

    So how many there are and the last one tell what the page is, and what stands at a place never changes.
    """
    return etag(count, cursor.encode() + (b"+" if more else b"."))


class Unreached(Exception):  # noqa: N818 - a replica that lags is no error
    """The cursor is ahead of the database that was asked."""


async def page_after(session: AsyncSession, view: View, cursors: Cursors, after: Place, limit: int) -> FeedPage:
    """Give what a view hears after a place, at most ``limit`` things: each record once, as it is now.

    A record has one row per tier, which moves to the end when it changes: whoever reads on meets it there.
    """
    await confirm(session, after)
    if not view.kinds and not view.action:
        rows = (await session.execute(all_after(view.tier, after.position, limit + 1))).all()
        if all(row.heading is not None for row in rows):
            return page_of(rows, cursors.seal(after), limit)
    rows = (await session.execute(_after(view, after.position, limit + 1))).all()
    merged = [(row.kind, row.id) for row in rows if row.action == "merge"]
    into = await session.run_sync(merged_into, merged) if merged else {}
    here = cursors.seal(view.place(after.position, after.at))
    return page_of([(_heading(row, view, cursors, into), row.body) for row in rows], here, limit)


def page_of(rows: Sequence[Sequence[Any]], cursor: str, limit: int) -> FeedPage:
    """Make a page of headings and records; the cursor is the one behind which it begins."""
    items = rows[:limit]
    return FeedPage(items, cursor_in(items[-1][0]) if items else cursor, len(rows) > limit)


def all_after(tier: Tier, position: int, limit: int) -> Select[Any]:
    """Give the query for what a tier hears of every kind after a position."""
    c = documents.c
    query = select(c.heading, c.body).where(c.tier == int(tier), c.position > position)
    return query.order_by(c.position).limit(limit)


def joined_after(tier: Tier, position: int, limit: int, dialect: Dialect) -> Select[bytes, int, int]:
    """Give the query for the same as one row: all items, their number, the position of the last one.

    They are as they are sent, but that the last one has no end, and that one without a heading has `UNREADY`.
    """
    if not joins_as_it_walks(dialect):
        rows = all_after(tier, position, limit).add_columns(documents.c.position).subquery().c
        return _joined(rows, func.max(rows.position))
    c, there = documents.c, documents.alias().c
    mine = select(there.position).where(there.tier == int(tier))
    full = mine.where(there.position > position).order_by(there.position).limit(1).offset(limit - 1)
    newest = mine.order_by(there.position.desc()).limit(1)
    # To find it twice along the index takes less than to look for it in every row.
    last = func.coalesce(full.scalar_subquery(), newest.scalar_subquery())
    return _joined(c, last).where(c.tier == int(tier), c.position > position, c.position <= last)


def _joined(rows: ReadOnlyColumnCollection[str, Any], last: ColumnElement[int]) -> Select[bytes, int, int]:
    item = func.coalesce(rows.heading, Spelled(UNREADY)).op("||")(func.coalesce(rows.body, Spelled(_GONE)))
    return select(Joined(item, ENDED + BETWEEN), func.count(), last)


async def end_of(session: AsyncSession, view: View) -> Place:
    """Give the place behind the last thing that a view heard: what others hear since does not move it."""
    row = (await session.execute(last_of(view))).first()
    return view.place(row.position, row.at) if row else start(view.kinds, view.action)


async def confirm(session: AsyncSession, place: Place) -> None:
    """Refuse a place that this register does not have: it was restored to a time before it."""
    if place.position == 0:
        return
    at = (await session.execute(select(changes.c.at).where(changes.c.position == place.position))).scalar()
    if at is None and place.position > (await session.execute(select(register.c.position))).scalar_one():
        raise Unreached
    if at != place.at:
        words = "The register was restored to a time before this cursor. Start again without it."
        raise Problem("foreign-cursor", words)


def _after(view: View, position: int, limit: int) -> Select[Any]:
    c = documents.c
    columns = (c.position, changes.c.at, c.kind, c.id, c.version, c.action, c.body)
    wanted: ColumnElement[bool] = and_(c.tier == int(view.tier), c.position > position)
    if view.action:  # few records, by an index that holds nothing else
        wanted = and_(wanted, LEADS, *_of(view.kinds))
    elif len(view.kinds) == 1:
        wanted = and_(wanted, *_of(view.kinds))
    elif view.kinds:
        # Each kind by its own index, so that a page costs the same wherever it is.
        each = [
            select(c.position)
            .where(c.tier == int(view.tier), c.kind == kind, c.position > position)
            .order_by(c.position)
            .limit(limit)
            .subquery()
            for kind in view.kinds
        ]
        wanted = and_(c.tier == int(view.tier), c.position.in_(union_all(*(select(one.c.position) for one in each))))
    return select(*columns).select_from(_placed()).where(wanted).order_by(c.position).limit(limit)


def _of(kinds: tuple[str, ...]) -> list[ColumnElement[bool]]:
    c = documents.c
    return [c.kind.in_(kinds) if len(kinds) > 1 else c.kind == kinds[0]] if kinds else []


def _placed() -> FromClause:
    """Give the documents with when they changed here: a copied record's own times are those of its source."""
    return OuterFirst(documents, changes, changes.c.position == documents.c.position)


def last_of(view: View) -> Select[Any]:
    """Give the query for the place and time of the last thing that a view heard."""
    if view.action or not view.kinds:
        return _last(view.tier, *([LEADS] if view.action else []), *_of(view.kinds))
    each = [_last(view.tier, documents.c.kind == kind).subquery() for kind in view.kinds]
    all_of_them = union_all(*(select(one.c.position) for one in each)).subquery()
    newest = select(all_of_them.c.position).order_by(all_of_them.c.position.desc()).limit(1)
    return select(changes.c.position, changes.c.at).where(changes.c.position == newest.scalar_subquery())


def _last(tier: Tier, *wanted: ColumnElement[bool]) -> Select[Any]:
    c = documents.c
    query = select(c.position, changes.c.at).select_from(_placed()).where(c.tier == int(tier), *wanted)
    return query.order_by(c.position.desc()).limit(1)


def _heading(row: Row[Any], view: View, cursors: Cursors, into: Mapping[Key, tuple[Key, Tier]]) -> bytes:
    cursor, key = cursors.seal(view.place(row.position, row.at)), (row.kind, row.id)
    return heading(cursor, row.at, key, row.version, row.action, into[key][0] if key in into else None)
