"""Brings a database's tables to what this version needs."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.places import MIGRATIONS


def configured(database_url: str, scripts: Path = MIGRATIONS) -> Config:
    """Give Alembic's configuration for a database."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["url"] = database_url
    return config


def migrate(database_url: str, revision: str = "head") -> None:
    """Upgrade a database; safe when several workers do it at once.

    Runs an event loop of its own: call it outside of one, or in a thread.
    """
    command.upgrade(configured(database_url), revision)


def migrate_within(connection: Connection, revision: str = "head") -> None:
    """Upgrade a database in a transaction that is under way."""
    config = configured("")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@cache
def revisions() -> frozenset[str]:
    """Give every revision that this version of the program knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(configured("")).walk_revisions())


@cache
def head() -> str | None:
    """Give the revision that this version of the program needs."""
    return ScriptDirectory.from_config(configured("")).get_current_head()


async def is_current(session: AsyncSession) -> bool:
    """Tell whether a database has been migrated to what this version needs."""
    try:
        return (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar() == head()
    except DBAPIError:
        return False
