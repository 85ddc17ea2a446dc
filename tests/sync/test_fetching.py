"""A copy fetches first and takes in later: stopped at any moment it goes on, and nothing of what was fetched stays."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
import zstandard
from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.engine import make_url
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.copies import mirrored, mirrors
from app.core.database import Database
from app.core.documents import documents
from app.core.history import changes
from app.core.record import Tier
from app.register import KINDS
from app.sync import copying as exporting
from app.sync.backup.archive import reading
from app.sync.backup.making import back_up
from app.sync.backup.restoring import check, restore
from app.sync.compressing import codec_of
from app.sync.mirror import copying as copies
from app.sync.mirror import detaching, fetching, kept
from app.sync.mirror import source as sources
from app.sync.mirror.detaching import detach
from app.sync.mirror.meeting import look_at
from app.sync.mirror.source import Source
from app.sync.mirror.state import COPYING, FETCHING, LEADING, State, forget
from app.sync.mirror.stops import Again, Stopped
from app.sync.mirror.taking import Taker
from app.sync.mirror.telling import Teller
from tests.conftest import Register, running
from tests.factories import create, detention, person
from tests.sync.conftest import become_another
from tests.sync.mirroring import Copying, listening
from tests.sync.test_mirror_troubles import answering, spoilt

ANY = {"If-Match": "*"}
PEOPLE = 9
GONE = answering(503, {}, b"")
FETCHED, TAKEN = (kept, "keep"), (Taker, "_take")


class Asked:
    """An application that keeps what it was asked for, and may be put away."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.paths: list[str] = []
        self.exports: list[dict[str, list[str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        if scope["path"] == "/v1/export":
            self.exports.append(parse_qs(scope["query_string"].decode()))
        await self.app(scope, receive, send)


@dataclass
class Watched(Copying):
    """A copy whose source keeps what it is asked for."""

    asked: Asked = field(default_factory=lambda: Asked(GONE))

    async def stopped(self, owner: tuple[Any, str], number: int = 1, role: str = "public") -> None:
        """Copy until the power goes."""
        with stopping(owner, number):
            await self.copy(role)


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


async def fill(register: Register) -> None:
    for number in range(PEOPLE):
        words = f"unforgettable {number} {token_hex(150)}"
        made = await create(register.admin, "persons", person(occupation={"en": words}))
        await create(register.admin, "detentions", detention(made["id"]))


@contextmanager
def stopping(owner: tuple[Any, str], number: int = 1) -> Iterator[None]:
    """Stop in the midst of a transaction, the first or a later one, before it is on disk."""
    place, name = owner
    real, calls = getattr(place, name), 0

    def stops(*said: Any) -> Any:
        nonlocal calls
        calls += 1
        done = real(*said)
        if calls == number:
            raise Stopped("The power goes.")
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, stops)
        with pytest.raises(Stopped, match="The power goes"):
            yield


async def state_of(database: Database) -> tuple[str, str, int]:
    """Give how far the copy is: its state, `KIND/ID` of the last record, how many there are."""
    async with database.read() as session:
        row = (await session.execute(select(mirrors))).one()
    return row.state, f"{row.copied_kind}/{row.copied_id}", row.copied


async def numbers(database: Database) -> list[int]:
    """Give the numbers of what was fetched and is kept."""
    async with database.read() as session:
        return list((await session.execute(select(mirrored.c.number).order_by(mirrored.c.number))).scalars())


async def content(database: Database) -> str:
    """Give all that was taken in."""
    async with database.read() as session:
        bodies = [*(await session.execute(select(documents.c.body))).scalars()]
        bodies += (await session.execute(select(changes.c.body).where(changes.c.kind != "keys"))).scalars()
    return b"".join(body for body in bodies if body).decode()


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


FIRST = {"register_id": uuid4(), "format_version": 1, "tier": "public", "cursor": "c", "kinds": ["persons"]}
LINE = {"kind": "persons", "record": {"id": str(uuid4())}}


@pytest.mark.parametrize(
    ("lines", "count", "whole"),
    [
        ([LINE, LINE, {"count": 2}], 2, True),
        ([{"count": 0}], 0, True),
        ([LINE, LINE, {"count": 3}], 2, False),
        ([LINE, {"count": 1}, b'{"ki'], 1, False),
        ([LINE, LINE], 2, False),
        ([LINE, b'{"kind"'], 1, False),
        ([], 0, False),
    ],
)
@pytest.mark.parametrize("size", [10, 10_000])
async def test_the_last_line_must_count_those_before_it(
    lines: list[Any], count: int, *, whole: bool, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_PORTION", size)
    monkeypatch.setattr(fetching, "_BATCH", size)
    monkeypatch.setattr(sources, "_PIECE", size)
    batches, cut = await fetched(lines)
    assert cut is not whole
    assert sum(batch.count for batch in batches) == count
    assert [batch.whole for batch in batches if batch.whole] == [True] * whole
    kept_lines = b"".join(kept.unpack(portion) for batch in batches for portion in batch.portions)
    assert kept_lines == (to_json(LINE) + b"\n") * count


@pytest.mark.parametrize("line", [b"hello\n", b"\n", b'["a"]\n', b'{"a"\n'])
async def test_lines_that_are_none_are_not_kept(line: bytes) -> None:
    with pytest.raises(Stopped, match="not as a Vestka register"):
        await fetched([LINE, line, LINE, {"count": 3}])


async def fetched(lines: list[Any]) -> tuple[list[Any], bool]:
    """Give what is made of an export with these lines, and whether it was cut."""
    body = b"".join(line if isinstance(line, bytes) else to_json(line) + b"\n" for line in [FIRST, *lines])
    async with listening(answering(200, {"Content-Type": "application/jsonl"}, body)) as url:
        return await fetched_from(url)


async def fetched_from(url: str) -> tuple[list[Any], bool]:
    batches: list[Any] = []
    state = State(FIRST["register_id"], url, Tier.PUBLIC, FETCHING, "c")  # type: ignore[arg-type]  # a UUID

    def fetch() -> bool:
        try:
            batches.extend(fetching._Fetching(Source(url), state).batches({}))  # noqa: SLF001 - no database
        except Again:
            return True
        return False

    return batches, await asyncio.to_thread(fetch)


@asynccontextmanager
async def saying(head: str, body: bytes, length: int) -> AsyncIterator[str]:
    """Say a part of an answer to whoever asks, and hang up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {length}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
async def test_what_came_before_a_cut_is_kept_to_the_last_line(encoding: str) -> None:
    codec, lines = codec_of(encoding), [to_json(one) + b"\n" for one in (FIRST, LINE, LINE, LINE)]
    said = b"".join(lines) + b'{"kind":"pers'
    packed = codec.portion(said) if codec else said
    async with saying(f"Content-Type: application/jsonl\r\nContent-Encoding: {encoding}", packed, 9999) as url:
        batches, cut = await fetched_from(url)
    assert cut
    assert [batch.count for batch in batches] == [3]


async def test_an_answer_that_ends_too_early_is_asked_for_again() -> None:
    async with saying("Content-Type: application/json", b'{"kinds": {', 99) as url:
        with pytest.raises(Again, match="was cut"):
            await asyncio.to_thread(Source(url).json, "/v1/digest")


async def test_a_little_that_unpacks_to_very_much_is_not_unpacked_at_once() -> None:
    packed = zstandard.ZstdCompressor(level=3).compress(bytes(1 << 28))
    assert len(packed) < 1 << 16
    head = "Content-Type: application/jsonl\r\nContent-Encoding: zstd"
    async with saying(head, packed, len(packed)) as url:

        def largest() -> int:
            with Source(url)._opened("/v1/export", {}, 5) as pieces:  # noqa: SLF001 - what it is made of
                return max(map(len, pieces))

        assert await asyncio.to_thread(largest) <= 1 << 25
        with pytest.raises(Again, match="was cut"):
            await asyncio.to_thread(look_at, Source(url))
