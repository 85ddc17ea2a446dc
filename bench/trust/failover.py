"""A PostgreSQL that hangs, and one that dies and whose standby takes over, while the register is written to."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from app.core.migrating import migrate
from bench.trust.checks import Ground, Row, check
from bench.trust.faults import row
from tests import postgres
from tests.core.test_faults import Load, hanging, processes, under_load

_LEAST = 10  # refusals that are waited for
_SYNCHRONOUS = {"synchronous_commit": "on", "synchronous_standby_names": "*"}


@check("failover", "A database server that hangs is given up in time; when it dies, its standby takes over.")
def failover(ground: Ground) -> Iterator[Row]:
    """Stop a server for a while; kill another and promote its standby, again and again under load."""
    binaries = postgres.find_server()
    if binaries is None:
        return
    if not ground.quick:  # the time that a server is given cannot be made shorter
        yield row("the server hangs, and goes on", "PostgreSQL", [ground.run(_hung(binaries))])
    loads = [ground.run(_failed_over(binaries)) for _ in range(ground.times(5))]
    yield row("the server dies, its standby takes over", "PostgreSQL", loads)


async def _hung(binaries: Path) -> Load:
    with await asyncio.to_thread(postgres.start, binaries) as cluster:
        await asyncio.to_thread(migrate, cluster.url)

        async def hurt(load: Load) -> None:
            with hanging(cluster):
                await load.until(lambda: load.got[503] > 1)
                ready = await load.client.get("/readyz")
                load.unruly += [] if ready.status_code == 503 else [f"/readyz said {ready.status_code}"]  # noqa: PLR2004 - the HTTP status

        return await under_load(cluster.url, hurt)


async def _failed_over(binaries: Path) -> Load:
    with (
        await asyncio.to_thread(postgres.start, binaries, None, **_SYNCHRONOUS) as primary,
        await asyncio.to_thread(_standby, binaries, primary) as standby,
    ):
        url = _either(primary, standby)
        await asyncio.to_thread(migrate, url)

        async def hurt(load: Load) -> None:
            for process in processes(primary):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            await load.until(lambda: load.got[503] >= _LEAST)
            await asyncio.to_thread(_promote, standby)

        return await under_load(url, hurt)


def _either(*clusters: postgres.Cluster) -> str:
    """Give an address that means whichever of the servers can be written."""
    hosts = "&".join(f"host=127.0.0.1:{cluster.port}" for cluster in clusters)
    password = clusters[0].password
    return f"postgresql+asyncpg://vestka:{password}@/postgres?{hosts}&target_session_attrs=read-write"


def _standby(binaries: Path, primary: postgres.Cluster) -> postgres.Cluster:
    """Start a server that follows another, and wait until the other waits for it at each commit."""
    folder = Path(tempfile.mkdtemp(prefix="vestka-postgres-", dir=primary.folder.parent))
    identity = postgres.unprivileged()
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    copy = [str(binaries / "pg_basebackup"), "-h", str(primary.folder), "-p", str(primary.port), "-U", "vestka"]
    copy += ["-D", str(folder / "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync"]
    try:
        subprocess.run(copy, check=True, cwd="/", capture_output=True, **identity)  # noqa: S603 - our own
    except subprocess.CalledProcessError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    cluster = postgres.run(binaries, folder, primary.password, postgres.SETTINGS)
    _wait(primary, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", 1)
    return cluster


def _promote(standby: postgres.Cluster) -> None:
    _wait(standby, "SELECT pg_promote()", wanted=True)


def _wait(cluster: postgres.Cluster, query: str, wanted: object) -> None:
    """Ask until the answer is what is wanted; the check is broken off when it takes too long."""
    with contextlib.closing(postgres.Admin(cluster.url)) as admin:
        while admin.column(query) != [wanted]:
            time.sleep(0.02)
