"""The timeline as it is answered: cut to what the caller may see, with the sources that it names."""

import json
import re
from typing import Any

from httpx2 import AsyncClient

from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import create, detention, hearing, person, sentence, source

CHEKINA = "d6faf4ea-e5bf-5c63-9460-7c8d89f86868"


async def timeline_of(client: AsyncClient, person_id: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/persons/{person_id}/timeline")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_example_of_a_timeline_is_what_the_seeds_answer(seeded: Register) -> None:
    answer = await seeded.public.get(f"/v1/persons/{CHEKINA}/timeline")
    timeless = re.sub(r'("(?:created|updated)_at":)"[^"]+"', r'\1"2026-01-01T00:00:00Z"', answer.text)
    shown = (await seeded.public.get("/openapi.json")).json()["paths"]["/v1/persons/{id}/timeline"]["get"]
    assert json.loads(timeless) == shown["responses"]["200"]["content"]["application/json"]["example"]


async def test_each_tier_has_the_events_that_its_records_tell(register: Register) -> None:
    who = (await create(register.editor, "persons", person(birth_date="1990-05")))["id"]
    press = await create(register.editor, "sources", source(published_on="2024-03-01"))
    leak = await create(register.editor, "sources", source(visibility="partners"))
    both = {"citations": [{"source_id": press["id"]}, {"source_id": leak["id"]}]}
    await create(register.editor, "hearings", hearing(who, starts_on="2024-02-01", **both))
    secret = {"visibility": "private", "decided_on": "2024-02-02"}
    await create(register.keeper, "sentences", sentence(who, **secret))
    public, partner = [await timeline_of(client, who) for client in (register.public, register.partner)]
    assert [event["kind"] for event in public["events"]] == ["birth", "hearing_start"]
    assert public["events"][1]["sources"] == [press["id"]] == [one["id"] for one in public["sources"]]
    assert public["sources"] == [(await register.public.get(f"/v1/sources/{press['id']}")).json()]
    assert partner["events"][1]["sources"] == [press["id"], leak["id"]] == [one["id"] for one in partner["sources"]]
    assert len((await timeline_of(register.keeper, who))["events"]) == 3
    assert (await timeline_of(register.public, who))["person_id"] == who


async def test_a_timeline_follows_the_case_and_is_unchanged_otherwise(register: Register) -> None:
    who = (await create(register.editor, "persons", person()))["id"]
    path = f"/v1/persons/{who}/timeline"
    first = await register.public.get(path)
    assert (first.json()["events"], first.json()["sources"]) == ([], [])
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await register.public.get(path, headers=tag)).status_code == 304
    await create(register.editor, "detentions", detention(who, started_on="2024"))
    assert (await register.public.get(path, headers=tag)).json()["events"][0]["precision"] == "year"


async def test_a_timeline_is_of_somebody_whom_the_caller_sees(register: Register) -> None:
    secret = (await create(register.editor, "persons", person(visibility="partners")))["id"]
    path = f"/v1/persons/{secret}/timeline"
    is_problem(await register.public.get(path), 404, "not-found")
    is_problem(await register.partner.get(f"{path}?as_of=2023-11-09"), 422, "invalid")
    await register.editor.delete(f"/v1/persons/{secret}", headers={"If-Match": "*"})
    is_problem(await register.partner.get(path), 410, "gone")
    is_problem(await register.public.get(path), 404, "not-found")


async def test_a_timeline_takes_four_statements_at_most(register: Register) -> None:
    who = (await create(register.editor, "persons", person()))["id"]
    paper = await create(register.editor, "sources", source())
    for year in ("2021", "2023"):
        cites = {"citations": [{"source_id": paper["id"]}]}
        await create(register.editor, "detentions", detention(who, started_on=year, ended_on=year, **cites))
    register.statements.clear()
    await timeline_of(register.public, who)
    assert sum(statement.startswith("SELECT") for statement in register.statements) <= 4
