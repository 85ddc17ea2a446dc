"""A copy fetches first and takes in later: stopped at any moment it goes on, and nothing of what was fetched stays."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.copies import mirrors
from app.core.database import Database
from app.register import KINDS
from app.sync import copying as exporting
from app.sync.backup.archive import reading
from app.sync.backup.making import back_up
from app.sync.backup.restoring import check, restore
from app.sync.mirror import copying as copies
from app.sync.mirror import detaching, fetching, kept
from app.sync.mirror.detaching import detach
from app.sync.mirror.source import Source
from app.sync.mirror.state import COPYING, FETCHING, LEADING, forget
from app.sync.mirror.stops import Stopped
from app.sync.mirror.taking import Taker
from app.sync.mirror.telling import Teller
from tests.conftest import running
from tests.factories import create, person
from tests.sync.conftest import become_another
from tests.sync.fetched import FETCHED, GONE, PEOPLE, TAKEN, Asked, Watched, content, fill, numbers, state_of, stopping
from tests.sync.mirroring import Copying, listening
from tests.sync.test_mirror_troubles import spoilt

ANY = {"If-Match": "*"}


@pytest.fixture
async def filled(copying: Copying, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    """A source with some records, which are fetched a few in a portion, and taken in a few in a page."""
    monkeypatch.setattr(fetching, "_PORTION", 1500)
    monkeypatch.setattr(fetching, "_BATCH", 2000)
    monkeypatch.setattr(exporting, "PORTION", 1000)
    monkeypatch.setattr(copies, "_PAGE", 2)
    await fill(copying.source)
    asked = Asked(copying.source.app)
    async with listening(asked) as url:
        yield Watched(copying.source, url, copying.mirror, asked=asked)


@pytest.mark.parametrize("number", [1, 2, 4])
async def test_a_stop_while_fetching_goes_on_behind_what_is_kept(filled: Watched, number: int) -> None:
    await filled.stopped(FETCHED, number)
    state, place, count = await state_of(filled.mirror.database)
    assert (state, count > 0) == (FETCHING, number > 1)
    assert not await content(filled.mirror.database)
    filled.asked.exports.clear()
    await filled.copy()
    assert [query.get("after") for query in filled.asked.exports] == [[place] if number > 1 else None]
    assert any(f"Fetched {2 * PEOPLE} records" in said for said in filled.said)
    assert any(f"Took in {2 * PEOPLE} records" in said for said in filled.said)
    await filled.agrees()


@pytest.mark.parametrize("number", [1, 2, 3, 6, 9, 12])
async def test_a_stop_while_taking_in_needs_no_source_to_go_on(filled: Watched, number: int) -> None:
    await filled.stopped(TAKEN, number)
    state, _, count = await state_of(filled.mirror.database)
    assert state == COPYING
    assert count < 2 * PEOPLE
    filled.asked.app = GONE
    filled.asked.paths.clear()
    with pytest.raises(Stopped, match="asks for patience"):
        await filled.copy()
    assert set(filled.asked.paths) == {"/v1/export"}  # who the source is by now, and that is all
    assert await state_of(filled.mirror.database) == (LEADING, "None/None", 2 * PEOPLE)
    filled.asked.app = filled.source.app
    await filled.copy()
    assert not any("differs" in said for said in filled.said)
    await filled.agrees()


async def test_it_tells_whether_it_is_fetching_or_taking_in_and_how_far_it_is(filled: Watched) -> None:
    mirror = filled.of()
    mirror.teller.every = 0
    await mirror.run()
    told = [said.partition(" so far")[0] for said in filled.said if " so far" in said]
    assert told.index(f"  fetching: {2 * PEOPLE}") < told.index("  taking in persons: 2")
    assert f"  taking in detentions: {2 * PEOPLE}" in told


async def test_stops_again_and_again_only_delay(filled: Watched) -> None:
    for _ in range(3):
        await filled.stopped(FETCHED, 2)
    for _ in range(5):
        await filled.stopped(TAKEN, 2)
    await filled.copy()
    assert not any("differs" in said for said in filled.said)
    await filled.agrees()


async def test_the_source_is_let_go_before_the_first_page_is_taken(
    filled: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, seen, arriving, take = 0, list[int](), Source.arriving, Taker.take

    @contextmanager
    def holding(self: Source, *said: Any, **more: Any) -> Iterator[Any]:
        nonlocal held
        with arriving(self, *said, **more) as lines:
            held += 1
            try:
                yield lines
            finally:
                held -= 1

    async def taking(self: Taker, *said: Any) -> int:
        seen.append(held)
        return await take(self, *said)

    monkeypatch.setattr(Source, "arriving", holding)
    monkeypatch.setattr(Taker, "take", taking)
    await filled.copy()
    assert len(seen) > PEOPLE
    assert set(seen) == {0}


async def test_what_is_taken_in_is_deleted_with_it(filled: Watched) -> None:
    await filled.stopped(TAKEN, 1)
    before = await numbers(filled.mirror.database)
    assert before == list(range(len(before)))
    assert len(before) > 6
    await filled.stopped(TAKEN, PEOPLE)
    after = await numbers(filled.mirror.database)
    assert after[0] == 0
    assert after[1:] == before[-len(after[1:]) :]
    assert len(after) < len(before) - 2
    await filled.copy()
    assert not await numbers(filled.mirror.database)


async def test_of_what_was_fetched_no_file_holds_anything_at_the_end(
    filled: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, keep = list[bytes](), kept.keep

    def keeping(session: Any, source: Any, first: bytes | None, portions: Any) -> None:
        packed.extend(portions)
        keep(session, source, first, portions)

    monkeypatch.setattr(kept, "keep", keeping)
    await filled.stopped(TAKEN, 1)
    if make_url(filled.mirror.database.url).get_backend_name() != "sqlite":
        return  # a server keeps deleted rows until it vacuums, as docs/operating.md says
    assert any(one[-60:] in in_files(filled.mirror.database) for one in packed)
    await filled.copy()
    assert not any(one[-60:] in in_files(filled.mirror.database) for one in packed)


def in_files(database: Database) -> bytes:
    file = Path(str(make_url(database.url).database))
    return b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))


async def test_a_purge_between_fetching_and_taking_in_is_followed(filled: Watched) -> None:
    who = (await filled.source.public.get("/v1/persons")).json()["items"][4]
    await filled.stopped(TAKEN, 1)
    answer = await filled.source.admin.delete(f"/v1/persons/{who['id']}?cascade=true&purge=true", headers=ANY)
    assert answer.status_code == 204
    with stopping((Taker, "_leave")):
        await filled.copy()
    assert who["occupation"]["en"] in await content(filled.mirror.database)
    await filled.copy()
    assert who["occupation"]["en"] not in await content(filled.mirror.database)
    assert not await numbers(filled.mirror.database)
    assert (await filled.mirror.public.get(f"/v1/persons/{who['id']}")).status_code == 410
    await filled.agrees()


@pytest.mark.parametrize(("owner", "state"), [(FETCHED, FETCHING), (TAKEN, COPYING)])
async def test_a_backup_does_not_hold_what_was_fetched_and_its_copy_begins_again(
    two_urls: tuple[str, str], tmp_path: Path, filled: Watched, owner: tuple[Any, str], state: str
) -> None:
    database = filled.mirror.database
    await filled.stopped(owner, 3)
    assert (await state_of(database))[0] == state
    await back_up(database, tmp_path / "backup")
    with reading(tmp_path / "backup") as reader:
        held = {name: len(list(rows)) for name, _, rows in reader.tables()}
    assert (held["mirrors"], held["mirrored_lines"]) == (1, 0)
    await database.close()
    await restore(two_urls[1], KINDS, check(tmp_path / "backup"), replace=True)
    async with running(two_urls[1], 1) as mirror:
        assert not await numbers(mirror.database)
        filled.asked.exports.clear()
        filled.asked.app = Busy(filled.source.app)
        restored = Watched(filled.source, filled.url, mirror, asked=filled.asked)
        await restored.copy()
        assert all("after" not in query for query in filled.asked.exports)
        assert any("Comparing all of" in said for said in restored.said)
        assert any("asks for patience" in said for said in restored.said)
        await restored.agrees()


class Busy:
    """An application that first asks for patience."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.asked = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app if self.asked else GONE
        self.asked = True
        await app(scope, receive, send)


@pytest.mark.parametrize("owner", [FETCHED, TAKEN])
async def test_a_copy_that_is_detached_before_all_was_taken_leaves_nothing(
    filled: Watched, owner: tuple[Any, str]
) -> None:
    await filled.stopped(owner, 3)
    database = filled.mirror.database
    with stopping((detaching._Detaching, "some")):  # noqa: SLF001 - the power may go there too
        await detach(database, None, Teller(filled.said.append))
    assert not await numbers(database)
    with pytest.raises(Stopped, match="was detached"):
        await filled.copy()
    await detach(database, None, Teller(filled.said.append))
    async with database.read() as session:
        assert not (await session.execute(select(mirrors))).all()


@pytest.mark.parametrize("owner", [FETCHED, TAKEN])
async def test_who_is_detached_while_at_work_stops_and_writes_nothing_more(
    filled: Watched, monkeypatch: pytest.MonkeyPatch, owner: tuple[Any, str]
) -> None:
    database, write, turns = filled.mirror.database, Database.write, 0

    @asynccontextmanager
    async def writing(self: Database, *said: Any, **more: Any) -> AsyncIterator[Any]:
        nonlocal turns
        turns += 1
        if turns == (3 if owner is FETCHED else 14):
            await detach(database, None, Teller(filled.said.append))
        async with write(self, *said, **more) as session:
            yield session

    monkeypatch.setattr(Database, "write", writing)
    with pytest.raises(Stopped, match="Another command is at work"):
        await filled.copy()
    assert any("Fetched" in said for said in filled.said) == (owner is TAKEN)
    assert not await numbers(database)
    async with database.read() as session:
        assert not (await session.execute(select(mirrors))).all()


async def test_a_source_that_is_forgotten_leaves_nothing(filled: Watched) -> None:
    await filled.stopped(TAKEN, 3)
    source = (await filled.source.database.identity()).register_id
    async with filled.mirror.database.write("tests") as session:
        await session.run_sync(forget, source)
    assert not await numbers(filled.mirror.database)


async def test_what_is_in_the_way_is_fetched_anew_once_it_is_not(filled: Watched) -> None:
    mine = await create(filled.mirror.admin, "persons", person())
    place = f"/v1/persons/{mine['id']}"
    assert (await filled.source.admin.put(place, json=person(), headers={"If-None-Match": "*"})).status_code == 201
    with pytest.raises(Stopped, match=mine["id"]):
        await filled.copy()
    assert await state_of(filled.mirror.database) == (FETCHING, "None/None", 0)
    assert not await numbers(filled.mirror.database)
    assert (await filled.source.admin.delete(f"{place}?purge=true", headers=ANY)).status_code == 204
    await filled.copy()
    assert (await filled.mirror.public.get(place)).json()["names"] == mine["names"]


async def test_a_key_that_sees_less_changes_nothing_while_its_copy_is_taken_in(filled: Watched) -> None:
    one, other = [(await create(filled.source.admin, "persons", person(visibility="partners")))["id"] for _ in "ab"]
    await filled.stopped(TAKEN, 3, "partner")
    filled.asked.paths.clear()
    with pytest.raises(Stopped, match="Give the key as before"):
        await filled.copy("public")
    assert "/v1/changes" not in filled.asked.paths
    await filled.copy("partner")
    await filled.agrees("partner")
    assert one != other


async def test_a_key_that_sees_more_copies_anew_what_was_taken_in(filled: Watched) -> None:
    await create(filled.source.admin, "persons", person(private_notes="hush"))
    await filled.stopped(TAKEN, 3)
    await filled.copy("keeper")
    await filled.agrees("keeper")


async def test_another_register_at_the_address_is_refused_after_taking_in(filled: Watched, sqlite_url: str) -> None:
    await filled.stopped(TAKEN, 3)
    await become_another(sqlite_url)
    async with running(sqlite_url, 2) as another:
        filled.asked.app = another.app
        with pytest.raises(Stopped, match="there is another register"):
            await filled.copy()


async def test_commands_that_begin_one_copy_at_once_end_in_one_copy(filled: Watched) -> None:
    done = await asyncio.gather(*(filled.of().run() for _ in range(3)), return_exceptions=True)
    assert {str(one) for one in done if one} <= {"Another command is at work on the same copy. Leave it to that one."}
    await filled.copy()
    assert not await numbers(filled.mirror.database)
    await filled.agrees()


async def test_a_line_may_be_cut_as_often_as_it_likes_while_something_comes_over_it(filled: Watched) -> None:
    async with spoilt(filled, lambda number: 1300 if 1 < number < 6 else None) as (mirror, line):
        mirror.patience.tries = 3
        await mirror.run()
    assert sum("Next try in" in said for said in filled.said) == 4
    assert line.asked[:6] == ["/v1/export"] * 6
    await filled.agrees()
