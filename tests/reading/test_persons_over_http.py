"""Every answer about a person says how they stand, cut to what the caller may see."""

from typing import Any

import pytest
from sqlalchemy import delete

from app.core.verifying import verify
from app.reading.kept import situations
from app.reading.people import EXAMPLE
from app.register import KINDS
from tests.conftest import Register
from tests.factories import address, article, charge, create, detention, facility, person, sentence, source

CHEKINA, ZOLATAVA = "d6faf4ea-e5bf-5c63-9460-7c8d89f86868", "4ddfe1ef-e7d0-5bae-90a2-b5e84588056b"
LOIKA, POVALISHEV = "ff1c4d60-0625-5346-b7c7-cf227f55fceb", "d702a2c6-d333-5f62-b204-02874caffcf5"


async def seen_of(client: Any, person_id: str, **asked: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/persons/{person_id}", params=asked)
    assert answer.status_code == 200, answer.text
    situation: dict[str, Any] = answer.json()["situation"]
    return situation


async def test_the_seeded_people_stand_as_the_sources_say(seeded: Register) -> None:
    freed = await seen_of(seeded.public, ZOLATAVA)
    assert (freed["status"], freed["since"]) == ("released", "2025-12-13")
    then = await seen_of(seeded.public, ZOLATAVA, as_of="2023-11-09")
    assert (then["status"], then["as_of"]) == ("imprisoned", "2023-11-09")
    for person_id, day in ((CHEKINA, "2023-11-09"), (LOIKA, "2025-12-15")):
        held = await seen_of(seeded.public, person_id)
        assert (held["status"], held["as_of"], held["mail"]["stale"]) == ("imprisoned", day, True)
    months = await seen_of(seeded.public, POVALISHEV)
    assert (months["status"], months["since"], months["as_of"]) == ("released", "2021-09", "2021-09")


async def test_the_example_in_the_documentation_is_what_the_register_says(seeded: Register) -> None:
    assert await seen_of(seeded.public, CHEKINA, as_of="2026-01-01") == EXAMPLE
    shown = (await seeded.public.get("/openapi.json")).json()["paths"]["/v1/persons/{id}"]["get"]
    assert shown["responses"]["200"]["content"]["application/json"]["example"]["situation"] == EXAMPLE


async def test_a_list_says_the_same_as_each_person_alone(seeded: Register) -> None:
    for item in (await seeded.public.get("/v1/persons")).json()["items"]:
        assert item == (await seeded.public.get(f"/v1/persons/{item['id']}")).json()


async def test_a_page_of_persons_takes_four_statements_however_many_there_are(register: Register) -> None:
    counts = []
    await register.public.get("/v1/persons")
    for number in (1, 5):
        for _ in range(number):
            who = await create(register.editor, "persons", person())
            place = await create(register.editor, "facilities", facility())
            await create(register.editor, "detentions", detention(who["id"], facility_id=place["id"]))
        register.statements.clear()
        await register.public.get("/v1/persons")
        counts.append(sum(statement.startswith("SELECT") for statement in register.statements))
    assert counts[0] == counts[1] <= 4


@pytest.mark.parametrize("day", ["2999-01-01", "0", "2023", "2023-02-30", "2023-11-09T00:00:00Z", "XXXX-11-09"])
async def test_a_day_that_is_none_or_has_not_come_is_refused(register: Register, day: str) -> None:
    made = await create(register.editor, "persons", person())
    answer = await register.public.get(f"/v1/persons/{made['id']}", params={"as_of": day})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/as_of")


async def test_a_version_and_a_day_are_two_questions(register: Register) -> None:
    made = await create(register.editor, "persons", person())
    answer = await register.public.get(f"/v1/persons/{made['id']}?version=1&as_of=2023-01-01")
    assert answer.status_code == 422
    assert "situation" not in (await register.public.get(f"/v1/persons/{made['id']}?version=1")).json()


async def test_the_situation_follows_what_belongs_to_the_person_and_what_it_refers_to(register: Register) -> None:
    editor, public = register.editor, register.public
    who, place = await create(editor, "persons", person()), await create(editor, "facilities", facility())
    tags: dict[str, str] = {}

    async def changed() -> dict[str, Any]:
        answer = await public.get(f"/v1/persons/{who['id']}", headers={"If-None-Match": tags.get("last", '"0"')})
        assert answer.status_code == 200
        assert answer.json()["version"] == 1
        tags["last"] = answer.headers["etag"]
        situation: dict[str, Any] = answer.json()["situation"]
        return situation

    assert (await changed())["status"] == "unknown"
    stay = await create(editor, "detentions", detention(who["id"], facility_id=place["id"], started_on="2024-05"))
    assert (await changed())["facility_name"] == place["name"]
    paper = await create(editor, "sources", source(published_on="2024-06-01"))
    path, always = f"/v1/detentions/{stay['id']}", {"If-Match": "*"}
    await editor.patch(path, json={"citations": [{"source_id": paper["id"]}]}, headers=always)
    assert (await changed())["as_of"] == "2024-06-01"
    await editor.patch(f"/v1/sources/{paper['id']}", json={"published_on": "2024-07-01"}, headers=always)
    assert (await changed())["as_of"] == "2024-07-01"
    await editor.patch(f"/v1/facilities/{place['id']}", json={"name": {"en": "Renamed"}}, headers=always)
    assert (await changed())["facility_name"] == {"en": "Renamed"}
    post = await create(editor, "addresses", address(place["id"]))
    assert (await changed())["mail"] == {"reachable": True, "verified_on": None, "stale": True}
    await editor.patch(f"/v1/facilities/{place['id']}", json={"mail": "blocked"}, headers=always)
    assert (await changed())["mail"]["reason"] == "blocked"
    await editor.delete(f"/v1/addresses/{post['id']}", headers=always)
    law = await create(editor, "articles", article(number="361"))
    await create(editor, "charges", charge(who["id"], law["id"]))
    assert (await changed())["articles"] == ["361"]
    await editor.patch(f"/v1/articles/{law['id']}", json={"number": "361-4"}, headers=always)
    assert (await changed())["articles"] == ["361-4"]
    await create(editor, "sentences", sentence(who["id"], term="P3Y", decided_on="2024-08-01"))
    assert (await changed())["term"] == "P3Y"
    await editor.delete(path, headers=always)
    assert (await changed())["status"] == "unknown"


async def test_each_tier_gets_the_situation_that_its_records_tell(register: Register) -> None:
    editor, keeper = register.editor, register.keeper
    who = (await create(editor, "persons", person()))["id"]
    place = await create(editor, "facilities", facility(visibility="partners"))
    await create(editor, "detentions", detention(who, facility_id=place["id"], started_on="2024-05-01"))
    secret = {"visibility": "private", "decided_on": "2024-06-01"}
    await create(keeper, "sentences", sentence(who, **secret, term="P5Y"))
    public, partner = await seen_of(register.public, who), await seen_of(register.partner, who)
    assert "facility_id" not in public
    assert "facility_name" not in public
    assert (partner["facility_name"], partner["term"]) == (place["name"], None)
    assert (await seen_of(keeper, who))["term"] == "P5Y"


async def test_writes_answer_with_the_situation_too(register: Register) -> None:
    made = await create(register.editor, "persons", person())
    assert made["situation"]["status"] == "unknown"
    await create(register.editor, "detentions", detention(made["id"], kind="pretrial"))
    path, always = f"/v1/persons/{made['id']}", {"If-Match": "*"}
    patched = await register.editor.patch(path, json={"sex": "male"}, headers=always)
    assert patched.json()["situation"]["status"] == "detained"
    replaced = await register.editor.put(path, json=person(), headers=always)
    assert replaced.json()["situation"]["status"] == "detained"
    assert replaced.headers["etag"] == (await register.editor.get(path)).headers["etag"]


async def test_what_was_lost_of_a_person_is_there_again_with_the_next_write(register: Register) -> None:
    editor = register.editor
    who = (await create(editor, "persons", person(nationalities=["BY"], categories=["teacher"])))["id"]
    await create(editor, "detentions", detention(who, kind="pretrial", started_on="2024-05-01"))
    before = await seen_of(register.public, who)
    async with register.database.write("tests") as session:  # as a downgrade leaves it
        await session.execute(delete(situations))
    changed = await editor.patch(f"/v1/persons/{who}", json={"sex": "male"}, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text
    assert await seen_of(register.public, who) == before
    async with register.database.read() as session:
        assert (await verify(session, KINDS, derived=register.database.recorder)).sound
