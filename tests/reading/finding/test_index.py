"""The index of names in the database: it answers as the one in memory, tier by tier, whatever was written."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.core.database import Database
from app.core.rebuilding import reindex
from app.core.record import Tier
from app.names.index import MemoryIndex
from app.names.match import Hit
from app.names.vocabulary import Vocabulary
from app.parts import open_database, prepare
from app.reading.finding import finder
from app.reading.finding.blocks import block_of, changed, packed, unpacked
from app.reading.finding.comparing import Question, compared
from app.reading.finding.finder import finder_of
from app.reading.finding.tables import name_postings, name_state, name_words, person_names
from bench.names_people import SCHEMES, people
from tests.conftest import Register
from tests.factories import Fields, create, person

PEOPLE = list(people(16, seed=3))
QUERIES = [one.spelt(scheme, patronymic=one.number % 2 > 0) for one in PEOPLE[:8] for scheme in ("be", "ru BGN")]
SEES = {"public": ("public",), "partners": ("public", "partners"), "private": ("public", "partners", "private")}


def named(*names: str, **said: Any) -> Fields:
    return person(names=[{"kind": "legal", "full": name} for name in names], **said)


async def found(database: Database, text: str, tier: Tier = Tier.PUBLIC) -> list[Hit]:
    async with database.read() as session:
        return await finder_of(database).find(session, tier, text)


async def names_found(database: Database, text: str, tier: Tier = Tier.PUBLIC) -> list[str]:
    return [hit.on for hit in await found(database, text, tier)]


async def crowd(register: Register) -> list[Fields]:
    random = Random(5)  # noqa: S311 - invented people, not secrets
    made = []
    for one in PEOPLE:
        schemes = random.sample(SCHEMES, random.choice((1, 2)))
        spelt = [one.spelt(scheme, patronymic=random.random() < 0.5) for scheme in schemes]
        visibility = random.choice(["public", "public", "partners", "private"])
        made.append(await create(register.keeper, "persons", named(*spelt, visibility=visibility)))
    return made


def in_memory(records: list[Fields], visible: tuple[str, ...]) -> MemoryIndex:
    index = MemoryIndex()
    for record in records:
        for name in record["names"] if record["visibility"] in visible else ():
            index.add(record["id"], name["full"])
    return index


async def test_it_answers_each_tier_as_an_index_of_what_that_tier_sees(register: Register) -> None:
    records = await crowd(register)
    changed = records[0] = (
        await register.keeper.patch(
            f"/v1/persons/{records[0]['id']}", json={"names": records[1]["names"]}, headers={"If-Match": "*"}
        )
    ).json()
    hidden = records[2] = (
        await register.keeper.patch(
            f"/v1/persons/{records[2]['id']}", json={"visibility": "private"}, headers={"If-Match": "*"}
        )
    ).json()
    gone = records.pop()
    assert (await register.keeper.delete(f"/v1/persons/{gone['id']}", headers={"If-Match": "*"})).status_code == 204

    for tier in Tier:
        index = in_memory(records, SEES[tier.name.lower()])
        for text in (*QUERIES, *(name["full"] for record in (changed, hidden, gone) for name in record["names"])):
            told = [(str(hit.owner), hit.score, hit.on) for hit in await found(register.database, text, tier)]
            assert told == [tuple(hit) for hit in index.search(text, limit=1000)], (tier, text)


async def test_hidden_names_change_nothing_that_the_public_can_measure(register: Register) -> None:
    await create(register.keeper, "persons", named("Шчурок Ігар"))
    await create(register.keeper, "persons", named("Залескі Ігар"))
    before = await found(register.database, "Igor Shchurok")
    async with register.database.read() as session:
        state = (await session.execute(select(name_state).where(name_state.c.tier == 0))).one()
    for name in ("Шчурок Ігар", "Шчурок Ганна", "Шчурок", "Ігар Шчурокаў"):
        await create(register.keeper, "persons", named(name, visibility="private"))
        await create(register.keeper, "persons", named(name, visibility="partners"))

    assert await found(register.database, "Igor Shchurok") == before
    async with register.database.read() as session:
        assert (await session.execute(select(name_state).where(name_state.c.tier == 0))).one() == state
    assert len(await found(register.database, "Igor Shchurok", Tier.PARTNERS)) > len(before)
    assert (await found(register.database, "Igor Shchurok", Tier.PRIVATE))[0].score != before[0].score


async def test_a_purged_name_is_nowhere_in_the_index(register: Register) -> None:
    made = await create(register.admin, "persons", named("Квяткоўскі Радзім", "Kwiatkowski Radim"))
    await create(register.admin, "persons", named("Залескі Радзім"))
    gone = await register.admin.delete(f"/v1/persons/{made['id']}?purge=true", headers={"If-Match": "*"})
    assert gone.status_code == 204

    async with register.database.read() as session:
        words = {word for word in (await session.execute(select(name_words.c.word))).scalars() if word}
        texts = (await session.execute(select(person_names.c.text))).scalars().all()
    assert (words, list(texts)) == ({"залескі", "радзім"}, ["Залескі Радзім"])
    assert await names_found(register.database, "Квяткоўскі") == []
    await create(register.admin, "persons", named("Квяткоўскі Лявон"))
    assert await names_found(register.database, "Kviatkouski") == ["Квяткоўскі Лявон"]


async def test_what_is_rolled_back_was_never_there(register: Register) -> None:
    await create(register.admin, "persons", named("Залескі Радзім", identifiers=[{"scheme": "x", "value": "1"}]))
    twice = named("Шчурок Ігар", identifiers=[{"scheme": "x", "value": "1"}])
    assert (await register.admin.post("/v1/persons", json=twice)).status_code == 422

    assert await names_found(register.database, "Шчурок") == []
    await create(register.admin, "persons", named("Шчурок Ганна"))
    assert await names_found(register.database, "Шчурок") == ["Шчурок Ганна"]


async def test_other_processes_follow(register: Register) -> None:
    other = open_database(register.database.url)
    assert await names_found(other, "Шчурок") == []
    made = await create(register.admin, "persons", named("Шчурок Ігар"))
    assert await names_found(other, "Shchurok") == ["Шчурок Ігар"]
    patch = {"names": [{"kind": "legal", "full": "Залескі Ігар"}]}
    await register.admin.patch(f"/v1/persons/{made['id']}", json=patch, headers={"If-Match": "*"})
    assert await names_found(other, "Shchurok") == []
    assert await names_found(other, "Zaleski") == ["Залескі Ігар"]
    await other.close()


async def test_rebuilding_changes_nothing_that_is_right_and_mends_what_is_wrong(register: Register) -> None:
    records = await crowd(register)
    assert await reindex(register.database) == 0
    told = [await found(register.database, text) for text in QUERIES]

    async with register.database.write("tests") as session:
        await session.execute(update(name_words).values(entry="||||"))
        await session.execute(update(name_postings).values(names=b""))
        await session.execute(update(name_state).values(names=7))
        await session.execute(person_names.delete().where(person_names.c.text == records[0]["names"][0]["full"]))
        await session.execute(update(person_names).where(person_names.c.id > 20).values(text="Somebody Else"))
    assert await reindex(register.database) > 0
    assert await reindex(register.database) == 0
    other = open_database(register.database.url)
    assert [await found(other, text) for text in QUERIES] == told
    await other.close()


@pytest.mark.parametrize("harm", [name_state.delete(), update(name_state).values(rules=0)])
async def test_an_index_of_other_rules_is_built_again_before_anybody_asks(register: Register, harm: Any) -> None:
    await create(register.admin, "persons", named("Шчурок Ігар"))
    async with register.database.write("tests") as session:
        await session.execute(harm)
        await session.execute(name_postings.delete())
        await session.execute(person_names.delete())
    await prepare(register.database)

    other = open_database(register.database.url)
    assert await names_found(other, "Shchurok") == ["Шчурок Ігар"]
    await other.close()


async def test_a_search_is_few_statements_and_the_same_again_is_one(register: Register) -> None:
    records = await crowd(register)
    public = next(one for one in records if one["visibility"] == "public")["names"][0]["full"]
    await found(register.database, QUERIES[0])
    register.statements.clear()
    await found(register.database, public)
    assert len([text for text in register.statements if text.startswith("SELECT")]) == 3
    register.statements.clear()
    await found(register.database, public)
    assert len([text for text in register.statements if text.startswith("SELECT")]) == 1


def watched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list that hears how many words are learnt each time."""
    learnt, learn = list[int](), finder._learn  # noqa: SLF001 - what it costs is asked

    def learns(vocabulary: Vocabulary, changed: Sequence[Any]) -> None:
        learnt.append(len(changed))
        learn(vocabulary, changed)

    monkeypatch.setattr(finder, "_learn", learns)
    return learnt


async def test_words_are_learnt_before_anybody_asks_and_in_portions(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd(register)
    expected = await names_found(register.database, QUERIES[0])
    monkeypatch.setattr(finder, "_PORTION", 10)
    learnt, other = watched(monkeypatch), open_database(register.database.url)
    await finder.know_the_names(other)
    assert max(learnt) <= 10 < sum(learnt)

    learnt.clear()
    assert await names_found(other, QUERIES[0]) == expected
    assert learnt == []
    await other.close()


async def test_a_search_after_a_write_reads_what_was_written_only(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd(register)
    await names_found(register.database, QUERIES[0])
    learnt = watched(monkeypatch)
    await create(register.keeper, "persons", named("Шчурок Ігар"))

    assert await names_found(register.database, "Igor Shchurok") == ["Шчурок Ігар"]
    assert learnt == [2]


async def test_a_list_reads_a_few_rows_at_a_time_and_finds_the_same(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd(register)
    questions = [Question(text) for text in QUERIES]
    async with register.database.read() as session:
        await compared(session, Tier.PUBLIC, finder_of(register.database), questions)
        register.statements.clear()
        whole = await compared(session, Tier.PUBLIC, finder_of(register.database), questions)
        few = len(register.statements)
        register.statements.clear()
        monkeypatch.setattr(finder, "_AT_ONCE", 2)
        assert await compared(session, Tier.PUBLIC, finder_of(register.database), questions) == whole
    assert len(register.statements) > 2 * few


async def test_parts_that_say_more_than_the_whole_are_a_spelling_too(register: Register) -> None:
    name = {"kind": "legal", "full": "Шчурок І. П.", "family": "Шчурок", "given": "Ігар", "patronymic": "Пятровіч"}
    await create(register.admin, "persons", person(names=[name]))

    assert await names_found(register.database, "Igor Petrovich Shchurok") == ["Шчурок І. П."]
    assert (await found(register.database, "Игорь Петрович Щурок"))[0].score > 0.9


def test_blocks_give_back_what_was_packed() -> None:
    names = [65_536, 65_540, 131_071]
    assert {block_of(name) for name in names} == {1}
    assert list(unpacked(1, packed(reversed(names)))) == names


_SOME = st.sets(st.integers(65_536, 65_560) | st.sampled_from([90_000, 131_071]))  # few, so that they meet


@given(there=_SOME, gone=_SOME, come=_SOME)
def test_a_block_is_changed_where_it_has_to_be(there: set[int], gone: set[int], come: set[int]) -> None:
    assert changed(packed(there), gone, come) == packed((there - gone) | come)
