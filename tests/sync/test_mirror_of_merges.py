"""A copy follows merges: old ids lead where they lead at the source, for as long as they do there."""

import pytest

from tests.core.test_conformance import is_problem
from tests.factories import affiliation, create, detention, organization, person
from tests.sync.mirroring import Copying, command, listening

ANY = {"If-Match": "*"}


async def test_a_copy_leads_where_its_source_leads(copying: Copying) -> None:
    admin, public = copying.source.admin, copying.mirror.public
    going, staying, last = [(await create(admin, "persons", person()))["id"] for _ in range(3)]
    stays = [(await create(admin, "detentions", detention(one, started_on="2021")))["id"] for one in (going, staying)]

    async def copied(*statuses: int) -> list[str | None]:
        await copying.copy()
        await copying.agrees()
        answers = [await public.get(f"/v1/persons/{one}") for one in (going, staying)]
        assert [answer.status_code for answer in answers] == list(statuses)
        return [answer.headers.get("location", "").rpartition("/")[2] for answer in answers]

    async def merge(one: str, other: str) -> None:
        answer = await admin.post(f"/v1/persons/{one}/merge", json={"into": other}, headers=ANY)
        assert answer.status_code == 200, answer.text

    await copied(200, 200)
    await merge(going, staying)
    assert await copied(308, 200) == [staying, ""]
    twin = await public.get(f"/v1/detentions/{stays[0]}")
    assert (twin.status_code, twin.headers["location"]) == (308, f"/v1/detentions/{stays[1]}")
    history = (await public.get(f"/v1/persons/{going}/history")).json()["items"]
    assert [item["action"] for item in history] == ["upsert", "merge"]
    await merge(staying, last)
    assert await copied(308, 308) == [last, last]
    for said, statuses in (("private", (404, 404)), ("public", (308, 308))):
        await admin.patch(f"/v1/persons/{last}", json={"visibility": said}, headers=ANY)
        await copied(*statuses)
    for one, statuses in ((staying, (308, 200)), (going, (200, 200))):
        assert (await admin.delete(f"/v1/persons/{one}/merge", headers=ANY)).status_code == 204
        await copied(*statuses)
    await merge(going, last)  # collapsed into one item for a copy that was away
    assert (await admin.delete(f"/v1/persons/{going}/merge", headers=ANY)).status_code == 204
    await merge(going, staying)
    assert await copied(308, 200) == [staying, ""]
    await admin.delete(f"/v1/persons/{staying}?cascade=true", headers=ANY)
    await copied(410, 410)


async def test_what_is_copied_is_neither_merged_nor_taken_apart_here(copying: Copying) -> None:
    admin, here = copying.source.admin, copying.mirror.admin
    one, other, third = [(await create(admin, "persons", person()))["id"] for _ in range(3)]
    await copying.copy()
    merged = await here.post(f"/v1/persons/{one}/merge", json={"into": other}, headers=ANY)
    assert (merged.status_code, merged.json()["type"]) == (409, "/problems/mirrored")
    await admin.post(f"/v1/persons/{third}/merge", json={"into": other}, headers=ANY)
    await copying.copy()
    undone = await here.delete(f"/v1/persons/{third}/merge", headers=ANY)
    assert (undone.status_code, undone.json()["type"]) == (409, "/problems/mirrored")
    await copying.agrees()


@pytest.mark.parametrize("role", ["public", "partner"])
async def test_a_copy_is_named_as_one_before_all_else_that_speaks_against_a_merge(copying: Copying, role: str) -> None:
    admin, here = copying.source.admin, copying.mirror.admin
    shown = "partners" if role == "partner" else "public"
    theirs = (await create(admin, "persons", person(visibility=shown)))["id"]
    hidden = await create(admin, "organizations", organization(visibility="private"))
    await create(admin, "affiliations", affiliation(theirs, hidden["id"], visibility=shown))
    await copying.copy(role)
    ours = (await create(here, "persons", person()))["id"]
    for one, other in ((theirs, ours), (ours, theirs)):
        refused = await here.post(f"/v1/persons/{one}/merge", json={"into": other}, headers=ANY)
        is_problem(refused, 409, "mirrored")
        assert copying.url in refused.json()["detail"]


async def test_what_a_partner_says_of_our_person_is_not_moved_by_a_merge(copying: Copying) -> None:
    admin = copying.source.admin
    going, staying = [(await create(admin, "persons", person()))["id"] for _ in range(2)]
    await copying.copy()
    hidden = await create(copying.mirror.admin, "organizations", organization(visibility="private"))
    await create(copying.mirror.admin, "affiliations", affiliation(going, hidden["id"]))
    async with listening(copying.mirror.app) as url:
        await command(copying.source.database, url, None, copying.said).run()
    refused = await admin.post(f"/v1/persons/{going}/merge", json={"into": staying}, headers=ANY)
    is_problem(refused, 409, "mirrored")
    assert url in refused.json()["detail"]


async def test_who_was_merged_at_the_source_before_the_copy_is_taken_apart_there(copying: Copying) -> None:
    admin = copying.source.admin
    going, staying = [(await create(admin, "persons", person()))["id"] for _ in range(2)]
    merged = await admin.post(f"/v1/persons/{going}/merge", json={"into": staying}, headers=ANY)
    assert merged.status_code == 200
    await copying.copy()
    is_problem(await copying.mirror.admin.delete(f"/v1/persons/{going}/merge", headers=ANY), 409, "mirrored")
