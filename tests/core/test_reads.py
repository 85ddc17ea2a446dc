"""Reads of private data are recorded before the answer leaves, by whatever route; public reads never are."""

import asyncio
from typing import Any

import pytest
from httpx2 import AsyncClient
from sqlalchemy import func, select

from app.core.reads import reads
from app.parts import open_database
from tests.conftest import Register
from tests.factories import address, create, detention, facility, organization, person
from tests.test_documents import SCHEMA

# Goes on for good; says what there is to ask, and nothing of records.
QUIET = {"/v1/changes/stream", "/v1/reconcile/suggest/property", "/v1/reconcile/suggest/type"}
ASKED = {
    "/v1/search": "?q=invented",
    "/v1/reconcile": '?queries={"q0":{"query":"Invented"}}',
    "/v1/reconcile/suggest/entity": "?prefix=Inv",
    "/v1/reconcile/preview": "?id=ID",
}


async def recorded(register: Register, **asked: str) -> list[dict[str, Any]]:
    """Give what an admin reads of reads, oldest first."""
    answer = await register.admin.get("/v1/reads", params={"limit": "200", **asked})
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["items"]))


async def count(register: Register) -> int:
    """Count what another process finds recorded."""
    database = open_database(register.database.url)
    async with database.read() as session:
        found: int = (await session.execute(select(func.count()).select_from(reads))).scalar_one()
    await database.close()
    return found


async def last(register: Register) -> dict[str, Any]:
    return (await recorded(register))[-1]


def named(read: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["kind"], one["id"]) for one in read["records"]}


async def hidden(register: Register, **said: Any) -> dict[str, Any]:
    """Make a private organization."""
    return await create(register.admin, "organizations", organization(visibility="private", **said))


@pytest.mark.parametrize("role", ["public", "partner", "editor"])
async def test_who_sees_nothing_private_is_not_recorded(register: Register, role: str) -> None:
    made = await create(register.editor, "organizations", organization(visibility="public"))
    before = await count(register)
    client: AsyncClient = register.clients[role]
    for path in ("", f"/{made['id']}", f"/{made['id']}/history", f"/{made['id']}?version=1"):
        assert (await client.get(f"/v1/organizations{path}")).status_code == 200
    for path in ("/v1/persons/facets", "/v1/export", "/v1/changes", "/v1/digest"):
        assert (await client.get(path)).status_code == 200
    assert await count(register) == before


@pytest.mark.parametrize("role", ["keeper", "admin"])
async def test_a_read_tells_who_when_by_which_route_and_of_which_records(register: Register, role: str) -> None:
    private = await hidden(register)
    await create(register.editor, "organizations", organization(visibility="public"))
    client: AsyncClient = register.clients[role]
    key = next(one for one in (await register.admin.get("/v1/keys")).json()["items"] if one["owner"] == role)
    await client.get("/v1/organizations?sort=-created_at")
    read = await last(register)
    assert (read["key_id"], read["owner"]) == (key["id"], role)
    assert (read["method"], read["route"], read["kinds"]) == ("GET", "/v1/organizations", None)
    assert named(read) == {("organizations", private["id"])}
    assert set(read) == {"at", "key_id", "owner", "method", "route", "records", "kinds"}


async def test_a_private_field_makes_a_public_record_one_that_is_named(register: Register) -> None:
    noted = await create(register.admin, "persons", person(visibility="public", private_notes="invented"))
    plain = await create(register.admin, "persons", person(visibility="public"))
    for made, named_ones in ((noted, {("persons", noted["id"])}), (plain, set())):
        assert (await register.keeper.get(f"/v1/persons/{made['id']}")).status_code == 200
        read = await last(register)
        assert read["route"] == "/v1/persons/{id}"
        assert named(read) == named_ones


async def test_what_belongs_to_a_public_person_is_named_in_the_whole_case(register: Register) -> None:
    owner = await create(register.editor, "persons", person(visibility="public"))
    stay = await create(register.admin, "detentions", detention(owner["id"], visibility="private"))
    await register.keeper.get(f"/v1/persons/{owner['id']}/file")
    assert named(await last(register)) == {("detentions", stay["id"])}


async def test_every_form_of_an_answer_is_recorded(register: Register) -> None:
    private = await hidden(register)
    place = f"/v1/organizations/{private['id']}"
    this = {("organizations", private["id"])}
    keeper = register.keeper
    for method, path, records in (
        ("GET", place, this),
        ("HEAD", place, this),
        ("GET", f"{place}?version=1", this),
        ("GET", f"{place}/history", this),
        ("GET", "/v1/organizations?format=csv", this),
        ("GET", "/v1/organizations?format=xlsx", None),
        ("GET", "/v1/changes", this),
        ("GET", "/v1/export?kind=organizations", None),
        ("GET", "/v1/persons/facets", set()),
        ("GET", "/v1/stats", set()),
        ("GET", "/v1/digest", set()),
    ):
        before = await count(register)
        assert (await keeper.request(method, path)).status_code == 200, path
        assert await count(register) == before + 1, path
        read = await last(register)
        assert read["route"] == path.partition("?")[0].replace(private["id"], "{id}")
        assert (read["records"] if records is None else named(read)) == records, path
    assert (await recorded(register, everything="true"))[-1]["kinds"] == ["organizations"]


async def test_what_a_write_answers_with_is_recorded_too(register: Register) -> None:
    """Or a change of nothing would be a read that nobody knows of."""
    private = await hidden(register)
    place = f"/v1/organizations/{private['id']}"
    answer = await register.keeper.patch(place, json={}, headers={"If-Match": "*"})
    assert answer.status_code == 200
    read = await last(register)
    assert (read["method"], read["route"]) == ("PATCH", "/v1/organizations/{id}")
    assert named(read) == {("organizations", private["id"])}


async def test_why_something_cannot_be_is_a_read_as_well(register: Register) -> None:
    nobody = await create(register.admin, "persons", person(visibility="private"))
    assert (await register.keeper.get(f"/v1/persons/{nobody['id']}/address")).status_code == 409
    read = await last(register)
    assert (read["route"], named(read)) == ("/v1/persons/{id}/address", {("persons", nobody["id"])})


async def test_where_nothing_is_said_nothing_is_recorded(register: Register) -> None:
    private = await hidden(register)
    place = f"/v1/organizations/{private['id']}"
    tag = (await register.keeper.get(place)).headers["etag"]
    before = await count(register)
    assert (await register.keeper.get(place, headers={"If-None-Match": tag})).status_code == 304
    assert (await register.keeper.get("/v1/organizations/8b6f3c52-6f0e-4e55-9d0c-000000000000")).status_code == 404
    assert (await register.keeper.get("/v1/organizations?nope=1")).status_code == 422
    assert (await register.keeper.get("/healthz")).status_code == 200
    assert (await register.admin.get("/v1/keys")).status_code == 200
    assert (await register.admin.get("/v1/acts")).status_code == 200
    assert await count(register) == before


async def test_nothing_of_a_query_an_address_or_an_agent_is_kept(register: Register) -> None:
    await hidden(register)
    said = {"User-Agent": "zqxagent", "X-Forwarded-For": "198.51.100.7", "Referer": "https://zqx.example/"}
    await register.keeper.get("/v1/organizations?country=BY&sort=-created_at", headers=said)
    await register.keeper.get("/v1/persons?q=zqxname", headers=said)
    async with register.database.read() as session:
        rows = (await session.execute(select(reads))).all()
    kept = repr([tuple(row) for row in rows]).lower()
    assert not [one for one in ("zqx", "198.51", "127.0.0.1", "country", "sort", "?") if one in kept]


async def test_without_its_record_there_is_no_answer(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    private = await hidden(register, website="https://example.org/hidden")

    async def failing(_: object) -> None:
        raise OSError

    monkeypatch.setattr(register.database.ledger, "note", failing)
    for path in ("/v1/organizations", f"/v1/organizations/{private['id']}", "/v1/export"):
        answer = await register.keeper.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "hidden" not in answer.text
    assert (await register.partner.get("/v1/organizations")).status_code == 200


async def test_many_reads_at_once_are_all_recorded(register: Register) -> None:
    private = await hidden(register)
    before = await count(register)
    place = f"/v1/organizations/{private['id']}"
    answers = await asyncio.gather(*(register.keeper.get(place) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert await count(register) == before + 30


async def test_every_route_that_reads_records_at_the_private_tier(register: Register) -> None:
    """From the description of the API, so that a new route is covered on arrival."""
    ids = {"persons": (await create(register.admin, "persons", person(visibility="private")))["id"]}
    place = await create(register.admin, "facilities", facility(visibility="private"))
    await create(register.admin, "addresses", address(place["id"], visibility="private"))
    stay = detention(ids["persons"], facility_id=place["id"], visibility="private", confirmed_on="2026-01-01")
    await create(register.admin, "detentions", stay)
    ids["facilities"] = place["id"]
    silent, asked = [], 0
    for path, operations in SCHEMA["paths"].items():
        if "get" not in operations or path in QUIET or operations["get"]["tags"][0] in {"service", "keys"}:
            continue
        if "{id}" in path and path.split("/")[2] not in ids:
            continue
        url = path.replace("{id}", ids.get(path.split("/")[2], "")) + ASKED.get(path, "").replace("ID", ids["persons"])
        before = await count(register)
        answer = await register.keeper.get(url)
        assert answer.status_code in {200, 409}, (url, answer.text)
        asked += 1
        if await count(register) != before + 1 or (await last(register))["route"] != path:
            silent.append(path)
    assert silent == []
    assert asked > 25


async def test_reads_are_found_by_key_record_and_time_and_come_in_pages(register: Register) -> None:
    made = [await hidden(register) for _ in range(3)]
    for one in made:
        await register.keeper.get(f"/v1/organizations/{one['id']}")
    await register.keeper.get("/v1/export")
    everything = await recorded(register)
    keeper = everything[-1]["key_id"]
    mine = await recorded(register, key_id=keeper)
    assert [read["route"] for read in mine] == [*["/v1/organizations/{id}"] * 3, "/v1/export"]
    of_one = await recorded(register, id=made[1]["id"], key_id=keeper)
    assert [named(read) for read in of_one] == [{("organizations", made[1]["id"])}]
    assert [read["route"] for read in await recorded(register, everything="true")] == ["/v1/export"]
    assert await recorded(register, since=mine[1]["at"], key_id=keeper) == mine[1:]
    assert await recorded(register, until=mine[1]["at"], key_id=keeper) == mine[:1]
    seen, cursor = [], ""
    for _ in range(5):
        page = (await register.admin.get(f"/v1/reads?key_id={keeper}&limit=1{cursor}")).json()
        seen += page["items"]
        cursor = f"&cursor={page['next_cursor']}"
        if page["next_cursor"] is None:
            break
    assert seen == mine[::-1]


@pytest.mark.parametrize("role", ["public", "partner", "editor", "keeper"])
async def test_only_admins_see_who_read(register: Register, role: str) -> None:
    answer = await register.clients[role].get("/v1/reads")
    assert answer.status_code == (401 if role == "public" else 403)
    assert (await register.admin.get("/v1/reads?route=x")).status_code == 422
    assert (await register.admin.get("/v1/reads?cursor=x")).status_code == 400
