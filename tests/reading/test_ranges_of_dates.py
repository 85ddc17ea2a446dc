"""Who meets a range of dates is found alike, whether they are few and gathered or many and walked along."""

from collections.abc import Iterable
from datetime import date
from itertools import product
from random import Random
from typing import Any, Final

import pytest

from app.core.edtf import PartialDate
from app.reading import filtering
from tests.conftest import Register
from tests.factories import create, detention, person

DATES: Final = (
    "1961",
    "1961-03",
    "1961-03-04",
    "1960-12-31",
    "1962-01-01",
    "XXXX-03-04",
    "1962~",
    "1959-11?",
    "1961-03-31",
    None,
)
STARTS: Final = ("2019", "2020-08", "2020-08-09", "2020-08-31", "2020-09-01", "2021", "2021-12-31", None)
ASKED: Final = (
    *product(("born", "died"), ("1961", "1961-03-04", "1960-12-31", None), ("1960", "1961-03", "1961-03-03", None)),
    *product(("detained",), ("2020-08", "2020-08-31", "2030", None), ("2018", "2020-08", "2020-08-30", "2021", None)),
)


def meets(text: str | None, since: str | None, until: str | None, by: date) -> bool:
    """Tell whether a date may lie in a range that ends on a day at the latest."""
    if text is None:
        return False
    said = PartialDate(text)
    late_enough = since is None or said.latest >= PartialDate(since).earliest
    return late_enough and said.earliest <= min(PartialDate(until).latest if until else date.max, by)


async def everybody(register: Register) -> list[dict[str, Any]]:
    """Create people with dates of all kinds, some of whom are private or held twice."""
    random = Random(7)  # noqa: S311 - nothing to guess here
    made = []
    for number in range(40):
        born, died = random.choice(DATES), random.choice((*DATES, None, None))
        said = {"names": [{"kind": "legal", "full": f"Invented {chr(65 + number % 26)}{number}"}], "birth_date": born}
        fields = person(**said, visibility="private" if number % 8 == 0 else "public")
        who = await create(register.keeper, "persons", fields)
        starts = [start for start in (random.choice(STARTS), random.choice(("2016-05", None))) if start]
        for start in starts:
            over = {"ended_on": "2017-05", "end_reason": "released_unspecified"} if start < "2017" else {}
            stay = detention(who["id"], started_on=start, **over, visibility="private" if number % 5 == 0 else "public")
            await create(register.keeper, "detentions", stay)
        if died and not starts:
            headers = {"If-Match": "*"}
            answer = await register.keeper.patch(f"/v1/persons/{who['id']}", json={"death_date": died}, headers=headers)
            died = died if answer.status_code == 200 else None  # before the birth
        else:
            died = None
        shown = {"public": number % 8 != 0, "detained to all": [] if number % 5 == 0 else starts}
        made.append({"id": who["id"], "born": born, "died": died, "detained": starts, **shown})
    return made


def wanted(people: Iterable[dict[str, Any]], name: str, bounds: tuple[str | None, str | None], by: date) -> list[str]:
    found = []
    for one in people:
        dates = one[name] if name == "detained" else [one[name]]
        if any(meets(text, *bounds, by if name == "detained" else date.max) for text in dates):
            found.append(one["id"])
    return sorted(found)


@pytest.mark.parametrize("few", [2000, -1])
async def test_a_range_finds_whoever_may_lie_in_it(
    register: Register, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    people = await everybody(register)
    monkeypatch.setattr(filtering, "_FEW", few)
    monkeypatch.setattr(filtering, "_DEAR", 10_000)
    gathered = 0
    for name, since, until in ASKED:
        said = {f"{name}_{end}": bound for end, bound in (("from", since), ("to", until)) if bound}
        public = [{**one, "detained": one["detained to all"]} for one in people if one["public"]]
        for client, theirs in ((register.public, public), (register.keeper, people)):
            ids = wanted(theirs, name, (since, until), date.max) if said else sorted(one["id"] for one in theirs)
            register.statements.clear()
            answer = (await client.get("/v1/persons", params={**said, "limit": "200", "count": "true"})).json()
            assert sorted(item["id"] for item in answer["items"]) == ids, said
            assert answer["total"] == len(ids), said
            gathered += any("persons.id IN (SELECT" in one for one in register.statements)
            counted = (await client.get("/v1/persons/facets", params=said)).json()
            assert counted["total"] == len(ids), said
    assert gathered == (0 if few < 0 else 2 * (len(ASKED) - 3))


async def test_a_page_goes_on_where_the_one_before_ended_however_they_are_found(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    await everybody(register)
    for sort, asked in product(
        ("created_at", "-created_at", "name", "-age", "since", "term", "updated", "-updated_at"),
        ({"detained_from": "2020-08"}, {"born_to": "1961"}, {"detained_to": "2021", "as_of": "2020-12-31"}),
    ):
        if sort == "since" and "as_of" in asked:
            continue
        query, found, every = {**asked, "sort": sort, "limit": "4"}, [], []
        for turn in range(30):
            monkeypatch.setattr(filtering, "_FEW", 2000 if turn % 2 else -1)
            page = (await register.public.get("/v1/persons", params=query)).json()
            found += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        for few in (2000, -1):
            monkeypatch.setattr(filtering, "_FEW", few)
            whole = {**asked, "sort": sort, "limit": "200"}
            every.append(
                [item["id"] for item in (await register.public.get("/v1/persons", params=whole)).json()["items"]]
            )
        assert found == every[0] == every[1], (sort, asked)
        assert len(found) > 4, (sort, asked)


async def test_of_two_ranges_the_fewer_are_gathered(register: Register) -> None:
    for number, born in enumerate(("1961", "1961", "1961", "1990")):
        who = await create(register.editor, "persons", person(birth_date=born))
        await create(register.editor, "detentions", detention(who["id"], started_on=f"20{10 + number}-01"))
    query = {"born_from": "1961", "born_to": "1961", "detained_from": "2012", "detained_to": "2012"}
    register.statements.clear()
    answer = (await register.public.get("/v1/persons", params=query)).json()
    assert len(answer["items"]) == 1
    (asked,) = [one for one in register.statements if "persons.id IN (SELECT" in one]
    assert "SELECT person_custodies.person_id" in asked
    assert "persons.birth_date_earliest <=" in asked


async def test_more_than_a_walk_costs_are_not_gathered(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await create(register.editor, "persons", person(birth_date="1961"))
    for dear, query, gathered in ((2, "1961", False), (3, "1961", True), (0, "1999", True)):
        monkeypatch.setattr(filtering, "_DEAR", dear)  # three of three: nine are at most three times three
        register.statements.clear()
        said = {"born_from": query, "born_to": query, "limit": str(50 + dear)}  # what was asked before is ready
        answer = (await register.public.get("/v1/persons", params=said)).json()
        assert len(answer["items"]) == (3 if query == "1961" else 0)
        assert any("persons.id IN (SELECT" in one for one in register.statements) is gathered, dear


async def test_counts_follow_a_value_that_leads_to_its_people_before_a_range(register: Register) -> None:
    who = await create(register.editor, "persons", person(birth_date="1961", categories=["student"]))
    assert who["categories"] == ["student"]
    for more, gathered in (({}, True), ({"sex": "female"}, True), ({"category": "student"}, False)):
        register.statements.clear()
        counted = (await register.public.get("/v1/persons/facets", params={"born_from": "1961", **more})).json()
        assert counted["total"] == ("sex" not in more)
        assert any("persons.id IN (SELECT" in one for one in register.statements) is gathered, more
