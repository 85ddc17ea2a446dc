"""Migrations: one line of them, equal to the models, there and back, by many at once."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from app.core.migrating import configured, head, migrate, revisions
from tests.databases import templates
from tests.serving import ROOT, run


def nothing(url: str) -> None:
    """Leave a database as it is."""
    if url.startswith("sqlite"):
        Path(url.partition(":///")[2]).touch()


@pytest.fixture(params=("sqlite", "postgresql"))
def bare_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without any table."""
    with templates(request, request.param).copy(nothing) as url:
        yield url


def test_there_is_one_line_of_migrations() -> None:
    scripts = ScriptDirectory.from_config(configured(""))
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1
    assert head() == scripts.get_current_head()
    assert revisions() == frozenset(one.revision for one in scripts.walk_revisions())


def test_migrations_equal_the_models_and_go_back(bare_url: str) -> None:
    migrate(bare_url)
    command.check(configured(bare_url))
    command.downgrade(configured(bare_url), "base")
    migrate(bare_url)
    command.check(configured(bare_url))


def test_workers_that_start_at_once_migrate_once(bare_url: str) -> None:
    start = f"from app.core.migrating import migrate; migrate({bare_url!r})"
    with ExitStack() as stack:
        workers = [
            stack.enter_context(subprocess.Popen([sys.executable, "-c", start], cwd=ROOT, stderr=subprocess.PIPE))
            for _ in range(4)
        ]
        said = [worker.communicate()[1].decode() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4, said
    command.check(configured(bare_url))


def test_every_command_migrates_first(bare_url: str) -> None:
    assert run(bare_url, "key", "list").returncode == 0
    command.check(configured(bare_url))


async def test_a_database_that_is_not_migrated_is_not_ready(bare_url: str) -> None:
    from app.core.migrating import is_current  # noqa: PLC0415 - beside its only use
    from app.parts import open_database  # noqa: PLC0415 - the same

    database = open_database(bare_url)
    async with database.read() as session:
        assert not await is_current(session)
    await asyncio.to_thread(migrate, bare_url)
    async with database.read() as session:
        assert await is_current(session)
    await database.close()
