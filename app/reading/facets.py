"""``GET /v1/persons/facets``: what the people of a list have in common, counted."""

from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from app.core.columns import Columns, as_table, format_of
from app.core.documents import etag
from app.core.requests import ReadDesk, answer
from app.reading.counting import Count, CountsAsked, PlaceCount, counted, question, route_of_counts, with_names
from app.reading.filtering import day_of
from app.register.persons import persons

_TEXT: Final = """\
Counts over all people whom the same parameters find in the list: how many there are of each status, article and so
on.

A value that nobody has is left out. `value: null` counts the people for whom none is known, so that nothing is missing
from a chart. Whoever has several articles or categories, or was detained in several years, counts for each. To see what
else there is of a kind, leave its own filter out.

As a table (`format=csv`, `format=xlsx`) each count is a row.
"""
# What the seeds answer to `?article=361&as_of=2026-01-01`; a test holds that they do.
EXAMPLE: Final[dict[str, Any]] = {
    "as_of": "2026-01-01",
    "total": 2,
    "status": [{"value": "imprisoned", "count": 1}, {"value": "released", "count": 1}],
    "article": [{"value": "130", "count": 2}, {"value": "361", "count": 2}, {"value": "243", "count": 1}],
    "facility": [
        {
            "value": "c85fba29-049c-5f76-bb19-be65fd1dc198",
            "count": 1,
            "name": {"en": "Correctional colony №4"},
        }
    ],
    "category": [{"value": "media_worker", "count": 2}],
    "sex": [{"value": None, "count": 2}],
    "year": [{"value": "2021", "count": 2}],
}


class FacetsOut(BaseModel):
    """Counts over the people that a list would hold."""

    as_of: date = Field(description="The day that they are about.")
    total: int = Field(description="How many people the list holds.")
    status: list[Count] = Field(description="How they stand on the day, most people first.")
    article: list[Count] = Field(description="Articles used against them, neither dropped nor acquitted.")
    facility: list[PlaceCount] = Field(
        description="Where those are who are held on the day, most people first; null: held at a place not known."
    )
    category: list[Count] = Field(description="What they are known as, most people first.")
    sex: list[Count] = Field(description="As stated by a source, most people first.")
    year: list[Count] = Field(
        description="Years in which they were taken into custody, in order; ask for one with `detained_from` and "
        "`detained_to`. Null: never, or the year is not certain."
    )


class FacetRow(BaseModel):
    """A count as a row of a table."""

    facet: str
    value: str | None
    name: dict[str, str] | None
    count: int


def router() -> APIRouter:
    """Make the route; its parameters are the filters of persons."""

    async def read_facets(request: Request, desk: ReadDesk, asked: CountsAsked) -> Response:
        query = question(asked)
        wanted = format_of(request, asked.format)
        await persons.filters.search(request, desk, query)
        found = await counted(desk, query, ("article", "category", "detained"))
        most_first = {name: found.most_first(name) for name in ("status", "article", "facility", "category", "sex")}
        most_first["facility"] = await with_names(desk, most_first["facility"])
        facets = {**most_first, "year": found.in_order("detained")}
        if wanted != "json":
            rows = [{"facet": name, **count} for name, counts in facets.items() for count in counts]
            return await as_table(request, Columns.of(FacetRow, rows), rows, "facets", wanted)
        body = to_json({"as_of": day_of(query), "total": found.total, **facets})
        return answer(request, body, etag(found.total, body))

    said = {"summary": "Count people", "description": _TEXT, "operation_id": "read_persons_facets"}
    return route_of_counts("/v1/persons/facets", read_facets, CountsAsked, FacetsOut, example=EXAMPLE, **said)
