"""What is killed in the middle: each thing is done whole or not at all, and what was answered is done."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from uuid import uuid4

from httpx2 import AsyncClient, HTTPError
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.core.documents import documents
from app.core.migrating import migrate
from app.core.rebuilding import reindex
from app.core.record import Tier
from app.core.verifying import Verdict, verify
from app.parts import open_database
from app.register import KINDS
from tests.conftest import Register, filled, running
from tests.core.test_purging import kept
from tests.factories import person
from tests.serving import ROOT, new_key, served

# Runs a command that is killed as soon as the database has carried out so many statements.
_DYING = """
import os, signal, sys
from itertools import count
from sqlalchemy import Engine, event
last, done = int(sys.argv.pop(1)), count(1)
event.listen(Engine, "after_cursor_execute", lambda *_: next(done) == last and os.kill(os.getpid(), signal.SIGKILL))
from app.cli import main
sys.exit(main(sys.argv[1:]))
"""
_SIZE = 60
_PURGED = 4
_CLIENTS = 3


@dataclass
class Asked:
    """What was asked of a server until it was killed, and whether it was answered."""

    batches: dict[tuple[str, ...], bool] = field(default_factory=dict)
    purges: dict[str, bool] = field(default_factory=dict)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def answered(self) -> int:
        return sum(self.batches.values()) + sum(self.purges.values())

    async def go_on(self, client: AsyncClient) -> None:
        """Add people in batches and purge some of them, until nobody answers."""
        try:
            while True:
                ids = tuple(str(uuid4()) for _ in range(_SIZE))
                self.batches[ids] = False
                records = [person(names=[{"kind": "legal", "full": _mark(one)}]) for one in ids]
                operations = [
                    {"op": "create", "kind": "persons", "id": one, "record": record}
                    for one, record in zip(ids, records, strict=True)
                ]
                self.batches[ids] = (await client.post("/v1/batch", json={"operations": operations})).is_success
                self.heard.set()
                for one in ids[:_PURGED]:
                    self.purges[one] = False
                    gone = await client.delete(f"/v1/persons/{one}?purge=true", headers={"If-Match": "*"})
                    self.purges[one] = gone.is_success
                    self.heard.set()
        except HTTPError:
            return


def statements_of(url: str) -> tuple[int, int]:
    """Make a register's tables and fill it, and give how many statements each takes."""
    counts: list[int] = []

    def count(*_: object) -> None:
        counts[-1] += 1

    event.listen(Engine, "after_cursor_execute", count)
    for fill in (migrate, filled):
        counts.append(0)
        fill(url)
    event.remove(Engine, "after_cursor_execute", count)
    return counts[0], counts[1]


def dying(url: str, statements: int, *arguments: str) -> None:
    """Run a command that is killed after so many statements."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VESTKA_DATABASE_URL": url}
    command = [sys.executable, "-P", "-c", _DYING, str(statements), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def begun_again(url: str, wanted: int) -> list[str]:
    """Start where a first start was killed, and say what it had done by half, or is not whole now."""
    wrong: list[str] = []
    for fill, right in ((migrate, {0, wanted}), (filled, {wanted})):
        try:
            fill(url)
        except SQLAlchemyError as error:
            return [*wrong, f"it does not start again: {error}"[:200]]
        found, verdict = asyncio.run(_state(url))
        wrong += [] if found in right and verdict.sound else [f"{found} records, {verdict.text}"]
    return wrong


async def _state(url: str) -> tuple[int, Verdict]:
    database = open_database(url)
    async with database.read() as session:
        query = select(func.count()).select_from(documents).where(documents.c.tier == int(Tier.PRIVATE))
        found = (await session.execute(query)).scalar_one(), await verify(session, KINDS)
    await database.close()
    return found


def _mark(record_id: str) -> str:
    return f"Zqx{record_id.replace('-', '')}"


async def interrupted(url: str, seconds: float) -> Asked:
    """Run a server, ask it for batches and purges, and kill it so many seconds after the first answer."""
    key, asked = new_key(url, "admin"), Asked()
    with served(url) as server:
        async with AsyncClient(base_url=server.base, headers=key, timeout=60) as client:
            clients = [asyncio.create_task(asked.go_on(client)) for _ in range(_CLIENTS)]
            await asked.heard.wait()
            await asyncio.sleep(seconds)
            server.kill()
            await asyncio.gather(*clients)
    with served(url):  # which finishes what was begun
        pass
    return asked


async def faults_of(url: str, asked: Asked) -> list[str]:
    """Say what of it is done by half, or answered and not done, or not as the history has it."""
    async with running(url) as register:
        wrong = [fault for batch in asked.batches.items() for fault in await _of_batch(register, asked, *batch)]
        wrong += await _of_purges(register, asked)
        async with register.database.read() as session:
            wrong += [] if (await verify(session, KINDS)).sound else ["the history does not verify"]
        wrong += ["what is derived was not current"] if await reindex(register.database) else []
    return wrong


async def _of_batch(register: Register, asked: Asked, ids: tuple[str, ...], answered: bool) -> list[str]:  # noqa: FBT001 - a pair of what was asked
    found = {(await _status(register, one)) == 200 for one in ids if one not in asked.purges}
    return [] if found == {True} or (found == {False} and not answered) else [f"a batch, answered {answered}: {found}"]


async def _of_purges(register: Register, asked: Asked) -> list[str]:
    statuses = {one: await _status(register, one) for one in asked.purges}
    wrong = [
        f"a purge, answered {answered}: {statuses[one]}"
        for one, answered in asked.purges.items()
        if statuses[one] != 410 and (answered or statuses[one] != 200)
    ]
    left = (await kept(register)).lower()
    gone = [one for one, status in statuses.items() if status == 410]
    return wrong + [f"left of what was purged: {one}" for one in gone if _mark(one).lower().encode() in left]


async def _status(register: Register, record_id: str) -> int:
    return (await register.admin.get(f"/v1/persons/{record_id}")).status_code
