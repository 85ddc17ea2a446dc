"""Pages of the feed from what is kept ready: the same as when they are written for whoever asks."""

from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import update
from starlette.types import Receive, Scope, Send

from app.core.documents import documents
from app.core.express import Express
from app.core.rebuilding import reindex
from tests.conftest import Register
from tests.factories import create, organization, person


async def _without_headings(register: Register) -> None:
    async with register.database.write("tests") as session:
        await session.execute(update(documents).values(heading=None))


async def _eventful(register: Register) -> None:
    """Have every kind of thing happen."""
    changed, gone, purged, left, merged, into = [
        await create(register.keeper, "persons", person(private_notes="x")) for _ in range(6)
    ]
    await create(register.keeper, "organizations", organization())
    anyway = {"If-Match": "*"}
    await register.keeper.patch(f"/v1/persons/{changed['id']}", json={"sex": "female"}, headers=anyway)
    await register.keeper.patch(f"/v1/persons/{left['id']}", json={"visibility": "private"}, headers=anyway)
    await register.admin.delete(f"/v1/persons/{gone['id']}", headers=anyway)
    await register.admin.delete(f"/v1/persons/{purged['id']}?purge=true", headers=anyway)
    joined = await register.admin.post(f"/v1/persons/{merged['id']}/merge", json={"into": into["id"]}, headers=anyway)
    assert joined.status_code == 200, joined.text


async def test_what_is_kept_is_what_would_be_written(register: Register) -> None:
    await _eventful(register)
    clients = (register.public, register.partner, register.keeper)
    kept = [(await client.get("/v1/changes")).json() for client in clients]
    assert {item["action"] for item in kept[2]["items"]} >= {"upsert", "delete", "purge", "merge"}
    assert "withdraw" in {item["action"] for item in kept[0]["items"]}
    await _without_headings(register)
    assert [(await client.get("/v1/changes?limit=499")).json() for client in clients] == kept


async def test_reindex_writes_what_is_missing_or_wrong(register: Register) -> None:
    await _eventful(register)
    assert await reindex(register.database) == 0
    before = (await register.public.get("/v1/changes")).json()
    async with register.database.write("tests") as session:
        await session.execute(update(documents).where(documents.c.tier == 0).values(heading=b'{"cursor":"x",'))
    assert await reindex(register.database) == len(before["items"])
    assert (await register.public.get("/v1/changes?limit=499")).json() == before


class Following:
    """A client in front of whose routes there are plans."""

    def __init__(self, register: Register) -> None:
        self.routed = 0
        self._register = register
        self.express = Express(self._routes, lambda: register.database.direct)
        self.client = AsyncClient(transport=ASGITransport(self.express), base_url="http://t")

    async def _routes(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.routed += 1
        await self._register.app.routed(scope, receive, send)

    async def pages(self, query: str) -> list[Response]:
        """Follow the feed from the start to its end, and once more from there."""
        found: list[Response] = []
        after = ""
        while not found or found[-1].json()["items"]:
            found.append(await self.client.get(f"/v1/changes?{query}{after}"))
            after = f"&after={found[-1].json()['cursor']}"
        return found


@pytest.fixture
async def following(register: Register) -> Any:
    await _eventful(register)
    made = Following(register)
    async with made.client:
        yield made


async def test_whoever_goes_on_is_answered_by_plan(following: Following, register: Register) -> None:
    first = await following.pages("limit=2")
    assert len(first) > 3
    assert following.routed == 2  # from the start, and from somewhere
    again = await following.pages("limit=2")
    assert following.routed == 2
    async with AsyncClient(transport=ASGITransport(register.app.routed), base_url="http://t") as client:
        fresh = [await client.get(str(page.url.raw_path.decode())) for page in first]
    assert [page.content for page in first] == [page.content for page in again] == [page.content for page in fresh]
    assert [dict(page.headers) for page in first] == [dict(page.headers) for page in fresh]


async def test_a_plan_gives_what_happened_since(following: Following, register: Register) -> None:
    end = (await following.pages("limit=2"))[-1].json()["cursor"]
    made = await create(register.editor, "organizations", organization())
    routed = following.routed
    page = (await following.client.get(f"/v1/changes?limit=2&after={end}")).json()
    assert [item["id"] for item in page["items"]] == [made["id"]]
    assert following.routed == routed


async def test_cursors_that_are_none_of_this_feed_are_refused_by_the_route(
    following: Following, register: Register
) -> None:
    await following.pages("limit=2")
    of_kind = (await register.public.get("/v1/changes?kind=persons&limit=1")).json()["cursor"]
    of_tier = (await register.partner.get("/v1/changes?limit=1")).json()["cursor"]
    routed = following.routed
    for cursor in (of_kind, of_tier, "AAAA", "x%20y", "Aé"):
        assert (await following.client.get(f"/v1/changes?limit=2&after={cursor}")).status_code in {400, 422}, cursor
    assert following.routed == routed + 5


async def test_two_cursors_are_refused(following: Following) -> None:
    cursor = (await following.pages("limit=2"))[0].json()["cursor"]
    assert (await following.client.get(f"/v1/changes?limit=2&after={cursor}&after={cursor}")).status_code == 422


async def test_a_page_without_headings_is_written_by_the_route(following: Following, register: Register) -> None:
    before = [page.json() for page in await following.pages("limit=2")]
    await _without_headings(register)
    routed = following.routed
    assert [page.json() for page in await following.pages("limit=2")] == before
    assert following.routed > routed


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_page_that_the_database_joined_otherwise_is_written_by_the_route(
    following: Following, register: Register
) -> None:
    before = [page.content for page in await following.pages("limit=2")]
    direct: Any = register.database.direct
    direct._connection.execute("PRAGMA reverse_unordered_selects = ON")  # noqa: SLF001 - as no reader can
    routed = following.routed
    assert [page.content for page in await following.pages("limit=2")] == before
    assert following.routed > routed


async def test_a_page_that_gained_an_item_is_another_answer(register: Register) -> None:
    await create(register.editor, "organizations", organization())
    first = await register.public.get("/v1/changes?limit=5")
    await create(register.editor, "organizations", organization())
    second = await register.public.get("/v1/changes?limit=5", headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, len(second.json()["items"])) == (200, 2)
    third = await register.public.get("/v1/changes?limit=5", headers={"If-None-Match": second.headers["etag"]})
    assert third.status_code == 304


async def test_a_page_from_whose_middle_something_moved_on_is_another_answer(register: Register) -> None:
    made = [await create(register.editor, "organizations", organization()) for _ in range(3)]
    full, longer = "/v1/changes?limit=2", "/v1/changes?limit=5"
    tags = {path: (await register.public.get(path)).headers["etag"] for path in (full, longer)}
    await register.editor.patch(f"/v1/organizations/{made[1]['id']}", json={"country": "PL"}, headers={"If-Match": "*"})
    for path, tag in tags.items():
        assert (await register.public.get(path, headers={"If-None-Match": tag})).status_code == 200
