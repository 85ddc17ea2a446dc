"""Answers by plan: the same bytes and headers as the route's, of what the register holds now, or the route is asked."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import time_machine
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import update
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from app.core import express
from app.core.atonce import Answer, asked_publicly, written
from app.core.dialects import TooLong
from app.core.express import Direct, Express
from app.reading.kept import situations
from app.register import RESOURCES
from app.register.persons import persons
from tests.conftest import Register
from tests.core.test_plans import value_of
from tests.factories import create, detention, facility, organization, person

# What says how to list, or is worked out for another day than today.
UNPLANNED = {"limit", "cursor", "count", "sort", "q", "as_of"}


@dataclass
class Asked:
    """The routes and the plans in front of them, with what was asked of the routes."""

    register: Register
    direct: Direct
    client: AsyncClient
    by_route: list[str]
    express: Express | None = None

    async def twice(self, path: str) -> tuple[Response, Response]:
        """Ask the route, and then what it left, at once and as a task."""
        routed = await self.client.get(path)
        assert self.by_route.pop() == path
        planned = await self.client.get(path)
        assert not self.by_route, f"there is no plan for {path}"
        self.same_at_once(path, planned)
        return routed, planned

    def at_once(self, path: str, **headers: str) -> Answer | None:
        """Ask before there is a task."""
        assert self.express
        place, _, query = path.partition("?")
        said = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        sent = [(b"host", b"t"), (b"accept", b"*/*"), *said]
        scope = {"type": "http", "method": "GET", "path": place, "query_string": query.encode(), "headers": sent}
        question = asked_publicly(scope)
        return question and self.express.at_once(scope, question)

    def same_at_once(self, path: str, planned: Response) -> None:
        """Hold what is answered at once against what is answered as a task; PostgreSQL is waited for."""
        answer = self.at_once(path)
        if self.register.database.url.startswith("postgresql"):
            assert answer is None
            return
        assert answer
        assert (answer.status, answer.body) == (planned.status_code, planned.content)
        assert sorted(answer.headers) == sorted((name.lower(), value) for name, value in planned.headers.raw)
        assert answer.head.partition(b"\r\n")[2] == written(answer.headers)


@pytest.fixture
async def asked(register: Register) -> AsyncIterator[Asked]:
    async for made in _in_front_of(register):
        yield made


@pytest.fixture
async def of_seeds(seeded: Register) -> AsyncIterator[Asked]:
    async for made in _in_front_of(seeded):
        yield made


async def _in_front_of(register: Register) -> AsyncIterator[Asked]:
    by_route: list[str] = []

    async def routes(scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode()
        by_route.append(scope["path"] + (f"?{query}" if query else ""))
        await register.app.routed(scope, receive, send)

    made = Asked(register, register.database.direct, register.public, by_route)
    made.express = Express(routes, lambda: made.direct)
    transport = ASGITransport(made.express)
    async with AsyncClient(transport=transport, base_url="http://t") as made.client:
        yield made


def _same(routed: Response, planned: Response) -> None:
    assert routed.status_code == planned.status_code == 200
    assert routed.content == planned.content
    assert sorted(routed.headers.items()) == sorted(planned.headers.items())


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind.name)
async def test_what_is_planned_is_what_the_route_says(of_seeds: Asked, resource: Any) -> None:
    items = (await of_seeds.client.get(resource.path)).json()["items"]
    of_seeds.by_route.clear()
    for word in resource.filters.sorts:
        for sort in (word, f"-{word}"):
            path: str | None = f"{resource.path}?limit=2&sort={sort}"
            pages = 0
            while path and pages < 4:
                routed, planned = await of_seeds.twice(path)
                _same(routed, planned)
                link = routed.headers.get("link", "")
                path = link[link.index("/v1/") : link.index(">")] if link else None
                pages += 1
    for number, item in enumerate(items[:3]):
        path = f"{resource.path}/{item['id']}"
        if number == 0:
            _same(*(await of_seeds.twice(path)))
        else:  # the plan was left by another record
            planned = await of_seeds.client.get(path)
            assert not of_seeds.by_route
            async with AsyncClient(transport=ASGITransport(of_seeds.register.app.routed), base_url="http://t") as other:
                _same(await other.get(path), planned)


@pytest.mark.parametrize(
    "query",
    [
        "status=imprisoned",
        "status=unknown",  # nobody
        "limit=1",
        "status=released&sort=-since",
        "article=361",
        "updated_since=2020-01-01T00:00:00Z",
    ],
)
async def test_filters_of_persons_go_by_plan(of_seeds: Asked, query: str) -> None:
    _same(*(await of_seeds.twice(f"/v1/persons?{query}")))


async def test_a_plan_reads_what_is_written_now(asked: Asked) -> None:
    made = await create(asked.register.editor, "organizations", organization(website="https://example.org/1"))
    one, some = f"/v1/organizations/{made['id']}", "/v1/organizations?limit=10"
    for path in (one, some):
        await asked.client.get(path)
    asked.by_route.clear()
    await asked.register.editor.patch(one, json={"website": "https://example.org/2"}, headers={"If-Match": "*"})
    another = await create(asked.register.editor, "organizations", organization())
    assert (await asked.client.get(one)).json()["website"] == "https://example.org/2"
    assert [item["id"] for item in (await asked.client.get(some)).json()["items"]] == [made["id"], another["id"]]
    assert not asked.by_route


async def test_what_is_not_there_is_refused_by_the_route(asked: Asked) -> None:
    shown, hidden, gone = [
        (await create(asked.register.keeper, "persons", person(visibility=seen)))["id"]
        for seen in ("public", "private", "public")
    ]
    await asked.register.admin.delete(f"/v1/persons/{gone}", headers={"If-Match": "*"})
    await asked.twice(f"/v1/persons/{shown}")
    unknown = "00000000-0000-4000-8000-000000000000"
    answers = [await asked.client.get(f"/v1/persons/{one}") for one in (hidden, unknown, gone)]
    assert [answer.status_code for answer in answers] == [404, 404, 410]
    assert answers[0].content.replace(hidden.encode(), unknown.encode()) == answers[1].content
    assert len(asked.by_route) == 3


async def test_a_record_that_is_withdrawn_is_gone_from_what_was_planned(asked: Asked) -> None:
    made = await create(asked.register.keeper, "persons", person())
    one, some = f"/v1/persons/{made['id']}", "/v1/persons?limit=5"
    await asked.twice(one)
    await asked.twice(some)
    await asked.register.keeper.patch(one, json={"visibility": "private"}, headers={"If-Match": "*"})
    assert (await asked.client.get(one)).status_code == 404
    assert (await asked.client.get(some)).json()["items"] == []


async def test_keys_and_other_methods_go_to_the_route(asked: Asked) -> None:
    made = await create(asked.register.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    await asked.twice(path)
    assert (await asked.client.head(path)).status_code == 200
    assert (await asked.client.get(path, headers={"Authorization": "Bearer vk_no"})).status_code == 401
    assert asked.at_once(path, authorization="Bearer vk_no") is None
    assert len(asked.by_route) == 2


async def test_who_has_the_answer_is_told_so_by_plan(asked: Asked) -> None:
    made = await create(asked.register.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    routed, _ = await asked.twice(path)
    known = {"If-None-Match": f'"0-other", {routed.headers["etag"]}'}
    async with AsyncClient(transport=ASGITransport(asked.register.app.routed), base_url="http://t") as other:
        by_route = await other.get(path, headers=known)
    planned = await asked.client.get(path, headers=known)
    assert (planned.status_code, planned.content) == (304, b"")
    assert sorted(planned.headers.items()) == sorted(by_route.headers.items())
    assert (await asked.client.get(path, headers={"If-None-Match": '"0-other"'})).content == routed.content
    assert not asked.by_route
    if (at_once := asked.at_once(path, if_none_match=routed.headers["etag"])) is not None:
        assert (at_once.status, at_once.body) == (304, b"")


async def test_a_situation_that_stands_no_more_is_derived_by_the_route(asked: Asked) -> None:
    made = await create(asked.register.editor, "persons", person())
    paths = [f"/v1/persons/{made['id']}", "/v1/persons?limit=5"]
    expected = [(await asked.twice(path))[0].json() for path in paths]
    async with asked.register.database.write("tests") as session:
        await session.execute(update(situations).values(good_until=date(2000, 1, 1)))
    assert [(await asked.client.get(path)).json() for path in paths] == expected
    assert asked.by_route == paths


class Failing:
    """A database that does not answer in time."""

    def now(self, _: Sequence[tuple[str, Sequence[Any]]]) -> list[Any] | None:
        raise TooLong

    async def read(self, _: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        raise TooLong

    async def close(self) -> None: ...


async def test_where_a_read_fails_the_route_is_asked(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await create(asked.register.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    routed, _ = await asked.twice(path)
    monkeypatch.setattr(type(asked.direct), "read", Failing.read)
    monkeypatch.setattr(type(asked.direct), "now", Failing.now)
    assert asked.at_once(path) is None
    _same(routed, await asked.client.get(path))
    assert asked.by_route == [path]


@pytest.mark.parametrize("first", ["limit=1&after=", "after=&limit=1", "limit=1&%61fter={cursor}"])
async def test_the_plan_of_a_page_serves_only_who_says_behind_what(asked: Asked, first: str) -> None:
    for _ in range(3):
        await create(asked.register.editor, "organizations", organization())
    cursor = (await asked.register.public.get("/v1/changes?limit=1")).json()["cursor"]
    paths = ["/v1/changes?" + one.format(cursor=cursor) for one in (first, first, "limit=1&after={cursor}", first)]
    told = [(await asked.register.public.get(path)).json() for path in paths]
    assert told[2]["items"] != told[0]["items"] or "%61" in first
    assert [(await asked.client.get(path)).json() for path in (*paths, *paths)] == [*told, *told]


async def test_a_plan_that_fails_is_dropped_and_the_route_asked(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await create(asked.register.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    routed, _ = await asked.twice(path)

    def fails(*_: object) -> None:
        raise IndexError

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(express._Kept, "answer", fails)  # noqa: SLF001 - whatever a plan may do
        assert asked.at_once(path) is None
        _same(routed, await asked.client.get(path))
        assert [log["event"] for log in logs] == ["a plan failed"]
    assert asked.by_route == [path]
    asked.by_route.clear()
    assert (await asked.client.get(path)).content == routed.content
    assert not asked.by_route


async def test_what_is_very_long_leaves_no_plan(asked: Asked) -> None:
    for _ in range(2):
        answer = await asked.client.get("/v1/organizations?limit=3", headers={"Accept": "text/html," + "x" * 3_000})
        assert answer.status_code == 200
    assert len(asked.by_route) == 2


async def test_plans_are_for_one_database_and_one_day(asked: Asked) -> None:
    made = await create(asked.register.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    await asked.twice(path)
    kept, asked.direct = asked.direct, Failing()
    await asked.client.get(path)
    assert asked.by_route == [path]
    asked.direct = kept
    asked.by_route.clear()
    with time_machine.travel("2031-01-01T00:00:00Z", tick=False):
        await asked.twice(path)


async def test_the_oldest_plan_is_forgotten(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(express, "_MOST", 2)
    for number in (1, 2, 3, 1):
        await asked.client.get(f"{persons.path}?limit={number}")
    assert len(asked.by_route) == 4
    await asked.client.get(f"{persons.path}?limit=3")
    assert len(asked.by_route) == 4


async def test_nullable_sorts_go_on_by_plan_from_those_with_a_value_to_those_without(asked: Asked) -> None:
    for day in ("1990", None, "1980", None):
        await create(asked.register.editor, "persons", person(birth_date=day))
    routed, planned = await asked.twice("/v1/persons?sort=age&limit=3")
    _same(routed, planned)
    link = routed.headers["link"]
    _same(*(await asked.twice(link[link.index("/v1/") : link.index(">")])))


@pytest.mark.parametrize("part", ["file", "timeline"])
async def test_the_plan_of_one_case_serves_for_every_other(of_seeds: Asked, part: str) -> None:
    first, *others = [
        f"/v1/persons/{item['id']}/{part}" for item in (await of_seeds.client.get("/v1/persons")).json()["items"]
    ]
    of_seeds.by_route.clear()
    _same(*await of_seeds.twice(first))
    for path in others:
        planned = await of_seeds.client.get(path)
        assert not of_seeds.by_route
        routed = await of_seeds.register.public.get(path)
        assert (planned.content, planned.headers["etag"]) == (routed.content, routed.headers["etag"])


async def test_a_plan_serves_for_no_path_without_an_id(of_seeds: Asked) -> None:
    one = (await of_seeds.client.get("/v1/persons?limit=1")).json()["items"][0]["id"]
    for path in (f"/v1/persons/{one}", f"/v1/persons/{one}/file"):
        of_seeds.by_route.clear()
        await of_seeds.twice(path)
        assert (await of_seeds.client.get(path.replace(one, ""))).status_code == 404


async def test_who_has_an_address_is_answered_by_plan_and_who_has_none_by_the_route(of_seeds: Asked) -> None:
    items = (await of_seeds.client.get("/v1/persons")).json()["items"]
    reached = [item["situation"]["mail"]["reachable"] for item in items]
    paths = [f"/v1/persons/{item['id']}/address" for item in items]
    assert set(reached) == {True, False}
    await of_seeds.client.get(paths[reached.index(True)])
    of_seeds.by_route.clear()
    for path, so in zip(paths, reached, strict=True):
        planned, routed = await of_seeds.client.get(path), await of_seeds.register.public.get(path)
        assert (planned.status_code, planned.content) == (routed.status_code, routed.content)
        assert of_seeds.by_route == ([] if so else [path])
        of_seeds.by_route.clear()


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind.name)
async def test_every_filter_is_answered_by_plan(of_seeds: Asked, resource: Any) -> None:
    properties = resource.filters.model.model_json_schema()["properties"]
    for name in properties.keys() - UNPLANNED:
        _same(*(await of_seeds.twice(f"{resource.path}?{name}={value_of(properties[name])}")))


@pytest.mark.parametrize("asks", ["a value that is none", "a column that is none"])
async def test_a_statement_that_can_never_be_run_is_told(asked: Asked, asks: str) -> None:
    place = "?" if asked.register.database.url.startswith("sqlite") else "$1::uuid"
    never = (
        (f"SELECT {place}", (object(),)) if asks == "a value that is none" else ("SELECT nothing FROM documents", ())
    )
    with capture_logs() as logged, pytest.raises(TooLong):
        await asked.direct.read([never])
    assert [line["event"] for line in logged] == ["not read directly"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_statement_that_takes_long_is_not_told(asked: Asked) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with capture_logs() as logged, pytest.raises(TooLong):
        await asked.direct.read([(endless, ())])
    assert not logged


async def test_lists_of_what_refers_to_a_record_are_answered_by_plan(asked: Asked) -> None:
    """A list of ids takes parameters of its own, each of which the driver has to be able to take."""
    who = await create(asked.register.editor, "persons", person())
    place = await create(asked.register.editor, "facilities", facility())
    held = {"facility_id": place["id"], "started_on": "2021-05-18", "confirmed_on": "2026-01-01"}
    await create(asked.register.editor, "detentions", detention(who["id"], **held))
    one = UUID(int=1)
    for path in (
        f"/v1/persons?facility={place['id']}",
        f"/v1/persons?facility={place['id']}&facility={one}",
        f"/v1/detentions?facility_id={place['id']}",
        f"/v1/detentions?person_id={who['id']}&sort=created_at",
    ):
        routed, planned = await asked.twice(path)
        _same(routed, planned)
        assert len(routed.json()["items"]) == 1
