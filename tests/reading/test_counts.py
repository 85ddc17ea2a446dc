"""Counts of people: what the list of the same people says, counted, for every tier and day."""

from collections import Counter
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.core.rebuilding import reindex
from app.reading.facets import EXAMPLE
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.core.test_lists_as_tables import read
from tests.factories import article, charge, create, detention, facility, person

HELD = {"detained", "imprisoned", "restricted"}
DAYS = (None, "2022-03-01", "2021-01-01")


async def facets_of(client: AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/v1/persons/facets", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counts(found: dict[str, Any], name: str) -> dict[Any, int]:
    return {one["value"]: one["count"] for one in found[name]}


async def crowd(register: Register) -> dict[str, str]:
    """Make people who differ in everything that is counted; some of it only partners see."""
    editor = register.editor
    place = await create(editor, "facilities", facility(name={"en": "Colony", "be": "Калонія"}, country="BY"))
    laws = [await create(editor, "articles", article(number=number)) for number in ("130", "361", "361-4")]
    sexes = ("female", "male", None)
    kinds: tuple[list[str], ...] = (["journalist", "blogger"], ["student"], [])
    for number in range(9):
        fields = person(sex=sexes[number % 3], categories=kinds[number // 3], birth_date=str(1960 + number))
        who = (await create(editor, "persons", fields))["id"]
        for law in laws[: number % 4]:
            brought = {"brought_on": "2021-06-01" if number % 2 else "2022-06-01"}
            seen = "public" if number < 7 else "partners"
            await create(editor, "charges", charge(who, law["id"], visibility=seen, **brought))
        if number % 4:
            stay = {"started_on": f"{2020 + number % 3}-05", "facility_id": place["id"] if number % 2 else None}
            ended = {"ended_on": "2023-01-15", "end_reason": "released_unspecified"} if number % 3 == 0 else {}
            hidden = {"visibility": "partners"} if number == 5 else {}
            await create(editor, "detentions", detention(who, **stay, **ended, **hidden))
    return {"place": place["id"]}


async def listed(client: AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/persons", params={"limit": 200, **query})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize("role", ["public", "partner"])
async def test_facets_count_what_the_list_says(register: Register, role: str) -> None:
    place = (await crowd(register))["place"]
    client = register.clients[role]
    questions: list[dict[str, Any]] = [
        {},
        {"status": "imprisoned"},
        {"article": "361"},
        {"article": ["130", "361-4"], "sex": ["male", "female"]},
        {"facility": place},
        {"category": "journalist", "status": ["imprisoned", "released"]},
        {"born_from": "1963", "detained_from": "2021", "country": "BY"},
        {"can_receive_mail": True},
        {"q": (await listed(client))[0]["names"][0]["full"]},
    ]
    for question in questions:
        for day in DAYS:
            asked = question | ({"as_of": day} if day else {})
            people, found = await listed(client, **asked), await facets_of(client, **asked)
            said = [one["situation"] for one in people]
            assert found["total"] == len(people), asked
            assert counts(found, "status") == Counter(one["status"] for one in said), asked
            assert counts(found, "article") == Counter(v for one in said for v in one["articles"] or [None]), asked
            assert counts(found, "sex") == Counter(one["sex"] for one in people), asked
            assert counts(found, "category") == Counter(v for one in people for v in one["categories"] or [None])
            held = [one["facility_id"] for one in said if one["status"] in HELD]
            assert counts(found, "facility") == Counter(held), asked


async def test_the_example_of_facets_is_what_the_seeds_answer(seeded: Register) -> None:
    assert await facets_of(seeded.public, article="361", as_of="2026-01-01") == EXAMPLE


async def test_the_seeds_counted(seeded: Register) -> None:
    found = await facets_of(seeded.public)
    assert counts(found, "status") == {"imprisoned": 2, "released": 2}
    assert counts(found, "article") == {"130": 3, "361": 2, "243": 1, "342": 1, None: 1}
    assert found["year"] == [{"value": "2021", "count": 3}, {"value": "2022", "count": 1}]
    then = await facets_of(seeded.public, as_of="2023-11-09")
    assert counts(then, "status") == {"imprisoned": 3, "released": 1}
    assert counts(await facets_of(seeded.public, as_of="2020-01-01"), "year") == {None: 4}


async def test_what_is_hidden_moves_no_count(register: Register) -> None:
    await crowd(register)
    editor, public = register.editor, register.public
    before = [(await public.get("/v1/persons/facets", params={"as_of": day} if day else {})).content for day in DAYS]
    hidden = await create(editor, "persons", person(visibility="partners", sex="other", categories=["lawyer"]))
    await create(editor, "detentions", detention(hidden["id"], started_on="2020"))
    after = [(await public.get("/v1/persons/facets", params={"as_of": day} if day else {})).content for day in DAYS]
    assert before == after
    assert counts(await facets_of(register.partner), "sex")["other"] == 1
    gone = await register.admin.delete(f"/v1/persons/{hidden['id']}?cascade=true", headers={"If-Match": "*"})
    assert gone.status_code == 204
    assert "other" not in counts(await facets_of(register.partner), "sex")
    assert await reindex(register.database) == 0


async def test_facets_take_two_statements_however_many_people_there_are(register: Register) -> None:
    await crowd(register)
    await register.partner.get("/v1/persons/facets")
    register.statements.clear()
    await register.partner.get("/v1/persons/facets?sex=male&category=student")
    assert sum(statement.startswith(("SELECT", "WITH")) for statement in register.statements) <= 3


async def test_facets_refuse_what_only_a_page_takes(register: Register) -> None:
    for query in ("limit=5", "sort=name", "count=true", "cursor=x", "categori=journalist", "status=free"):
        is_problem(await register.public.get(f"/v1/persons/facets?{query}"), 422, "invalid")
    gone = await register.public.get("/v1/persons/facets", headers={"If-None-Match": "*"})
    assert gone.status_code == 304


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_facets_are_a_table_too(register: Register, form: str) -> None:
    place = (await crowd(register))["place"]
    answer = await register.public.get(f"/v1/persons/facets?format={form}&as_of=2022-08-01")
    rows = read(answer, form)
    found = await facets_of(register.public, as_of="2022-08-01")
    for name in ("status", "article", "facility", "category", "sex", "year"):
        mine = {row["value"] or None: int(float(row["count"])) for row in rows if row["facet"] == name}
        assert mine == counts(found, name)
    (colony,) = [row for row in rows if row["value"] == place]
    assert (colony["name.en"], colony["name.be"]) == ("Colony", "Калонія")
