"""Many writers at once: nothing is lost, nothing is overwritten unseen."""

import asyncio
from collections import Counter

from httpx2 import AsyncClient

from tests.conftest import Register
from tests.factories import article, create, organization, person, source
from tests.serving import new_key, served


async def patched_at_once(clients: list[AsyncClient], place: str, tag: str) -> Counter[int]:
    answers = await asyncio.gather(
        *(
            client.patch(place, json={"website": f"https://example.org/{i}"}, headers={"If-Match": tag})
            for i, client in enumerate(clients)
        )
    )
    return Counter(answer.status_code for answer in answers)


async def test_of_eight_edits_of_one_version_one_is_made(register: Register) -> None:
    made = await register.editor.post("/v1/organizations", json=organization())
    place = made.headers["location"]
    assert await patched_at_once([register.editor] * 8, place, made.headers["etag"]) == {200: 1, 412: 7}
    assert (await register.public.get(place)).json()["version"] == 2


async def test_two_hundred_creations_at_once_lose_nothing(register: Register) -> None:
    made = await asyncio.gather(*(create(register.editor, "organizations", organization()) for _ in range(200)))
    ids = {record["id"] for record in made}
    assert len(ids) == 200
    assert (await register.public.get("/v1/organizations?count=true&limit=1")).json()["total"] == 200
    found = [(await register.public.get(f"/v1/organizations/{i}/history")).json()["items"] for i in sorted(ids)[:20]]
    assert [len(items) for items in found] == [1] * 20


async def test_of_eight_who_choose_one_id_one_gets_it(register: Register) -> None:
    place, new = "/v1/articles/3b241101-e2bb-4255-8caf-4136c566a962", {"If-None-Match": "*"}
    answers = await asyncio.gather(*(register.editor.put(place, json=article(), headers=new) for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 412: 7}


async def test_of_eight_who_claim_one_identifier_one_gets_it(register: Register) -> None:
    claims = {"identifiers": [{"scheme": "elsewhere", "value": "1"}]}
    answers = await asyncio.gather(*(register.editor.post("/v1/persons", json=person(**claims)) for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: 7}


async def test_the_same_idempotency_key_at_once_does_the_work_once(register: Register) -> None:
    fields, key = article(), {"Idempotency-Key": "one"}
    answers = await asyncio.gather(*(register.editor.post("/v1/articles", json=fields, headers=key) for _ in range(8)))
    codes = Counter(answer.status_code for answer in answers)
    assert codes[201] >= 1
    assert set(codes) <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert (await register.public.get("/v1/articles?count=true")).json()["total"] == 1


async def test_a_record_is_not_deleted_while_another_comes_to_need_it(register: Register) -> None:
    for _ in range(3):
        publisher = await create(register.editor, "organizations", organization())
        deleted, needing = await asyncio.gather(
            register.editor.delete(f"/v1/organizations/{publisher['id']}", headers={"If-Match": "*"}),
            register.editor.post("/v1/sources", json=source(publisher_id=publisher["id"])),
        )
        assert (deleted.status_code, needing.status_code) in {(204, 422), (409, 201)}


async def test_two_workers_keep_the_same_promises(database_url: str) -> None:
    key = new_key(database_url, "write")
    with served(database_url, "--workers", "2") as server:
        async with AsyncClient(base_url=server.base, headers=key, timeout=60) as client:
            made = await asyncio.gather(*(create(client, "organizations", organization()) for _ in range(80)))
            assert (await client.get("/v1/organizations?count=true&limit=1")).json()["total"] == len(made) == 80
            place = f"/v1/organizations/{made[0]['id']}"
            tag = (await client.get(place)).headers["etag"]
            assert await patched_at_once([client] * 8, place, tag) == {200: 1, 412: 7}
