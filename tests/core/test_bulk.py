"""Statements that were made once say the same past the library as by it, on either database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, delete, event, func, literal_column, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.core.bulk import among, insert_rows, run, run_many
from app.core.database import Database
from app.core.documents import documents
from app.parts import open_database

_c = documents.c
BEGUN = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)
ALL = select(documents).order_by(_c.id, _c.tier)
OF = select(_c.id, _c.created_at, _c.gone, _c.body).where(_c.kind == bindparam("kind"), among(_c.id)).order_by(_c.id)
OF_TIERS = OF.where(_c.tier.in_([0, 2]), among(_c.position, "places"))
COUNTED = select(func.count(), func.max(_c.updated_at).label("last")).where(_c.kind == bindparam("kind"))
MOVED = (
    update(documents)
    .where(_c.id == bindparam("at_id"), _c.tier == bindparam("at_tier"))
    .values(body=bindparam("body"), updated_at=bindparam("updated_at"), source=bindparam("source"))
)
CLEARED = delete(documents).where(_c.kind == bindparam("kind"), among(_c.id))


def row(number: int, tier: int = 0, kind: str = "persons") -> dict[str, Any]:
    at = BEGUN + timedelta(microseconds=number)
    said: dict[str, Any] = {"kind": kind, "id": UUID(int=number), "tier": tier, "version": number, "created_at": at}
    said |= {"updated_at": at, "position": number, "action": "upsert", "gone": number % 2 == 0, "hash": f"{number:x}"}
    return said | {"body": b"%d" % number if number % 3 else None, "source": uuid4(), "heading": None}


ROWS = [row(number, tier) for number in range(1, 9) for tier in (0, 1, 2)] + [row(1, kind="cases")]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = open_database(database_url)
    yield made
    await made.close()


def ids(*numbers: int) -> list[UUID]:
    return [UUID(int=number) for number in numbers]


ASKED: list[tuple[Any, dict[str, Any]]] = [
    (ALL, {}),
    (OF, {"kind": "persons", "ids": ids(3)}),
    (OF, {"kind": "persons", "ids": ids(1, 2, 3, 99)}),
    (OF, {"kind": "cases", "ids": ids(1, 2)}),
    (OF, {"kind": "persons", "ids": []}),
    *((OF, {"kind": "persons", "ids": ids(*range(1, count))}) for count in range(2, 30)),
    (OF_TIERS, {"kind": "persons", "ids": ids(1, 2, 4), "places": [2, 4]}),
    (COUNTED, {"kind": "persons"}),
    (COUNTED, {"kind": "nothing"}),
]


async def test_rows_are_those_of_the_library_by_place_and_by_name(database: Database) -> None:
    def hold(session: Session) -> None:
        insert_rows(session, documents, ROWS)
        for _ in range(2):  # made, and made already
            for statement, said in ASKED:
                wanted = session.execute(statement, said).all()
                found = run(session, statement, said)
                assert [tuple(one) for one in found] == [tuple(one) for one in wanted]
                for mine, theirs in zip(found, wanted, strict=True):
                    assert list(map(type, mine)) == list(map(type, theirs))
                    named = [column.name for column in statement.selected_columns if hasattr(column, "table")]
                    assert {name: getattr(mine, name) for name in named} == {n: getattr(theirs, n) for n in named}

    async with database.write("tests") as session:
        await session.run_sync(hold)


async def test_what_changes_rows_changes_those_that_are_meant(database: Database) -> None:
    source = uuid4()
    later = BEGUN + timedelta(days=1)

    def hold(session: Session) -> None:
        insert_rows(session, documents, ROWS)
        said = [
            {"at_id": UUID(int=number), "at_tier": 1, "body": body, "updated_at": later, "source": given}
            for number, body, given in ((2, b"new", source), (5, None, None))
        ]
        run_many(session, MOVED, said)
        run_many(session, MOVED, [])
        assert run(session, CLEARED, {"kind": "persons", "ids": ids(7, 8)}) == []
        run(session, CLEARED, {"kind": "persons", "ids": []})

    async with database.write("tests") as session:
        await session.run_sync(hold)
    changed = {(2, 1): (b"new", source), (5, 1): (None, None)}
    wanted = []
    for one in sorted(ROWS, key=lambda one: (one["id"], one["tier"], one["kind"])):
        if one["kind"] == "persons" and one["version"] in {7, 8}:
            continue
        body, given = changed.get((one["version"], one["tier"]), (one["body"], one["source"]))
        moved = (one["version"], one["tier"]) in changed
        wanted.append(
            tuple((one | {"body": body, "source": given, "updated_at": later if moved else one["updated_at"]}).values())
        )
    async with database.read() as session:
        found = (await session.execute(ALL.order_by(_c.kind))).all()
    assert [tuple(one) for one in found] == wanted


async def test_what_the_database_refuses_is_raised_as_the_library_raises_it(database: Database) -> None:
    def twice(session: Session) -> None:
        insert_rows(session, documents, [ROWS[0], ROWS[0]])

    def unreadable(session: Session) -> None:
        run(session, select(literal_column("there_is_no_such")))

    async with database.write("tests") as session:
        with pytest.raises(IntegrityError) as refused:
            await session.run_sync(twice)
        assert refused.value.orig is not None
        assert str(ROWS[0]["id"].hex) not in str(refused.value)
        await session.rollback()
    for write in (twice, unreadable):
        with pytest.raises(DBAPIError):
            async with database.write("tests") as session:
                await session.run_sync(write)
    async with database.read() as session:
        assert not (await session.execute(ALL)).all()


async def test_who_listens_hears_of_every_statement(database: Database) -> None:
    heard: list[tuple[str, str, bool]] = []
    engine = database.writing.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *said: heard.append(("before", said[2], said[5])))
    event.listen(engine, "after_cursor_execute", lambda *said: heard.append(("after", said[2], said[5])))

    def write(session: Session) -> None:
        heard.clear()
        insert_rows(session, documents, ROWS)
        run(session, COUNTED, {"kind": "persons"})

    async with database.write("tests") as session:
        await session.run_sync(write)
        assert [(when, text[:6], many) for when, text, many in heard] == [
            ("before", "INSERT", True),
            ("after", "INSERT", True),
            ("before", "SELECT", False),
            ("after", "SELECT", False),
        ]
