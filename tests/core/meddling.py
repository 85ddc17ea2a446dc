"""Writing past the register, to see whether it shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from app.core import verifying
from app.core.chain import Head
from app.core.comparing import faults
from app.core.kinds import Kinds
from app.core.migrating import migrate
from app.core.plain import declared
from app.core.record import Tier
from app.core.recorder import Recorder
from app.core.verifying import Verdict, verify
from app.parts import PLUGS
from app.register import KINDS
from app.sync.filling import fill
from tests.conftest import running
from tests.factories import CHANGES, create, detention, one_of, person

# What is derived, and the columns that may hold more than follows: times of what is gone, and numbers that grow.
DERIVED = {
    "links": set[str](),
    "entries": set[str](),
    "situations": {"updated_at", "place"},
    "person_values": set[str](),
    "person_spans": set[str](),
    "person_custodies": set[str](),
    "person_names": set[str](),
    "name_words": set[str](),
    "name_postings": {"version"},
    "name_state": {"version"},
    "search_records": set[str](),
    "search_texts": {"place"},
    "search_words": set[str](),
    "search_keys": set[str](),
    "search_postings": set[str](),
    "digests": set[str](),
    "blocks": set[str](),
}
TABLES = {table.name: table for table in declared()}
ANY = {"If-Match": "*"}


def another(form: str, value: Any) -> Any:
    """Give another value of a column's type."""
    if form == "instant":
        return value + timedelta(seconds=1)
    made = {
        "uuid": uuid4(),
        "date": date(1999, 12, 31),
        "json": {"another": 1} if isinstance(value, dict) else ["another"],
        "boolean": not value,
        "text": f"{value}.",
    }
    less: dict[str, Any] = {"bytes": b" ", "integer": 20_000, "number": 0.5}
    return made[form] if form in made else less[form] if value is None else value + less[form]


def lived_in(url: str) -> None:
    """Make a register with a record of each kind, edits, a deletion, a purge and keys."""
    migrate(url)
    asyncio.run(live_in(url))


async def live_in(url: str) -> None:
    async with running(url) as register:
        for kind in KINDS:
            name, first, second = CHANGES[kind]
            made = await create(register.editor, kind, await one_of(register.editor, kind, **{name: first}))
            changed = await register.editor.patch(f"/v1/{kind}/{made['id']}", json={name: second}, headers=ANY)
            assert changed.status_code == 200
        told = person(categories=["journalist"], identifiers=[{"scheme": "invented", "value": "1"}])
        whom = (await create(register.editor, "persons", told))["id"]
        await create(register.editor, "detentions", detention(whom, started_on="2021-05-18"))
        for query in ("", "?purge=true"):
            gone = await create(register.admin, "persons", person())
            deleted = await register.admin.delete(f"/v1/persons/{gone['id']}{query}", headers=ANY)
            assert deleted.status_code == 204
        for tier in Tier:
            for kind in KINDS:
                await fill(register.database, tier, kind, size=1)


@asynccontextmanager
async def meddling(url: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that writes past the register, and is never kept."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            yield connection
            await connection.rollback()
    finally:
        await engine.dispose()


async def verdict(connection: AsyncConnection, head: Head | None = None, *, derived: bool = False) -> Verdict:
    async with AsyncSession(connection) as session:
        return await verify(session, KINDS, head, Recorder(KINDS, PLUGS) if derived else None)


async def after(connection: AsyncConnection, statement: Any) -> Verdict:
    """Give what is said after a statement, and take it back."""
    async with connection.begin_nested() as tampering:
        assert (await connection.execute(statement)).rowcount
        found = await verdict(connection)
        await tampering.rollback()
    return found


async def derived_fault(connection: AsyncConnection, statement: Any = None) -> str:
    """Give what is said first of what is derived, after a statement that is taken back."""
    async with connection.begin_nested() as tampering:
        if statement is not None:
            assert (await connection.execute(statement)).rowcount
        async with AsyncSession(connection) as session:
            found = await session.run_sync(verifying.derived_fault, Recorder(KINDS, PLUGS))
        await tampering.rollback()
    return found


async def first_fault(connection: AsyncConnection, kind: str) -> str:
    """Give what is said first of the records of a kind."""
    async with AsyncSession(connection) as session:
        return await session.run_sync(lambda sync: next(faults(sync, Kinds([KINDS[kind]])), ""))


async def first_row(connection: AsyncConnection, table: Table) -> dict[str, Any]:
    return (await connection.execute(select(table).limit(1))).one()._asdict()


def same(table: Table, row: dict[str, Any]) -> list[Any]:
    return [column == row[column.name] for column in table.primary_key]
