"""Copies that are made after a merge: they lead on from every id from which their source leads on, and no other."""

import random
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient
from sqlalchemy import select

from app.core.copies import Given
from app.core.documents import documents
from app.core.history import changes
from app.core.projection import Touch
from app.core.record import Tier
from app.core.taking import take
from app.core.verifying import verify
from app.register import KINDS
from app.register.seeding import seed
from app.sync.backup.making import back_up
from app.sync.backup.restoring import check, restore
from app.sync.mirror import leading, running
from app.sync.mirror.detaching import detach
from app.sync.mirror.stops import Stopped
from app.sync.mirror.taking import Taker
from app.sync.mirror.telling import Teller
from tests.conftest import Register
from tests.conftest import running as running_register
from tests.factories import create, detention, person
from tests.letters.test_letter import LOIKA, POVALISHEV
from tests.sync.conftest import become_another
from tests.sync.mirroring import Copying, listening
from tests.sync.test_mirror_troubles import answering, spoilt

ANY = {"If-Match": "*"}
ORDER = ("public", "partner", "keeper")
SEEN = ("public", "partners", "private")


async def merge(client: AsyncClient, one: str, other: str) -> None:
    answer = await client.post(f"/v1/persons/{one}/merge", json={"into": other}, headers=ANY)
    assert answer.status_code == 200, answer.text


async def unmerge(client: AsyncClient, one: str) -> None:
    assert (await client.delete(f"/v1/persons/{one}/merge", headers=ANY)).status_code == 204


async def people(client: AsyncClient, count: int, **said: Any) -> list[str]:
    some = [str(uuid4()) for _ in range(count)]
    operations = [{"op": "create", "kind": "persons", "id": who, "record": person(**said)} for who in some]
    assert (await client.post("/v1/batch", json={"operations": operations})).status_code == 200
    return some


async def led(client: AsyncClient, paths: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Give where each path leads, or how it answers: whether what is gone was deleted is another matter."""
    answers = [(path, await client.get(path)) for path in paths]
    statuses = {path: 404 if answer.status_code == 410 else answer.status_code for path, answer in answers}
    return {path: (statuses[path], answer.headers.get("location", "")) for path, answer in answers}


async def leads_as_its_source(copying: Copying, paths: Sequence[str], role: str = "public") -> dict[str, int]:
    """Hold that ids lead where they lead at the source, and that the copy agrees with it and with itself."""
    theirs = await led(copying.source.clients[role], paths)
    for reader in ORDER[ORDER.index(role) :]:
        assert await led(copying.mirror.clients[reader], paths) == theirs, reader
    await copying.agrees(role)
    return {path: status for path, (status, _) in theirs.items()}


async def is_sound(register: Register) -> None:
    async with register.database.read() as session:
        verdict = await verify(session, KINDS, derived=register.database.recorder)
    assert verdict.sound, verdict.text


@pytest.mark.parametrize("role", ORDER)
async def test_a_copy_leads_on_from_what_was_merged_before_it_was_made(
    copying: Copying, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "_LIMIT", 1)  # what leads to a record comes before that one leads on itself
    admin = copying.source.admin
    one, two, three, hidden = [*await people(admin, 3), *await people(admin, 1, visibility="private")]
    stays = [(await create(admin, "detentions", detention(who, started_on="2021")))["id"] for who in (one, two)]
    paths = [*(f"/v1/persons/{who}" for who in (one, two, three, hidden)), *(f"/v1/detentions/{who}" for who in stays)]
    await merge(admin, one, two)
    await merge(admin, two, three)
    await admin.patch(f"/v1/persons/{three}", json={"sex": "male"}, headers=ANY)
    await copying.copy(role)
    assert list((await leads_as_its_source(copying, paths, role)).values())[:3] == [308, 308, 200]

    async def follows(*statuses: int) -> None:
        await copying.copy(role)
        assert list((await leads_as_its_source(copying, paths[:3], role)).values()) == list(statuses)

    unseen = 200 if role == "keeper" else 404
    led_unseen = 308 if role == "keeper" else 404
    for said, statuses in (("private", (led_unseen, led_unseen, unseen)), ("public", (308, 308, 200))):
        await admin.patch(f"/v1/persons/{three}", json={"visibility": said}, headers=ANY)
        await follows(*statuses)
    await unmerge(admin, two)
    await follows(308, 200, 200)
    await unmerge(admin, one)
    await follows(200, 200, 200)
    await merge(admin, one, two)
    await admin.delete(f"/v1/persons/{two}?cascade=true&purge=true", headers=ANY)
    await follows(404, 404, 200)


@pytest.mark.parametrize("turns", [(), ("private", "public")])
async def test_a_chain_may_come_in_either_order(
    copying: Copying, turns: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "_LIMIT", 1)
    some = await people(copying.source.admin, 4)
    for one, other in pairwise(some):
        await merge(copying.source.admin, one, other)
    for said in turns:  # what leads to the end moves behind it, the nearest first
        await copying.source.admin.patch(f"/v1/persons/{some[-1]}", json={"visibility": said}, headers=ANY)
    await copying.copy()
    paths = [f"/v1/persons/{who}" for who in some]
    assert list((await leads_as_its_source(copying, paths)).values()) == [308, 308, 308, 200]


@pytest.mark.parametrize("role", ORDER)
async def test_whatever_was_merged_a_copy_leads_as_its_source(
    copying: Copying, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "_LIMIT", 3)
    admin, chance = copying.source.admin, random.Random(f"merges of {role}")  # noqa: S311 - the same each time
    some = [who for said in SEEN for who in await people(admin, 6, visibility=said)]
    paths = [f"/v1/persons/{who}" for who in some]
    led_on = 0
    often = ["merge"] * 4 + ["public"] * 3
    for times, words in ((60, [*often, *SEEN]), *[(8, [*often, "undo", "delete", "purge", *SEEN])] * 3):
        for _ in range(times):
            await _happen(admin, chance.choice(words), chance.choice(paths), chance.choice(some))
        await copying.copy(role)
        led_on += list((await leads_as_its_source(copying, paths, role)).values()).count(308)
    assert led_on > 6


async def _happen(admin: AsyncClient, word: str, path: str, other: str) -> None:
    """Do something to a record, if that can be done."""
    if word == "merge":
        await admin.post(f"{path}/merge", json={"into": other}, headers=ANY)
    elif word == "undo":
        await admin.delete(f"{path}/merge", headers=ANY)
    elif word in SEEN:
        await admin.patch(path, json={"visibility": word}, headers=ANY)
    else:
        await admin.delete(f"{path}?purge={'true' if word == 'purge' else 'false'}", headers=ANY)


async def test_a_copy_that_is_stopped_at_any_moment_goes_on(copying: Copying, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "_LIMIT", 2)
    some = await people(copying.source.admin, 6)
    for one, other in pairwise(some):
        await merge(copying.source.admin, one, other)
    moments = [("take", number) for number in range(1, 8)] + [("leave", 1)]
    for name, number in moments:
        await _stopped(copying, monkeypatch, name, number)
    await copying.copy()
    paths = [f"/v1/persons/{who}" for who in some]
    assert list((await leads_as_its_source(copying, paths)).values()) == [308] * 5 + [200]


async def _stopped(copying: Copying, monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    real, calls = getattr(Taker, name), 0

    async def stops(self: Taker, *said: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            raise Stopped("The power goes.")
        return await real(self, *said)

    with monkeypatch.context() as patch:
        patch.setattr(Taker, name, stops)
        with pytest.raises(Stopped):
            await copying.copy()


@pytest.fixture
async def third(sqlite_url: str) -> AsyncIterator[Register]:
    await become_another(sqlite_url)
    async with running_register(sqlite_url, 2) as made:
        yield made


async def test_a_mirror_of_a_mirror_leads_on_too(copying: Copying, third: Register) -> None:
    one, two, three = await people(copying.source.admin, 3)
    await merge(copying.source.admin, one, two)
    await merge(copying.source.admin, two, three)
    await copying.copy()
    async with listening(copying.mirror.app) as url:
        further = Copying(copying.mirror, url, third)
        paths = [f"/v1/persons/{who}" for who in (one, two, three)]
        for statuses in ((308, 308, 200), (308, 200, 200)):
            await copying.copy()
            await further.copy()
            assert list((await leads_as_its_source(further, paths)).values()) == list(statuses)
            await leads_as_its_source(copying, paths)
            if statuses[1] == 308:
                await unmerge(copying.source.admin, two)


async def test_an_older_source_that_does_not_tell_is_copied_without(copying: Copying) -> None:
    one, two = await people(copying.source.admin, 2)
    await merge(copying.source.admin, one, two)
    said = b'{"type":"/problems/invalid","errors":[{"pointer":"/query/action","detail":"There is no such."}]}'
    old = answering(422, {"Content-Type": "application/problem+json"}, said)
    async with spoilt(copying, lambda number: old if number == 3 else None) as (mirror, line):
        await mirror.run()
    assert line.asked[2] == "/v1/changes"
    assert any("too old to tell" in said for said in copying.said)
    await copying.agrees()
    assert (await copying.mirror.public.get(f"/v1/persons/{one}")).status_code == 404


async def test_a_copy_that_is_made_again_leads_as_its_source_and_nowhere_else(
    two_urls: tuple[str, str], tmp_path: Any
) -> None:
    await become_another(two_urls[1])
    async with running_register(two_urls[1], 1) as mirror:
        async with running_register(two_urls[0]) as source, listening(source.app) as url:
            copying = Copying(source, url, mirror)
            old, staying, apart, other = await people(source.admin, 4)
            await merge(source.admin, old, staying)
            await back_up(source.database, tmp_path / "early.backup")
            new = (await people(source.admin, 1))[0]
            await merge(source.admin, apart, other)
            await merge(source.admin, new, other)
            paths = [f"/v1/persons/{who}" for who in (old, staying, apart, other, new)]
            await copying.copy("public")
            await leads_as_its_source(copying, paths)
        await restore(two_urls[0], KINDS, check(tmp_path / "early.backup"), replace=True)
        async with running_register(two_urls[0]) as source, listening(source.app) as url:
            await create(source.admin, "persons", person())
            copying = Copying(source, url, mirror)
            await copying.copy("public")
            assert list((await leads_as_its_source(copying, paths)).values()) == [308, 200, 200, 200, 404]
            await merge(source.admin, apart, staying)
            await copying.copy("partner")  # sees more, and is copied anew
            assert list((await leads_as_its_source(copying, paths, "partner")).values()) == [308, 200, 308, 200, 404]


async def test_a_copy_for_all_shows_nobody_what_was_merged(copying: Copying) -> None:
    one, two = await people(copying.source.admin, 2)
    await copying.copy("keeper")
    await merge(copying.source.admin, one, two)
    await copying.copy("keeper")
    for role in ORDER:
        assert (await copying.mirror.clients[role].get(f"/v1/persons/{one}")).status_code == 308, role
    await is_sound(copying.mirror)


async def test_a_seed_that_was_merged_there_is_merged_here(copying: Copying) -> None:
    for register in (copying.source, copying.mirror):
        await seed(register.database)
    going, staying = POVALISHEV, LOIKA  # whose stays do not speak against their being one
    await merge(copying.source.admin, going, staying)
    await copying.copy()
    assert set((await leads_as_its_source(copying, [f"/v1/persons/{going}"])).values()) == {308}


async def test_nothing_is_kept_of_what_led_to_a_record_that_is_hidden(
    copying: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_LIMIT", 1)
    admin = copying.source.admin
    one = (await people(admin, 1, occupation={"en": "unforgettable"}))[0]
    two = (await people(admin, 1, occupation={"en": "something else"}))[0]
    await copying.copy()
    await merge(admin, one, two)
    await copying.copy()
    await admin.patch(f"/v1/persons/{two}", json={"visibility": "private"}, headers=ANY)
    await copying.copy()
    await leads_as_its_source(copying, [f"/v1/persons/{one}"])
    assert (await copying.mirror.public.get(f"/v1/persons/{one}")).status_code == 404  # and not that it was deleted
    async with copying.mirror.database.read() as session:
        bodies = (await session.execute(select(changes.c.body).where(changes.c.id == UUID(one)))).scalars().all()
    assert [body for body in bodies if body] == []


async def test_what_a_source_leads_in_a_circle_leads_nowhere(copying: Copying) -> None:
    source, database = uuid4(), copying.mirror.database
    keys = [("persons", uuid4()) for _ in range(3)]
    for pairs in ([(0, 1)], [(1, 2), (2, 0)], [(0, 0)]):
        async with database.write("tests") as session:
            writing = session.info["writing"]
            given = Given(source, Tier.PUBLIC, 2, writing.at)
            touched = {
                keys[one]: Touch("merge", None, writing.at, given, keys[other], Tier.PUBLIC) for one, other in pairs
            }
            await session.run_sync(take, database.recorder, touched, {})
        for _, record_id in keys:
            assert (await copying.mirror.public.get(f"/v1/persons/{record_id}")).status_code == 404
    async with database.read() as session:
        heard = (await session.execute(select(documents.c.tier, documents.c.action))).all()
    assert {tuple(row) for row in heard} == {(int(Tier.PRIVATE), "withdraw")}


async def test_what_was_merged_before_leads_on_when_the_copy_is_detached(copying: Copying) -> None:
    one, two = await people(copying.source.admin, 2)
    await merge(copying.source.admin, one, two)
    await copying.copy()
    await detach(copying.mirror.database, None, Teller(copying.said.append))
    assert (await copying.mirror.public.get(f"/v1/persons/{one}")).status_code == 308
    undone = await copying.mirror.admin.delete(f"/v1/persons/{one}/merge", headers=ANY)
    assert undone.status_code == 409, undone.text
    await is_sound(copying.mirror)
