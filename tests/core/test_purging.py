"""After a purge nothing is left of what was purged: in no table, and on SQLite in no file."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

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


@pytest.mark.parametrize("deleted_first", ["", "all", "belongings"])
async def test_nothing_is_left_of_what_was_purged(register: Register, deleted_first: str) -> None:
    whom = await told_of(register)
    before = await kept(register)
    assert all(mark.encode() in before or json.dumps(mark)[1:-1].encode() in before for mark in MARKS)
    place, headers = f"/v1/persons/{whom['id']}", {"If-Match": "*", "X-Change-Reason": MARKS[1]}
    await register.public.get(f"/v1/persons?q={MARKS[0]}")
    if deleted_first == "all":
        await register.admin.delete(f"{place}?cascade=true", headers=headers)
    for kind in ("affiliations", "detentions") if deleted_first == "belongings" else ():
        (one,) = (await register.editor.get(f"/v1/{kind}?person_id={whom['id']}")).json()["items"]
        await register.editor.delete(f"/v1/{kind}/{one['id']}", headers=headers)
    done = await register.admin.delete(f"{place}?purge=true&cascade=true", headers=headers)
    assert done.status_code == 204
    after = await kept(register)
    assert [form for form in [*forms(MARKS), b"Zqxjvneunkw"] if form in after] == []
    async with register.database.read() as session:
        assert (await verify(session, KINDS)).sound
    assert await reindex(register.database) == 0


async def test_what_others_deleted_stays_when_somebody_is_purged(register: Register) -> None:
    """Neither what belongs to others, nor what was moved to them, is erased with somebody."""
    mine, other = [(await create(register.editor, "persons", person()))["id"] for _ in range(2)]
    group = (await create(register.editor, "organizations", organization()))["id"]
    theirs = [await create(register.editor, "affiliations", affiliation(whose, group)) for whose in (mine, other, mine)]
    headers = {"If-Match": "*"}
    await register.editor.patch(f"/v1/affiliations/{theirs[2]['id']}", json={"person_id": other}, headers=headers)
    for one in theirs:
        assert (await register.editor.delete(f"/v1/affiliations/{one['id']}", headers=headers)).status_code == 204
    assert (await register.admin.delete(f"/v1/persons/{mine}?purge=true", headers=headers)).status_code == 204
    async with register.database.read() as session:
        query = text("SELECT id FROM changes WHERE kind = 'affiliations' AND body IS NOT NULL")
        left = {UUID(str(one)) for one in (await session.execute(query)).scalars()}
        assert (await verify(session, KINDS)).sound
    assert left == {UUID(one["id"]) for one in theirs[1:]}
    purged = [
        item["id"] for item in (await register.public.get("/v1/changes")).json()["items"] if item["action"] == "purge"
    ]
    assert set(purged) == {mine, theirs[0]["id"]}


async def test_what_was_sent_in_a_batch_proves_nothing_after_a_purge(register: Register) -> None:
    """The hash of a whole batch would tell whoever guesses it that the guess is right."""
    wholes = [{"operations": [{"op": "create", "kind": "persons", "record": person()}]} for _ in range(2)]
    sent = [
        await register.editor.post("/v1/batch", json=one, headers={"Idempotency-Key": f"{i}"})
        for i, one in enumerate(wholes)
    ]
    first = sent[0].json()["results"][0]["id"]
    assert (
        await register.admin.delete(f"/v1/persons/{first}?purge=true", headers={"If-Match": "*"})
    ).status_code == 204
    again = [
        await register.editor.post("/v1/batch", json=one, headers={"Idempotency-Key": f"{i}"})
        for i, one in enumerate(wholes)
    ]
    assert [answer.status_code for answer in (*sent, *again)] == [200, 200, 422, 200]
    assert again[0].json()["type"] == "/problems/key-reused"
    assert again[1].content == sent[1].content
