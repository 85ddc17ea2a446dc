"""Whatever is edited, on whichever database: the index is the one that the records alone would make."""

from random import Random
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.database import Database
from app.core.rebuilding import reindex
from app.core.record import Tier
from app.parts import open_database
from app.reading.finding.blocks import unpacked
from app.reading.finding.finder import finder_of
from app.reading.finding.keeping import keep
from app.reading.finding.tables import name_postings, name_state, name_words, person_names
from bench.names_people import SCHEMES, Invented, people, slip
from tests.conftest import Register
from tests.factories import create, person

SPACE = UUID("00000000-0000-4000-8000-000000000000")
PEOPLE = list(people(60, seed=9))
NOW = {"If-Match": "*"}


def spelt(one: Invented, random: Random) -> list[str]:
    schemes = random.sample(SCHEMES, random.choice((1, 1, 2)))
    return [one.spelt(scheme, patronymic=random.random() < 0.5) for scheme in schemes]


def asked(random: Random) -> list[tuple[str, bool]]:
    """Whole names, names with a slip, and beginnings of names, as while somebody types."""
    whole = [random.choice(spelt(one, random)) for one in PEOPLE[:20]]
    begun = [text[: random.randrange(2, len(text))] for text in whole]
    return [
        *((text, False) for text in whole),
        *((slip(text, random), False) for text in whole),
        *((b, True) for b in begun),
    ]


async def answers(database: Database, tier: Tier, questions: list[tuple[str, bool]]) -> list[list[tuple[Any, ...]]]:
    async with database.read() as session:
        finder = finder_of(database)
        return [list(map(tuple, await finder.find(session, tier, text, prefix=prefix))) for text, prefix in questions]


async def test_both_databases_give_the_same_people_with_the_same_scores(sqlite_url: str, postgresql_url: str) -> None:
    told = []
    for url in (sqlite_url, postgresql_url):
        random, database = Random(6), open_database(url)  # noqa: S311 - invented people, not secrets
        for _ in range(3):  # the second and third time, names and tiers change
            async with database.write("tests") as session:
                for one in random.sample(PEOPLE, 40):
                    names = [{"full": full} for full in spelt(one, random)]
                    fields = {"visibility": random.choice(["public", "public", "private"]), "names": names}
                    await session.run_sync(keep, {uuid5(SPACE, str(one.number)): random.choice([fields, fields, None])})
        questions = asked(random)
        told.append([await answers(database, tier, questions) for tier in (Tier.PUBLIC, Tier.PRIVATE)])
        await database.close()

    assert told[0] == told[1]
    assert sum(map(len, told[0][0])) > 10


def content(session: Session) -> dict[str, Any]:
    """What the index says, whatever numbers it has for names and words."""
    words = {row.id: row.word for row in session.execute(select(name_words)) if row.word}
    entries = {row.word: row.entry for row in session.execute(select(name_words)) if row.word}
    names = {}
    for row in session.execute(select(person_names)):
        folded = " ".join(words[int(number)] for number in row.words.split())
        names[row.id] = (str(row.person_id), row.tier, row.text, folded, row.roles)
    postings: dict[tuple[str, int], list[Any]] = {}
    for row in session.execute(select(name_postings)):
        for name in unpacked(row.block, row.names):
            postings.setdefault((words[row.word_id], row.tier), []).append(names[name])
    counts = {row.tier: row.names for row in session.execute(select(name_state)) if row.names}
    found = {place: sorted(theirs) for place, theirs in postings.items()}
    return {"entries": entries, "names": sorted(names.values()), "postings": found, "counts": counts}


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_any_edits_the_index_is_as_if_made_anew(register: Register, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - invented people, not secrets
    made: list[str] = []
    for _ in range(25):
        names = [{"kind": "legal", "full": full} for full in spelt(random.choice(PEOPLE[:12]), random)]
        visibility = random.choice(["public", "partners", "private"])
        path = f"/v1/persons/{random.choice(made)}" if made else ""
        match random.choice(["create", "create", "rename", "hide", "delete", "purge"]) if made else "create":
            case "create":
                made.append((await create(register.admin, "persons", person(names=names, visibility=visibility)))["id"])
            case "rename":
                await register.admin.patch(path, json={"names": names}, headers=NOW)
            case "hide":
                await register.admin.patch(path, json={"visibility": visibility}, headers=NOW)
            case "delete":
                await register.admin.delete(path, headers=NOW)
            case "purge":
                await register.admin.delete(f"{path}?purge=true", headers=NOW)
    async with register.database.read() as session:
        kept = await session.run_sync(content)
    assert await reindex(register.database) == 0

    async with register.database.write("tests") as session:
        for table in (person_names, name_words, name_postings, name_state):
            await session.execute(table.delete())
    assert await reindex(register.database) > 0
    async with register.database.read() as session:
        assert await session.run_sync(content) == kept
    assert kept["names"]
