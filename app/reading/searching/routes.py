"""``GET /v1/search``: one ranked list over persons, facilities, organizations, articles, cases and sources."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic_core import from_json, to_json
from sqlalchemy import and_, or_, select

from app.core import paging
from app.core.columns import TABLE_CONTENT, AskedFormat, Columns, as_table, format_of
from app.core.contract import IF_NONE_MATCH, answers
from app.core.desk import Desk
from app.core.documents import documents, etag
from app.core.kinds import Fields, Key
from app.core.lists import Item, next_link
from app.core.problems import docs, fault, invalid
from app.core.projection import by_kind
from app.core.requests import JSON, STRICT, ReadDesk, answer, database_of
from app.names.plan import CUT_OFF
from app.reading.finding.finder import finder_of
from app.reading.people import Match
from app.reading.searching.asking import search
from app.reading.searching.texts import CALLED, goes_without_saying
from app.reading.searching.tokens import Typed, is_number, typed
from app.register import RESOURCES
from app.register.persons import persons

SearchKind = Literal["persons", "facilities", "organizations", "articles", "cases", "sources"]
KINDS: Final[tuple[str, ...]] = get_args(SearchKind)
EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "kind": "facilities",
            "id": "c85fba29-049c-5f76-bb19-be65fd1dc198",
            "label": "Correctional colony №4",
            "match": {"score": 0.9167, "on": "Correctional colony №4"},
        }
    ],
    "next_cursor": None,
}
_PROBLEMS: Final = ("malformed", "foreign-cursor", "unauthorized", "invalid", "unavailable", "internal")
_TEXT: Final = """\
Finds whatever is meant by a few words, in any script and spelling, the last word unfinished, with a slip: people by
every spelling of their names; places by name, number (`colony 4`, `ИК-4`), town and address; articles by number
(`361`, `ст. 361`) and title; organizations, cases and sources by name or title. The best come first, whatever they
are, each with `match`: how surely it is meant, and the text that fits best.

Words and numbers are all that is looked for: quotes, signs and operators mean nothing, and a text without any finds
nothing. The first 12 words count. Where thousands of records have the same words, a few hundred of them are ranked.
"""


class SearchAsked(BaseModel):
    """The parameters of a search."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(min_length=1, max_length=500, description="What is looked for.", examples=["colony 4"])
    kind: list[SearchKind] | None = Field(
        default=None, max_length=len(KINDS), description="These kinds only; any of several."
    )
    records: bool = Field(default=False, description="Whether to add each record whole, as its own address gives it.")
    limit: int = Field(default=50, ge=1, le=200, description="How many at most.")
    cursor: str | None = Field(default=None, max_length=2000, description="`next_cursor` of the page before.")
    count: bool = Field(default=False, description="Whether to add `total`, the number of all that was found.")
    format: AskedFormat = None


class Result(BaseModel):
    """Something that was found."""

    kind: SearchKind = Field(
        description="Its kind: `persons`, `facilities`, `organizations`, `articles`, `cases` or `sources`."
    )
    id: UUID = Field(description="The record's id: `/v1/{kind}/{id}`.")
    label: str = Field(description="What it is called, in the language that was found, else in English if it has one.")
    match: Match = Field(description="Why it was found.")


class _Found(NamedTuple):
    """A record that was found; compared, the best comes first."""

    below: float
    rank: int
    on: str
    id: UUID
    language: str | None

    @property
    def key(self) -> Key:
        return KINDS[self.rank], self.id

    @property
    def place(self) -> list[Any]:
        return [self.below, self.rank, self.on, str(self.id)]


def router() -> APIRouter:
    """Make the route; whole records are described by the models of their kinds."""
    routes = APIRouter(prefix="/v1/search", tags=["search"], dependencies=STRICT)

    async def search_everything(request: Request, desk: ReadDesk, asked: Annotated[SearchAsked, Query()]) -> Response:
        wanted = format_of(request, asked.format, count=asked.count)
        if asked.records and wanted != "json":
            raise invalid(fault("/query/records", "A table has no place for whole records. Ask for them as JSON."))
        secret = (await database_of(request).identity()).secret
        told = [pair for pair in request.query_params.multi_items() if pair[0] != "records"]
        scope = paging.scope_of(request.url.path, int(desk.caller.tier), told)
        found = sorted(await _find(request, desk, asked))
        behind = paging.unseal(secret, scope, asked.cursor) if asked.cursor else None
        left = [one for one in found if behind is None or one.place > behind]
        here = left[: asked.limit]
        cursor = paging.seal(secret, scope, here[-1].place) if len(left) > asked.limit else None
        items = await _told(request, desk, here, whole=asked.records)
        links = {"Link": next_link(request, cursor, request.app.state.settings.public_url)} if cursor else {}
        if wanted != "json":
            return await as_table(request, Columns.of(Result, items), items, "search", wanted, links)
        total = {"total": len(found)} if asked.count else {}
        body = to_json({"items": items, "next_cursor": cursor, **total})
        return answer(request, body, etag(len(items), body), links)

    said: dict[int | str, dict[str, Any]] = answers("GET", 200, _page())
    said[200]["content"] = {JSON: {"example": EXAMPLE}, **TABLE_CONTENT}
    routes.add_api_route(
        "",
        search_everything,
        methods=["GET"],
        summary="Search everything",
        description=_TEXT,
        operation_id="search",
        response_model=None,
        responses={**said, **docs(*_PROBLEMS)},
        openapi_extra={"parameters": [IF_NONE_MATCH]},
    )
    return routes


async def _find(request: Request, desk: Desk, asked: SearchAsked) -> list[_Found]:
    words, kinds = typed(asked.q), set(asked.kind or KINDS)
    hits = await search(desk.session, desk.caller.tier, words, kinds & CALLED.keys())
    found = [_Found(-hit.score, KINDS.index(hit.key[0]), hit.on, hit.key[1], hit.language) for hit in hits]
    return found + (await _people(request, desk, asked.q, words) if persons.kind.name in kinds else [])


async def _people(request: Request, desk: Desk, text: str, asked: Typed) -> list[_Found]:
    """Give the people whose name may be meant.

    Nobody's name has a number in it: it counts against them, and what stands beside it may belong to it (`ст. 361`).
    """
    names = [token for token in asked.tokens if not is_number(token)]
    numbers = len(asked.tokens) - len(names)
    if numbers and all(map(goes_without_saying, names)):
        return []
    prefix = asked.unfinished and not text[-1].isdecimal()
    hits = await finder_of(database_of(request)).find(desk.session, desk.caller.tier, text, prefix=prefix)
    share = len(names) / (len(names) + numbers / 2) if numbers else 1.0
    scores = ((round(hit.score * share, 4), hit.on, hit.owner) for hit in hits)
    return [
        _Found(-score, 0, on, whose, None)
        for score, on, whose in scores
        if isinstance(whose, UUID) and score >= CUT_OFF
    ]


async def _told(request: Request, desk: Desk, found: Sequence[_Found], *, whole: bool) -> list[dict[str, Any]]:
    """Say what was found, cut to what the caller sees."""
    bodies = await _bodies(request, desk, [one.key for one in found], whole=whole)
    return [_result(one, bodies[one.key], whole=whole) for one in found if one.key in bodies]


def _result(found: _Found, record: Fields, *, whole: bool) -> dict[str, Any]:
    kind, record_id = found.key
    said = {"kind": kind, "id": str(record_id), "label": _label(kind, record, found.language)}
    match = {"score": -found.below, "on": found.on}
    return {**said, "match": match, **({"record": record} if whole else {})}


def _label(kind: str, record: Fields, language: str | None) -> str:
    if kind == persons.kind.name:
        return str(record["names"][0]["full"])
    called = record[CALLED[kind]]
    if kind == "articles":
        return f"{called}: {_spoken(record['title'], language)}" if record["title"] else str(called)
    return called if isinstance(called, str) else _spoken(called, language)


def _spoken(texts: Mapping[str, str], language: str | None) -> str:
    return texts.get(language or "") or texts.get("en") or next(iter(texts.values()))


async def _bodies(request: Request, desk: Desk, keys: Sequence[Key], *, whole: bool) -> dict[Key, Fields]:
    """Give the records as the caller sees them; whole people with their situation."""
    people = [record_id for kind, record_id in keys if whole and kind == persons.kind.name]
    others = [key for key in keys if not (whole and key[0] == persons.kind.name)]
    found: dict[Key, Fields] = {}
    c = documents.c
    if others:
        these = or_(*(and_(c.kind == kind, c.id.in_(ids)) for kind, ids in by_kind(others)))
        query = select(c.kind, c.id, c.body).where(these, c.tier == int(desk.caller.tier), c.body.is_not(None))
        found |= {(row.kind, row.id): from_json(row.body) for row in await desk.session.execute(query)}
    if people:
        rows = await desk.session.execute(persons.filters.some(request, people, desk.caller.tier))
        items = [Item(row[0], tuple(row[1:])) for row in rows]
        answered = await persons.enriched(request, desk, items, None)
        found |= {(persons.kind.name, item.id): from_json(body) for item, body in zip(items, answered, strict=True)}
    return found


def _page() -> type[BaseModel]:
    read: Any = tuple(resource.models.read for resource in RESOURCES if resource.kind.name in KINDS)
    whole = Field(default=None, description="With `records=true`: the record, as its own address gives it.")
    result = create_model("SearchResult", __base__=Result, __doc__=Result.__doc__, record=(_any_of(read), whole))
    return create_model(
        "SearchPage",
        __doc__="What was found, best first.",
        items=(list[result], Field(description="The best first, whatever they are.")),
        next_cursor=(str | None, Field(description="Where the next page begins; null at the end.")),
        total=(int, Field(default=0, description="With `count=true`: how much was found in all.")),
    )


def _any_of(models: Any) -> Any:  # noqa: ANN401 - an annotation
    first, *others = models
    for model in others:
        first |= model
    return first
