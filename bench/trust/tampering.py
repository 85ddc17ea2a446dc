"""Another value in every column of what the history tells of, rows left out and added: each has to be named."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Table, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.plain import columns_of
from app.register import KINDS
from bench.trust.checks import Ground, Row, check
from tests.core.meddling import TABLES, after, another, first_row, live_in, meddling, same

_TOLD = (*KINDS, "documents", "versions", "changes", "api_keys")
_BESIDE = {"last_used_on"}  # noted without a change


class _Meddled(NamedTuple):
    what: str
    named: bool


@check("tampering", "Whatever is changed behind the register's back shows, and is named.")
def tampering(ground: Ground) -> Iterator[Row]:
    """Meddle with one row of each table, in a transaction that is not kept, and verify."""
    for database, url in ground.registers():
        ground.run(live_in(url))
        found = ground.run(_meddled(url, every=not ground.quick))
        for what in dict.fromkeys(one.what for one in found):
            named = [one.named for one in found if one.what == what]
            yield Row(what, database, len(named), "tried", named.count(False), "not named")


async def _meddled(url: str, *, every: bool) -> list[_Meddled]:
    async with meddling(url) as connection:
        return [one for name in _TOLD async for one in _table(connection, TABLES[name], every=every)]


async def _table(connection: AsyncConnection, table: Table, *, every: bool) -> AsyncIterator[_Meddled]:
    row, made = await first_row(connection, table), uuid4()
    here = same(table, row)
    columns = {name: form for name, form in columns_of(table).items() if name not in _BESIDE}
    last = {form: name for name, form in columns.items()}.values()
    for name in columns if every else last:
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
