"""``GET /v1/stats``: the people of a list in numbers, and how many of them were held month by month."""

import calendar
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import accumulate, pairwise
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json
from sqlalchemy import FromClause, Select, String, and_, case, func, literal, select
from sqlalchemy import cast as as_type

from app.core.columns import Columns, as_table, format_of
from app.core.dialects import OuterFirst
from app.core.documents import etag
from app.core.filters import Filter
from app.core.record import Tier
from app.core.requests import ReadDesk, answer
from app.core.terms import Term
from app.reading.counting import Count, CountsAsked, People, PlaceCount, counted, question, route_of_counts, with_names
from app.reading.filtering import day_of
from app.reading.kept import standings
from app.reading.spans import HELD
from app.register.persons import persons

_TEXT: Final = """\
The people whom the same parameters find in the list, in numbers: by status, article, facility, country, sex, year and
length of term, and how many of them were held at the end of each month.

`status`, `facility` and `term` are those of the day asked about (`as_of`, else today). A value that nobody has is left
out; `value: null` counts the people for whom none is known. Whoever has several articles, countries or years counts
for each. The months come without gaps, so that they can be drawn as they are; the last one is counted on the day asked
about.

As a table (`format=csv`, `format=xlsx`) each count is a row.
"""
_MONTHS_A_YEAR: Final = 12
# Where each band of terms begins; the last has no end.
_BANDS: Final = ("P1D", "P1Y", "P2Y", "P3Y", "P5Y", "P10Y")
_ENDS: Final[Mapping[str, str]] = dict(pairwise(_BANDS))
_BEGUN: Final = "begun"
_OVER: Final = "over"
# What the seeds answer to `?article=361&as_of=2023-11-09&months=3`; a test holds that they do.
EXAMPLE: Final[dict[str, Any]] = {
    "as_of": "2023-11-09",
    "total": 2,
    "status": [{"value": "imprisoned", "count": 2}],
    "article": [{"value": "130", "count": 2}, {"value": "361", "count": 2}, {"value": "243", "count": 1}],
    "facility": [
        {
            "value": "c85fba29-049c-5f76-bb19-be65fd1dc198",
            "count": 2,
            "name": {"en": "Correctional colony №4"},
        }
    ],
    "country": [{"value": "BY", "count": 2}],
    "sex": [{"value": None, "count": 2}],
    "year": [{"value": "2021", "count": 2}],
    "term": [{"value": "P10Y", "below": None, "count": 2}],
    "held": [
        {"month": "2023-09", "count": 2},
        {"month": "2023-10", "count": 2},
        {"month": "2023-11", "count": 2},
    ],
}


class StatsAsked(CountsAsked):
    """The parameters of statistics beside the filters of persons."""

    months: int = Field(
        default=120, ge=1, le=600, description="How many months to count who was held in, the last that of the day."
    )


class TermCount(BaseModel):
    """How many people serve a term of a length."""

    value: str | None = Field(description="The shortest term of this band; null: no term of a length is known.")
    below: str | None = Field(description="Terms of the band are shorter than this; null: it has no end.")
    count: int = Field(description="How many people.")


class MonthCount(BaseModel):
    """How many people were held in a month."""

    month: str = Field(description="The month, as in `2021-05`.")
    count: int = Field(description="How many people were held on its last day, or on the day asked about.")


class StatsOut(BaseModel):
    """The people of a list in numbers."""

    as_of: date = Field(description="The day that they are about.")
    total: int = Field(description="How many people the list holds.")
    status: list[Count] = Field(description="How they stand on the day, most people first.")
    article: list[Count] = Field(description="Articles used against them, neither dropped nor acquitted.")
    facility: list[PlaceCount] = Field(
        description="Where those are who are held on the day, most people first; null: held at a place not known."
    )
    country: list[Count] = Field(description="Countries of their cases, and of the places that held them by the day.")
    sex: list[Count] = Field(description="As stated by a source, most people first.")
    year: list[Count] = Field(description="Years in which they were taken into custody, in order; null: not certain.")
    term: list[TermCount] = Field(description="Terms of deprivation of liberty in force on the day, shortest first.")
    held: list[MonthCount] = Field(description="How many of them were held, month by month.")


class StatRow(BaseModel):
    """A count as a row of a table."""

    statistic: str
    value: str | None
    below: str | None
    name: dict[str, str] | None
    count: int


def more(people: People, asked: Filter, tier: Tier) -> Iterable[Select[str, str, int]]:
    """Give the statements for terms, and for the days on which people began and ceased to be held."""
    key = people.c.term_key
    shorter = [(key < Term(end).key, literal(start)) for start, end in _ENDS.items()]
    band = case(*shorter, (key.is_not(None), _BANDS[-1]))
    banded = select(band.label("band")).select_from(people).subquery()
    yield select(literal("term"), banded.c.band, func.count()).group_by(banded.c.band)
    c = standings.c
    mine = and_(c.person_id == people.c.person_id, c.tier == int(tier))
    source: FromClause = OuterFirst(people, standings, mine) if asked.told() else standings
    held = (c.tier == int(tier), c.status.in_(HELD), c["first"] <= day_of(asked))
    for name, day in ((_BEGUN, c["first"]), (_OVER, c["last"])):
        counts = select(literal(name), as_type(day, String), func.count()).select_from(source).where(*held)
        yield counts.group_by(day)


def held_by_month(
    begun: Mapping[str | None, int], over: Mapping[str | None, int], day: date, months: int
) -> list[dict[str, Any]]:
    """Give how many were held at the end of each month, from how many began and ceased to be on each day."""
    began, ceased = _Running(begun), _Running(over)
    found = []
    for number in range(_number(day) - months + 1, _number(day) + 1):
        year, month = divmod(number, _MONTHS_A_YEAR)
        if year >= date.min.year:
            last = min(date(year, month + 1, calendar.monthrange(year, month + 1)[1]), day).isoformat()
            found.append({"month": last[:7], "count": began.up_to(last) - ceased.before(last)})
    return found


def _number(day: date) -> int:
    return day.year * _MONTHS_A_YEAR + day.month - 1


class _Running:
    """Counts by day, added up."""

    def __init__(self, counts: Mapping[str | None, int]) -> None:
        self._days = sorted(day for day in counts if day)
        self._sums = [0, *accumulate(counts[day] for day in self._days)]

    def up_to(self, day: str) -> int:
        return self._sums[bisect_right(self._days, day)]

    def before(self, day: str) -> int:
        return self._sums[bisect_left(self._days, day)]


def router() -> APIRouter:
    """Make the route; its parameters are the filters of persons."""

    async def read_stats(request: Request, desk: ReadDesk, asked: StatsAsked) -> Response:
        query = question(asked)
        wanted = format_of(request, asked.format)
        await persons.filters.search(request, desk, query)
        found = await counted(desk, query, ("article", "country", "detained"), more)
        stats = {name: found.most_first(name) for name in ("status", "article", "facility", "country", "sex")}
        stats["facility"] = await with_names(desk, stats["facility"])
        stats["year"] = found.in_order("detained")
        stats["term"] = _bands(found.fields["term"])
        held = held_by_month(found.fields[_BEGUN], found.fields[_OVER], day_of(query), asked.months)
        if wanted != "json":
            rows = [{"statistic": name, **count} for name, counts in stats.items() for count in counts]
            rows += [{"statistic": "held", "value": one["month"], "count": one["count"]} for one in held]
            return await as_table(request, Columns.of(StatRow, rows), rows, "stats", wanted)
        body = to_json({"as_of": day_of(query), "total": found.total, **stats, "held": held})
        return answer(request, body, etag(found.total, body))

    said = {"summary": "People in numbers", "description": _TEXT, "operation_id": "read_stats"}
    return route_of_counts("/v1/stats", read_stats, StatsAsked, StatsOut, example=EXAMPLE, **said)


def _bands(counts: Mapping[str | None, int]) -> list[dict[str, Any]]:
    order = (*_BANDS, None)
    return [{"value": band, "below": _ENDS.get(band or ""), "count": counts[band]} for band in order if band in counts]
