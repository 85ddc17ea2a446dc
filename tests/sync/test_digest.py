"""The digest: what a partner computes from an export is what the register says."""

import asyncio
import hashlib
import json
from typing import Any

import pytest
from alembic import command
from sqlalchemy import delete, select

from app.core.migrating import configured
from app.core.rebuilding import reindex
from app.parts import open_database
from app.sync.digests import digests
from tests.conftest import Register
from tests.factories import create, person
from tests.sync.following import Item, exported, items_of

ANY = {"If-Match": "*"}
_COMMON = {"id", "version", "created_at", "updated_at"}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(item) for name, item in value.items() if item is not None}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def digest_of(records: list[Item]) -> dict[str, dict[str, Any]]:
    """Give the digest of exported records, computed as the API's description says."""
    sums: dict[str, list[int]] = {}
    for line in records:
        kind, record = line["kind"], line["record"]
        fields = _bare({name: value for name, value in record.items() if name not in _COMMON})
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        mark = hashlib.sha256(text.encode()).hexdigest()[:32]
        one = hashlib.sha256(f"{kind}/{record['id']}/{record['version']}/{mark}".encode()).digest()
        total = sums.setdefault(kind, [0, 0])
        total[0] += 1
        total[1] = (total[1] + int.from_bytes(one)) % 2**256
    return {kind: {"count": count, "hash": f"{total:064x}"} for kind, (count, total) in sums.items()}


async def _agrees(register: Register) -> None:
    for role in ("public", "partner", "keeper"):
        client = register.clients[role]
        said = (await client.get("/v1/digest")).json()
        first, records, _ = await exported(client)
        assert {kind: one for kind, one in said["kinds"].items() if one["count"]} == digest_of(records)
        assert (said["cursor"], said["at"]) == (first["cursor"], first["at"])
        assert {one["hash"] for one in said["kinds"].values() if not one["count"]} <= {"0" * 64}


async def test_the_digest_is_that_of_the_export_for_every_tier(seeded: Register) -> None:
    await _agrees(seeded)
    made = await create(seeded.admin, "persons", person(private_notes="hush"))
    path = f"/v1/persons/{made['id']}"
    for patch in (
        {"sex": "male"},
        {"private_notes": "other"},
        {"visibility": "private"},
        {"visibility": "partners"},
        {"visibility": "public"},
    ):
        await seeded.admin.patch(path, json=patch, headers=ANY)
        await _agrees(seeded)
    assert (await seeded.admin.delete(path, headers=ANY)).status_code == 204
    await _agrees(seeded)
    assert (await seeded.admin.delete(f"{path}?purge=true", headers=ANY)).status_code == 204
    await _agrees(seeded)


async def test_an_empty_register_has_a_digest_of_nothing(register: Register) -> None:
    said = (await register.public.get("/v1/digest")).json()
    assert said["at"] is None
    assert await items_of(register.public, after=said["cursor"]) == []
    assert {one["count"] for one in said["kinds"].values()} == {0}


async def test_a_change_that_a_tier_does_not_see_leaves_its_digest_alone(register: Register) -> None:
    made = await create(register.admin, "persons", person())
    before = await register.public.get("/v1/digest")
    await create(register.admin, "persons", person(visibility="private"))
    await register.admin.patch(f"/v1/persons/{made['id']}", json={"private_notes": "hush"}, headers=ANY)
    after = await register.public.get("/v1/digest", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 304
    assert (await register.keeper.get("/v1/digest")).json()["kinds"]["persons"]["count"] == 2


async def test_a_digest_costs_the_same_however_much_it_is_of(register: Register) -> None:
    async def statements() -> int:
        register.statements.clear()
        await register.partner.get("/v1/digest")
        return sum("documents" in one or "digests" in one for one in register.statements)

    before = await statements()
    for _ in range(5):
        await create(register.editor, "persons", person())
    assert await statements() == before == 2


@pytest.mark.parametrize("harm", ["lost", "wrong"])
async def test_reindex_mends_a_digest(seeded: Register, harm: str) -> None:
    assert await reindex(seeded.database) == 0
    async with seeded.database.write("tests") as session:
        await session.execute(delete(digests).where(digests.c.kind == "persons"))
        if harm == "wrong":
            await session.execute(digests.insert().values(tier=0, kind="persons", count=1, hash="ab" * 32))
    assert await reindex(seeded.database) == 3
    await _agrees(seeded)


def test_the_migration_adds_up_what_was_there(seeded_url: str) -> None:
    before = _kept(seeded_url)
    command.downgrade(configured(seeded_url), "619fc83f4924")
    command.upgrade(configured(seeded_url), "head")
    assert _kept(seeded_url) == before
    assert before


def _kept(url: str) -> set[tuple[Any, ...]]:
    async def read() -> set[tuple[Any, ...]]:
        database = open_database(url)
        async with database.read() as session:
            rows = {tuple(row) for row in await session.execute(select(digests).where(digests.c.count > 0))}
        await database.close()
        return rows

    return asyncio.run(read())
