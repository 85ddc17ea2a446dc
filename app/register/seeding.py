"""The register's first content, from the files in ``seed/``."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.access import Caller, granted
from app.core.copies import mirrors
from app.core.database import Database
from app.core.desk import Desk
from app.core.documents import documents
from app.places import SEED
from app.register import KINDS, RESOURCES

AUTHOR = "seed"


@cache
def seeds(folder: Path = SEED) -> dict[str, list[dict[str, Any]]]:
    """Give the records of each kind, as the files have them."""
    found = {}
    for kind in KINDS:
        file = folder / f"{kind}.json"
        found[kind] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return found


async def seed(database: Database, *, only_if_empty: bool = False) -> int:
    """Add the seeds whose ids the register never had, in one transaction, and give their number.

    What was edited or deleted since stays as it is.
    """
    async with database.write(AUTHOR, reason="first content of the register") as session:
        if only_if_empty and await _begun(session):
            return 0
        rules = {resource.kind.name: resource.rules for resource in RESOURCES}
        desk = Desk(session, KINDS, Caller(granted(["admin"]), AUTHOR), rules)
        added = 0
        for kind, records in seeds().items():
            known = await _known(session, kind)
            for record in records:
                if UUID(record["id"]) not in known:
                    fields = {name: value for name, value in record.items() if name != "id"}
                    await desk.create(KINDS[kind], fields, UUID(record["id"]), f"/{kind}/{record['id']}")
                    added += 1
        await desk.settle()
        return added


async def _begun(session: AsyncSession) -> bool:
    """Tell whether there is or was a record, or another register is copied; a key alone is no beginning."""
    return (
        await session.execute(select(exists(select(documents.c.id)) | exists(select(mirrors.c.register_id))))
    ).scalar_one()


async def _known(session: AsyncSession, kind: str) -> set[UUID]:
    return set((await session.execute(select(documents.c.id).where(documents.c.kind == kind))).scalars())
