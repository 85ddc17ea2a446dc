"""Ready answers: the same bytes as fresh ones, for the public only, and gone with the next write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from httpx2 import ASGITransport, AsyncClient
from starlette.types import Message, Receive, Scope, Send

from app.core.database import Database
from app.core.hot import Hot
from app.core.touched import MOST, Touched
from app.main import create_app
from app.register import KINDS
from app.settings import Settings
from tests.conftest import Register
from tests.factories import address, create, detention, facility, organization, person

DAY = 86_400


class Routes:
    """Stands for all routes: answers whatever is asked, and counts."""

    def __init__(self) -> None:
        self.requests = 0
        self.headers = [
            (b"cache-control", b"public, no-cache"),
            (b"vary", b"Authorization, Accept, Accept-Encoding"),
            (b"etag", b'"1-a"'),
            (b"content-length", b"10000"),
        ]
        self.state = (1, 0)
        self.touched: Touched | None = frozenset()
        self.lag = 0.0

    async def __call__(self, _: Scope, __: Receive, send: Send, /) -> None:
        self.requests += 1
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"x" * 10_000})

    def current(self) -> tuple[int, int]:
        if self.state < (0, 0):
            raise ConnectionError
        return self.state

    async def refresh(self) -> tuple[int, int]:
        return self.state

    def changed(self, _: int) -> Touched | None:
        return self.touched

    def stir(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def routes() -> Routes:
    return Routes()


@pytest.fixture
def hot(routes: Routes) -> Hot:
    return Hot(routes, lambda: routes, 200_000, kinds=KINDS)


@pytest.fixture
async def reader(hot: Hot) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(hot), base_url="http://t") as client:
        yield client


async def test_a_second_reader_needs_no_route(reader: AsyncClient, routes: Routes) -> None:
    first, second = await reader.get("/a?b=1"), await reader.get("/a?b=1")
    assert routes.requests == 1
    assert (first.content, first.headers) == (second.content, second.headers)


async def test_when_the_state_cannot_be_told_the_routes_answer(reader: AsyncClient, routes: Routes) -> None:
    routes.state = (-1, 0)
    assert [(await reader.get("/a")).status_code for _ in range(2)] == [200, 200]
    assert routes.requests == 2


@pytest.mark.parametrize(
    "other", [("/b", {}), ("/a?x=1", {}), ("/a", {"Accept": "text/csv"}), ("/a", {"Authorization": "Bearer vk_x"})]
)
async def test_whatever_an_answer_depends_on_tells_two_apart(
    reader: AsyncClient, routes: Routes, other: tuple[str, dict[str, str]]
) -> None:
    await reader.get("/a")
    await reader.get(other[0], headers=other[1])
    assert routes.requests == 2


async def test_lines_of_one_name_are_one_after_the_other_and_no_other_word(register: Register) -> None:
    """``text/`` and ``csv`` in two lines are two media types, of which there is neither (RFC 9110, 5.3)."""
    path = "/v1/facilities?limit=1"
    split = await register.public.get(path, headers=[("Accept", "text/"), ("Accept", "csv")])
    assert split.headers["content-type"] == "application/json"
    assert (
        (await register.public.get(path, headers={"Accept": "text/csv"})).headers["content-type"].startswith("text/csv")
    )
    lines = await register.public.get(path, headers=[("Accept", "text/plain"), ("Accept", "text/csv")])
    assert lines.headers["content-type"].startswith("text/csv")


async def test_another_state_and_another_day_ask_again(reader: AsyncClient, routes: Routes) -> None:
    await reader.get("/a")
    routes.state = (2, 0)
    await reader.get("/a")
    with time_machine.travel(datetime.now(UTC).timestamp() + DAY, tick=True):
        await reader.get("/a")
        await reader.get("/a")
    assert routes.requests == 3


async def test_what_is_ready_of_a_record_outlasts_what_happens_to_others(reader: AsyncClient, routes: Routes) -> None:
    mine, other = (f"/v1/persons/{uuid4()}" for _ in range(2))
    asked = [
        (mine, {}),
        (mine, {"Accept": "text/html"}),
        (other, {}),
        (f"{mine}?as_of=2020-01-01", {}),
        ("/v1/persons", {}),
    ]

    async def asked_again(**now: Any) -> list[bool]:
        for name, value in now.items():
            setattr(routes, name, value)
        found = []
        for path, headers in asked:
            before = routes.requests
            await reader.get(path, headers=headers)
            found.append(routes.requests > before)
        return found

    assert await asked_again() == [True] * 5
    assert await asked_again() == [False] * 5
    assert await asked_again(state=(2, 0)) == [False, False, False, True, True]
    of_mine = frozenset({("persons", UUID(mine[-36:]))})
    assert await asked_again(state=(3, 0), touched=of_mine) == [True, True, False, True, True]
    assert await asked_again(state=(4, 0), touched=frozenset()) == [False, False, False, True, True]
    assert await asked_again(state=(5, 0), touched=None) == [True] * 5  # too many to be told
    assert await asked_again(state=(6, 1), touched=frozenset()) == [True] * 5  # not followed from there
    assert await asked_again(state=(2, 1)) == [True] * 5  # a time before


async def test_an_id_in_another_form_names_nothing_that_outlasts_a_change(reader: AsyncClient, routes: Routes) -> None:
    """It is told by its one form that a record changed: what is kept by another one would never be dropped."""
    record_id = str(uuid4())
    others = (record_id.upper(), f"-{record_id[:8]}{record_id[9:]}", record_id.replace("-", "") + "----")
    for path in (f"/v1/persons/{other}" for other in others):
        before = routes.requests
        await reader.get(path)
        routes.state = (routes.state[0] + 1, 0)
        await reader.get(path)
        assert routes.requests == before + 2, path


async def test_what_was_asked_before_a_write_does_not_stand_after_it(hot: Hot, routes: Routes) -> None:
    """An answer from before a write that another request has noticed meanwhile is not kept."""

    async def receive() -> Message:
        return {"type": "http.request"}

    async def ignore(_: Message) -> None: ...

    async def meanwhile(message: Message) -> None:
        if message["type"] == "http.response.start":
            routes.state = (2, 0)
            await hot(_get("/b"), receive, ignore)

    await hot(_get("/a"), receive, meanwhile)
    await hot(_get("/a"), receive, ignore)
    assert routes.requests == 3


def _get(path: str) -> Scope:
    return {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"cache-control", b"private, no-cache"),
        (b"cache-control", b"no-store"),
        (b"vary", b"Authorization, Accept, Accept-Language"),
        (b"etag", None),
        (b"content-encoding", b"identity"),
    ],
)
async def test_what_is_not_for_everybody_is_not_kept(
    reader: AsyncClient, routes: Routes, name: bytes, value: bytes | None
) -> None:
    said = [header for header in routes.headers if header[0] != name]
    routes.headers = said + ([(name, value)] if value else [])
    for _ in range(2):
        await reader.get("/a")
    assert routes.requests == 2


async def test_the_room_is_bounded_and_the_oldest_goes_first(reader: AsyncClient, routes: Routes, hot: Hot) -> None:
    for number in range(100):
        await reader.get(f"/{number}")
        assert hot.taken <= 200_000
    await reader.get("/99")
    assert routes.requests == 100
    await reader.get("/0")
    assert routes.requests == 101


def test_no_room_means_no_ready_answers() -> None:
    assert not isinstance(create_app(Settings(hot_cache_mb=0, seed=False)).front, Hot)
    assert create_app(Settings(seed=False)).front is not None


async def test_ready_and_fresh_answers_are_the_same_bytes(register: Register) -> None:
    made = await create(register.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    tag = (await register.editor.get(path)).headers["etag"]
    condition = {"If-None-Match": f'"1-0000000000000000", {tag}'}
    asked = [("GET", {}), ("GET", condition), ("HEAD", {})]
    await register.public.head(path)
    fresh = [await register.public.request(method, path, headers=headers) for method, headers in asked[1:]]
    fresh.insert(0, await register.public.get(path))
    assert register.app.front is not None
    before = len(register.statements)
    ready = [await register.public.request(method, path, headers=headers) for method, headers in asked]
    assert [s for s in register.statements[before:] if "documents.body" in s] == []
    assert [(r.status_code, dict(r.headers), r.content) for r in ready] == [
        (r.status_code, dict(r.headers), r.content) for r in fresh
    ]


async def test_a_write_is_in_the_next_answer(register: Register) -> None:
    made = await create(register.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    for number in range(5):
        website = f"https://example.org/{number}"
        await register.editor.patch(path, json={"website": website}, headers={"If-Match": "*"})
        assert [(await register.public.get(path)).json()["website"] for _ in range(2)] == [website] * 2


async def test_what_another_process_withdraws_is_gone_within_a_second(register: Register) -> None:
    made = await create(register.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    await register.public.get(path)
    other = Database(register.database.url, KINDS)
    async with other.write("another process") as session:
        record = await session.get(KINDS["organizations"].record, UUID(made["id"]))
        assert record is not None
        record.visibility = "private"
    await other.close()
    answers = []
    for _ in range(10):
        answers.append((await register.public.get(path)).status_code)
        if answers[-1] == 404:
            break
        await asyncio.sleep(0.1)
    assert answers[-1] == 404


Asks = Callable[[Register, str], Awaitable[bool]]


@pytest.fixture
def patient() -> Iterator[None]:
    """Wait for a database that is busy with other tests: nothing is ready where its state cannot be told."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.core.polled._ANSWERS_WITHIN", 60.0)
        yield


@pytest.fixture
def asks(monkeypatch: pytest.MonkeyPatch, patient: None) -> Asks:  # noqa: ARG001 - asked for what it does
    """Tell whether a read needs more of the database than its state."""
    directly: list[object] = []

    def noting(real: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*said: object) -> Any:
            directly.append(said)
            return real(*said)

        return noted

    async def asked(register: Register, path: str) -> bool:
        kind: Any = type(register.database.direct)
        for name in ("now", "read"):
            monkeypatch.setattr(kind, name, noting(getattr(kind, name)))
        before = len(register.statements), len(directly)
        assert (await register.public.get(path)).status_code == 200
        monkeypatch.undo()
        read = [said for said in register.statements[before[0] :] if "answer" in said or "documents.body" in said]
        return bool(read) or len(directly) > before[1]

    return asked


async def test_a_person_is_read_anew_when_something_that_the_answer_tells_of_changes(
    register: Register, asks: Asks
) -> None:
    owner, other = [await create(register.editor, "persons", person()) for _ in range(2)]
    place = await create(register.editor, "facilities", facility())
    stay = await create(register.editor, "detentions", detention(owner["id"], facility_id=place["id"]))
    mine, theirs = (f"/v1/persons/{one['id']}" for one in (owner, other))
    anyway = {"If-Match": "*"}
    for path, said in (
        (f"/v1/facilities/{place['id']}", {"name": {"en": "Another name"}}),
        (f"/v1/detentions/{stay['id']}", {"started_on": "2020-01-02"}),
        (mine, {"sex": "female"}),
    ):
        assert [await asks(register, one) for _ in range(2) for one in (mine, theirs)][2:] == [False, False]
        assert (await register.editor.patch(path, json=said, headers=anyway)).status_code == 200
        assert [await asks(register, one) for one in (mine, theirs)] == [True, False], path
        fresh = (await register.editor.get(mine)).json()
        assert (await register.public.get(mine)).json()["situation"] == fresh["situation"]


async def test_a_batch_too_long_to_be_told_drops_all(register: Register, asks: Asks) -> None:
    made = await create(register.editor, "persons", person())
    path = f"/v1/persons/{made['id']}"
    assert [await asks(register, path) for _ in range(2)][1] is False
    operations = [{"op": "create", "kind": "organizations", "record": organization()} for _ in range(MOST + 1)]
    assert (await register.editor.post("/v1/batch", json={"operations": operations})).status_code == 200
    assert await asks(register, path)


async def test_keys_and_the_public_never_share_an_answer(register: Register) -> None:
    place = await create(register.editor, "facilities", facility())
    made = await create(register.editor, "addresses", address(place["id"], verified_by="An invented checker"))
    path = f"/v1/addresses/{made['id']}"
    for _ in range(2):
        assert "verified_by" in (await register.partner.get(path)).json()
        assert "verified_by" not in (await register.public.get(path)).json()


async def test_a_write_that_the_public_does_not_hear_of_drops_nothing(register: Register) -> None:
    made = await create(register.editor, "organizations", organization())
    path = f"/v1/organizations/{made['id']}"
    await register.public.get(path)
    await create(register.editor, "organizations", organization(visibility="partners"))
    before = len(register.statements)
    await register.public.get(path)
    assert [s for s in register.statements[before:] if "documents.body" in s] == []
