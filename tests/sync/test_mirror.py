"""The mirror: what it copies, how it follows, what it never holds, and what it never takes."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import and_, delete, or_, select, update

from app.core.documents import documents
from app.core.history import changes
from app.register.seeding import seed
from app.sync.mirror.stops import Stopped
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import (
    CHANGES,
    Fields,
    article,
    charge,
    create,
    detention,
    facility,
    one_of,
    person,
    source,
)
from tests.sync.mirroring import Copying, held

ANY = {"If-Match": "*"}
READS = (
    "/v1/persons?sort=name",
    "/v1/persons?article=130&status=imprisoned",
    "/v1/persons?q=Chekina",
    "/v1/persons/facets",
    "/v1/detentions?sort=-started_on",
    "/v1/charges",
    "/v1/stats",
    "/v1/addressees",
)


async def _fill(register: Register) -> dict[str, Fields]:
    """Make a record of each kind, with all that they need."""
    made = {kind: await create(register.admin, kind, await one_of(register.admin, kind)) for kind in CHANGES}
    hidden = await create(register.admin, "persons", person(visibility="private", private_notes="unsayable"))
    await create(register.admin, "detentions", detention(hidden["id"], facility_id=made["facilities"]["id"]))
    await create(register.admin, "facilities", facility(visibility="partners"))
    await register.admin.patch(f"/v1/persons/{made['persons']['id']}", json={"private_notes": "unsaid"}, headers=ANY)
    await register.admin.patch(
        f"/v1/addresses/{made['addresses']['id']}", json={"verified_by": "a friend"}, headers=ANY
    )
    return made


@pytest.mark.parametrize("role", ["public", "partner", "keeper"])
async def test_a_copy_holds_what_its_key_sees_and_nothing_else(copying: Copying, role: str) -> None:
    made = await _fill(copying.source)
    await copying.copy(role)
    await copying.agrees(role)
    identity = await copying.source.database.identity()
    answer = (await copying.mirror.keeper.get(f"/v1/persons/{made['persons']['id']}")).json()
    assert answer["origin"] == str(identity.register_id)
    assert ("private_notes" in answer) == (role == "keeper")
    everything = await _all_that_is_kept(copying.mirror)
    assert ("unsa" in everything) == (role == "keeper")
    assert ("a friend" in everything) == (role != "public")


async def _all_that_is_kept(register: Register) -> str:
    async with register.database.read() as session:
        bodies = [*(await session.execute(select(documents.c.body))).scalars()]
        bodies += (await session.execute(select(changes.c.body))).scalars()
    return b"".join(body for body in bodies if body).decode()


async def test_lower_tiers_of_a_copy_see_what_the_rules_say(copying: Copying) -> None:
    await _fill(copying.source)
    await copying.copy("keeper")
    for role in ("public", "partner"):
        theirs, mine = await held(copying.source.clients[role]), await held(copying.mirror.clients[role])
        assert theirs.keys() == mine.keys()
        for key, record in theirs.items():
            for name in record.keys() - {"version", "updated_at"}:
                assert mine[key][name] == record[name]


async def test_a_copy_reads_as_its_source(copying: Copying) -> None:
    await seed(copying.source.database)
    await copying.copy()
    for path in READS:
        theirs, mine = (await copying.source.public.get(path)).json(), (await copying.mirror.public.get(path)).json()
        for item in mine.get("items", ()):
            item.pop("origin", None)
        theirs.pop("next_cursor", None)
        mine.pop("next_cursor", None)
        assert mine == theirs, path


async def test_a_copy_follows_every_change_for_each_tier(copying: Copying) -> None:
    made = await _fill(copying.source)
    place = f"/v1/persons/{made['persons']['id']}"
    for role in ("public",):
        await copying.copy(role)
    for said in (
        {"sex": "male"},
        {"visibility": "partners"},
        {"occupation": {"en": "Invented"}},
        {"visibility": "public"},
    ):
        await copying.source.admin.patch(place, json=said, headers=ANY)
        await copying.copy()
        await copying.agrees()
    for kind, (name, before, after) in CHANGES.items():
        for value in (before, after):
            answer = await copying.source.admin.patch(f"/v1/{kind}/{made[kind]['id']}", json={name: value}, headers=ANY)
            assert answer.status_code == 200, answer.text
    await copying.copy()
    await copying.agrees()
    history = (await copying.mirror.public.get(f"{place}/history")).json()["items"]
    newest = (await copying.source.public.get(place)).json()
    assert (history[-1]["version"], history[-1]["at"]) == (newest["version"], newest["updated_at"])


@pytest.mark.parametrize("way", ["private", "delete", "purge"])
async def test_what_the_source_takes_back_is_erased_in_a_copy_that_was_away(copying: Copying, way: str) -> None:
    made = await create(copying.source.admin, "persons", person(occupation={"en": "unforgettable"}))
    await create(copying.source.admin, "detentions", detention(made["id"]))
    await copying.copy()
    place = f"/v1/persons/{made['id']}"
    await copying.source.admin.patch(place, json={"sex": "male"}, headers=ANY)
    await copying.copy()
    assert "unforgettable" in await _all_that_is_kept(copying.mirror)
    if way == "private":
        await copying.source.admin.patch(place, json={"visibility": "private"}, headers=ANY)
    else:
        query = "?cascade=true" + ("&purge=true" if way == "purge" else "")
        assert (await copying.source.admin.delete(place + query, headers=ANY)).status_code == 204
    for _ in range(5):  # a year of other things
        await create(copying.source.admin, "sources", source())
    await copying.copy()
    await copying.agrees()
    assert "unforgettable" not in await _all_that_is_kept(copying.mirror)
    gone = await copying.mirror.public.get(place)
    assert gone.status_code == (404 if way == "private" else 410)
    assert (await copying.mirror.public.get("/v1/persons?q=Invented")).json()["items"] == []


async def test_copied_records_are_read_only_and_say_where_to_write(copying: Copying) -> None:
    made = await create(copying.source.admin, "persons", person())
    await copying.copy()
    place, writer = f"/v1/persons/{made['id']}", copying.mirror.admin
    sent = person()
    refusals = (
        await writer.patch(place, json={"sex": "male"}, headers=ANY),
        await writer.put(place, json=sent, headers=ANY),
        await writer.delete(place, headers=ANY),
        await writer.delete(f"{place}?purge=true&cascade=true", headers=ANY),
        await writer.post(
            "/v1/batch",
            json={"operations": [{"op": "patch", "kind": "persons", "id": made["id"], "if_match": "*", "record": {}}]},
        ),
    )
    identity = await copying.source.database.identity()
    for refused in refusals[:4]:
        is_problem(refused, 409, "mirrored")
        assert str(identity.register_id) in refused.json()["detail"]
        assert copying.url in refused.json()["detail"]
    assert refusals[4].status_code in {409, 422}, refusals[4].text
    is_problem(await writer.patch(place, json={"sex": "male"}), 428, "unconditional")
    await copying.agrees()


async def test_what_a_source_hides_is_absent_and_the_record_is_here(copying: Copying) -> None:
    admin = copying.source.admin
    who = await create(admin, "persons", person())
    hidden = await create(admin, "articles", article(visibility="private"))
    made = await create(admin, "charges", charge(who["id"], hidden["id"]))
    await copying.copy()
    await copying.agrees()
    answer = (await copying.mirror.public.get(f"/v1/charges/{made['id']}")).json()
    assert answer["person_id"] == who["id"]
    assert "article_id" not in answer
    assert [item["id"] for item in (await copying.mirror.public.get("/v1/charges")).json()["items"]] == [made["id"]]
    await admin.patch(f"/v1/articles/{hidden['id']}", json={"visibility": "public"}, headers=ANY)
    await copying.copy()
    await copying.agrees()
    found = (await copying.mirror.public.get("/v1/persons?article=130")).json()["items"]
    assert [item["id"] for item in found] == [who["id"]]


async def test_ids_that_are_local_stop_a_mirror_and_are_listed(copying: Copying) -> None:
    here = [await create(copying.mirror.admin, "persons", person()) for _ in range(2)]
    for made in here:
        answer = await copying.source.admin.put(
            f"/v1/persons/{made['id']}", json=person(), headers={"If-None-Match": "*"}
        )
        assert answer.status_code == 201
    await create(copying.source.admin, "sources", source())
    with pytest.raises(Stopped) as stopped:
        await copying.copy()
    assert all(f"persons/{made['id']}" in str(stopped.value) for made in here)
    for made in here:
        assert (await copying.mirror.public.get(f"/v1/persons/{made['id']}")).json()["names"] == made["names"]


async def test_untouched_seeds_are_adopted_and_others_are_not(copying: Copying) -> None:
    await seed(copying.source.database)
    await seed(copying.mirror.database)
    await copying.copy()
    await copying.agrees()


async def test_a_seed_that_was_edited_here_stops_a_mirror(copying: Copying) -> None:
    await seed(copying.source.database)
    await seed(copying.mirror.database)
    place = (await copying.mirror.public.get("/v1/persons")).json()["items"][0]["id"]
    await copying.mirror.editor.patch(f"/v1/persons/{place}", json={"sex": "female"}, headers=ANY)
    with pytest.raises(Stopped, match=f"persons/{place}"):
        await copying.copy()


@pytest.mark.parametrize("harm", ["lost", "wrong", "more"])
async def test_a_difference_is_found_and_repaired(copying: Copying, harm: str) -> None:
    made = await _fill(copying.source)
    await copying.copy()
    theirs = (documents.c.kind == "persons", documents.c.id == _id(made["persons"]))
    async with copying.mirror.database.write("tests") as session:
        if harm == "lost":
            await session.execute(delete(documents).where(or_(and_(*theirs), documents.c.kind == "detentions")))
        elif harm == "wrong":
            await session.execute(update(documents).where(*theirs).values(hash="5a" * 16, body=b'{"id":1}'))
        else:
            await session.execute(
                update(documents).where(documents.c.kind == "cases").values(hash="5a" * 16, version=7)
            )
    copying.said.clear()
    await copying.copy()
    assert any("differs from its source" in line for line in copying.said)
    assert "agrees" in copying.said[-1]
    await copying.agrees()


def _id(made: Fields) -> Any:
    return UUID(made["id"])
