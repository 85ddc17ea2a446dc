"""How lists of persons are filtered and sorted: by what is kept of them for the day that is asked about."""

from calendar import monthrange
from collections.abc import Collection, Mapping
from datetime import date
from operator import itemgetter
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Request
from pydantic import Field
from pydantic_core import to_json
from sqlalchemy import Column, ColumnElement, CompoundSelect, Select, Table, and_, exists, func, select, union_all

from app.core.desk import Desk
from app.core.documents import documents
from app.core.filters import Filter, Found, Walk
from app.core.problems import fault, invalid
from app.core.projection import live
from app.core.record import Tier
from app.core.requests import database_of
from app.core.types import ArticleNumber, CountryCode, DateBound, Id, Instant
from app.names.match import Hit
from app.reading.days import AsOf, today
from app.reading.finding.finder import finder_of
from app.reading.finding.tables import name_state
from app.reading.kept import custodies, situations, standings, values
from app.reading.staleness import ENDS, intervals_of, still_to_say
from app.reading.standing import Status
from app.register.persons import CATEGORIES, Category, Person, Sex

_MOST: Final = 200
_persons: Table = Person.__table__  # type: ignore[attr-defined]  # table classes have it


def _many(item: Any, text: str) -> tuple[Any, Any]:  # noqa: ANN401 - an annotation
    return list[item] | None, Field(default=None, max_length=_MOST, description=f"{text}; any of several.")


def _one(kind: Any, text: str) -> tuple[Any, Any]:  # noqa: ANN401 - an annotation
    return kind | None, Field(default=None, description=text)


_STATUS: Final = (
    "How the person stands on the day: `detained` before a conviction, `imprisoned` after it, `restricted` (open "
    "facility, home), `released`, `deceased`, `unknown`"
)
_Q: Final = (
    "A name, or a part of one: any spelling in any script, the parts in any order, with or without patronymic, with "
    "initials or a typing error; the last word may be unfinished. The best come first, unless `sort` says otherwise, "
    "each with `match`; a name that is nobody's finds nobody."
)
PARAMETERS: Final[Mapping[str, tuple[Any, Any]]] = {
    "q": _one(str, _Q),
    "status": _many(Status, _STATUS),
    "article": _many(ArticleNumber, "The number of an article used against the person (not dropped or acquitted)"),
    "facility": _many(Id, "The facility that holds the person on the day"),
    "organization": _many(Id, "An organization that the person belonged to"),
    "case": _many(Id, "A case that the person stands in"),
    "country": _many(CountryCode, "The country of a case of theirs, or of a place that held them by the day"),
    "category": _many(Category, CATEGORIES.removesuffix(".")),
    "sex": _many(Sex, "As stated by a source: `female`, `male` or `other`"),
    "birth_month": _many(Annotated[int, Field(ge=1, le=12)], "The month of birth, whatever the year"),
    "detained_from": _one(DateBound, "Taken into custody, as may be, on or after this date."),
    "detained_to": _one(DateBound, "Taken into custody, as may be, on or before this date."),
    "updated_since": _one(Instant, "Something of the person, or of what belongs to them, changed since."),
    "can_receive_mail": _one(bool, "Whether letters reach the person on the day."),
    "as_of": (AsOf | None, None),
}
# Values by which people are kept in order, one of which alone leads straight to its people.
_VALUED: Final = ("article", "organization", "case", "country", "category")
# The same of what the engine filters by where there are several.
_LEADING: Final = (*_VALUED, "nationality", "language")
# Values that few people share, and that are kept without their order: those who have one are gathered and sorted.
_RARE: Final = frozenset({"identifier", "source"})
_OF_RECORD: Final = {"born": "birth_date", "died": "death_date"}
_RANGES: Final = tuple(frozenset({f"{name}_from", f"{name}_to"}) for name in ("detained", *_OF_RECORD))
_LAST_YEAR: Final = date(3000, 1, 1)  # of a date whose year is known
_FEW: Final = 2_000  # more are not counted
_DEAR: Final = 5  # what 50 steps of a walk cost, in people gathered and sorted
_DAILY: Final = {"status": "status", "facility": "facility_id", "can_receive_mail": "reachable"}
_KEPT: Final = {"sex": "sex", "birth_month": "birth_month"}


def day_of(query: Filter) -> date:
    """Give the day that a request is about."""
    return getattr(query, "as_of", None) or today()


def daily_of(query: Filter) -> Table:
    """Give the table that says how people stand on the day that a request is about."""
    return standings if asks_the_past(query) else situations


class People:
    """What is kept of persons, as the lists of the engine use it."""

    parameters = PARAMETERS
    sorts: Mapping[str, Column[Any]] = {
        "name": situations.c.name_key,
        "since": situations.c.since,
        "term": situations.c.term_key,
        "age": situations.c.age_key,
        "updated": situations.c.updated_at,
    }

    whose: Column[Any] = situations.c.person_id
    answer: Column[Any] = situations.c.answer
    typed = "q"
    says = "match"
    ends: Mapping[int, bytes] = ENDS

    def beside(self, request: Request) -> tuple[ColumnElement[Any], ...]:
        """Give what is still to be said of the situation of today, see `app.reading.people`, and the answer's mark."""
        return still_to_say(today(), intervals_of(request)), situations.c.mark

    async def find(self, request: Request, desk: Desk, query: Filter) -> Found | None:
        """Give the people whose name was typed, best first."""
        text = getattr(query, self.typed, None)
        if text is None:
            return None
        # Nobody goes on with a word behind a space.
        hits = await finder_of(database_of(request)).find(
            desk.session, desk.caller.tier, text, prefix=text == text.rstrip()
        )
        best: Mapping[Any, Hit] = {hit.owner: hit for hit in hits}
        scores = {person_id: hit.score for person_id, hit in best.items()}
        return Found(self.says, scores, lambda one: to_json({"score": best[one].score, "on": best[one].on}))

    async def few(self, desk: Desk, query: Filter) -> frozenset[str]:
        """Give the bounds of the range of dates that so few people meet that they are best gathered; if there is one.

        One query. To walk along everybody until a page is full takes the longer the fewer meet it, in proportion to
        everybody divided by these; to gather them, in proportion to these. So their square is held against everybody.
        """
        told, tier = query.told(), desk.caller.tier
        asked = ranges_of(query)
        if not asked or query.found is not None or told.keys() & _RARE:
            return frozenset()
        counts = [
            select(func.count()).select_from(_between(bounds, query, tier).limit(_FEW + 1).subquery()).scalar_subquery()
            for bounds in asked
        ]
        everybody = select(func.sum(name_state.c.names)).where(name_state.c.tier <= int(tier)).scalar_subquery()
        *found, names = (await desk.session.execute(select(*counts, everybody))).one()
        count, bounds = min(zip(found, asked, strict=True), key=itemgetter(0))
        return bounds if count <= _FEW and count**2 <= _DEAR * (names or 0) else frozenset()

    def walk(self, query: Filter, tier: Tier, column: Column[Any] | None, few: Collection[str] = ()) -> Walk:
        """Walk along those who were found or are few, or one value's people, or all of them."""
        c, column = situations.c, _on_the_day(query, column)
        if query.found is not None:
            # By the documents, as no filter has an index of them that could seem better than their ids.
            theirs = (live(_persons.name, tier), documents.c.id.in_(query.found.scores))
            order = (c.created_at if column is None else column, documents.c.id)
            return Walk(documents, order, _looked_up(documents, situations, tier, query), theirs)
        told = query.told()
        if few or told.keys() & _RARE:
            ids = [_persons.c.id.in_(_between(few, query, tier))] if few else []
            gathered = (c.created_at if column is None else column, _persons.c.id)
            others = _looked_up(_persons, situations, tier, query)
            if column is not None and column.table is documents:
                others = (*others, (documents, documents.c.id == _persons.c.id))
            return Walk(_persons, gathered, others, tuple(ids), frozenset(few))
        alone = _alone(query)
        if column is None and alone:
            # One value's people: nobody has to be asked for it once more.
            own = [
                values.c.tier == int(tier),
                values.c.field == alone[0],
                values.c.value == str(told[alone[0]][0]),
                values.c.since <= day_of(query),
            ]
            along = (values.c.created_at, values.c.person_id)
            return Walk(values, along, _looked_up(values, situations, tier, query), tuple(own), frozenset(alone[:1]))
        if column is None and asks_the_past(query) and len(told.get("facility", ())) == 1:
            there = (*_in(day_of(query), tier), standings.c.facility_id == told["facility"][0])
            held = (c.created_at, standings.c.person_id)
            return Walk(standings, held, _looked_up(standings, situations, tier, query), there, frozenset({"facility"}))
        if column is not None and column.table is not situations:
            first, there = (documents, ()) if column.table is documents else (standings, _in(day_of(query), tier))
            return Walk(first, (column, _id(first)), _looked_up(first, situations, tier, query), there)
        order = (c.created_at, c.person_id) if column is None else (column, c.person_id)
        return Walk(situations, order, _looked_up(situations, None, tier, query), (c.tier == int(tier),))

    def conditions(self, query: Filter, tier: Tier, met: frozenset[str]) -> list[ColumnElement[bool]]:
        """Give the conditions that the parameters stand for, but those that are met."""
        told, day = {name: value for name, value in query.told().items() if name not in met}, day_of(query)
        daily = daily_of(query)
        found: list[ColumnElement[bool]] = [
            daily.c[_DAILY[name]].in_(_listed(told[name])) for name in _DAILY if name in told
        ]
        found += [situations.c[_KEPT[name]].in_(told[name]) for name in _KEPT if name in told]
        found += [_valued(name, told[name], tier, day) for name in _VALUED if name in told]
        if "updated_since" in told:
            found.append(situations.c.updated_at >= told["updated_since"])
        if "detained_from" in told or "detained_to" in told:
            found.append(_taken(told.get("detained_from"), _last(told.get("detained_to"), day), tier))
        return found


def _on_the_day(query: Filter, column: Column[Any] | None) -> Column[Any] | None:
    """Give the column that says the same of the day that a request is about."""
    if not asks_the_past(query):
        return column
    if column is situations.c.since:
        words = "The order by `since` is known for today only. Leave `as_of` out, or sort by something else."
        raise invalid(fault("/query/sort", words))
    return standings.c.term_key if column is situations.c.term_key else column


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - one value or several
    return value if isinstance(value, list) else [value]


def asks_the_past(query: Filter) -> bool:
    """Tell whether a request is about another day than today."""
    return day_of(query) != today()


def ranges_of(query: Filter) -> list[frozenset[str]]:
    """Give the ranges of dates that are asked for, each as its bounds that are set."""
    return [theirs for bounds in _RANGES if (theirs := frozenset(query.told().keys() & bounds))]


def leads(query: Filter) -> bool:
    """Tell whether one value is asked for that leads straight to its people."""
    return bool(_alone(query))


def _alone(query: Filter) -> list[str]:
    told = query.told()
    return [name for name in _LEADING if len(told.get(name, ())) == 1]


def _id(table: Table) -> Column[Any]:
    found: Column[Any] = table.c.person_id if "person_id" in table.c else table.c.id
    return found


def _looked_up(
    first: Table, also: Table | None, tier: Tier, query: Filter
) -> tuple[tuple[Table, ColumnElement[bool]], ...]:
    """Give the tables that are looked up person by person, each by its key."""
    me = _id(first)
    others: list[tuple[Table, ColumnElement[bool]]] = []
    if also is not None:
        others.append((also, and_(also.c.tier == int(tier), also.c.person_id == me)))
    # Their document is never looked up: a tier's row here is there as long as the tier sees the person.
    if first is not _persons:
        others.append((_persons, _persons.c.id == me))
    if asks_the_past(query) and first is not standings:
        others.append((standings, and_(standings.c.person_id == me, *_in(day_of(query), tier))))
    return tuple(others)


def _in(day: date, tier: Tier) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions for the span of a person that a day lies in."""
    c = standings.c
    return c.tier == int(tier), c["first"] <= day, c["last"] >= day


def _valued(name: str, wanted: list[Any], tier: Tier, day: date) -> ColumnElement[bool]:
    held = values.alias()
    whose = (held.c.person_id == situations.c.person_id, held.c.tier == int(tier), held.c.field == name)
    return exists().where(*whose, held.c.value.in_([str(value) for value in wanted]), held.c.since <= day)


def _between(bounds: Collection[str], query: Filter, tier: Tier) -> Select[UUID] | CompoundSelect[UUID]:
    """Give the ids of those who meet a range of dates, in no order, some of them twice.

    ``bounds`` are its parameters. Of a date of the record itself, whoever sees that.
    """
    (name,) = {bound.partition("_")[0] for bound in bounds}
    since, until = (
        getattr(query, bound, None) if bound in bounds else None for bound in (f"{name}_from", f"{name}_to")
    )
    if name not in _OF_RECORD:
        c = custodies.c
        return _met(c.person_id, c.earliest, c.latest, since, _last(until, day_of(query)), c.tier == int(tier))
    first, last = (_persons.c[f"{_OF_RECORD[name]}_{end}"] for end in ("earliest", "latest"))
    return _met(_persons.c.id, first, last, since, until and until.latest)


def _met(
    whose: Column[UUID],
    first: Column[date],
    last: Column[date],
    since: Any,  # noqa: ANN401 - a partial date or None
    end: date | None,
    *more: ColumnElement[bool],
) -> Select[UUID] | CompoundSelect[UUID]:
    """Select whose date, which reaches from its first day to its last, may lie in a range, each by a range of an index.

    A date is known to the day, the month or the year: one that reaches beyond the end of the range has its last day at
    that of the month or the year in which the range ends. Where the year is not known it may be any.
    """
    every = select(whose).where(*more)
    after = [last >= since.earliest] if since else []
    if end is None:
        return every.where(*after)
    ends = (end.replace(day=monthrange(end.year, end.month)[1]), end.replace(month=12, day=31))
    # One bound for each: with another SQLite might walk along that.
    days = [day for day in ends if day > end and (since is None or day >= since.earliest)]
    beyond = every.where(last.in_(days), first <= end)
    return union_all(every.where(*after, last <= end), beyond, every.where(last > _LAST_YEAR))


def _began(since: Any, last: date, tier: Tier) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a partial date or None
    """Give the conditions for custodies that may have begun between two dates."""
    c = custodies.c
    return [c.tier == int(tier), c.earliest <= last, *([c.latest >= since.earliest] if since else [])]


def _taken(since: Any, last: date, tier: Tier) -> ColumnElement[bool]:  # noqa: ANN401 - a partial date or None
    """Find custodies that may have begun between two dates: where the two ranges meet."""
    return exists().where(*_began(since, last, tier), custodies.c.person_id == situations.c.person_id)


def _last(until: Any, day: date) -> date:  # noqa: ANN401 - a partial date or None
    """Give the last day of a range, by the day asked about."""
    return min(until.latest, day) if until else day
