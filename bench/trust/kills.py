"""The process is killed while it migrates and seeds, or is asked for batches and purges: each is done once, or not."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.register.seeding import seeds
from bench.trust.checks import Ground, Row, check
from tests.core.interrupting import faults_of, interrupted
from tests.serving import ROOT, run

_LONGEST = 4.0  # seconds: a start takes less
_STARTS = 12
_LIVES = 8


@check("kills", "A start that is killed at any moment leaves a register that the next start makes whole.")
def kills(ground: Ground) -> Iterator[Row]:
    """Kill a first start, which migrates and seeds, and start again."""
    wanted = sum(map(len, seeds().values()))
    for database in ("SQLite", "PostgreSQL"):
        times, wrong = ground.times(_STARTS), 0
        for _ in range(times):
            url = ground.register(database, migrated=False)
            if url is None:
                return
            _start_and_kill(url)
            whole = run(url, "seed").returncode == 0 and run(url, "verify").returncode == 0
            wrong += not whole or asyncio.run(_count(url)) != wanted
        yield Row(
            "killed while it migrates and seeds", database, times, "kills", wrong, "not whole after the next start"
        )


@check("interrupted", "A batch or a purge that is killed is done whole or not at all; what was answered is done.")
def interruptions(ground: Ground) -> Iterator[Row]:
    """Kill servers that add in batches and purge, one after the other on the same register."""
    dice = random.Random(3)
    for database, url in ground.registers():
        answered, wrong = 0, list[str]()
        lives = ground.times(_LIVES)
        for _ in range(lives):
            asked = ground.run(interrupted(url, dice.uniform(0, 1)))
            wrong += ground.run(faults_of(url, asked))
            answered += asked.answered
        note = "; ".join([f"{lives} kills", *wrong[:3]])[:300]
        unit, fault = "batches and purges answered", "done by half, lost, or not erased"
        yield Row("killed among batches and purges", database, answered, unit, len(wrong), fault, note)


def _start_and_kill(url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VESTKA_DATABASE_URL": url}
    command = [sys.executable, "-P", "-m", "app.cli", "seed"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own
        try:
            process.wait(random.uniform(0.5, _LONGEST))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)


async def _count(url: str) -> int:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        query = "SELECT count(DISTINCT kind || id) FROM (SELECT kind, CAST(id AS VARCHAR) AS id FROM documents) AS told"
        found: int = (await connection.execute(text(query))).scalar_one()
    await engine.dispose()
    return found
