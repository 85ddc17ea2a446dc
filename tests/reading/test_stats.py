"""People in numbers: what the list says of the same people, for every tier and day, and who was held when."""

from collections import Counter
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.core.terms import Term
from app.reading.stats import EXAMPLE
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.core.test_lists_as_tables import read
from tests.factories import create, detention, facility, person, sentence
from tests.reading.test_counts import DAYS, HELD, counts, crowd, listed


async def stats_of(client: AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/v1/stats", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def sentenced(register: Register) -> None:
    """Give some of the crowd a sentence, one of which only partners see."""
    terms = ("P11M", "P1Y", "P2Y11M", "P5Y", "P12Y", "P10Y")
    for number, one in enumerate((await listed(register.editor))[: len(terms)]):
        term = {"term": terms[number], "decided_on": "2021-09-01", "in_force_on": "2021-10-01"}
        seen = {"visibility": "partners" if number == 1 else "public"}
        await create(register.editor, "sentences", sentence(one["id"], **term, **seen))


def band_of(term: str | None) -> str | None:
    starts = ("P10Y", "P5Y", "P3Y", "P2Y", "P1Y", "P1D")
    return next(start for start in starts if Term(term).key >= Term(start).key) if term else None


@pytest.mark.parametrize("role", ["public", "partner"])
async def test_statistics_count_what_the_list_says(register: Register, role: str) -> None:
    place = (await crowd(register))["place"]
    await sentenced(register)
    client = register.clients[role]
    for question in ({}, {"article": "361"}, {"facility": place}, {"sex": ["male"], "born_from": "1962"}):
        for day in DAYS:
            asked: dict[str, Any] = question | ({"as_of": day} if day else {})
            people, found = await listed(client, **asked), await stats_of(client, **asked)
            said = [one["situation"] for one in people]
            assert found["total"] == len(people), asked
            assert counts(found, "status") == Counter(one["status"] for one in said), asked
            assert counts(found, "article") == Counter(v for one in said for v in one["articles"] or [None]), asked
            assert counts(found, "sex") == Counter(one["sex"] for one in people), asked
            assert counts(found, "term") == Counter(band_of(one["term"]) for one in said), asked
            assert found["held"][-1]["count"] == sum(one["status"] in HELD for one in said), asked
            facets = (await client.get("/v1/persons/facets", params=asked)).json()
            assert (found["facility"], found["year"]) == (facets["facility"], facets["year"])


@pytest.mark.parametrize("role", ["public", "partner"])
async def test_each_month_counts_who_was_held_on_its_last_day(register: Register, role: str) -> None:
    await crowd(register)
    client = register.clients[role]
    found = (await stats_of(client, as_of="2023-02-10", months=36))["held"]
    assert [found[0]["month"], found[-1]["month"], len(found)] == ["2020-03", "2023-02", 36]
    by_month = {one["month"]: one["count"] for one in found}
    for day in ("2020-04-30", "2020-05-31", "2021-12-31", "2022-05-31", "2022-12-31", "2023-01-31", "2023-02-10"):
        people = await listed(client, as_of=day)
        assert by_month[day[:7]] == sum(one["situation"]["status"] in HELD for one in people), day
    assert len(set(by_month.values())) > 2


async def test_countries_are_counted_once_a_person(register: Register) -> None:
    editor = register.editor
    places = [await create(editor, "facilities", facility(country=code)) for code in ("BY", "BY", "RU")]
    who = await create(editor, "persons", person())
    for number, place in enumerate(places):
        stay = {"started_on": f"202{number}-03-01", "ended_on": f"202{number + 1}-03-01", "end_reason": "transferred"}
        await create(editor, "detentions", detention(who["id"], facility_id=place["id"], **stay))
    await create(editor, "persons", person())
    assert counts(await stats_of(register.public), "country") == {"BY": 1, "RU": 1, None: 1}
    assert counts(await stats_of(register.public, as_of="2021-06-01"), "country") == {"BY": 1, None: 1}
    assert counts(await stats_of(register.public, country="RU"), "country") == {"BY": 1, "RU": 1}


async def test_the_example_of_statistics_is_what_the_seeds_answer(seeded: Register) -> None:
    assert await stats_of(seeded.public, article="361", as_of="2023-11-09", months=3) == EXAMPLE


async def test_articles_and_the_colony_of_the_seeds(seeded: Register) -> None:
    assert (await stats_of(seeded.public, article="361"))["total"] == 2
    assert (await stats_of(seeded.public, article="130"))["total"] == 3
    colony = EXAMPLE["facility"][0]["value"]
    on = {day: await stats_of(seeded.public, facility=colony, as_of=day) for day in ("2023-11-09", "2026-01-01")}
    assert {day: found["total"] for day, found in on.items()} == {
        day: len(await listed(seeded.public, facility=colony, as_of=day)) for day in on
    }
    assert on["2023-11-09"]["total"] == on["2026-01-01"]["total"] + 1  # Zolatava was released between


async def test_what_is_hidden_moves_no_number(register: Register) -> None:
    await crowd(register)
    before = [(await register.public.get("/v1/stats", params={"as_of": day or "2024-01-01"})).content for day in DAYS]
    place = await create(register.editor, "facilities", facility(country="PL"))
    fields = {"started_on": "2020-06-01", "facility_id": place["id"]}
    hidden = await create(register.editor, "persons", person(visibility="partners", sex="other"))
    await create(register.editor, "detentions", detention(hidden["id"], **fields))
    await create(register.editor, "sentences", sentence(hidden["id"], term="P3Y"))
    shown = (await listed(register.public))[0]["id"]
    await create(register.editor, "detentions", detention(shown, visibility="partners", **fields))
    after = [(await register.public.get("/v1/stats", params={"as_of": day or "2024-01-01"})).content for day in DAYS]
    assert before == after
    assert counts(await stats_of(register.partner), "country")["PL"] == 2


async def test_statistics_of_nobody_and_of_the_first_day(register: Register) -> None:
    nobody = await stats_of(register.public, months=2)
    assert (nobody["total"], [one["count"] for one in nobody["held"]]) == (0, [0, 0])
    assert all(nobody[name] == [] for name in ("status", "article", "facility", "country", "sex", "year", "term"))
    first = await stats_of(register.public, as_of="0001-02-01")
    assert first["held"] == [{"month": "0001-01", "count": 0}, {"month": "0001-02", "count": 0}]
    for query in ("months=0", "months=601", "limit=5", "month=3", "status=free"):
        is_problem(await register.public.get(f"/v1/stats?{query}"), 422, "invalid")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_statistics_are_a_table_too(register: Register, form: str) -> None:
    await crowd(register)
    rows = read(await register.public.get(f"/v1/stats?format={form}&as_of=2022-08-01&months=7"), form)
    found = await stats_of(register.public, as_of="2022-08-01", months=7)
    for name in ("status", "article", "facility", "country", "sex", "year", "term"):
        mine = {row["value"] or None: int(float(row["count"])) for row in rows if row["statistic"] == name}
        assert mine == counts(found, name)
    held = [(row["value"], int(float(row["count"]))) for row in rows if row["statistic"] == "held"]
    assert held == [(one["month"], one["count"]) for one in found["held"]]
