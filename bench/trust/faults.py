"""What the register depends on fails while it is written to: the process, the disk, the database server."""

import asyncio
import resource
from collections.abc import Iterator
from pathlib import Path

from app.core.migrating import migrate
from bench.trust.checks import Ground, Row, check
from tests import postgres
from tests.core.test_faults import Load, crash, under_load
from tests.databases import sqlite_address

_LEAST = 10  # refusals that are waited for
_TIMES = 8


@check("faults", "What was answered stays, what cannot be done is a problem with Retry-After, and service comes back.")
def faults(ground: Ground) -> Iterator[Row]:
    """Hurt it again and again under load, and look for every write that was acknowledged."""
    loads = [ground.run(_full(ground.folder / f"full{number}.db")) for number in range(ground.times(_TIMES))]
    yield row("the disk is full, and has room again", "SQLite", loads)
    binaries = postgres.find_server()
    if binaries is not None:
        postgres.SETTINGS["synchronous_commit"] = "on"  # as it is by itself
        loads = [ground.run(_crashed(binaries)) for _ in range(ground.times(_TIMES))]
        yield row("the server crashes and recovers", "PostgreSQL", loads)


def row(what: str, on: str, loads: list[Load]) -> Row:
    """Tell what loads came to: what was acknowledged, and what of it was lost."""
    written = sum(len(load.written) for load in loads)
    unruly = sum(len(load.unruly) for load in loads)
    refused = sum(load.got[503] for load in loads)
    note = f"{len(loads)} times; {refused:,} refusals with Retry-After"
    return Row(what, on, written, "writes acknowledged", unruly, "lost, or answered otherwise", note)


async def _full(file: Path) -> Load:
    url = sqlite_address(file)
    await asyncio.to_thread(migrate, url)

    async def hurt(load: Load) -> None:
        free = resource.prlimit(load.process, resource.RLIMIT_FSIZE)
        resource.prlimit(load.process, resource.RLIMIT_FSIZE, (4096, free[1]))
        await load.until(lambda: load.got[503] >= _LEAST)
        resource.prlimit(load.process, resource.RLIMIT_FSIZE, free)

    return await under_load(url, hurt)


async def _crashed(binaries: Path) -> Load:
    with await asyncio.to_thread(postgres.start, binaries) as cluster:
        await asyncio.to_thread(migrate, cluster.url)

        async def hurt(load: Load) -> None:
            await crash(cluster)
            await load.until(lambda: load.got[503] > 0)

        return await under_load(cluster.url, hurt)
