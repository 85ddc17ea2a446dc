"""Backups made while others write, restored to either database; files that are not whole; restores that are killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from httpx2 import AsyncClient

from app.register import KINDS
from app.sync.backup.archive import Unusable
from app.sync.backup.restoring import check as read_whole
from app.sync.backup.restoring import restore
from bench.trust.checks import Ground, Row, check
from tests.core.meddling import live_in
from tests.factories import article
from tests.serving import ROOT, new_key, run, served
from tests.sync.test_backup import rows_of

_WRITERS = 4
_KILLS = 15


@check("backups", "A backup is one state of the register, and comes back as it was, on either database, or not at all.")
def backups(ground: Ground) -> Iterator[Row]:
    """Back up a register that is written to, restore it everywhere, and spoil what can be spoiled."""
    for database, url in ground.registers(ground.databases):
        ground.run(live_in(url))
        file = ground.folder / f"{database}.vestka"
        yield ground.run(_while_written(url, file, database, ground.times(10), ground.times(_WRITERS)))
        for target, other in ground.registers():
            if ground.quick and target == database:
                continue  # on its way to the other and back it comes to both
            yield _there_and_back(url, other, ground.folder / "again.vestka", f"{database} to {target}")
        yield _spoilt(file, ground.times(2_000))
        yield _killed(url, file, database, ground.times(_KILLS))


async def _while_written(url: str, file: Path, database: str, times: int, count: int) -> Row:
    """Make backups one after the other of a register that others write to."""
    key, written, bad = new_key(url, "write"), 0, 0
    done = asyncio.Event()

    async def write(client: AsyncClient) -> int:
        count = 0
        while not done.is_set():
            count += (await client.post("/v1/articles", json=article())).is_success
        return count

    with served(url, VESTKA_RATE_LIMIT_KEY="0") as server:
        async with AsyncClient(base_url=server.base, headers=key, timeout=60) as client:
            writers = [asyncio.create_task(write(client)) for _ in range(count)]
            for _ in range(times):
                made = await asyncio.to_thread(run, url, "backup", str(file))
                bad += made.returncode != 0 or not _whole(file)
            done.set()
            written = sum(await asyncio.gather(*writers))
    return Row("made while others write", database, times, "backups", bad, "not whole", f"{written:,} writes meanwhile")


def _whole(file: Path) -> bool:
    try:
        return read_whole(file).contents.sound
    except Unusable:
        return False


def _there_and_back(url: str, other: str, file: Path, where: str) -> Row:
    """Restore to another register, and what is there to the first again: every row of every table is as it was."""
    before = asyncio.run(rows_of(url))
    for source, target in ((url, other), (other, url)):
        run(source, "backup", str(file)).check_returncode()
        asyncio.run(restore(target, KINDS, read_whole(file), replace=True))
    states = [asyncio.run(rows_of(one)) for one in (other, url)]
    wrong = sum(before[name] != after[name] for name in before for after in states)
    return Row(
        "restored, and back", where, sum(map(len, before.values())), "rows compared", wrong, "tables that differ"
    )


def _spoilt(file: Path, times: int) -> Row:
    """Flip a bit, or cut the file, at random places: it must be refused."""
    data, random, taken = file.read_bytes(), Random(1), 0
    spoilt = file.with_name("spoilt.vestka")
    for number in range(times):
        place = random.randrange(len(data))
        flipped = data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]
        spoilt.write_bytes(data[:place] if number % 2 else flipped)
        taken += _whole(spoilt)
    return Row("a bit flipped, or the end cut off", "any", times, "files", taken, "taken for whole")


def _killed(url: str, file: Path, database: str, times: int) -> Row:
    """Kill restores at moments from their beginning to their end: what is there is the old register or the new one."""
    before = asyncio.run(rows_of(url))
    took = time.monotonic()
    asyncio.run(restore(url, KINDS, read_whole(file), replace=True))
    restored = asyncio.run(rows_of(url))
    took = 2 * (time.monotonic() - took) + 2  # the program has to start too
    random, wrong, old = Random(2), 0, 0
    for _ in range(times):
        _restore_and_kill(url, file, random.uniform(0, took))
        now = asyncio.run(rows_of(url))
        wrong += now not in (before, restored)
        old += now == before
        wrong += run(url, "verify").returncode != 0
    return Row("restores killed at any moment", database, times, "kills", wrong, "left anything but the old or the new")


def _restore_and_kill(url: str, file: Path, seconds: float) -> None:
    command = [sys.executable, "-P", "-m", "app", "restore", "--replace", str(file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VESTKA_DATABASE_URL": url}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
