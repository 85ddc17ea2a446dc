import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests import postgres
from tests.databases import NONE, PostgresTemplates

LEFT_BEHIND = """
import sys, time
from pathlib import Path
from tests import postgres
print(postgres.start(Path(sys.argv[1])).folder, flush=True)
time.sleep(60)
"""


@pytest.fixture
def binaries() -> Path:
    found = postgres.find_server()
    if found is None:
        pytest.skip(NONE)
    return found


async def tables(url: str) -> set[str]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        found = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await engine.dispose()
    return found


async def scribble(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE scribble (id INTEGER)"))
    await engine.dispose()


@pytest.mark.parametrize("time_of_day", ["morning", "evening"])
async def test_a_test_gets_a_migrated_database_of_its_own(database_url: str, time_of_day: str) -> None:
    found = await tables(database_url)
    assert "alembic_version" in found, time_of_day
    assert "scribble" not in found
    await scribble(database_url)
    assert await tables(database_url) == found | {"scribble"}


def test_what_a_database_is_filled_with_is_prepared_once(postgresql_templates: PostgresTemplates) -> None:
    calls: list[str] = []
    for _ in range(3):
        with postgresql_templates.copy(calls.append) as url:
            assert url not in calls
    assert len(calls) <= 1  # none, where another worker came first
    assert not postgres.databases(postgresql_templates.admin, url.rsplit("/", 1)[-1].split("?", 1)[0])


def test_a_server_outlives_no_run_that_is_killed(binaries: Path) -> None:
    command = [sys.executable, "-c", LEFT_BEHIND, str(binaries)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent) as run:
        assert run.stdout
        folder = Path(run.stdout.readline().strip())
        server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not folder.exists()
    with contextlib.suppress(PermissionError), pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def test_a_throw_away_server_answers_on_its_socket_and_on_loopback(binaries: Path) -> None:
    with postgres.start(binaries) as cluster:
        for url in (cluster.url, cluster.tcp_url):
            with contextlib.closing(postgres.Admin(url)) as admin:
                assert admin.column("SHOW server_encoding") == ["UTF8"]
    assert not cluster.folder.exists()


def test_a_folder_without_a_server_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VESTKA_TEST_POSTGRES_BIN", str(tmp_path))
    assert postgres.find_server() is None


def test_a_named_server_is_spoken_to_through_asyncpg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTKA_TEST_POSTGRES_URL", "postgresql://me:a%40b@db:5433/postgres")
    assert postgres.named_server() == "postgresql+asyncpg://me:a%40b@db:5433/postgres"
