"""Clients by role, on a fresh register of either database."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import event

from app.core.access import make_key
from app.core.database import Database
from app.core.dialects.watching import LAST_HEARD
from app.core.migrating import migrate
from app.main import Served, create_app
from app.parts import open_database
from app.register.seeding import seed
from app.settings import Settings
from tests.dialects import share

pytest_plugins = ["tests.databases"]
share()
# What carries requests to the application looks for this package on every one of them, along the whole path.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # says that there is none

ROLES = {"public": [], "partner": ["read:partners"], "editor": ["write"], "keeper": ["write", "read:private"]}
SCOPES = {**ROLES, "admin": ["admin"]}


def pytest_collection_finish() -> None:
    """Leave alone what was imported and collected: walking over it again and again is a fifth of what tests take."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@cache
def _application(_: int) -> Served:
    """Make each application once: its routes take longer to build than most tests to run."""
    return create_app(Settings(seed=False, rate_limit_public=0, rate_limit_key=0))


@dataclass
class Register:
    """A running register and its clients."""

    app: Served
    database: Database
    public: AsyncClient
    partner: AsyncClient
    editor: AsyncClient
    keeper: AsyncClient
    admin: AsyncClient
    statements: list[str] = field(default_factory=list)

    @property
    def clients(self) -> dict[str, AsyncClient]:
        return {role: getattr(self, role) for role in SCOPES}


@asynccontextmanager
async def running(url: str, number: int = 0) -> AsyncIterator[Register]:
    """Run the application on a migrated database, without a server in between; each number is one of its own."""
    app = _application(number)
    database = app.state.database = open_database(url)
    tokens: dict[str, str | None] = {"public": None}
    async with database.write("tests") as session:
        for role, scopes in SCOPES.items():
            if scopes:
                key, tokens[role] = make_key(role, scopes)
                session.add(key)
    clients: dict[str, Any] = {role: client_of(app, token) for role, token in tokens.items()}
    register = Register(app, database, **clients)
    for engine in database.engines:
        event.listen(engine.sync_engine, "before_cursor_execute", counting(register.statements))
    try:
        yield register
    finally:
        for client in clients.values():
            await client.aclose()
        await database.close()


def counting(statements: list[str]) -> Callable[..., None]:
    def count(_: object, __: object, statement: str, *___: object) -> None:
        # Asked a few times a second, and written once a day, whatever the requests.
        if statement != LAST_HEARD and not statement.startswith("UPDATE api_keys SET last_used_on"):
            statements.append(statement)

    return count


def client_of(app: Served, token: str | None = None) -> AsyncClient:
    """Give a client that sends this key."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return AsyncClient(transport=ASGITransport(app, raise_app_exceptions=True), base_url="http://t", headers=headers)


@pytest.fixture
async def register(database_url: str) -> AsyncIterator[Register]:
    """An empty register."""
    async with running(database_url) as made:
        yield made


def filled(url: str) -> None:
    """Make a register with the seeds."""
    migrate(url)

    async def fill() -> None:
        database = open_database(url)
        await seed(database)
        await database.close()

    asyncio.run(fill())


@pytest.fixture(params=("sqlite", "postgresql"))
def seeded_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a register with the seeds."""
    from tests.databases import templates  # noqa: PLC0415 - a plugin is not imported before pytest has rewritten it

    with templates(request, request.param).copy(filled) as url:
        yield url


@pytest.fixture
async def seeded(seeded_url: str) -> AsyncIterator[Register]:
    """A register with the seeds."""
    async with running(seeded_url) as made:
        yield made
