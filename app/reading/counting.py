"""Counts over the people whom a request asks about, from what is kept of them: one statement, whatever is asked."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar, cast
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic_core import from_json
from sqlalchemy import CTE, Select, String, Subquery, and_, func, literal, select, union_all
from sqlalchemy import cast as as_type

from app.core.columns import TABLE_CONTENT, AskedFormat
from app.core.contract import IF_NONE_MATCH, answers
from app.core.desk import Desk
from app.core.dialects import OuterFirst
from app.core.documents import documents
from app.core.filters import Filter
from app.core.problems import docs
from app.core.record import Tier
from app.core.requests import JSON, STRICT
from app.core.types import LocalizedLine
from app.reading.days import AsOf
from app.reading.facts import ANY
from app.reading.filtering import asks_the_past, daily_of, day_of, leads, ranges_of
from app.reading.kept import situations, values
from app.reading.spans import HELD
from app.register.persons import persons

_OF_PAGES: Final = ("limit", "cursor", "count", "sort")
_COLUMNS: Final = ("status", "facility", "sex")
_PLACES: Final = 500
_PROBLEMS: Final = ("malformed", "unauthorized", "invalid", "unavailable", "internal")


class CountsAsked(BaseModel):
    """The parameters that counts take beside the filters of persons."""

    model_config = ConfigDict(extra="forbid")

    as_of: AsOf | None = None
    format: AskedFormat = None


_Asked = TypeVar("_Asked", bound=CountsAsked)


def with_filters(own: type[_Asked]) -> type[_Asked]:
    """Give a route's parameters with the filters of persons, as they are when the routes are made."""
    fields: Any = {
        name: (info.annotation, info)
        for name, info in persons.filters.model.model_fields.items()
        if name not in {*_OF_PAGES, *own.model_fields}
    }
    return cast("type[_Asked]", create_model(own.__name__, __base__=own, __doc__=own.__doc__, **fields))


def question(asked: CountsAsked) -> Filter:
    """Give what the list of these people would be asked."""
    model = persons.filters.model
    return model.model_construct(**{name: value for name, value in asked if name in model.model_fields})


class Count(BaseModel):
    """How many people have a value."""

    value: str | None = Field(description="As the filter takes it; null: for these people none is known.")
    count: int = Field(description="How many people.")


class PlaceCount(Count):
    """How many people a place holds."""

    name: LocalizedLine | None = Field(description="What the place is called; null where the place is not known.")


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted: all people, and those with each value of a field; None stands for no known value."""

    total: int
    fields: Mapping[str, Mapping[str | None, int]]

    def most_first(self, field: str) -> list[dict[str, Any]]:
        """Give a field's values, those of most people first, the unknown one last."""
        return self._told(sorted(self.fields[field].items(), key=lambda one: (one[0] is None, -one[1], one[0] or "")))

    def in_order(self, field: str) -> list[dict[str, Any]]:
        """Give a field's values in their own order, the unknown one last."""
        return self._told(sorted(self.fields[field].items(), key=lambda one: (one[0] is None, one[0] or "")))

    @staticmethod
    def _told(found: Iterable[tuple[str | None, int]]) -> list[dict[str, Any]]:
        return [{"value": value, "count": count} for value, count in found]


People = CTE | Subquery
More = Callable[[People, Filter, Tier], Iterable[Select[str, str, int]]]


def _no_more(_: People, __: Filter, ___: Tier) -> Iterable[Select[str, str, int]]:
    return ()


async def counted(desk: Desk, asked: Filter, several: Sequence[str], more: More = _no_more) -> Counted:
    """Count people by status, facility and sex, and by fields of which a person may have several values.

    Whoever has several values of a field is counted for each of them. The place is counted of those who are held.
    ``more`` gives further statements, each of which names a field, its value as text, and how many have it.
    """
    tier, people = desk.caller.tier, chosen(asked, desk.caller.tier)
    statements = [*(_of_column(people, name) for name in _COLUMNS), _of_values(people, asked, tier, several)]
    statements += more(people, asked, tier)
    found: dict[str, dict[str | None, int]] = defaultdict(dict)
    for name, value, count in await desk.session.execute(union_all(*statements)):
        found[name][str(UUID(value)) if name == "facility" else value] = count
    total, known = sum(found["status"].values()), found.pop(ANY, {})
    held = sum(found["status"].get(status, 0) for status in HELD)
    unknown = {name: total - known.get(name, 0) for name in several}
    for name, count in {**unknown, "facility": held - sum(found["facility"].values())}.items():
        if count:
            found[name][None] = count
    return Counted(total, found)


def chosen(asked: Filter, tier: Tier) -> People:
    """Give the people whom a request asks about, each with how they stand on the day."""
    filters = persons.filters
    # All of them are looked at: if no value leads to them a range does, however many are in it.
    walk = filters.walk(asked, tier, next(iter(() if leads(asked) else ranges_of(asked)), ()))
    daily = daily_of(asked).c
    named = (daily.status, daily.facility_id.label("facility"), daily.term_key)
    columns = (situations.c.person_id, situations.c.sex, *named)
    where = and_(*walk.where, *filters.conditions(asked, tier, walk.met))
    found = select(*columns).select_from(walk.source).where(where)
    # Gathered once, except everybody today, who are counted along the index of each column.
    return found.cte("chosen") if asked.told() else found.subquery("chosen")


def _of_column(people: People, name: str) -> Select[str, str, int]:
    column = people.c[name]
    counts = select(literal(name), as_type(column, String), func.count()).select_from(people).group_by(column)
    return counts.where(column.is_not(None)) if name == "facility" else counts


def _of_values(people: People, asked: Filter, tier: Tier, several: Sequence[str]) -> Select[Any]:
    """Give the statement for values that are kept one by one, and for how many people have any."""
    c = values.c
    mine = and_(c.person_id == people.c.person_id, c.tier == int(tier))
    source = OuterFirst(people, values, mine) if asked.told().keys() - {"as_of"} else values
    counts = select(c.field, c.value, func.count()).select_from(source)
    counts = counts.where(c.tier == int(tier), c.field.in_([*several, ANY]))
    # All that is known holds today.
    return (counts.where(c.since <= day_of(asked)) if asks_the_past(asked) else counts).group_by(c.field, c.value)


async def with_names(desk: Desk, places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say what each place is called, as the caller may see it."""
    ids = [UUID(place["value"]) for place in places if place["value"]]
    c = documents.c
    names: dict[str, Any] = {}
    for start in range(0, len(ids), _PLACES):
        these = (c.kind == "facilities", c.tier == int(desk.caller.tier), c.id.in_(ids[start : start + _PLACES]))
        rows = await desk.session.execute(select(c.id, c.body).where(*these, c.body.is_not(None)))
        names |= {str(row.id): from_json(row.body)["name"] for row in rows}
    return [{**place, "name": names.get(place["value"])} for place in places]


def route_of_counts(
    path: str,
    read: Callable[..., Any],
    asked: type[CountsAsked],
    out: type[BaseModel],
    *,
    example: dict[str, Any],
    **said: Any,  # noqa: ANN401 - what the framework takes
) -> APIRouter:
    """Make the route of counts; its parameters are ``asked`` and the filters of persons."""
    made = APIRouter(prefix=path, tags=[persons.kind.name], dependencies=STRICT)
    read.__annotations__["asked"] = Annotated[with_filters(asked), Query()]
    answered: dict[int | str, dict[str, Any]] = answers("GET", 200, out)
    answered[200]["content"] = {JSON: {"example": example}, **TABLE_CONTENT}
    made.add_api_route(
        "",
        read,
        methods=["GET"],
        response_model=None,
        responses={**answered, **docs(*_PROBLEMS)},
        openapi_extra={"parameters": [IF_NONE_MATCH]},
        **said,
    )
    return made
