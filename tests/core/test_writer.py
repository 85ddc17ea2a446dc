"""Writers of a SQLite file wait for their turn without holding anybody up, and may give up waiting."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.dialects import writing_engine


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "writer.db"


@pytest.fixture
async def engine(file: Path) -> AsyncIterator[AsyncEngine]:
    made = writing_engine(f"sqlite+aiosqlite:///{file}")
    async with made.begin() as connection:
        await connection.execute(text("CREATE TABLE told (what)"))
    yield made
    await made.dispose()


@pytest.fixture
def another(engine: AsyncEngine, file: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else whose turn it is."""
    del engine  # has made the table
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


async def tell(engine: AsyncEngine, *what: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO told VALUES (:what)"), [{"what": one} for one in what])


async def fail(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO told VALUES ('undone')"))
        raise ZeroDivisionError


async def told(engine: AsyncEngine) -> list[str]:
    async with engine.begin() as connection:
        return list((await connection.execute(text("SELECT what FROM told ORDER BY rowid"))).scalars())


async def test_who_waits_for_a_turn_holds_nobody_up(engine: AsyncEngine, another: sqlite3.Connection) -> None:
    waiting = asyncio.create_task(tell(engine, "waited"))
    for _ in range(20):
        await asyncio.sleep(0.001)  # the loop goes on
    assert not waiting.done()
    another.execute("COMMIT")
    await waiting
    assert await told(engine) == ["waited"]


async def test_who_gives_up_waiting_leaves_nothing_behind(engine: AsyncEngine, another: sqlite3.Connection) -> None:
    waiting = asyncio.create_task(tell(engine, "given up"))
    await asyncio.sleep(0.02)
    waiting.cancel()
    next_one = asyncio.create_task(tell(engine, "next"))
    await asyncio.sleep(0.02)
    another.execute("COMMIT")
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await next_one
    assert await told(engine) == ["next"]


async def test_a_write_that_fails_is_undone(engine: AsyncEngine) -> None:
    with pytest.raises(ZeroDivisionError):
        await fail(engine)
    many = [str(number) for number in range(300)]  # more than are written while others wait
    await tell(engine, *many)
    assert await told(engine) == many
