"""What is changed behind the register's back shows, and is named: in every table, and in every kind of column."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Table, delete, func, insert, select, update

from app.core.chain import Head
from app.core.plain import columns_of
from app.reading import keeping
from app.register import KINDS
from tests.conftest import Register, running
from tests.core.meddling import (
    DERIVED,
    TABLES,
    after,
    another,
    derived_fault,
    first_fault,
    first_row,
    lived_in,
    meddling,
    same,
    verdict,
)
from tests.databases import DIALECTS, templates
from tests.factories import create, detention, person, sentence
from tests.serving import run


@pytest.fixture(params=DIALECTS)
def lived_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a register that has a past."""
    with templates(request, request.param).copy(lived_in) as url:
        yield url


def classes(table: Table) -> list[str]:
    """Give a column of each type that a table has, its key aside."""
    return list({form: name for name, form in columns_of(table).items() if name not in table.primary_key}.values())


async def test_a_register_that_only_the_register_wrote_is_sound(lived_url: str) -> None:
    async with meddling(lived_url) as connection:
        found = await verdict(connection)
    assert found.sound, found.text


async def test_another_value_in_a_record_is_named(lived_url: str) -> None:
    async with meddling(lived_url) as connection:
        for kind in KINDS:
            table = TABLES[kind]
            row = await first_row(connection, table)
            for column in classes(table):
                value = another(columns_of(table)[column], row[column])
                async with connection.begin_nested() as tampering:
                    await connection.execute(update(table).where(*same(table, row)).values({column: value}))
                    found = await first_fault(connection, kind)
                    await tampering.rollback()
                assert found.startswith(f"{kind} {row['id']}: "), (kind, column, found)


@pytest.mark.parametrize("name", ["documents", "versions", "changes", "api_keys"])
async def test_another_value_in_any_column_of_what_is_told_is_named(lived_url: str, name: str) -> None:
    table = TABLES[name]
    async with meddling(lived_url) as connection:
        row = await first_row(connection, table)
        for column, form in columns_of(table).items():
            if column == "last_used_on":  # noted beside the history
                continue
            if (row[column], form) == (None, "instant"):
                row[column] = row["created_at"]
            value = another(form, row[column])
            found = await after(connection, update(table).where(*same(table, row)).values({column: value}))
            assert not found.sound, column
            assert str(row["id"]) in found.text or f"change {row.get('position')} " in found.text, (column, found.text)


async def test_a_row_that_is_gone_is_named(lived_url: str) -> None:
    async with meddling(lived_url) as connection:
        for name in [*KINDS, "documents", "versions", "changes", "api_keys", "register"]:
            row = await first_row(connection, TABLES[name])
            found = await after(connection, delete(TABLES[name]).where(*same(TABLES[name], row)))
            assert not found.sound, name
            named = str(row["id"]) if "id" in row else "the register says nothing"
            assert named in found.text or f"change {row['position']} " in found.text, found.text


async def test_a_row_that_no_change_made_is_named(lived_url: str) -> None:
    async with meddling(lived_url) as connection:
        for name in [*KINDS, "documents", "versions", "api_keys"]:
            row, made = await first_row(connection, TABLES[name]), uuid4()
            more = {"prefix": "another"} if name == "api_keys" else {}
            found = await after(connection, insert(TABLES[name]).values({**row, "id": made, **more}))
            assert not found.sound, name
            assert str(made) in found.text or f"change {row.get('position')} " in found.text, found.text


async def test_what_is_derived_is_compared_with_what_follows_from_the_records(lived_url: str) -> None:
    async with meddling(lived_url) as connection:
        assert await derived_fault(connection) == ""
        for name, silent in DERIVED.items():
            table = TABLES[name]
            row = await first_row(connection, table)
            columns = [one for one in columns_of(table) if one not in silent]
            column = next((one for one in columns if one not in table.primary_key), columns[-1])
            value = another(columns_of(table)[column], row[column])
            found = await derived_fault(connection, update(table).where(*same(table, row)).values({column: value}))
            whose = row.get("person_id") or row.get("record_id") or row.get("id")
            assert str(whose if isinstance(whose, UUID) else "") in found, (name, column, found)
            assert found != "", (name, column)


async def test_what_is_kept_of_those_who_are_gone_is_named(lived_url: str) -> None:
    async with meddling(lived_url) as connection:
        for name in DERIVED:
            table, made = TABLES[name], uuid4()
            whose = next((one for one in ("person_id", "record_id", "id") if columns_of(table).get(one) == "uuid"), "")
            if whose:
                row = {**await first_row(connection, table), whose: made}
                row |= {one: 999 for one in ("id", "number") if columns_of(table).get(one) == "integer"}
                assert str(made) in await derived_fault(connection, insert(table).values(row)), name


async def test_the_command_compares_what_is_derived_where_it_is_told_to(sqlite_url: str) -> None:
    async with running(sqlite_url) as register:
        whom = (await create(register.editor, "persons", person()))["id"]
    async with meddling(sqlite_url) as connection:
        assert (await verdict(connection, derived=True)).sound
        await connection.execute(delete(TABLES["situations"]).where(TABLES["situations"].c.person_id == UUID(whom)))
        await connection.commit()
        assert (await verdict(connection)).sound
    done = run(sqlite_url, "verify", "--derived")
    assert (done.returncode, f"persons {whom}: " in done.stdout, "vestka reindex" in done.stdout) == (1, True, True)


async def test_what_stood_until_an_earlier_day_only_is_no_fault(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = date.today() + timedelta(days=10)  # noqa: DTZ011 - a day that has not come
    whom = (await create(register.editor, "persons", person()))["id"]
    await create(register.editor, "detentions", detention(whom, started_on="2021-05-18"))
    await create(register.editor, "sentences", sentence(whom, in_force_on=str(day)))
    async with meddling(register.database.url) as connection:
        until = TABLES["situations"].c.good_until
        assert (await connection.execute(select(func.count(until)))).scalar_one() == 3
        monkeypatch.setattr(keeping, "today", lambda: day + timedelta(days=1))
        assert await derived_fault(connection) == ""
        await connection.execute(update(TABLES["situations"]).values(good_until=day + timedelta(days=400)))
        assert f"persons {whom}" in await derived_fault(connection)


async def test_content_that_was_erased_by_hand_is_no_purge(lived_url: str) -> None:
    changes, erased = TABLES["changes"], {"body": None, "salt": None, "reason": None}
    async with meddling(lived_url) as connection:
        row = (await connection.execute(select(changes).where(changes.c.kind == "facilities").limit(1))).one()
        for more in ({}, {"action": "purge"}):
            statement = update(changes).where(changes.c.id == row.id).values(**erased, **more)
            found = await after(connection, statement)
            assert not found.sound
            assert f"change {row.position} (facilities {row.id})" in found.text


async def test_the_first_of_several_is_named(lived_url: str) -> None:
    changes = TABLES["changes"]
    async with meddling(lived_url) as connection:
        places = list((await connection.execute(select(changes.c.position).order_by(changes.c.position))).scalars())
        for place in (places[-1], places[len(places) // 2], places[0]):
            await connection.execute(update(changes).where(changes.c.position == place).values(author="somebody else"))
            assert (await verdict(connection)).text.startswith(f"change {place} (")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE persons SET created_at = 'yesterday' WHERE id = :id", "something of it cannot be read"),
        ("UPDATE persons SET names = '{' WHERE id = :id", "something of it cannot be read"),
        ("UPDATE documents SET updated_at = 'then' WHERE id = :id AND tier = 1", "something of it cannot be read"),
        ("UPDATE documents SET body = 'text' WHERE id = :id AND tier = 1", "what is shown to partners"),
        ("UPDATE documents SET body = x'ff' WHERE id = :id AND tier = 1", "what is shown to partners"),
        ("UPDATE changes SET at = 'then' WHERE id = :id", "cannot be read"),
        ("UPDATE changes SET body = x'ff' WHERE id = :id", "its content is not what was written"),
        ("UPDATE versions SET tier = 'all' WHERE id = :id AND tier = 0", "its content is not what was written"),
    ],
)
async def test_what_is_of_no_type_at_all_is_named(sqlite_url: str, statement: str, named: str) -> None:
    async with running(sqlite_url) as register:
        made = await create(register.editor, "persons", person())
    async with meddling(sqlite_url) as connection:
        done = await connection.exec_driver_sql(statement.replace(":id", f"'{UUID(made['id']).hex}'"))
        assert done.rowcount
        found = await verdict(connection)
    assert not found.sound
    assert named in found.text


async def test_a_head_that_was_published_lies_in_the_chain_for_ever(lived_url: str) -> None:
    changes = TABLES["changes"]
    async with meddling(lived_url) as connection:
        last = (await verdict(connection)).text.rpartition(" ")[2]
        early = (await connection.execute(select(changes.c.hash).where(changes.c.position == 3))).scalar_one().hex()
        place, _, found = last.partition(":")
        given = {last: True, found: True, early: True, f"3:{early}": True, f"4:{early}": False}
        for head, expected in {**given, f"{place}:{early}": False, "0" * 64: True, "1" * 64: False}.items():
            assert (await verdict(connection, Head.parse(head))).sound == expected, head


@pytest.mark.parametrize("text", ["1:", "abc", "0" * 63, "x" * 64, "a:" + "0" * 64])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Head.parse(text)
