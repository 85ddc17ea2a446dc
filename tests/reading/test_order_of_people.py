"""In which order people are listed, and what that may tell: with every filter, on every day, for every tier."""

import base64
from itertools import product
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.reading.facts import facts
from tests.conftest import Register
from tests.core.test_conformance import is_problem
from tests.factories import article, charge, create, detention, organization, person, sentence, source
from tests.reading.invented import TODAY, case, stay
from tests.reading.test_counts import facets_of
from tests.reading.test_lists_of_people import names

SORTS = ("name", "since", "term", "age", "updated", "created_at", "updated_at")


async def _pages(client: AsyncClient, query: str) -> tuple[list[str], list[str]]:
    """Give the ids of a list and its cursors, one record a page."""
    ids: list[str] = []
    cursors: list[str] = []
    cursor = ""
    while len(ids) < 20:
        answer = await client.get(f"/v1/persons?limit=1&{query}{cursor}")
        assert answer.status_code == 200, answer.text
        ids += [item["id"] for item in answer.json()["items"]]
        if answer.json()["next_cursor"] is None:
            return ids, cursors
        cursors.append(answer.json()["next_cursor"])
        cursor = f"&cursor={cursors[-1]}"
    raise AssertionError(query)


async def test_each_is_listed_once_whatever_is_asked_and_however_sorted(register: Register) -> None:
    cited = await create(register.editor, "sources", source())
    cites = {"citations": [{"source_id": cited["id"]}]}
    both = []
    for name in ("Anna Invented", "Berta Invented"):
        told = {"identifiers": [{"scheme": "register", "value": name[:4]}], "names": [{"kind": "legal", "full": name}]}
        both.append(await create(register.editor, "persons", person(**told, **cites)))
    for one in both:
        await create(register.editor, "detentions", detention(one["id"], kind="pretrial", started_on="2021-03-01"))
    hidden = [await create(register.keeper, "organizations", organization(visibility="private")) for _ in range(3)]
    filters = (
        "identifier=register:Anna",
        f"source={cited['id']}",
        "q=Invented",
        "status=detained",
        "detained_from=2021",
    )
    for asked, sort, down in product(filters, SORTS, ("", "-")):
        query = f"{asked}&sort={down}{sort}"
        ids, cursors = await _pages(register.public, query)
        wanted = sorted(one["id"] for one in (both[:1] if asked.startswith("identifier") else both))
        assert sorted(ids) == wanted, query
        said = b"".join(base64.urlsafe_b64decode(cursor + "==") for cursor in cursors)
        assert not any(one["updated_at"].removesuffix("Z").encode() in said for one in hidden), query
        counted = await register.public.get(f"/v1/persons?{query}&count=true")
        assert counted.json()["total"] == len(counted.json()["items"]) == len(wanted), query


async def test_another_day_has_its_own_order(register: Register) -> None:
    terms = {"Alpha": ("2019", "P2Y"), "Beta": ("2018", "P5Y")}
    for name, (decided, term) in terms.items():
        made = await create(register.editor, "persons", person(names=[{"kind": "legal", "full": name}]))
        stay = detention(
            made["id"], kind="colony", started_on=decided, ended_on="2021-01-01", end_reason="released_unspecified"
        )
        await create(register.editor, "detentions", stay)
        said = {"kind": "imprisonment", "term": term, "decided_on": decided, "in_force_on": decided}
        await create(register.editor, "sentences", sentence(made["id"], **said))
        later = {"kind": "imprisonment", "term": "P9Y" if name == "Alpha" else "P1Y", "decided_on": "2022"}
        await create(register.editor, "sentences", sentence(made["id"], **later, in_force_on="2022"))
        await create(register.editor, "detentions", detention(made["id"], kind="colony", started_on="2022"))
    for more in ({}, {"status": "imprisoned"}, {"q": "Alpha"}):
        there = {"as_of": "2020-06-01", **more}
        assert await names(register.public, sort="term", **there) == ["Alpha", "Beta"][: 1 if "q" in more else 2]
    assert await names(register.public, sort="-term", as_of="2020-06-01") == ["Beta", "Alpha"]
    assert await names(register.public, sort="term") == ["Beta", "Alpha"]
    refused = await register.public.get("/v1/persons?sort=-since&as_of=2020-06-01")
    is_problem(refused, 422, "invalid")
    assert refused.json()["errors"][0]["pointer"] == "/query/sort"


async def test_a_year_leads_to_the_people_whom_it_counts_on_another_day(register: Register) -> None:
    for name, started in (("Alpha", "2020-05-01"), ("Gamma", "2020-08-01")):
        made = await create(register.editor, "persons", person(names=[{"kind": "legal", "full": name}]))
        await create(register.editor, "detentions", detention(made["id"], started_on=started))
    year = (await facets_of(register.public, as_of="2020-06-01"))["year"]
    assert await names(register.public, as_of="2020-06-01", detained_from="2020", detained_to="2020") == ["Alpha"]
    assert {one["value"]: one["count"] for one in year} == {"2020": 1, None: 1}


@pytest.mark.parametrize("kind", ["detentions", "charges", "sentences"])
async def test_who_lost_a_record_to_somebody_else_has_changed(register: Register, kind: str) -> None:
    one, other, third = [await create(register.editor, "persons", person()) for _ in range(3)]
    used = (await create(register.editor, "articles", article()))["id"]
    ended = {"ended_on": "2021", "end_reason": "transferred"}
    made = charge(one["id"], used) if kind == "charges" else sentence(one["id"])
    made = detention(one["id"], **ended) if kind == "detentions" else made
    hidden = {**made, "visibility": "private"}
    shown, unseen = [await create(register.keeper, kind, body) for body in (made, hidden)]
    since = (await create(register.editor, "persons", person()))["updated_at"]

    async def move(record: Any, to: Any) -> None:
        moved = {"person_id": to["id"]}
        answer = await register.keeper.patch(f"/v1/{kind}/{record['id']}", json=moved, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text

    async def changed(client: AsyncClient) -> set[str]:
        answer = await client.get(f"/v1/persons?updated_since={since}")
        return {item["id"] for item in answer.json()["items"]} & {one["id"], other["id"], third["id"]}

    await move(unseen, third)
    assert await changed(register.public) == set()
    assert await changed(register.keeper) == {one["id"], third["id"]}
    await move(shown, other)
    assert await changed(register.public) == {one["id"], other["id"]}


async def test_what_was_hidden_until_it_was_moved_tells_nobody_of_whom(register: Register) -> None:
    one, other = [await create(register.editor, "persons", person()) for _ in range(2)]
    made = await create(register.keeper, "detentions", detention(one["id"], visibility="private"))
    between = await create(register.editor, "persons", person())
    patch = {"person_id": other["id"], "visibility": "public"}
    answer = await register.keeper.patch(f"/v1/detentions/{made['id']}", json=patch, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    listed = (await register.public.get("/v1/persons?sort=-updated")).json()["items"]
    assert [item["id"] for item in listed] == [other["id"], between["id"], one["id"]]


def test_of_two_days_that_mean_the_same_one_is_always_the_later() -> None:
    found = facts(case(stay(start="2025", place_confirmed_on="2025?")), TODAY)
    assert found.situation["as_of"] == "2025?"


def test_an_end_without_a_year_is_not_known() -> None:
    found = facts(case(stay(start="2020", end="XXXX-05-01", end_reason="released_unspecified")), TODAY)
    assert (found.situation["since"], found.since) == ("XXXX-05-01", None)
