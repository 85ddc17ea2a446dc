"""Reads in the event loop: brief, or done again in a thread."""

import pytest
from sqlalchemy import text

from app.core import dialects
from app.core.database import Database
from app.core.dialects import TooLong
from app.register import KINDS
from tests.conftest import running
from tests.factories import create, organization

LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT sum(i) FROM n"


async def test_a_long_statement_does_not_hold_the_event_loop(sqlite_url: str) -> None:
    database = Database(sqlite_url, KINDS)
    try:
        with pytest.raises(TooLong):
            async with database.read(brief=True) as session:
                await session.execute(text(LONG))
        async with database.read(brief=True) as session:
            assert (await session.execute(text("SELECT 1"))).scalar() == 1
        async with database.read() as session:
            assert (await session.execute(text(LONG))).scalar() == 500_000_500_000
    finally:
        await database.close()


async def test_a_request_that_takes_too_long_is_done_again_patiently(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "BRIEF_STEPS", 1)
    async with running(sqlite_url) as register:
        made = await create(register.editor, "organizations", organization())
        for client in (register.public, register.partner):
            answer = await client.get(f"/v1/organizations/{made['id']}")
            assert answer.status_code == 200
            assert answer.json()["id"] == made["id"]
        assert len((await register.public.get("/v1/organizations")).json()["items"]) == 1


async def test_a_read_in_the_event_loop_cannot_write(sqlite_url: str) -> None:
    database = Database(sqlite_url, KINDS)
    try:
        with pytest.raises(Exception, match="readonly"):
            async with database.read(brief=True) as session:
                await session.execute(text("UPDATE register SET position = 7"))
    finally:
        await database.close()


async def test_a_statement_that_is_brief_stays_so_however_often_it_is_run(sqlite_url: str) -> None:
    database = Database(sqlite_url, KINDS)
    short = LONG.replace("1000000", "100")
    try:
        for _ in range(200):
            assert database.direct.now([(short, ())]) == [[(5_050,)]]
        with pytest.raises(TooLong):
            database.direct.now([(LONG, ())])
        async with database.read(brief=True) as session:
            for _ in range(200):
                assert (await session.execute(text(short))).scalar() == 5_050
    finally:
        await database.close()
