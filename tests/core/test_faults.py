"""What the register depends on fails under load: problems say when to come again, and nothing answered is lost."""

import asyncio
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg  # type: ignore[import-untyped]  # its makers give no types
import pytest
from httpx2 import AsyncClient, Response

from app.core.migrating import migrate
from tests import postgres
from tests.databases import NONE
from tests.factories import article
from tests.serving import new_key, served

WRITERS = 4
UNTIL = 60.0


@dataclass
class Load:
    """Those who write and read all the time, and what they were answered."""

    client: AsyncClient
    process: int
    written: list[str] = field(default_factory=list)
    got: Counter[int] = field(default_factory=Counter)
    unruly: list[str] = field(default_factory=list)
    over: bool = False

    async def go_on(self) -> None:
        while not self.over:
            made = await self.client.post("/v1/articles", json=article())
            self.note(made)
            if made.status_code == 201:
                self.written.append(made.json()["id"])
            self.note(await self.client.get("/v1/articles?limit=1"))
            if made.status_code == 503:
                await asyncio.sleep(0.05)

    def note(self, answer: Response) -> None:
        self.got[answer.status_code] += 1
        if answer.status_code == 503:
            right = answer.headers["content-type"] == "application/problem+json" and "retry-after" in answer.headers
        else:
            right = answer.is_success
        if not right:
            self.unruly.append(f"{answer.status_code} {answer.text[:200]}")

    async def lost(self) -> list[str]:
        """Give what was acknowledged and is not there."""
        return [one for one in self.written if (await self.client.get(f"/v1/articles/{one}")).status_code != 200]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(UNTIL):
            while not holds():  # noqa: ASYNC110 - what is counted tells of no event
                await asyncio.sleep(0.02)


async def under_load(url: str, hurt: Callable[[Load], Awaitable[None]], **settings: str) -> Load:
    """Run a server, load it, hurt what it depends on, and let it come back."""
    key = new_key(url, "write")
    with served(url, VESTKA_RATE_LIMIT_KEY="0", **settings) as server:
        async with AsyncClient(base_url=server.base, headers=key, timeout=60) as client:
            load = Load(client, server.process.pid)
            writers = [asyncio.create_task(load.go_on()) for _ in range(WRITERS)]
            await load.until(lambda: len(load.written) >= 10)
            await hurt(load)
            before = len(load.written)
            await load.until(lambda: len(load.written) >= before + 10)
            load.over = True
            await asyncio.gather(*writers)
            assert (await client.get("/readyz")).status_code == 200
            assert await load.lost() == []
    return load


async def crash(cluster: postgres.Cluster) -> None:
    """Kill one of the database server's processes: it throws everybody out and recovers from its log."""
    connection = await asyncpg.connect(host=str(cluster.folder), port=cluster.port, user="vestka", database="postgres")
    os.kill(connection.get_server_pid(), signal.SIGKILL)
    connection.terminate()


async def test_a_database_server_that_crashes_under_load_costs_nothing_that_was_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(postgres.SETTINGS, "synchronous_commit", "on")  # as it is by itself
    binaries = postgres.find_server()
    if binaries is None:
        pytest.skip(NONE)
    with await asyncio.to_thread(postgres.start, binaries) as cluster:
        await asyncio.to_thread(migrate, cluster.url)

        async def hurt(load: Load) -> None:
            await crash(cluster)
            await load.until(lambda: load.got[503] > 0)

        load = await under_load(cluster.url, hurt)
    assert load.unruly == []
    assert load.got[503] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="a running process is limited by Linux only")
async def test_a_disk_that_is_full_under_load_costs_nothing_that_was_answered(sqlite_url: str) -> None:
    async def hurt(load: Load) -> None:
        free = resource.prlimit(load.process, resource.RLIMIT_FSIZE)
        resource.prlimit(load.process, resource.RLIMIT_FSIZE, (4096, free[1]))
        await load.until(lambda: load.got[503] >= 5)
        assert (await load.client.get("/readyz")).status_code == 200  # it can be read
        resource.prlimit(load.process, resource.RLIMIT_FSIZE, free)

    load = await under_load(sqlite_url, hurt)
    assert load.unruly == []
