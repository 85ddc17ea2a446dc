"""The register as tables for people: one kind as CSV, or all of them in a ZIP file, in flat memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.columns import Columns, Sampled
from app.core.record import Tier
from app.core.resource import Resource
from app.core.tables import Bundle, CsvTable
from app.register import RESOURCES
from app.sync.copying import bodies

_RESOURCES: Final = {resource.kind.name: resource for resource in RESOURCES}


async def table_of(session: AsyncSession, tier: Tier, kind: str) -> AsyncIterator[bytes]:
    """Give a kind as CSV; its columns are found in a first walk, and its rows written in a second."""
    resource = _RESOURCES[kind]
    columns = await _columns(session, tier, resource)
    made = CsvTable(columns.header)
    async for some in bodies(session, tier, kind):
        yield await asyncio.to_thread(_rows, made, columns, some)
    yield made.finish()


async def bundle_of(session: AsyncSession, tier: Tier, kinds: Sequence[str]) -> AsyncIterator[bytes]:
    """Give kinds as CSV files in a ZIP file."""
    bundle = Bundle()
    for kind in kinds:
        with bundle.open(f"{kind}.csv") as file:
            async for piece in table_of(session, tier, kind):
                await asyncio.to_thread(file.write, piece)
                yield bundle.taken()
    yield bundle.finish()


async def _columns(session: AsyncSession, tier: Tier, resource: Resource) -> Columns:
    sampled = Sampled(resource.models.read)
    async for some in bodies(session, tier, resource.kind.name):
        await asyncio.to_thread(_look_at, sampled, some)
    # What is derived is not stored, and not part of a copy.
    return sampled.columns({*resource.kind.hidden(tier), *resource.derived})


def _look_at(sampled: Sampled, some: list[bytes]) -> None:
    sampled.look_at(_read(some))


def _rows(made: CsvTable, columns: Columns, some: list[bytes]) -> bytes:
    return made.feed(columns.cells("csv", _read(some)))


def _read(some: list[bytes]) -> list[dict[str, Any]]:
    return [from_json(body) for body in some]
