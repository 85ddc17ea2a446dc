"""Batches and purges that are killed in the middle: each is done whole or not at all, and what was answered is done."""

import asyncio
from dataclasses import dataclass, field
from uuid import uuid4

from httpx2 import AsyncClient, HTTPError

from app.core.rebuilding import reindex
from app.core.verifying import verify
from app.register import KINDS
from tests.conftest import Register, running
from tests.core.test_purging import kept
from tests.factories import person
from tests.serving import new_key, served

_SIZE = 12
_PURGED = 4
_CLIENTS = 3


@dataclass
class Asked:
    """What was asked of a server until it was killed, and whether it was answered."""

    batches: dict[tuple[str, ...], bool] = field(default_factory=dict)
    purges: dict[str, bool] = field(default_factory=dict)

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
                for one in ids[:_PURGED]:
                    self.purges[one] = False
                    gone = await client.delete(f"/v1/persons/{one}?purge=true", headers={"If-Match": "*"})
                    self.purges[one] = gone.is_success
        except HTTPError:
            return


def _mark(record_id: str) -> str:
    return f"Zqx{record_id.replace('-', '')}"


async def interrupted(url: str, seconds: float) -> Asked:
    """Run a server, ask it for batches and purges, and kill it so many seconds after the first answer."""
    key, asked = new_key(url, "admin"), Asked()
    with served(url) as server:
        async with AsyncClient(base_url=server.base, headers=key, timeout=60) as client:
            clients = [asyncio.create_task(asked.go_on(client)) for _ in range(_CLIENTS)]
            while not asked.answered:  # noqa: ASYNC110 - what is counted tells of no event
                await asyncio.sleep(0.01)
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
