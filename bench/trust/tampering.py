"""Another value in every column, rows left out and added, in what is told and what is derived: each has to be named."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Table, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.plain import columns_of
from app.register import KINDS
from bench.trust.checks import Ground, Row, check
from tests.core.meddling import (
    DERIVED,
    TABLES,
    after,
    another,
    derived_fault,
    first_row,
    live_in,
    meddling,
    same,
)

_TOLD = (*KINDS, "documents", "versions", "changes", "api_keys")
_BESIDE = {"last_used_on"}  # noted without a change


class _Meddled(NamedTuple):
    what: str
    named: bool


@check("tampering", "Whatever is changed behind the register's back shows, and is named.")
def tampering(ground: Ground) -> Iterator[Row]:
    """Meddle with one row of each table, in a transaction that is not kept, and verify."""
    for database, url in ground.registers(ground.databases):
        ground.run(live_in(url))
        found = ground.run(_meddled(url, every=not ground.quick))
        for what in dict.fromkeys(one.what for one in found):
            named = [one.named for one in found if one.what == what]
            yield Row(what, database, len(named), "tried", named.count(False), "not named")


async def _meddled(url: str, *, every: bool) -> list[_Meddled]:
    async with meddling(url) as connection:
        told = [one for name in _TOLD async for one in _table(connection, TABLES[name], every=every)]
        return told + [one for name in DERIVED async for one in _derived(connection, TABLES[name], every=every)]


async def _derived(connection: AsyncConnection, table: Table, *, every: bool) -> AsyncIterator[_Meddled]:
    """Meddle with what is derived; it is named by its record where there is one for it."""
    row = await first_row(connection, table)
    here = same(table, row)
    columns = {name: form for name, form in columns_of(table).items() if name not in DERIVED[table.name]}
    for name in columns if every else [*columns][-1:]:
        value = _another(columns[name], row, name)
        found = await derived_fault(connection, update(table).where(*here).values({name: value}))
        yield _Meddled("another value in what is derived", bool(found))
    yield _Meddled("a derived row left out", bool(await derived_fault(connection, delete(table).where(*here))))


async def _table(connection: AsyncConnection, table: Table, *, every: bool) -> AsyncIterator[_Meddled]:
    row, made = await first_row(connection, table), uuid4()
    here = same(table, row)
    columns = {name: form for name, form in columns_of(table).items() if name not in _BESIDE}
    for name in columns if every else [*columns][-1:]:
        value = _another(columns[name], row, name)
        yield await _said(connection, "another value", row, update(table).where(*here).values({name: value}))
    yield await _said(connection, "a row left out", row, delete(table).where(*here))
    if table.name != "changes":
        more = {"prefix": "another"} if "prefix" in columns else {}
        row = {**row, "id": made, **more}
        yield await _said(connection, "a row added", row, insert(table).values(row))


def _another(form: str, row: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - any value
    value = row[name]
    return another(form, row["created_at"] if value is None and form == "instant" else value)


async def _said(connection: AsyncConnection, what: str, row: dict[str, Any], statement: Any) -> _Meddled:  # noqa: ANN401 - any statement
    found = await after(connection, statement)
    named = str(row["id"]) in found.text or f"change {row.get('position')} " in found.text
    return _Meddled(what, not found.sound and named)
