"""What lists of a kind can be filtered and sorted by, read off the kind's declarations."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Protocol, get_args, get_origin
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, create_model
from sqlalchemy import Column, ColumnElement, Date, FromClause, Select, Table, Uuid, and_, exists, func, or_, select
from sqlalchemy.sql import Subquery
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.desk import Desk
from app.core.dialects import OuterFirst
from app.core.documents import SHOWN, documents, entries, links
from app.core.edtf import PartialDate as Edtf
from app.core.kinds import Kind
from app.core.ranks import Rank
from app.core.record import Tier, core_type, declared, full_type, is_code
from app.core.terms import Term as Duration
from app.core.types import DateBound, Id, Instant, Term

Condition = Callable[[Any, Tier], ColumnElement[bool]]
_ALWAYS: Final = ("created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Found:
    """The records that a typed text means, best first, each with how surely; and what answers say of each."""

    name: str
    scores: Mapping[UUID, float]
    said: Callable[[UUID], bytes]

    def told(self, record_id: UUID, body: bytes) -> bytes:
        """Say in a record's answer why it was found."""
        return b'%b,"%b":%b}' % (body[:-1], self.name.encode(), self.said(record_id))


class Filter(BaseModel):
    """The parameters that every list takes."""

    model_config = ConfigDict(extra="forbid")

    id: list[Id] | None = Field(default=None, max_length=200, description="These records only; repeat for several.")
    source: list[Id] | None = Field(default=None, max_length=200, description="Records that cite one of these sources.")
    updated_since: Instant | None = Field(default=None, description="Changed at or after this instant.")
    limit: int = Field(default=50, ge=1, le=200, description="How many at most.")
    cursor: str | None = Field(default=None, max_length=2000, description="`next_cursor` of the page before.")
    count: bool = Field(default=False, description="Whether to add `total`, the number of all matches.")
    _found: Found | None = PrivateAttr(default=None)

    @property
    def found(self) -> Found | None:
        """Give the records that the typed text means, once they were looked for; None where none was typed."""
        return self._found

    def keep(self, found: Found | None) -> None:
        """Keep what the typed text means, for the conditions and the answer."""
        self._found = found

    def told(self) -> dict[str, Any]:
        """Give the filters that were set."""
        paging = {"limit", "cursor", "count", "sort", "format"}
        return {name: value for name, value in self if value is not None and name not in paging}


@dataclass(frozen=True, slots=True)
class Offered:
    """One filter: its parameter's type and description, and the condition it stands for."""

    annotation: Any
    text: str
    condition: Condition
    many: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """The tables that a list is read from: the first is walked along an index, the others are looked up.

    ``order`` are columns of the first one that lie together in an index, no two rows alike; ``where`` is what its
    rows must fulfil, and ``met`` the parameters that are fulfilled with that.
    """

    first: Table
    order: tuple[Column[Any], ...]
    others: tuple[tuple[Table, ColumnElement[bool]], ...]
    where: tuple[ColumnElement[bool], ...] = ()
    met: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse an order by what is not read: each record would come once for every row there is, whoever sees it."""
        if not all(self.reads(column.table) for column in self.order):
            raise RuntimeError("the table that gives the order is not read")

    def reads(self, table: Table) -> bool:
        """Tell whether a table is among these."""
        return table is self.first or any(table is other for other, _ in self.others)

    @property
    def source(self) -> FromClause:
        """Give the join, in this order."""
        source: FromClause = self.first
        for table, on in self.others:
            source = OuterFirst(source, table, on)
        return source


class Face(Protocol):
    """What another part keeps of a kind's records, row by row and tier by tier, to filter and sort them by."""

    parameters: Mapping[str, tuple[Any, Any]]  # as pydantic's ``create_model`` takes them
    sorts: Mapping[str, Column[Any]]
    whose: Column[Any]  # of its table, names the record that a row is about
    answer: Column[Any]  # of its table, holds the answer as far as it is kept, the record in front
    typed: str  # the parameter for a text that is looked for
    says: str  # the field that says why a record was found
    ends: Mapping[int, bytes]  # how answers end, by the small number; one that is not here has to be made anew

    def beside(self, request: Request) -> tuple[ColumnElement[Any], ...]:
        """Give what is read with each answer: a small number that says how it ends, and the mark of what is kept."""

    async def find(self, request: Request, desk: Desk, query: Filter) -> Found | None:
        """Give the records that a typed text means; None where none was typed."""

    def conditions(self, query: Filter, tier: Tier, met: frozenset[str]) -> list[ColumnElement[bool]]:
        """Give the conditions that its own parameters stand for, but those that are met."""

    async def few(self, desk: Desk, query: Filter) -> frozenset[str]:
        """Give the parameters whose records are so few that they are best gathered and sorted; none as a rule."""

    def walk(self, query: Filter, tier: Tier, column: Column[Any] | None, few: Collection[str] = ()) -> Walk:
        """Give the tables to read from, in the order of a column or of creation; with only what was found, or few."""


class Filters:
    """The filters and sorts of one kind, and the model of its list's parameters."""

    def __init__(self, kind: Kind, default_sort: str) -> None:
        self._kind = kind
        self._table: Table = kind.record.__table__  # type: ignore[attr-defined]  # table classes have it
        self._columns = self._table.c
        self.default_sort = default_sort
        self.face: Face | None = None

    @cached_property
    def offered(self) -> Mapping[str, Offered]:
        """Give the filters that follow from the kind's own fields."""
        mine = {**_common(self._kind), **dict(self._offers())}
        return {name: offer for name, offer in mine.items() if self.face is None or name not in self.face.parameters}

    @cached_property
    def sorts(self) -> Mapping[str, Column[Any]]:
        """Give the columns that lists are sorted by."""
        mine = dict(self._sorts())
        return mine if self.face is None else {name: mine[name] for name in _ALWAYS} | dict(self.face.sorts)

    def conditions(self, query: Filter, tier: Tier, met: frozenset[str]) -> list[ColumnElement[bool]]:
        """Give the conditions that a list's parameters stand for, as this tier may ask them, but those that are met."""
        told = query.told()
        offers = ((name, offer) for name, offer in self.offered.items() if name in told and name not in met)
        mine = [offer.condition(told[name], tier) for name, offer in offers]
        return mine + (self.face.conditions(query, tier, met) if self.face else [])

    @property
    def answer(self) -> Column[Any]:
        """Give the column that holds answers, as far as they are kept."""
        return self.face.answer if self.face else documents.c.body

    @property
    def ends(self) -> Mapping[int, bytes]:
        """Give how answers end, by the small number that is read with each; none where they are whole."""
        return self.face.ends if self.face else {}

    def beside(self, request: Request) -> tuple[ColumnElement[Any], ...]:
        """Give what is read with each answer."""
        return self.face.beside(request) if self.face else ()

    async def search(self, request: Request, desk: Desk, query: Filter) -> Found | None:
        """Look for the text that was typed, if any, and leave in the query what is found."""
        found = await self.face.find(request, desk, query) if self.face else None
        query.keep(found)
        return found

    def narrowed(self, query: Filter) -> bool:
        """Tell whether anything is asked for beside the typed text."""
        return self.face is None or bool(query.told().keys() - {self.face.typed})

    def unsaid(self, query: Filter) -> set[str]:
        """Give the fields that only say why a record was found, where none was looked for."""
        return {self.face.says} if self.face and query.found is None else set()

    def one(self, request: Request, record_id: UUID, tier: Tier) -> Select[Any]:
        """Give the statement for one record as it is kept for a tier: its bytes, and what is read with them."""
        if self.face is None:
            return self._seen(request, tier).where(documents.c.id == record_id)
        mine = self.face.whose.table.c
        return select(self.face.answer, *self.face.beside(request)).where(
            mine.tier == int(tier), self.face.whose == record_id
        )

    def some(self, request: Request, record_ids: Collection[UUID], tier: Tier) -> Select[Any]:
        """Give the statement for records as a tier sees them: their bytes, and what is read with them."""
        return self._seen(request, tier).where(documents.c.id.in_(record_ids))

    def _seen(self, request: Request, tier: Tier) -> Select[Any]:
        c = documents.c
        source: FromClause = documents
        columns: tuple[ColumnElement[Any], ...] = (c.body,)
        if self.face is not None:
            mine = self.face.whose.table
            source = documents.outerjoin(mine, and_(mine.c.tier == c.tier, self.face.whose == c.id))
            # Where nothing is kept yet the record alone is read, without a mark.
            columns = (func.coalesce(self.face.answer, c.body), *self.face.beside(request))
        live = (c.kind == self._kind.name, c.tier == int(tier), c.body.is_not(None))
        return select(*columns).select_from(source).where(*live)

    def sort(self, query: Filter) -> tuple[Column[Any], bool]:
        """Give the column to sort by, and whether downwards; what changed since an instant comes in that order."""
        word = getattr(query, "sort", None) or (self.default_sort if query.updated_since is None else self._updated)
        return self.sorts[word.removeprefix("-")], word.startswith("-")

    @property
    def _updated(self) -> str:
        return "updated" if self.face and "updated" in self.face.sorts else "updated_at"

    async def few(self, desk: Desk, query: Filter) -> frozenset[str]:
        """Give the parameters whose records are so few that they are best gathered and sorted."""
        return await self.face.few(desk, query) if self.face else frozenset()

    def walk(self, query: Filter, tier: Tier, few: Collection[str] = ()) -> Walk:
        """Give the tables that a list is read from, the one with its order first; ``few`` says what to gather by."""
        column, _ = self.sort(query)
        created = column is self._columns.created_at
        if self.face is not None:
            walk = self.face.walk(query, tier, None if created else column, few)
            # The record's own table is looked up only where a filter of its own asks for it.
            asked = self.offered.keys() & query.told().keys()
            others = walk.others if asked else tuple(other for other in walk.others if other[0] is not self._table)
            return replace(walk, others=others)
        same = self._columns.id == documents.c.id
        if column.table is documents:
            return Walk(documents, (column, documents.c.id), ((self._table, same),))
        made = (self._columns.created_at, self._columns.id)
        return Walk(self._table, made if created else (column, *made), ((documents, same),))

    @cached_property
    def model(self) -> type[Filter]:
        """Give the model of a list's parameters."""
        return self._model()

    def _model(self) -> type[Filter]:
        words = [word for name in self.sorts for word in (name, f"-{name}")]
        default = f"Default `{self.default_sort}`, with `updated_since` `{self._updated}`."
        sort = Field(default=None, description=f"Order by this; `-` for descending. {default}")
        fields: dict[str, Any] = {"sort": (Literal[*words] | None, sort)}
        for name, offer in self.offered.items():
            if name not in Filter.model_fields:
                most = 200 if offer.many else None
                fields[name] = (offer.annotation | None, Field(default=None, description=offer.text, max_length=most))
        fields |= dict(self.face.parameters) if self.face else {}
        model = create_model(f"{self._kind.write.__name__.removesuffix('In')}Filter", __base__=Filter, **fields)
        model.__doc__ = f"The parameters of the list of {self._kind.name}."
        return model

    def _offers(self) -> Iterator[tuple[str, Offered]]:
        for name in self._kind.fields:
            info = self._kind.write.model_fields[name]
            said = declared(info)
            if said.tier is not Tier.PUBLIC or said.filter is False or name == "citations":
                continue
            yield from self._offer(name, said.filter if isinstance(said.filter, str) else None, full_type(info))
        if {"valid_from", "valid_to"} <= set(self._kind.fields):
            yield "valid_on", Offered(DateBound, "In force on this day, as far as is known.", self._valid_on)

    def _offer(self, name: str, word: str | None, annotation: Any) -> Iterator[tuple[str, Offered]]:  # noqa: ANN401 - a type
        target = core_type(annotation)
        base, text = word or name.removesuffix("_on"), self._kind.write.model_fields[name].description
        if name in self._kind.listed:
            yield (
                word or name,
                Offered(
                    _list_of(_item(target)), f"One of `{name}`; any of several. {text}", self._holds(name), many=True
                ),
            )
        elif target is Edtf:
            yield from self._dates(name, base)
        elif target is Duration:
            key = self._columns[f"{name}_key"]
            yield f"{base}_from", Offered(Term, f"`{name}` is this or longer.", lambda v, _: key >= v.key)
            yield f"{base}_to", Offered(Term, f"`{name}` is this or shorter.", lambda v, _: key <= v.key)
        elif target is bool:
            column = self._columns[name]
            yield word or name, Offered(bool, f"`{name}` is so.", lambda v, _: column.is_(v))
        elif is_code(target) or target is Rank or declared(self._kind.write.model_fields[name]).filter is True:
            said = f"`{name}` is this; any of several. {text}"
            yield word or name, Offered(_list_of(annotation), said, self._is(name), many=True)

    def _dates(self, name: str, base: str) -> Iterator[tuple[str, Offered]]:
        first, last = self._columns[f"{name}_earliest"], self._columns[f"{name}_latest"]
        since = f"`{name}` may lie on or after this date."
        until = f"`{name}` may lie on or before this date."
        yield f"{base}_from", Offered(DateBound, since, lambda v, _: last >= v.earliest)
        yield f"{base}_to", Offered(DateBound, until, lambda v, _: first <= v.latest)

    def _valid_on(self, day: Edtf, _: Tier) -> ColumnElement[bool]:
        start, end = self._columns["valid_from_earliest"], self._columns["valid_to_latest"]
        return and_(or_(start.is_(None), start <= day.latest), or_(end.is_(None), end >= day.earliest))

    def _is(self, name: str) -> Condition:
        column, target = self._columns[name], self._kind.references.get(name)

        def condition(values: list[Any], tier: Tier) -> ColumnElement[bool]:
            wanted = column.in_(values)
            # Whoever may not see the record that is referred to must not find anything by it.
            return and_(wanted, _sees(target, column, tier)) if target else wanted

        return condition

    def _holds(self, name: str) -> Condition:
        record_id = self._columns["id"]
        theirs = select(entries.c.id).where(entries.c.kind == self._kind.name, entries.c.field == name)
        return lambda values, _: record_id.in_(theirs.where(entries.c.value.in_(values)))

    def _sorts(self) -> Iterator[tuple[str, Column[Any]]]:
        yield "created_at", self._columns["created_at"]
        yield "updated_at", documents.c.updated_at
        for name in self._kind.fields:
            info = self._kind.write.model_fields[name]
            target = core_type(info.annotation)
            if declared(info).tier is not Tier.PUBLIC or name in {"visibility", "citations"} or target in (UUID, bool):
                continue
            if target in (Duration, Rank):
                yield name, self._columns[f"{name}_key"]
            elif target is Edtf:
                yield name, self._columns[f"{name}_earliest"]
            elif (is_code(target) or declared(info).filter is True) and name not in self._kind.listed:
                yield name, self._columns[name]


def _common(kind: Kind) -> dict[str, Offered]:
    record_id: Column[UUID] = kind.record.__table__.c.id  # type: ignore[attr-defined]  # table classes have it
    cites = (links.c.to_kind == "sources", links.c.kind == kind.name, links.c.field == "citations")

    def source(values: list[UUID], tier: Tier) -> ColumnElement[bool]:
        open_to = (links.c.tier <= int(tier), _sees("sources", links.c.to_id, tier))
        return record_id.in_(select(links.c.id).where(*cites, links.c.to_id.in_(values), *open_to))

    return {
        "id": Offered(Id, "", lambda values, _: record_id.in_(values), many=True),
        "source": Offered(Id, "", source, many=True),
        "updated_since": Offered(datetime, "", lambda value, _: documents.c.updated_at >= value),
    }


def _sees(kind: str, record_id: ColumnElement[Any], tier: Tier) -> ColumnElement[bool]:
    target: Subquery | Any = documents.alias()
    seen = (target.c.kind == kind, target.c.id == record_id, target.c.tier == int(tier), target.c.action == SHOWN)
    return exists().where(*seen)


def _list_of(item: Any) -> Any:  # noqa: ANN401 - annotations are of any shape
    return list[item]


def _item(target: Any) -> Any:  # noqa: ANN401 - annotations are of any shape
    item = get_args(target)[0]
    return item if str(get_origin(core_type(item))).endswith("Literal") or core_type(item) is str else _PAIR


_PAIR: Final = Annotated[str, Field(max_length=300, pattern=r"^[a-z0-9_.-]+:.+$", description="`scheme:value`")]


def cursor_value(value: object) -> object:
    """Give a sort value as JSON."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def from_cursor(column: Column[Any], value: Any) -> Any:  # noqa: ANN401 - of the column's type
    """Give back the sort value that a cursor holds."""
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Uuid):
        return UUID(value)
    return date.fromisoformat(value) if isinstance(column.type, Date) else value
