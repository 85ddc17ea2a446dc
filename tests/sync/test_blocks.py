"""Blocks of the export: what is read by them is what is read record by record, whatever is changed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient
from sqlalchemy import delete, func, insert, select

from app.core.documents import documents
from app.core.projection import Touch
from app.core.record import Tier
from app.core.verifying import derived_fault
from app.register import KINDS
from app.sync.blocks import END, START, blocks, place
from app.sync.filling import Filler, fill
from tests.conftest import Register
from tests.core.test_purging import MARKS, forms, kept, told_of
from tests.factories import article, charge, create, detention, person
from tests.sync.following import exported

ANY = {"If-Match": "*"}
ROLES = {"public": Tier.PUBLIC, "partner": Tier.PARTNERS, "keeper": Tier.PRIVATE}
SMALL = 2_000  # bytes: a few records


async def fill_all(register: Register, size: int = SMALL, *kinds: str) -> None:
    for tier in Tier:
        for kind in ("persons", "detentions", *kinds):
            await fill(register.database, tier, kind, size)


async def held(register: Register, tier: Tier = Tier.PUBLIC, kind: str = "persons") -> list[Any]:
    async with register.database.read() as session:
        mine = (blocks.c.tier == int(tier), blocks.c.kind == kind)
        return list((await session.execute(select(blocks).where(*mine).order_by(blocks.c.first))).all())


async def fault(register: Register) -> str:
    async with register.database.read() as session:
        return await session.run_sync(derived_fault, register.database.recorder)


@asynccontextmanager
async def without_blocks(register: Register) -> AsyncIterator[None]:
    """Have no blocks, for as long as the block lasts."""
    async with register.database.write("tests") as session:
        rows = [row._asdict() for row in (await session.execute(select(blocks))).all()]
        await session.execute(delete(blocks))
    yield
    async with register.database.write("tests") as session:
        if rows:
            await session.execute(insert(blocks), rows)


async def both_ways(register: Register, client: AsyncClient, **query: Any) -> tuple[list[Any], list[Any]]:
    """Export with blocks and without."""
    with_them = await exported(client, **query)
    async with without_blocks(register):
        return list(with_them), list(await exported(client, **query))


async def change(register: Register, people: list[str], random: Random) -> None:
    """Do one thing that a register is there for."""
    admin, who = register.admin, random.choice(people)
    path = f"/v1/persons/{who}"
    match random.randrange(9):
        case 0 | 1:
            people.append((await create(admin, "persons", person()))["id"])
        case 2:
            await admin.patch(path, json={"occupation": {"en": f"Invented {random.random()}"}}, headers=ANY)
        case 3:
            await admin.patch(path, json={"private_notes": f"note {random.random()}"}, headers=ANY)
        case 4 | 5:
            seen = random.choice(["public", "partners", "private"])
            await admin.patch(path, json={"visibility": seen}, headers=ANY)
        case 6:
            await admin.delete(f"{path}?cascade=true&purge={random.choice(['true', 'false'])}", headers=ANY)
        case 7:
            await admin.post("/v1/detentions", json=detention(who, started_on="2021-05-18"))
        case _:
            await admin.post(f"{path}/merge", json={"into": random.choice(people)}, headers=ANY)


@pytest.mark.parametrize("seed", range(2))
async def test_an_export_is_the_same_with_blocks_and_without(register: Register, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - chance, not secrecy
    people = [(await create(register.editor, "persons", person()))["id"] for _ in range(20)]
    for _ in range(4):
        await fill_all(register, random.choice([1, 700, SMALL]))
        for _ in range(random.randrange(1, 6)):
            await change(register, people, random)
        assert await fault(register) == ""
        for role in ROLES:
            with_them, without = await both_ways(register, register.clients[role])
            assert with_them == without
    for one, other in pairwise(await held(register)):
        assert one.until <= other.first


async def test_what_is_hidden_deleted_or_purged_is_in_no_block_from_then_on(register: Register) -> None:
    def hiding(seen: str) -> dict[str, Any]:
        return {"method": "PATCH", "json": {"visibility": seen}}

    for number, (said, query) in enumerate(
        (
            (hiding("partners"), ""),
            (hiding("private"), ""),
            ({"method": "DELETE"}, ""),
            ({"method": "DELETE"}, "?purge=true"),
        )
    ):
        made = await create(
            register.admin, "persons", person(names=[{"kind": "legal", "full": f"Inventedname{number}x"}])
        )
        for _ in range(3):
            await create(register.admin, "persons", person())
        await fill_all(register, 1)
        assert any(f"Inventedname{number}x".encode() in block.lines for block in await held(register))
        done = await register.admin.request(url=f"/v1/persons/{made['id']}{query}", headers=ANY, **said)
        assert done.is_success, done.text
        assert not any(f"Inventedname{number}x".encode() in block.lines for block in await held(register))
        assert made["id"] not in (await register.public.get("/v1/export")).text
    partners = b"".join(block.lines for block in await held(register, Tier.PARTNERS))
    assert (b"Inventedname1x" in partners, b"Inventedname2x" in partners) == (False, False)


async def test_what_belongs_to_somebody_who_is_hidden_is_in_no_block_either(register: Register) -> None:
    whom = (await create(register.editor, "persons", person()))["id"]
    law = (await create(register.editor, "articles", article()))["id"]
    for _ in range(3):
        await create(register.editor, "charges", charge(whom, law))
    await fill_all(register, 1, "charges")
    assert len(await held(register, kind="charges")) > 0
    hidden = await register.admin.patch(f"/v1/persons/{whom}", json={"visibility": "private"}, headers=ANY)
    assert hidden.status_code == 200, hidden.text
    for kind in KINDS:
        assert not any(whom.encode() in block.lines for block in await held(register, kind=kind))
    assert await fault(register) == ""


async def test_nothing_is_left_of_what_was_purged_where_it_was_in_a_block(register: Register) -> None:
    whom = await told_of(register)
    for _ in range(3):
        await create(register.editor, "persons", person())
    await fill_all(register, 1)
    assert any(MARKS[0].encode() in block.lines for block in await held(register))
    done = await register.admin.delete(f"/v1/persons/{whom['id']}?purge=true&cascade=true", headers=ANY)
    assert done.status_code == 204
    after = await kept(register)
    assert [form for form in forms(MARKS) if form in after] == []


async def test_an_export_goes_on_inside_a_block_and_at_its_ends(register: Register) -> None:
    for _ in range(12):
        await create(register.editor, "persons", person())
    await fill_all(register, 1_500)
    assert (await held(register))[0].records > 2
    first, records, _ = await exported(register.public)
    for cut, line in enumerate(records):
        last = f"persons/{line['record']['id']}"
        _, rest, _ = await exported(register.public, cursor=first["cursor"], after=last)
        assert rest == records[cut + 1 :]


async def test_blocks_lie_one_behind_the_other_and_the_end_is_left_open(register: Register) -> None:
    made = [(await create(register.editor, "persons", person()))["id"] for _ in range(12)]
    await fill_all(register)
    before = await held(register)
    assert len(before) > 1
    assert all(one.until == other.first for one, other in pairwise(before))
    assert 0 < sum(block.records for block in before) < 12
    await create(register.editor, "persons", person())
    assert await held(register) == before, "a new record drops no block"
    await register.editor.patch(f"/v1/persons/{made[0]}", json={"sex": "male"}, headers=ANY)
    assert await held(register) == before[1:], "an edit drops the block of its record, and no other"
    await fill_all(register)
    after = await held(register)
    assert [block.first for block in after[: len(before)]] == [block.first for block in before]
    assert b'"sex":"male"' in after[0].lines


async def test_a_block_of_which_all_is_gone_leaves_no_gap(register: Register) -> None:
    made = [(await create(register.editor, "persons", person()))["id"] for _ in range(6)]
    await fill_all(register, 1)
    for gone in made[1:3]:
        await register.admin.delete(f"/v1/persons/{gone}", headers=ANY)
    await fill_all(register, 1)
    found = await held(register)
    assert all(one.until == other.first for one, other in pairwise(found))
    assert [block.records for block in found] == [1, 0, 1, 1]
    assert await fault(register) == ""
    with_them, without = await both_ways(register, register.public)
    assert with_them == without


@pytest.mark.parametrize("portion", [1, 2, 250])
async def test_a_record_longer_than_a_block_is_whole(
    register: Register, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr("app.sync.filling._PORTION", portion)
    made = []
    for size in (10, 3_000, 10, 6_000, 9_000, 10, 10):
        made += [(await create(register.editor, "persons", person(biography={"en": "x" * size})))["id"]]
        await fill_all(register)
    for who in made[1:4]:
        await register.editor.patch(f"/v1/persons/{who}", json={"sex": "male"}, headers=ANY)
    await fill_all(register)
    assert sum(block.records for block in await held(register)) >= 5
    assert await fault(register) == ""
    with_them, without = await both_ways(register, register.public)
    assert with_them == without


async def test_a_record_that_moves_in_time_drops_the_blocks_at_both_places(register: Register) -> None:
    """A copied record has the time that its source gives, which may become another one."""
    made = [
        await create(register.editor, "sources", {"visibility": "public", "kind": "news", "title": f"Invented {n}"})
        for n in range(8)
    ]
    await fill_all(register, 1, "sources")
    before = await held(register, kind="sources")
    key, kind = ("sources", UUID(made[4]["id"])), KINDS["sources"]
    earlier = datetime.fromisoformat(made[1]["created_at"]) + timedelta(microseconds=1)
    async with register.database.write("tests") as session:
        fields = {name: made[4].get(name) for name in kind.fields} | {"title": "Another"}
        await session.run_sync(register.database.recorder.write, {key: Touch("update", fields, earlier)}, {})
        here = (documents.c.id == key[1], documents.c.tier == 0)
        assert (await session.execute(select(documents.c.created_at).where(*here))).scalar() == earlier
    after = await held(register, kind="sources")
    assert after == [block for number, block in enumerate(before) if number not in {1, 4}]
    with_them, without = await both_ways(register, register.public)
    assert with_them == without


async def test_no_block_is_made_of_what_others_change_meanwhile(register: Register) -> None:
    people = [(await create(register.editor, "persons", person()))["id"] for _ in range(30)]
    over = asyncio.Event()

    async def edit(number: int) -> None:
        random = Random(number)  # noqa: S311 - chance, not secrecy
        for _ in range(15):
            seen = {"visibility": random.choice(["public", "private"]), "sex": random.choice(["male", "female"])}
            await register.admin.patch(f"/v1/persons/{random.choice(people)}", json=seen, headers=ANY)
        over.set()

    async def make() -> None:
        while not over.is_set():
            await fill(register.database, Tier.PUBLIC, "persons", 1)
            assert await fault(register) == ""

    await asyncio.gather(*(edit(number) for number in range(4)), make(), make())
    assert await fault(register) == ""
    with_them, without = await both_ways(register, register.public)
    assert with_them == without


async def test_an_export_has_the_blocks_made_that_it_missed(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sync.copying.SIZE", SMALL)
    filler = Filler(register.database)
    monkeypatch.setattr(register.app.state, "filler", filler, raising=False)
    monkeypatch.setattr("app.sync.filling.fill", small := _Small())
    running = asyncio.create_task(filler.run())
    for _ in range(12):
        await create(register.editor, "persons", person())
    _, records, _ = await exported(register.public)
    async with asyncio.timeout(10):
        await small.done.wait()
    assert small.asked == [(Tier.PUBLIC, "persons")]
    assert await held(register)
    assert (await exported(register.public))[1] == records
    await asyncio.sleep(0.05)
    assert small.asked == [(Tier.PUBLIC, "persons")], "nothing is missed any more"
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


class _Small:
    """Makes small blocks, and tells of which."""

    def __init__(self) -> None:
        self.asked: list[tuple[Tier, str]] = []
        self.done = asyncio.Event()

    async def __call__(self, database: Any, tier: Tier, kind: str) -> None:
        await fill(database, tier, kind, SMALL)
        self.asked.append((tier, kind))
        self.done.set()


async def test_a_wrong_block_is_told_and_dropped(register: Register) -> None:
    for _ in range(4):
        await create(register.editor, "persons", person())
    await fill_all(register, 1)
    one, *others = await held(register)
    for wrong in ({"lines": one.lines.replace(b"Invented", b"Imagined")}, {"records": 2}, {"until": others[0].until}):
        async with register.database.write("tests") as session:
            await session.run_sync(_spoil, one, wrong)
        assert "persons: a block" in await fault(register)
        async with register.database.write("tests") as session:
            assert await session.run_sync(register.database.recorder.plugs[-1].rebuild) > 0
            assert (await session.execute(select(func.count()).select_from(blocks))).scalar() == 0
        await fill_all(register, 1)


def _spoil(session: Any, one: Any, wrong: dict[str, Any]) -> None:
    mine = (blocks.c.tier == one.tier, blocks.c.kind == one.kind, blocks.c.first == one.first)
    session.execute(blocks.update().where(*mine).values(wrong))


def test_places_sort_as_times_and_ids_do() -> None:
    times = [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 7, 20, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    ]
    ids = [UUID(int=0), UUID(int=5), UUID(int=2**128 - 1)]
    made = [place(at, record_id) for at in times for record_id in ids]
    assert made == sorted(made)
    assert made[0] == START
    assert made[-1] < END
