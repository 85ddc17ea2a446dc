"""Brings a database's tables to what this version needs.

Alembic is loaded where there is something to bring: a start finds everything as it should be nearly always.
"""

import asyncio
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.dialects import reading_engine
from app.core.dialects.trouble import refuse_unopened
from app.places import MIGRATIONS

if TYPE_CHECKING:
    from alembic.config import Config

_SAYS: Final = re.compile(r'^(down_)?revision = "(\w+)"$', re.MULTILINE)


class Newer(Exception):  # noqa: N818 - nothing is wrong with the database
    """The database has a revision that this version of the program does not know."""


def configured(database_url: str, scripts: Path = MIGRATIONS) -> "Config":
    """Give Alembic's configuration for a database."""
    from alembic.config import Config  # noqa: PLC0415 - costs time

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["url"] = database_url
    return config


def migrate(database_url: str, revision: str = "head") -> None:
    """Upgrade a database; safe when several workers do it at once.

    Runs an event loop of its own: call it outside of one, or in a thread. Raises ``Newer`` and ``Unfit``.
    """
    refuse_unopened(database_url)
    if revision == "head" and asyncio.run(_stands(database_url)):
        return
    from alembic import command, util  # noqa: PLC0415 - costs time

    try:
        command.upgrade(configured(database_url), revision)
    except util.CommandError as error:
        raise Newer from error


def migrate_within(connection: Connection, revision: str = "head") -> None:
    """Upgrade a database in a transaction that is under way."""
    from alembic import command  # noqa: PLC0415 - costs time

    config = configured("")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@cache
def _said() -> tuple[frozenset[str], frozenset[str]]:
    """Give every revision, and those that another one follows, as the migrations say in their heads."""
    found = [
        match.groups() for file in (MIGRATIONS / "versions").glob("*.py") for match in _SAYS.finditer(file.read_text())
    ]
    return frozenset(name for down, name in found if not down), frozenset(name for down, name in found if down)


def revisions() -> frozenset[str]:
    """Give every revision that this version of the program knows."""
    return _said()[0]


def head() -> str:
    """Give the revision that this version of the program needs."""
    every, followed = _said()
    (last,) = every - followed
    return last


async def _stands(database_url: str) -> bool:
    engine = reading_engine(database_url, 1)
    try:
        async with AsyncSession(engine) as session:
            return await is_current(session)
    finally:
        await engine.dispose()


async def is_current(session: AsyncSession) -> bool:
    """Tell whether a database has been migrated to what this version needs."""
    try:
        return (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar() == head()
    except DBAPIError:
        return False
