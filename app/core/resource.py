"""A kind of record as part of the API: list, read, create, replace, patch, delete and history, written once."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, create_model
from pydantic_core import to_json

from app.core import paging
from app.core.access import Caller
from app.core.asked import Asked, Enrich, PathId, Ready, as_stored, one_written
from app.core.columns import TABLE_CONTENT, Listed, format_of, records_as_table
from app.core.contract import IF_MATCH, IF_NONE_MATCH, MOVED, WRITE_HEADERS, ReadModels, answers, headers, sends
from app.core.desk import Desk, Rule
from app.core.documents import etag, tag_of, version_in
from app.core.express import Plan, Statement, leave_plan
from app.core.filters import Face, Filters
from app.core.idempotency import Claim, Kept, keep, once
from app.core.kinds import Fields, Kind
from app.core.lists import Item, link_of, next_link, page_of
from app.core.past import HistoryOut, history_of, version_of
from app.core.problems import Moved, Problem, docs
from app.core.record import Input, Record
from app.core.requests import (
    JSON,
    MERGE_PATCH,
    STRICT,
    ReadDesk,
    WriteDesk,
    answer,
    asks_for_new,
    change_reason,
    database_of,
    desk_of,
    object_of,
    require_match,
    writer_of,
    written,
)

_READ: Final = ("malformed", "unauthorized", "not-found", "gone", "invalid", "unavailable", "internal")
_WRITE: Final = (*_READ, "forbidden", "merged", "changed", "too-large", "media-type")
_CHANGE: Final = (*_WRITE, "mirrored", "unconditional")


class Resource:
    """A kind of record and its routes.

    ``text`` says what it is, for readers of the API; ``sort`` is the default order of its list; ``rules`` are what
    its records must fulfil together. What is derived and not stored is plugged in before the routes are made.
    """

    def __init__(
        self,
        name: str,
        one: str,
        *,
        record: type[Record],
        write: type[Input],
        text: str,
        sort: str = "created_at",
        rules: Sequence[Rule] = (),
    ) -> None:
        self.kind = Kind(name, one, record, write)
        self.text = text
        self.rules = rules
        self.path = f"/v1/{name}"
        self.filters = Filters(self.kind, sort)
        self.asked: type[Asked] = Asked
        self._enrich: Enrich | None = None
        self._ready: Ready = as_stored
        self.derived: Mapping[str, Any] = {}

    def plug(self, *, enrich: Enrich, ready: Ready, derived: Mapping[str, Any], asked: type[Asked], face: Face) -> None:
        """Have answers say what is derived and not stored.

        ``ready`` makes answers of what is read with a record, ``enrich`` those for which that is not enough;
        ``derived`` holds the fields that they add, as pydantic's ``create_model`` takes them; ``asked`` are the
        parameters of reading one record; ``face`` is what lists are filtered and sorted by beside the record.
        """
        if "router" in vars(self):
            raise RuntimeError(f"the routes of {self.kind.name} are made already")
        self._enrich, self._ready, self.derived, self.asked = enrich, ready, derived, asked
        self.filters.face = face

    @cached_property
    def models(self) -> ReadModels:
        """Give the models of what is read and patched."""
        return ReadModels(self.kind, self.derived)

    @cached_property
    def router(self) -> APIRouter:
        """Give the routes, made when they are first asked for."""
        self._router = APIRouter(prefix=self.path, tags=[self.kind.name], dependencies=STRICT)
        for add in (self._list, self._create, self._read, self._replace, self._patch, self._delete, self._history):
            add()
        return self._router

    async def enriched(
        self, request: Request, desk: Desk, items: Sequence[Item], asked: BaseModel | None
    ) -> list[bytes]:
        """Give the bytes of answers, with what is derived."""
        if self._enrich is None:
            return [item.body for item in items]
        finish = self._ready(request, asked)
        ends = [finish((item.body, *item.beside)) if finish and item.beside else None for item in items]
        missing = [item for item, end in zip(items, ends, strict=True) if end is None]
        more = iter(await self._enrich(request, desk, missing, asked) if missing else ())
        return [next(more) if end is None else item.body + end for item, end in zip(items, ends, strict=True)]

    async def answered(
        self, request: Request, desk: Desk, record_id: UUID, asked: Asked | None = None
    ) -> tuple[int, bytes]:
        """Give a record's version and the bytes of its answer; 404 or 410 if there is none."""
        result: Any = await desk.session.execute(self.filters.one(request, record_id, desk.caller.tier))
        row = result.one_or_none()
        if row is not None and (finish := self._ready(request, asked)):
            leave_plan(request, Plan((Statement.of(result),), partial(one_written, finish), record_id))
        if row is None:
            await desk.find(self.kind, record_id)
            # It is there, and nothing is kept of it yet.
            row = (await desk.session.execute(self.filters.some(request, [record_id], desk.caller.tier))).one()
        item = Item(row[0], row[1:])
        return version_in(item.body), (await self.enriched(request, desk, [item], asked))[0]

    def _list(self) -> None:
        async def list_records(request: Request, desk: ReadDesk, query: Listed) -> Response:
            database = database_of(request)
            wanted = format_of(request, query.format, count=query.count)
            page = await page_of(desk, self.kind, self.filters, query, request, (await database.identity()).secret)
            items = await self.enriched(request, desk, page.items, query)
            if query.found is not None:
                items = [query.found.told(item.id, body) for item, body in zip(page.items, items, strict=True)]
            base = request.app.state.settings.public_url
            links = {"Link": next_link(request, page.next_cursor, base)} if page.next_cursor else {}
            if wanted == "json":
                body = page.body(items)
                finish = self._ready(request, query)
                if finish and page.cut and not query.count:
                    leave_plan(request, page.plan(finish, link_of(request, base), database.reading.dialect))
                return answer(request, body, page.tag(finish, body), links)
            hidden = {*self.kind.hidden(desk.caller.tier), *self.filters.unsaid(query)}
            return await records_as_table(
                request, self.kind.name, self.models.read, items, hidden, wanted=wanted, headers=links
            )

        both: Any = (Listed, self.filters.model)
        list_records.__annotations__["query"] = Annotated[create_model("Listed", __base__=both), Query()]
        self._add(
            "",
            "GET",
            list_records,
            summary=f"List {self.kind.name}",
            text=f"{self.text}\n\nFilters combine; several values of one mean any of them. A page holds up to `limit` "
            "records; `next_cursor` (and the `Link` header) leads to the next one and is null at the end.\n\n"
            "As a table (`format=csv`, `format=xlsx`) a page has the columns of what you may see, and of the languages "
            "in it; only the `Link` header leads on.",
            model=self.models.page,
            problems=("malformed", "foreign-cursor", "unauthorized", "invalid", "unavailable", "internal"),
            extra={"parameters": [IF_NONE_MATCH], "responses": {"200": {"content": TABLE_CONTENT}}},
        )

    def _create(self) -> None:
        async def create_record(request: Request, caller: Annotated[Caller, Depends(writer_of)]) -> Response:
            sent = await object_of(request, JSON)
            change_reason(request)  # refused before the key is looked up, or the same request had two answers
            do = partial(self._created, request, caller, sent)
            return await once(request, database_of(request), caller, do, partial(self.again, request, caller))

        self._add(
            "",
            "POST",
            create_record,
            summary=f"Create {self.kind.one}",
            text="Needs a key with the scope `write`. Without `visibility` the record is for partners. With an"
            " `Idempotency-Key`, the same request within 24 hours gives the first answer again.",
            status=201,
            model=self.models.read,
            problems=(*_WRITE, "in-flight", "key-reused"),
            extra=sends(self.kind.write, JSON) | {"parameters": WRITE_HEADERS},
        )

    async def _created(self, request: Request, caller: Caller, sent: Fields, held: Claim | None) -> Response:
        reason = change_reason(request)
        async with database_of(request).write(caller.name, key_id=caller.key_id, reason=reason) as session:
            desk = desk_of(request, session, caller)
            record_id = await desk.create(self.kind, sent)
            await desk.settle()
            version, body = await self.answered(request, desk, record_id)
            if held is not None:
                await keep(session, held, Kept(201, self.kind.name, record_id, version))
        return written(body, 201, self.location(request, record_id))

    async def again(self, request: Request, caller: Caller, kept: Kept) -> Response:
        """Give the first answer again."""
        if kept.id is None or kept.version is None:
            raise RuntimeError("not the answer of one record")
        async with database_of(request).read(primary=True) as session:
            desk = desk_of(request, session, caller)
            try:
                await desk.find(self.kind, kept.id)
            except Moved as moved:
                raise Problem("merged", members={"into": str(moved.now)}) from None
            body = await version_of(desk, self.kind, kept.id, kept.version)
            body = (await self.enriched(request, desk, [Item(body)], None))[0]
        return written(body, kept.status, self.location(request, kept.id))

    def location(self, request: Request, record_id: UUID) -> dict[str, str]:
        """Give the header that says where a record is."""
        return {"Location": f"{request.app.state.settings.public_url}{self.path}/{record_id}"}

    def _read(self) -> None:
        async def read_record(
            request: Request,
            desk: ReadDesk,
            id: PathId,  # noqa: A002 - the path's word
            asked: Asked,
        ) -> Response:
            if asked.version is not None:
                body = await version_of(desk, self.kind, id, asked.version)
            else:
                _, body = await self.answered(request, desk, id, asked)
            return answer(request, body, tag_of(body))

        read_record.__annotations__["asked"] = Annotated[self.asked, Query()]
        self._add(
            "/{id}",
            "GET",
            read_record,
            summary=f"Read {self.kind.one}",
            text="The record as your key may see it, or, with `version`, as it was (see its history). A field "
            "that is null is unknown; one that is absent is not for you to see. A record that was merged into "
            "another leads there (308); its history and old versions stay here.",
            model=self.models.read,
            problems=_READ,
            extra={"parameters": [IF_NONE_MATCH]},
            more=MOVED,
        )

    def _replace(self) -> None:
        async def replace_record(
            request: Request,
            desk: WriteDesk,
            id: PathId,  # noqa: A002 - the path's word
        ) -> Response:
            created = asks_for_new(request)
            if created:
                await desk.create(self.kind, await object_of(request, JSON), id)
            else:
                require_match(request, await desk.find(self.kind, id))
                await desk.replace(self.kind, id, await object_of(request, JSON))
            await desk.settle()
            _, body = await self.answered(request, desk, id)
            return written(body, 201 if created else 200, self.location(request, id) if created else None)

        self._add(
            "/{id}",
            "PUT",
            replace_record,
            summary=f"Replace or create {self.kind.one}",
            text="With `If-Match`, replaces the record; what you may not read of it stays. With `If-None-"
            "Match: *`, creates it under this id, which must be new to the register.",
            model=self.models.read,
            problems=(*_CHANGE, "taken"),
            extra=sends(self.kind.write, JSON) | {"parameters": [IF_MATCH, IF_NONE_MATCH, WRITE_HEADERS[-1]]},
            more={201: {"description": "Created.", "model": self.models.read, "headers": headers("ETag", "Location")}},
        )

    def _patch(self) -> None:
        async def patch_record(
            request: Request,
            desk: WriteDesk,
            id: PathId,  # noqa: A002 - the path's word
        ) -> Response:
            require_match(request, await desk.find(self.kind, id))
            await desk.patch(self.kind, id, await object_of(request, MERGE_PATCH, JSON))
            await desk.settle()
            _, body = await self.answered(request, desk, id)
            return written(body)

        self._add(
            "/{id}",
            "PATCH",
            patch_record,
            summary=f"Change {self.kind.one}",
            text="A JSON Merge Patch (RFC 7396): what you send replaces, null removes, what you leave out "
            "stays; lists are replaced whole.",
            model=self.models.read,
            problems=_CHANGE,
            extra=sends(self.models.patch, MERGE_PATCH, JSON)
            | {"parameters": [IF_MATCH | {"required": True}, WRITE_HEADERS[-1]]},
        )

    def _delete(self) -> None:
        async def delete_record(
            request: Request,
            desk: WriteDesk,
            id: PathId,  # noqa: A002 - the path's word
            cascade: Annotated[bool, Query(description="Take along what belongs to it (admin).")] = False,  # noqa: FBT002 - a parameter
            purge: Annotated[bool, Query(description="Erase every stored version too (admin).")] = False,  # noqa: FBT002 - a parameter
        ) -> Response:
            if cascade or purge:
                desk.caller.require("admin")
            if purge and await self._purged(request, desk, id):
                return Response(status_code=204)
            require_match(request, await desk.find(self.kind, id))
            taken = await desk.delete(self.kind, id, cascade=cascade, purge=purge)
            if purge:
                await desk.erase(database_of(request).recorder, await desk.remains_of(taken))
            await desk.settle()
            return Response(status_code=204)

        self._add(
            "/{id}",
            "DELETE",
            delete_record,
            summary=f"Delete {self.kind.one}",
            text="Leaves a tombstone: whoever saw the record gets 410 from then on, and its id is never used "
            "again. What others need is not deleted (409). `purge=true` also works on a record that is "
            "deleted already, with `If-Match: *`, and erases what belonged to it and was deleted before.",
            status=204,
            model=None,
            problems=(*_CHANGE, "needed"),
            extra={"parameters": [IF_MATCH | {"required": True}, WRITE_HEADERS[-1]]},
        )

    async def _purged(self, request: Request, desk: Desk, record_id: UUID) -> bool:
        """Erase what is left of a record that is deleted, or part of another, already."""
        try:
            await desk.find(self.kind, record_id)
        except Problem as problem:
            if problem.type.slug not in {"gone", "merged"} or request.headers.get("if-match", "").strip() != "*":
                raise
            keys = [(self.kind.name, record_id)]
            await desk.erase(database_of(request).recorder, [*keys, *await desk.remains_of(keys)])
            return True
        return False

    def _history(self) -> None:
        async def read_history(
            request: Request,
            desk: ReadDesk,
            id: PathId,  # noqa: A002 - the path's word
            limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
            cursor: Annotated[
                str | None, Query(max_length=2000, description="`next_cursor` of the page before.")
            ] = None,
        ) -> Response:
            secret = (await database_of(request).identity()).secret
            scope = paging.scope_of(request.url.path, int(desk.caller.tier), [])
            after = paging.unseal(secret, scope, cursor)[0] if cursor else 0
            items, more = await history_of(desk, self.kind, id, after, limit)
            following = paging.seal(secret, scope, [items[-1].version]) if more else None
            body = to_json({"items": [item.model_dump(exclude_unset=True) for item in items], "next_cursor": following})
            link = next_link(request, following, request.app.state.settings.public_url) if following else None
            return answer(request, body, etag(len(items), body), {"Link": link} if link else {})

        self._add(
            "/{id}/history",
            "GET",
            read_history,
            summary=f"Read the history of {self.kind.one}",
            text="Every version that you could see, oldest first: when it was made and which fields changed; "
            "for partners also by whom and why. Read one whole with `?version=`.",
            model=HistoryOut,
            problems=(*_READ, "foreign-cursor"),
            extra={"parameters": [IF_NONE_MATCH]},
        )

    def _add(
        self,
        path: str,
        method: str,
        endpoint: Callable[..., Any],
        *,
        summary: str,
        text: str,
        model: Any,  # noqa: ANN401 - a model, a class made at run time, or nothing
        problems: Sequence[str],
        extra: Mapping[str, Any],
        status: int = 200,
        more: Mapping[int | str, dict[str, Any]] | None = None,
    ) -> None:
        self._router.add_api_route(
            path,
            endpoint,
            methods=[method],
            summary=summary,
            description=text,
            status_code=status,
            response_model=None,
            operation_id=f"{endpoint.__name__.split('_')[0]}_{self.kind.name}"
            + ("_history" if path.endswith("history") else ""),
            responses={**answers(method, status, model), **docs(*problems), **(more or {})},
            openapi_extra=dict(extra),
        )
