"""How people are found, counted and written to: by an index, whatever is asked for."""

import re
from collections.abc import AsyncIterator

import pytest

from app.reading import filtering
from tests.conftest import Register, running
from tests.core.test_plans import CASES, Plans, plans
from tests.core.test_plans import lone as lone  # noqa: PLC0414 - a fixture
from tests.factories import address, create, detention, facility, person

MADE = re.compile("documents|situations|person_|digests|entries")
FILTERS = {str(case.values[1]): str(case.values[2]) for case in CASES if case.values[0] == "persons"}
# Where many are in a range, or share a thing, lists follow their order.
RANGES = {name for name in FILTERS if name.endswith(("_from", "_to"))}
ALONG = {"visibility", "as_of"} | RANGES
LISTS = ("/v1/persons", "/v1/addressees", "/v1/calendar.ics")
COUNTS = ("/v1/persons/facets", "/v1/stats")
# What was gathered or counted before is no table.
WHOLE = re.compile(r"^SCAN (?!chosen|anon_|CONSTANT ROW)|\(tier=\?\)$")


@pytest.fixture
async def postgresql(postgresql_url: str) -> AsyncIterator[Register]:
    async with running(postgresql_url) as made:
        yield made


async def somebody(register: Register) -> None:
    """Create a person who can be written to."""
    place = (await create(register.editor, "facilities", facility(country="BY", mail="open")))["id"]
    await create(register.editor, "addresses", address(place, postal_code="246035", verified_on="2026-01-01"))
    who = (await create(register.editor, "persons", person(birth_date="1990-05-18")))["id"]
    await create(register.editor, "detentions", detention(who, facility_id=place, started_on="2021-05-18"))


def walks(found: Plans) -> set[str]:
    """Give the steps that walk over all rows of a table, or over all that a tier sees."""
    steps = {step for plan in found for step in plan if WHOLE.search(step)}
    # The newest change is the first row of the feed, read backwards; the digest of each kind is a row.
    return {step for step in steps if "ix_documents_feed" not in step and "digests" not in step}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("few", [2000, -1])
async def test_lists_follow_an_index_to_those_asked_for(
    lone: Register, monkeypatch: pytest.MonkeyPatch, path: str, few: int
) -> None:
    await somebody(lone)
    monkeypatch.setattr(filtering, "_FEW", few)
    for name, value in FILTERS.items():
        found = walks(await plans(lone, path, MADE, **{name: value}))
        in_order = {step for step in found if "INDEX ix_situations_created_at" in step}
        along = name in (ALONG - RANGES if few > 0 else ALONG)
        assert found == (in_order if along else set()), name
    assert walks(await plans(lone, path, MADE)) <= {"SEARCH situations USING INDEX ix_situations_created_at (tier=?)"}


@pytest.mark.parametrize("path", COUNTS)
async def test_counts_follow_an_index_to_those_asked_for(lone: Register, path: str) -> None:
    await somebody(lone)
    for name in FILTERS.keys() - ALONG:
        assert walks(await plans(lone, path, MADE, **{name: FILTERS[name]})) == set(), name
    for more in ({}, {"as_of": "2021-05-18"}):
        # All people are counted off the indexes alone.
        assert all("COVERING INDEX" in step for step in walks(await plans(lone, path, MADE, **more)))


async def test_those_who_share_little_are_gathered_on_any_day(lone: Register) -> None:
    for name in ("identifier", "source"):
        for more in ({"as_of": "2021-05-18"}, {"sort": "-updated"}, {"count": "true"}, {"article": "361"}):
            assert walks(await plans(lone, "/v1/persons", MADE, **{name: FILTERS[name]}, **more)) == set()
    held = {"facility": FILTERS["facility"], "as_of": "2021-05-18"}
    assert walks(await plans(lone, "/v1/persons", MADE, **held)) == set()


async def test_who_was_detained_between_two_dates_is_asked_with_one_bound_for_each(
    lone: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more for the day took the statement over what may be done in the event loop, and ten times as long."""
    monkeypatch.setattr(filtering, "_FEW", -1)
    lone.statements.clear()
    answer = await lone.public.get("/v1/persons?detained_from=2021-05&detained_to=2021-05")
    assert answer.status_code == 200
    (asked,) = {said for said in lone.statements if "FROM person_custodies" in said and "count(" not in said}
    assert [
        asked.count(f"person_custodies.{name} {sign}") for name, sign in (("earliest", "<="), ("latest", ">="))
    ] == [
        1,
        1,
    ]


async def test_a_digest_is_read_and_not_reckoned(lone: Register) -> None:
    await somebody(lone)
    assert walks(await plans(lone, "/v1/digest", MADE)) == set()


@pytest.mark.parametrize("path", [*LISTS, *COUNTS, "/v1/digest"])
async def test_no_table_lacks_the_index_on_a_server(postgresql: Register, path: str) -> None:
    await somebody(postgresql)
    for name, value in (FILTERS if path != "/v1/digest" else {}).items():
        assert seq_scans(await plans(postgresql, path, MADE, **{name: value})) == set(), name
    assert seq_scans(await plans(postgresql, path, MADE)) == set()


def seq_scans(found: Plans) -> set[str]:
    return {step.strip() for plan in found for step in plan if "Seq Scan" in step}
