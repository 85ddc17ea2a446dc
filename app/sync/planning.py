"""A page of the feed once more: by its statements alone, for whoever goes on from wherever."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import Request
from sqlalchemy import Dialect, Select, select

from app.core.cursors import Cursors, Place, cursor_in, start
from app.core.express import Plan, Rows, Statement, Written, leave_plan, wants_plan
from app.core.history import changes
from app.core.lists import BETWEEN, last_before
from app.core.problems import Problem
from app.core.record import Tier
from app.core.requests import database_of
from app.sync.feed import ENDED, UNREADY, begun_and_ended, joined_after, tag_of

_SOMEWHERE: Final = -1  # stands for the position behind which a page begins, until there is one


@dataclass(frozen=True, slots=True)
class FeedAgain:
    """Reads and writes pages of the feed of all kinds, of one size."""

    tier: Tier
    cursors: Cursors
    limit: int
    dialect: Dialect

    @property
    def plan(self) -> Plan:
        """Give the plan of pages that go on from somewhere."""
        # One statement: two of one state would have to be begun and ended, which takes longer than to look that up.
        there = select(changes.c.at).where(changes.c.position == _SOMEWHERE).scalar_subquery()
        statement = Statement.compiled(self.after(_SOMEWHERE).add_columns(there), self.dialect)
        return Plan((statement,), self.write, vary=partial(self.vary, statement))

    @property
    def first(self) -> Plan:
        """Give the plan of the first page."""
        return Plan((Statement.compiled(self.after(0), self.dialect),), self.write)

    def after(self, position: int) -> Select[bytes, int, int]:
        """Give the query for a page, and for one item more, which tells that there is more."""
        return joined_after(self.tier, position, self.limit + 1, self.dialect)

    def vary(self, statement: Statement, cursor: str) -> Sequence[Sequence[Any]] | None:
        """Give what the statement takes to go on from a cursor; None where that is for the route to refuse."""
        place = self._place(cursor)
        if place is None:
            return None
        return [[place.position if value == _SOMEWHERE else value for value in statement.parameters]]

    def write(self, statements: Sequence[Statement], found: Sequence[Rows], cursor: str) -> Written | None:
        """Write a page, if the register has the place behind which it begins."""
        place = self._place(cursor) if cursor else start()
        row = found[0][0]
        if place is None or (cursor and statements[0].values(3)(row)[0] != place.at):
            return None
        items, count, last = row[0] or b"", row[1], row[2]
        if UNREADY in items or (count and not self._ends(items, last)):
            return None
        end, more = len(items), count > self.limit
        if more:
            end, count = items.rindex(ENDED + BETWEEN), self.limit
        here = cursor_in(items, last_before(items, end)) if count else cursor or self.cursors.seal(place)
        begun, ended = begun_and_ended(here, more=more)
        rest = memoryview(items)[:end], (ENDED if count else b"") + ended
        return Written(begun, tag_of(count, here, more=more), rest=rest)

    def _ends(self, items: bytes, position: int) -> bool:
        """Tell whether items end with the one at this position, as they do unless the database put them otherwise."""
        place = self._place(cursor_in(items, last_before(items, len(items))))
        return place is not None and place.position == position

    def _place(self, cursor: str) -> Place | None:
        try:
            place = self.cursors.unseal(cursor)
        except Problem:
            return None
        return place if place.serves(()) else None


def leave_feed_plan(request: Request, tier: Tier, cursors: Cursors, limit: int, *, goes_on: bool) -> None:
    """Leave the plan of a page for those who ask for another one of that size, or for this one later."""
    if not wants_plan(request):
        return
    again = FeedAgain(tier, cursors, limit, database_of(request).reading.dialect)
    leave_plan(request, again.plan if goes_on else again.first)
