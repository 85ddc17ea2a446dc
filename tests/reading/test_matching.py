"""A list compared with the register, over HTTP, on both databases."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import create, detention, facility, person

Result = dict[str, Any]


async def matched(client: AsyncClient, *queries: dict[str, Any] | str) -> list[Result]:
    asked = [{"name": query} if isinstance(query, str) else query for query in queries]
    answer = await client.post("/v1/match", json={"queries": asked})
    assert answer.status_code == 200, answer.text
    results: list[Result] = answer.json()["results"]
    assert len(results) == len(queries)
    return results


async def named(register: Register, full: str, **said: Any) -> str:
    made = await create(register.keeper, "persons", person(names=[{"kind": "legal", "full": full}], **said))
    return str(made["id"])


def first(result: Result) -> tuple[str, str]:
    return result["verdict"], result["candidates"][0]["id"]


async def test_a_list_is_compared_in_its_order_and_nothing_is_written(seeded: Register) -> None:
    before = (await seeded.public.get("/v1/changes")).json()["cursor"]
    zolatava, nobody, chekina = await matched(
        seeded.public, "Марина Золотова", "Wanda Quibble", {"name": "Чэкіна Людміла", "country": "BY"}
    )
    assert zolatava["verdict"] == "match"
    assert zolatava["candidates"][0]["on"] == "Marina Zolotova"
    assert zolatava["candidates"][0]["evidence"] == {}
    assert nobody == {"verdict": "none", "candidates": []}
    assert chekina["verdict"] == "match"
    assert chekina["candidates"][0]["evidence"] == {"country": "fits"}
    assert (await seeded.public.get("/v1/changes")).json()["cursor"] == before


async def test_a_birth_date_tells_namesakes_apart(register: Register) -> None:
    older = await named(register, "Ігар Залескі", birth_date="1961-03-04")
    younger = await named(register, "Ігар Залескі", birth_date="1988-11-30")
    same, one, other, year, third = await matched(
        register.public,
        "Igor Zaleski",
        {"name": "Igor Zaleski", "birth_date": "1961-03-04"},
        {"name": "Igor Zaleskij", "birth_date": "1988-11-30"},
        {"name": "Igor Zaleski", "birth_date": "1988"},
        {"name": "Igor Zaleski", "birth_date": "1975-01-01"},
    )
    assert (same["verdict"], len(same["candidates"])) == ("possible", 2)
    assert (first(one), first(other)) == (("match", older), ("match", younger))
    assert one["candidates"][0]["evidence"] == {"birth_date": "agrees"}
    assert one["candidates"][1]["evidence"] == {"birth_date": "contradicts"}
    assert one["candidates"][0]["score"] > same["candidates"][0]["score"] > one["candidates"][1]["score"]
    assert first(year) == ("match", younger)
    assert third["verdict"] == "possible"


async def test_half_a_name_is_never_a_match_unless_a_fact_tells(register: Register) -> None:
    zaleski = await named(register, "Ігар Залескі", birth_date="1961-03-04")
    halves = "Ігар", "Залескі", "Ігар Пятровіч Залескі", "І. Залескі"
    given, surname, whole, initial = await matched(register.public, *halves)
    (born,) = await matched(register.public, {"name": "Залескі", "birth_date": "1961-03-04"})
    assert [first(one) for one in (given, surname)] == [("possible", zaleski)] * 2
    assert [first(one) for one in (whole, initial, born)] == [("match", zaleski)] * 3


async def test_a_country_or_a_place_speaks_for_one_of_two(register: Register) -> None:
    here = await named(register, "Ігар Залескі", nationalities=["BY"])
    there = await named(register, "Ігар Залескі", nationalities=["PL"])
    colony = (await create(register.keeper, "facilities", facility(country="BY")))["id"]
    await create(register.keeper, "detentions", detention(person_id=here, facility_id=colony, started_on="2022"))
    pole, held, elsewhere = await matched(
        register.public,
        {"name": "Igor Zaleski", "country": "PL"},
        {"name": "Igor Zaleski", "facility": colony},
        {"name": "Igor Zaleski", "country": "LT"},
    )
    assert first(pole) == ("match", there)
    assert first(held) == ("possible", here)
    assert held["candidates"][0]["evidence"] == {"facility": "fits"}
    assert elsewhere["verdict"] == "possible"


async def test_an_identifier_finds_a_person_whatever_the_name(register: Register) -> None:
    theirs = [{"scheme": "wikidata", "value": "Q1"}]
    holder = await named(register, "Ганна Залеская", identifiers=theirs)
    namesake = await named(register, "Ганна Залеская")
    same, married, unknown, other, twice = await matched(
        register.public,
        {"name": "Anna Zaleskaja", "identifiers": theirs},
        {"name": "Ганна Шчурок", "identifiers": theirs},
        {"name": "Wanda Quibble", "identifiers": [{"scheme": "wikidata", "value": "Q9"}]},
        {"name": "Anna Zaleskaja", "identifiers": [{"scheme": "wikidata", "value": "Q9"}]},
        {"name": "Anna Zaleskaja", "identifiers": theirs, "birth_date": "1990"},
    )
    assert first(same) == ("match", holder)
    assert first(married) == ("possible", holder)
    assert married["candidates"][0]["on"] == "Ганна Залеская"
    assert unknown == {"verdict": "none", "candidates": []}
    assert first(other) == ("match", namesake)
    assert first(twice) == ("match", holder)


async def test_nobody_is_compared_with_those_whom_they_may_not_see(register: Register) -> None:
    secret = [{"scheme": "wikidata", "value": "Q1"}]
    hidden = await named(register, "Ганна Залеская", identifiers=secret, visibility="private")
    query = {"name": "Ганна Залеская", "identifiers": secret}
    for client in (register.public, register.partner):
        assert await matched(client, query) == [{"verdict": "none", "candidates": []}]
    assert first((await matched(register.keeper, query))[0]) == ("match", hidden)


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "/queries"),
        ({"queries": []}, "/queries"),
        ({"queries": [{"name": "A"}] * 101}, "/queries"),
        ({"queries": [{"name": "A"}, {}]}, "/queries/1/name"),
        ({"queries": [{"name": " "}]}, "/queries/0/name"),
        ({"queries": [{"name": "A", "birth_date": "13.07.1973"}]}, "/queries/0/birth_date"),
        ({"queries": [{"name": "A", "country": "XX"}]}, "/queries/0/country"),
        ({"queries": [{"name": "A", "born": "1973"}]}, "/queries/0/born"),
        ({"queries": [{"name": "A", "identifiers": [{"scheme": "x"}]}]}, "/queries/0/identifiers/0/value"),
    ],
)
async def test_what_cannot_be_compared_is_refused_by_its_place(
    register: Register, sent: dict[str, Any], pointer: str
) -> None:
    answer = await register.public.post("/v1/match", json=sent)
    is_problem(answer, 422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_long_list_takes_as_many_statements_as_a_short_one(register: Register) -> None:
    for number in range(6):
        await named(register, "Ігар Залескі", birth_date=f"196{number}-03-04")
    counts = []
    await matched(register.public, "Igor Zaleski")
    for size in (1, 8):
        register.statements.clear()
        await matched(register.public, *({"name": "Igor Zaleski", "birth_date": "1961"},) * size)
        counts.append(len(register.statements))
    assert counts[0] == counts[1]
