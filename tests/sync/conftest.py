"""Registers that copy one another."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from secrets import token_bytes
from uuid import uuid4

import pytest
from sqlalchemy import update

from app.core.history import register
from app.core.migrating import migrate
from app.parts import open_database
from tests.conftest import running
from tests.databases import DIALECTS, templates
from tests.sync.mirroring import Copying, listening


async def become_another(url: str) -> None:
    """Give a register that was copied from a template an identity of its own."""
    database = open_database(url)
    async with database.write("tests") as session:
        await session.execute(update(register).values(register_id=uuid4(), secret=token_bytes(32)))
    await database.close()


@pytest.fixture(params=DIALECTS)
def two_urls(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The addresses of two empty databases of one dialect."""
    made = templates(request, request.param)
    with ExitStack() as stack:
        yield stack.enter_context(made.copy(migrate)), stack.enter_context(made.copy(migrate))


@pytest.fixture
async def copying(two_urls: tuple[str, str]) -> AsyncIterator[Copying]:
    """Two empty registers, one of which answers over HTTP."""
    await become_another(two_urls[1])
    async with running(two_urls[0]) as source, running(two_urls[1], 1) as mirror, listening(source.app) as url:
        yield Copying(source, url, mirror)
