"""Migrations: one line of them, equal to the models, there and back, by many at once."""

import asyncio
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import select

from app.core.migrating import configured, head, migrate, revisions
from app.core.rebuilding import reindex
from app.reading.days import today
from app.reading.keeping import refresh
from app.reading.kept import situations
from tests.conftest import Register
from tests.databases import templates
from tests.factories import address, create, detention, facility, person, sentence, source
from tests.serving import run


def nothing(url: str) -> None:
    """Leave a database as it is."""
    if url.startswith("sqlite"):
        Path(url.partition(":///")[2]).touch()


@pytest.fixture(params=("sqlite", "postgresql"))
def bare_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without any table."""
    with templates(request, request.param).copy(nothing) as url:
        yield url


def test_there_is_one_line_of_migrations() -> None:
    scripts = ScriptDirectory.from_config(configured(""))
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1
    assert head() == scripts.get_current_head()
    assert revisions() == frozenset(one.revision for one in scripts.walk_revisions())


def test_migrations_equal_the_models_and_go_back(bare_url: str) -> None:
    migrate(bare_url)
    command.check(configured(bare_url))
    command.downgrade(configured(bare_url), "base")
    migrate(bare_url)
    command.check(configured(bare_url))


def test_workers_that_start_at_once_migrate_once(bare_url: str) -> None:
    begin = get_context("forkserver")  # they have read the program already, so that they come to it at once
    begin.set_forkserver_preload(["app.parts", "alembic.command", "app.core.migrating"])
    workers = [begin.Process(target=migrate, args=(bare_url,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    command.check(configured(bare_url))


def test_every_command_migrates_first(bare_url: str) -> None:
    assert run(bare_url, "key", "list").returncode == 0
    command.check(configured(bare_url))


async def derived_anew(register: Register, since: str) -> set[str]:
    """Migrate from a revision on; give who is derived anew, and see that it is all who had to be."""
    there = configured(register.database.url)
    await asyncio.to_thread(command.stamp, there, since)
    await asyncio.to_thread(command.upgrade, there, "head")
    async with register.database.read() as session:
        old = select(situations.c.person_id).where(situations.c.good_until < today()).distinct()
        found = {str(one) for one in (await session.execute(old)).scalars()}
    await refresh(register.database)
    assert await reindex(register.database) == 0
    return found


async def test_who_is_written_to_otherwise_is_derived_anew(register: Register) -> None:
    """Of those whom nothing of it concerns all stays as it is."""
    places = [(await create(register.editor, "facilities", facility(mail=mail)))["id"] for mail in ("open", "blocked")]
    ended = (await create(register.editor, "facilities", facility()))["id"]
    await create(register.editor, "addresses", address(ended, valid_to="2020"))
    await create(register.editor, "addresses", address(places[0]))
    people = [(await create(register.editor, "persons", person()))["id"] for _ in range(5)]
    await create(
        register.editor,
        "addresses",
        {**address(""), "facility_id": None, "person_id": people[4], "valid_to": "2020-05"},
    )
    stays = [{"facility_id": places[0]}, {"facility_id": places[1]}, {"facility_id": ended}, {"mail": "relatives_only"}]
    for whose, stay in zip(people, stays, strict=False):
        await create(register.editor, "detentions", detention(whose, **stay))
    assert await derived_anew(register, "b5e19d0c7a38") == set(people[1:])


async def test_whose_days_or_terms_are_read_otherwise_is_derived_anew(register: Register) -> None:
    """Of those whom nothing of it concerns all stays as it is."""
    people = [(await create(register.editor, "persons", person()))["id"] for _ in range(6)]
    doubted = (await create(register.editor, "sources", source(published_on="2021~")))["id"]
    sure = (await create(register.editor, "sources", source(published_on="2021-05-01")))["id"]
    stays: list[dict[str, Any]] = [
        {"citations": [{"source_id": sure}], "started_on": "2021-04"},
        {"citations": [{"source_id": doubted}]},
        {"started_on": "2020", "ended_on": "XXXX-05-01", "end_reason": "released_unspecified"},
        {"started_on": "2021-05?"},
    ]
    for whose, stay in zip(people, stays, strict=False):
        await create(register.editor, "detentions", detention(whose, **stay))
    await create(register.editor, "sentences", sentence(people[4], status="in_force"))
    await create(register.editor, "sentences", sentence(people[5], status=None))
    assert await derived_anew(register, "c7f2a86b1d04") == {people[1], people[2], people[3], people[5]}


async def test_who_left_or_has_an_address_of_another_day_is_derived_anew(register: Register) -> None:
    """Of those whom nothing of it concerns all stays as it is."""
    places = [(await create(register.editor, "facilities", facility()))["id"] for _ in range(3)]
    for place, days in zip(places, ({}, {"valid_from": "2020"}, {"verified_on": "XXXX-05-01"}), strict=True):
        await create(register.editor, "addresses", address(place, **days))
    people = [(await create(register.editor, "persons", person()))["id"] for _ in range(7)]
    stays: list[dict[str, Any]] = [
        {"facility_id": places[0], "started_on": "2021-05-18", "place_confirmed_on": "2023"},
        {"facility_id": places[1]},
        {"facility_id": places[2]},
        {"kind": "in_transit"},
        {"kind": "house_arrest"},
        {"place_confirmed_on": "XXXX-05-01"},
        {"facility_id": places[0], "place_confirmed_on": "2023"},
    ]
    before = {"kind": "pretrial", "started_on": "2020-01-01", "ended_on": "2021-05-18", "end_reason": "transferred"}
    await create(register.editor, "detentions", detention(people[0], **before))
    left = detention(people[6], started_on="2024", ended_on="2025", end_reason="pardoned", visibility="private")
    await create(register.admin, "detentions", left)  # which the editor does not see
    for whose, stay in zip(people, stays, strict=True):
        await create(register.editor, "detentions", detention(whose, **stay))
    assert await derived_anew(register, "d81b3e5f9a27") == set(people[1:])


async def test_who_left_on_an_unknown_day_is_derived_anew(register: Register) -> None:
    """Of those whom nothing of it concerns all stays as it is."""
    people = [(await create(register.editor, "persons", person()))["id"] for _ in range(6)]
    vague, exact = [
        (await create(register.editor, "sources", source(published_on=day)))["id"] for day in ("2024-01", "2024-01-10")
    ]
    left = {"started_on": "2023-05-10", "end_reason": "escaped"}
    stays: list[dict[str, Any]] = [
        {"started_on": "2023-05", "confirmed_on": "2024-01"},
        {**left, "confirmed_on": "2024-01-20", "citations": [{"source_id": exact}]},
        {**left, "ended_on": "2024-02-01", "confirmed_on": "2024-01"},
        {**left, "confirmed_on": "2024-01", "place_confirmed_on": "2024-01-10"},
        {**left, "confirmed_on": "2024-01-10", "citations": [{"source_id": vague}]},
        {**left, "ended_on": "XXXX-05-01", "confirmed_on": "2024~"},
    ]
    for whose, stay in zip(people, stays, strict=True):
        await create(register.editor, "detentions", detention(whose, **stay))
    assert await derived_anew(register, "a4c07f5d2b91") == set(people[3:])


async def test_a_database_that_is_not_migrated_is_not_ready(bare_url: str) -> None:
    from app.core.migrating import is_current  # noqa: PLC0415 - beside its only use
    from app.parts import open_database  # noqa: PLC0415 - the same

    database = open_database(bare_url)
    async with database.read() as session:
        assert not await is_current(session)
    await asyncio.to_thread(migrate, bare_url)
    async with database.read() as session:
        assert await is_current(session)
    await database.close()
