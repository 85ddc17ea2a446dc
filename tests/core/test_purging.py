"""After a purge nothing is left of what was purged: in no table, and on SQLite in no file."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.rebuilding import reindex
from app.core.verifying import verify
from app.register import KINDS
from tests.conftest import Register
from tests.factories import affiliation, create, detention, organization, person, source

MARKS = [f"Zqxjv{word}kw" for word in ("eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht")]


def forms(marks: Iterable[str]) -> list[bytes]:
    """Give what a text may look like where it is kept: as it is, as JSON escapes it, and folded."""
    made = {form for mark in marks for form in (mark, json.dumps(mark)[1:-1], mark.lower(), mark.upper())}
    return [form.encode() for form in made | {mark.lower().replace("ü", "u") for mark in marks}]


def files_of(url: str) -> bytes:
    file = Path(url.partition(":///")[2])
    return b"".join(one.read_bytes() for one in sorted(file.parent.glob(f"{file.name}*")))


async def rows_of(url: str) -> bytes:
    """Give every value of every table as the server has it."""
    engine, tables = create_async_engine(url), MetaData()
    async with engine.connect() as connection:
        await connection.run_sync(tables.reflect)
        rows = [row for name in tables.tables for row in await connection.execute(text(f'SELECT * FROM "{name}"'))]  # noqa: S608 - our own tables
    await engine.dispose()
    return b"\n".join(
        bytes(value) if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
    )


async def kept(register: Register) -> bytes:
    url = register.database.url
    return (files_of(url) if url.startswith("sqlite") else b"") + await rows_of(url)


async def told_of(register: Register) -> dict[str, Any]:
    """Make a person with a mark in every text, edited once, with what belongs to it; give its record."""
    names = [{"kind": "legal", "full": f"{MARKS[0]} {MARKS[1]}"}, {"kind": "alias", "full": MARKS[2]}]
    said = person(names=names, occupation={"en": MARKS[3]}, private_notes=MARKS[4])
    said["identifiers"] = [{"scheme": "elsewhere", "value": "Zqxjvneunkw"}]
    made = await register.keeper.post("/v1/persons", json=said, headers={"Idempotency-Key": "a"})
    assert made.status_code == 201
    whom: dict[str, Any] = made.json()
    society = await create(register.editor, "organizations", organization())
    await create(register.editor, "affiliations", affiliation(whom["id"], society["id"], role={"en": MARKS[5]}))
    cited = await create(register.editor, "sources", source())
    stay = detention(whom["id"], citations=[{"source_id": cited["id"], "quote": MARKS[6]}])
    await create(register.editor, "detentions", stay)
    said = {"biography": {"en": MARKS[7] * 1_500}}
    headers = {"If-Match": "*", "X-Change-Reason": MARKS[0]}
    assert (await register.keeper.patch(f"/v1/persons/{whom['id']}", json=said, headers=headers)).status_code == 200
    return whom


@pytest.mark.parametrize("deleted_first", [False, True])
async def test_nothing_is_left_of_what_was_purged(register: Register, deleted_first: bool) -> None:  # noqa: FBT001 - both ways
    whom = await told_of(register)
    before = await kept(register)
    assert all(mark.encode() in before or json.dumps(mark)[1:-1].encode() in before for mark in MARKS)
    place, headers = f"/v1/persons/{whom['id']}", {"If-Match": "*", "X-Change-Reason": MARKS[1]}
    await register.public.get(f"/v1/persons?q={MARKS[0]}")
    if deleted_first:
        await register.admin.delete(f"{place}?cascade=true", headers=headers)
        for kind in ("affiliations", "detentions"):
            acts = (await register.admin.get(f"/v1/acts?kind={kind}")).json()["items"]
            for act in acts:
                await register.admin.delete(f"/v1/{kind}/{act['id']}?purge=true", headers=headers)
    done = await register.admin.delete(f"{place}?purge=true&cascade=true", headers=headers)
    assert done.status_code == 204
    after = await kept(register)
    assert [form for form in [*forms(MARKS), b"Zqxjvneunkw"] if form in after] == []
    async with register.database.read() as session:
        assert (await verify(session, KINDS)).sound
    assert await reindex(register.database) == 0
