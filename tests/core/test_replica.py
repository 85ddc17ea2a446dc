"""A replica that is behind: who has a key reads what they wrote, the public what the replica has, and cursors hold."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from app.core.access import make_key
from app.core.dialects import Unfit
from app.core.migrating import migrate
from app.parts import open_database, refuse_another
from tests.conftest import Register, client_of, running
from tests.databases import sqlite_address
from tests.factories import create, organization
from tests.serving import free_port, run


@pytest.fixture
async def behind(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Register]:
    """A register whose replica stays as it is now."""
    async with running(sqlite_url) as register:
        file, replica = Path(make_url(sqlite_url).database or ""), tmp_path / "replica.db"
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(file, replica)
        database = open_database(sqlite_url, sqlite_address(replica))
        kept, register.app.state.database = register.app.state.database, database
        yield register
        register.app.state.database = kept
        await database.close()


async def test_who_wrote_reads_it_and_the_public_reads_the_replica(behind: Register) -> None:
    made = await create(behind.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    for client in (behind.editor, behind.partner):
        assert (await client.get(path)).status_code == 200
        assert [one["id"] for one in (await client.get("/v1/organizations")).json()["items"]] == [made["id"]]
    assert (await behind.public.get(path)).status_code == 404
    changed = await behind.editor.patch(path, json={"website": "https://example.org/"}, headers={"If-Match": "*"})
    assert (await behind.editor.get(path)).headers["etag"] == changed.headers["etag"]


async def test_who_reads_another_register_is_not_ready_and_does_not_start(behind: Register, tmp_path: Path) -> None:
    assert (await behind.public.get("/readyz")).status_code == 200
    other = sqlite_address(tmp_path / "other.db")
    await asyncio.to_thread(migrate, other)
    database = open_database(behind.database.url, other)
    kept, behind.app.state.database = behind.app.state.database, database
    assert (await behind.public.get("/readyz")).status_code == 503
    behind.app.state.database = kept
    with pytest.raises(Unfit, match="VESTKA_READ_DATABASE_URL names the database of another register"):
        await refuse_another(database)
    words = ("serve", "--no-seed", "--port", str(free_port()))
    said = await asyncio.to_thread(lambda: run(behind.database.url, *words, VESTKA_READ_DATABASE_URL=other))
    assert (said.returncode, "names the database of another register" in said.stderr) == (1, True)
    assert said.stderr.count("\n") == 1
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("DROP TABLE register")
    await refuse_another(database)
    await database.close()


async def test_a_key_is_good_as_soon_as_it_is_made(behind: Register) -> None:
    key, token = make_key("somebody new", ["read:partners"])
    async with behind.app.state.database.write("tests") as session:
        session.add(key)
    async with client_of(behind.app, token) as client:
        assert (await client.get("/v1/organizations")).status_code == 200


async def test_a_cursor_ahead_of_the_replica_is_answered_by_the_primary(behind: Register) -> None:
    await create(behind.editor, "organizations", organization())
    cursor = (await behind.editor.get("/v1/changes")).json()["cursor"]
    second = await create(behind.editor, "organizations", organization())
    page = (await behind.editor.get(f"/v1/changes?after={cursor}")).json()
    assert second["id"] in [item["id"] for item in page["items"]]
