"""Following without asking again and again: long polls and server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response

from app.core.access import ApiKey
from app.sync import changes
from app.sync.watch import Watch
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import case, create, person
from tests.sync.following import cursor_of, events_of, items_of, streamed


@pytest.fixture(autouse=True)
async def hurried(register: Register, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    """Ticks that pass faster, so that tests do not wait for them."""
    monkeypatch.setattr(changes, "HEARTBEAT_SECONDS", 0.05)
    watch = register.app.state.watch = Watch(register.database, every=0.005)
    yield watch
    await watch.close()
    assert not watch.waiting


async def asleep(watch: Watch, followers: int = 1) -> None:
    while sum(map(len, watch.waiting.values())) < followers:  # noqa: ASYNC110 - what is looked at tells nobody
        await asyncio.sleep(0.001)


async def ticks(register: Register, number: int) -> None:
    register.statements.clear()
    while len(register.statements) < number:  # noqa: ASYNC110 - the same
        await asyncio.sleep(0.001)


async def test_a_waiting_follower_is_answered_when_something_happens(register: Register, hurried: Watch) -> None:
    cursor = await cursor_of(register.public)
    asked = asyncio.ensure_future(register.public.get(f"/v1/changes?after={cursor}&wait=60"))
    await asleep(hurried)
    made = await create(register.editor, "persons", person())
    page = (await asked).json()
    assert [item["id"] for item in page["items"]] == [made["id"]]


async def test_a_follower_who_does_not_hear_of_a_change_sleeps_on(register: Register, hurried: Watch) -> None:
    cursor = await cursor_of(register.public)
    asked: list[asyncio.Future[Response]] = [
        asyncio.ensure_future(register.public.get(f"/v1/changes?after={cursor}&wait=60")),
        asyncio.ensure_future(register.public.get(f"/v1/changes?after={cursor}&wait=60&kind=cases")),
    ]
    await asleep(hurried, 2)
    await create(register.admin, "persons", person(visibility="private"))
    await ticks(register, 5)
    assert not any(one.done() for one in asked)
    await create(register.admin, "persons", person())
    assert len((await asked[0]).json()["items"]) == 1
    await ticks(register, 5)
    assert not asked[1].done()
    await create(register.admin, "cases", case())
    assert len((await asked[1]).json()["items"]) == 1


async def test_nothing_to_wait_for_is_answered_at_once_and_an_empty_wait_with_the_same_cursor(
    register: Register,
) -> None:
    await create(register.editor, "persons", person())
    assert len((await register.public.get("/v1/changes?wait=60")).json()["items"]) == 1
    cursor = await cursor_of(register.public)
    page = (await register.public.get(f"/v1/changes?after={cursor}&wait=1")).json()
    assert page == {"items": [], "cursor": cursor, "has_more": False}


async def test_a_thousand_idle_followers_cost_what_one_does(register: Register, hurried: Watch) -> None:
    cursor = await cursor_of(register.public)
    asked = [asyncio.ensure_future(register.public.get(f"/v1/changes?after={cursor}&wait=60")) for _ in range(30)]
    await asleep(hurried, 30)
    await ticks(register, 8)  # those who came last are looked at once
    await ticks(register, 10)
    idle = {statement for statement in register.statements if statement.startswith("SELECT")}
    assert len(idle) == 1
    assert "register" in idle.pop()
    assert register.database.reading.pool.checkedout() <= 1  # type: ignore[attr-defined]  # pools that count have it
    await create(register.editor, "persons", person())
    assert {len((await one).json()["items"]) for one in asked} == {1}


async def test_followers_are_told_when_the_database_fails(
    register: Register, hurried: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = await cursor_of(register.public)
    asked = asyncio.ensure_future(register.public.get(f"/v1/changes?after={cursor}&wait=60"))
    await asleep(hurried)

    def broken(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(register.database, "read", broken)
    is_problem(await asked, 503, "unavailable")


async def test_a_stream_gives_what_was_and_what_happens(register: Register) -> None:
    first = await create(register.editor, "persons", person())
    async with streamed(register.app, "/v1/changes/stream") as body:
        start = json.loads(await anext(body))
        assert (start["status"], start["content-type"]) == (200, "text/event-stream; charset=utf-8")
        events = events_of(body)
        cursor, item = await anext(events)
        assert (item["id"], item["cursor"]) == (first["id"], cursor)
        second = await create(register.editor, "persons", person())
        assert (await anext(events))[1]["id"] == second["id"]
    assert [item["id"] for item in await items_of(register.public, after=cursor)] == [second["id"]]


async def test_a_stream_goes_on_after_the_last_event_id(register: Register) -> None:
    made = [await create(register.editor, "persons", person()) for _ in range(3)]
    items = await items_of(register.public)
    header = ("Last-Event-ID", items[1]["cursor"])
    async with streamed(register.app, f"/v1/changes/stream?after={items[0]['cursor']}", header) as body:
        await anext(body)
        assert (await anext(events_of(body)))[1]["id"] == made[2]["id"]
    refused = await register.public.get("/v1/changes/stream", headers={"Last-Event-ID": "nonsense"})
    is_problem(refused, 400, "foreign-cursor")
    assert (await register.public.head("/v1/changes/stream")).status_code == 200


async def test_a_quiet_stream_shows_that_it_lives_and_holds_no_connection(register: Register) -> None:
    async with streamed(register.app, "/v1/changes/stream") as body:
        assert b"200" in await anext(body)
        assert await anext(body) == b"retry: 3000\n\n"
        for _ in range(2):
            assert await anext(body) == b": still here\n\n"


async def test_a_stream_ends_when_its_key_is_revoked(register: Register) -> None:
    header = ("Authorization", register.partner.headers["authorization"])
    async with streamed(register.app, "/v1/changes/stream", header) as body:
        await anext(body)
        async with register.database.write("tests") as session:
            key = await session.get(ApiKey, await _id_of(register, "partner"))
            assert key is not None
            key.revoked_at = key.created_at
        pieces: list[Any] = [piece async for piece in body]
        assert set(pieces) <= {b"retry: 3000\n\n", b": still here\n\n"}


async def _id_of(register: Register, owner: str) -> Any:
    keys = (await register.admin.get("/v1/keys")).json()["items"]
    return next(UUID(key["id"]) for key in keys if key["owner"] == owner)
