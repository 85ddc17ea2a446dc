"""What the register depends on fails under load: problems say when to come again, and nothing answered is lost."""

import asyncio
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # its makers give no types
import pytest
from httpx2 import AsyncClient, Response
from sqlalchemy import Connection, event

from app import service
from app.core.migrating import migrate
from app.parts import open_database
from tests import conftest, postgres
from tests.databases import NONE
from tests.factories import article, create
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


def processes(cluster: postgres.Cluster) -> list[int]:
    """Give the processes of a database server, the first one first."""
    first = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
    return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]


@contextmanager
def hanging(cluster: postgres.Cluster) -> Iterator[None]:
    """Have a database server neither answer nor hang up, as one whose disk does not answer."""
    stopped = processes(cluster)
    try:
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in stopped:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


@pytest.mark.skipif(sys.platform != "linux", reason="the processes of a server are found by Linux's /proc")
async def test_a_database_server_that_hangs_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = postgres.find_server()
    if binaries is None:
        pytest.skip(NONE)
    monkeypatch.setattr(conftest, "open_database", partial(open_database, patience=0.2))
    monkeypatch.setattr(service, "READY_SECONDS", 0.2)
    with await asyncio.to_thread(postgres.start, binaries) as cluster:
        await asyncio.to_thread(migrate, cluster.url)
        async with conftest.running(cluster.url) as register:
            made = await create(register.editor, "articles", article())
            asked = [("GET", f"/v1/articles/{made['id']}"), ("GET", "/v1/articles?count=true"), ("GET", "/readyz")]
            for _, place in asked:
                assert (await register.public.get(place)).status_code == 200
            asked += [("POST", "/v1/articles"), ("POST", "/v1/batch"), ("GET", "/v1/digest"), ("GET", "/v1/export")]
            with hanging(cluster):
                async with asyncio.timeout(UNTIL):
                    answers = await asyncio.gather(*(register.editor.request(*one, json={}) for one in asked))
                    answers += await asyncio.gather(*(register.public.request(*one) for one in asked[:3]))
                    assert (await register.public.get("/healthz")).status_code == 200
            assert [answer.status_code for answer in answers] == [503] * len(answers)
            assert all("retry-after" in answer.headers for answer in answers)
            for method, place in asked[:3]:
                assert (await register.public.request(method, place)).status_code == 200
            await create(register.editor, "articles", article())


async def test_a_file_that_cannot_be_written_is_read(sqlite_url: str) -> None:
    def only_read(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only = ON")

    async with conftest.running(sqlite_url) as register:
        made = await create(register.editor, "articles", article())
        for engine in (register.database.writing, register.database.bulk):
            event.listen(engine.sync_engine, "begin", only_read)
        batch = {"operations": [{"op": "create", "kind": "articles", "record": article()}]}
        for refused in (
            await register.editor.post("/v1/articles", json=article()),
            await register.editor.delete(f"/v1/articles/{made['id']}", headers={"If-Match": "*"}),
            await register.editor.post("/v1/batch", json=batch),
        ):
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        assert (await register.public.get("/readyz")).status_code == 200  # it can be read
        assert [one["id"] for one in (await register.public.get("/v1/articles")).json()["items"]] == [made["id"]]
        for engine in (register.database.writing, register.database.bulk):
            event.remove(engine.sync_engine, "begin", only_read)
            await engine.dispose()
        await create(register.editor, "articles", article())
