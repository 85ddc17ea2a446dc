"""What tests of mirrors share: a source that answers over HTTP, and a register that copies it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from httpx2 import AsyncClient
from starlette.types import ASGIApp

from app.core.database import Database
from app.core.rebuilding import reindex
from app.core.verifying import verify
from app.register import KINDS
from app.sync.mirror.running import Mirror
from app.sync.mirror.source import Source
from app.sync.mirror.stops import Patience
from app.sync.mirror.telling import Teller
from tests.conftest import Register
from tests.sync.following import Held, exported, held_in


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on a port of its own, in this event loop; give its address."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="error", http="app.core.wire:Wire")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        # As the server's own shutdown does, which looks ten times a second whether all have gone.
        ticking.cancel()
        server.servers[0].close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        if server.server_state.tasks:
            await asyncio.wait(server.server_state.tasks)


@dataclass
class Copying:
    """A register, its address, and another one that copies it."""

    source: Register
    url: str
    mirror: Register
    said: list[str] = field(default_factory=list)

    def of(self, role: str = "public", *, follow: bool = False, tries: int = 3) -> Mirror:
        """Give the command that copies what a role sees."""
        key = self.source.clients[role].headers.get("authorization", "").removeprefix("Bearer ") or None
        return command(self.mirror.database, self.url, key, self.said, follow=follow, tries=tries)

    async def copy(self, role: str = "public") -> None:
        await self.of(role).run()

    async def agrees(self, role: str = "public") -> None:
        """Hold that all that the role sees of the source is here, as it is there, and nothing else is wrong."""
        theirs = await held(self.source.clients[role])
        for reader in [name for name in ("public", "partner", "keeper") if _sees_all(name, role)]:
            assert bare(await held(self.mirror.clients[reader])) == bare(theirs)
        async with self.mirror.database.read() as session:
            verdict = await verify(session, KINDS)
        assert verdict.sound, verdict.text
        assert await reindex(self.mirror.database) == 0


def command(
    database: Database, url: str, key: str | None, said: list[str], *, follow: bool = False, tries: int | None = 3
) -> Mirror:
    """Give a mirror that does not wait long."""
    return Mirror(database, Source(url, key), follow, Teller(said.append, every=60), Patience(0.02, tries))


def _sees_all(reader: str, role: str) -> bool:
    order = ("public", "partner", "keeper")
    return order.index(reader) >= order.index(role)


async def held(client: AsyncClient) -> Held:
    """Give all that a client may see."""
    return held_in((await exported(client))[1])


def bare(records: Held) -> dict[Any, Any]:
    """Leave out where records are from."""
    return {key: {name: value for name, value in record.items() if name != "origin"} for key, record in records.items()}
