"""Writes are carried out by a process of its own, and whoever asks cannot tell."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import scribe as scribes
from app.core.access import IDENTIFIED
from app.core.edge import Edge, Methods
from app.core.problems import Problem
from app.core.scribe import Apart, Scribe
from app.main import app as served_app
from tests.core.scribing import KEY

HERE = b"written here"
LARGE = [bytes([number]) * 60_000 for number in range(100)]


@dataclass
class Asked:
    """A request to the layer, and what was answered."""

    path: str
    body: Sequence[bytes] = (b"",)
    method: str = "POST"
    with_key: bool = True
    answer: list[Message] = field(default_factory=list)
    identified: set[Any] = field(default_factory=set)
    hang_up: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def scope(self) -> Scope:
        headers = [(b"authorization", b"invented")] if self.with_key else []
        said = {"type": "http", "method": self.method, "path": self.path, "query_string": b"", "headers": headers}
        return {**said, "client": ("192.0.2.1", 1), IDENTIFIED: self.identified, "app": object()}

    async def send(self, message: Message) -> None:
        self.begun.set()
        self.answer.append(message)

    def receive(self) -> Receive:
        left = [
            {"type": "http.request", "body": part, "more_body": place < len(self.body)}
            for place, part in enumerate(self.body, 1)
        ]

        async def receive() -> Message:
            if left:
                return left.pop(0)
            await self.hang_up.wait()
            return {"type": "http.disconnect"}

        return receive

    async def of(self, app: ASGIApp) -> "Asked":
        await app(self.scope, self.receive(), self.send)
        return self

    @property
    def said(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.answer)

    @property
    def status(self) -> int:
        return int(self.answer[0]["status"])


async def here(scope: Scope, _: Receive, send: Send) -> None:
    status = 403 if scope["path"] == "/refused" else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": HERE})


async def until(so: Callable[[], bool]) -> None:
    while not so():  # noqa: ASYNC110 - nothing tells of another process
        await asyncio.sleep(0.01)


@dataclass
class Parts:
    """The layer, the process behind it, and how often that was heard to have written."""

    layer: ASGIApp
    scribe: Scribe
    wrote: list[None]

    async def waiting(self, count: bytes) -> None:
        while (await self.ask("/count")).said != count:
            pass

    async def ask(self, path: str, *body: bytes) -> Asked:
        return await Asked(path, body or (b"",)).of(self.layer)


@asynccontextmanager
async def parts(said: str = "", *, begun: bool = True, limit: int = 100_000_000) -> AsyncIterator[Parts]:
    wrote: list[None] = []
    scribe = Scribe("tests.core.scribing", said, lambda: wrote.append(None))
    writes = [("POST", re.compile("^/(?!asked).*$"))]
    layer = Edge(Apart(here, lambda: scribe, writes), Methods([]), limit, {}, 1_000)
    try:
        async with asyncio.timeout(30):
            if begun:
                scribe.begin()
                await until(scribe.is_ready)
            yield Parts(layer, scribe, wrote)
    finally:
        await scribe.close()


async def test_what_is_sent_and_answered_in_pieces_comes_whole_and_in_order() -> None:
    async with parts() as there:
        asked = await there.ask("/echo", *LARGE)
        assert asked.status == 201
        assert (b"x-invented", b"1") in asked.answer[0]["headers"]
        assert [message["body"] for message in asked.answer[1:]] == LARGE


async def test_many_at_once_each_have_their_own_answer() -> None:
    async with parts() as there:
        words = [f"invented {number}".encode() for number in range(40)]
        asked = await asyncio.gather(*(there.ask("/echo", word, word) for word in words))
        assert [one.said for one in asked] == [word * 2 for word in words]
        assert len(there.wrote) == 40


async def test_who_asked_stays_here_and_the_key_comes_back() -> None:
    async with parts() as there:
        asked = await there.ask("/tell")
        assert asked.identified == {KEY}
        assert asked.said.endswith(b", None)")
        assert b"192.0.2" not in asked.said


async def test_it_begins_when_something_was_written_and_takes_nothing_else() -> None:
    async with parts(begun=False) as there:
        nothing = [Asked("/echo", method="GET"), Asked("/asked"), Asked("/echo", with_key=False), Asked("/refused")]
        for asked in nothing:
            assert (await asked.of(there.layer)).said == HERE
        assert not there.scribe.runs()
        assert (await there.ask("/echo", b"x")).said == HERE
        assert there.scribe.runs()
        await until(there.scribe.is_ready)
        assert (await there.ask("/echo", b"x")).said == b"x"
        for asked in nothing[:3]:
            asked.answer.clear()
            assert (await asked.of(there.layer)).said == HERE


async def test_a_body_that_is_too_large_is_refused_and_the_next_one_is_taken() -> None:
    async with parts(limit=1_000_000) as there:
        assert (await there.ask("/take", *LARGE[:10])).said == b"600000"
        refused = await there.ask("/take", *LARGE)
        assert refused.status == 413
        assert (await there.ask("/take", b"x")).said == b"1"


@pytest.mark.parametrize("path", ["/fail", "/break"])
async def test_what_fails_there_is_a_problem_here(path: str, capfd: pytest.CaptureFixture[str]) -> None:
    async with parts() as there:
        asked = Asked(path)
        with suppress(ConnectionAbortedError):
            await asked.of(there.layer)
            assert path == "/fail"
        assert asked.status == (500 if path == "/fail" else 201)
        assert b"invented words" not in asked.said
        assert (await there.ask("/echo", b"x")).said == b"x"
    assert "invented words" not in "".join(capfd.readouterr())


async def test_when_it_is_lost_nobody_waits_and_writing_goes_on_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribes, "_NOT_AGAIN_FOR", 0.0)
    async with parts() as there:
        waiting = asyncio.create_task(there.ask("/wait"))
        await there.waiting(b"1")
        lost, beside = await there.ask("/die"), await waiting
        for asked in (lost, beside):
            assert asked.status == 503
            assert b"not known" in asked.said
            assert (b"retry-after", b"2") in asked.answer[0]["headers"]
        assert (await there.ask("/refused", b"x")).said == HERE
        await until(lambda: not there.scribe.runs())
        assert (await there.ask("/echo", b"x")).said == HERE
        await until(there.scribe.is_ready)
        assert (await there.ask("/echo", b"x")).said == b"x"


async def test_who_was_answered_hears_nothing_of_its_loss() -> None:
    """Whole is whole: the connection does not break off, and serves the next request."""
    async with parts() as there:
        asked = await there.ask("/answer-and-die")
        assert (asked.status, asked.said) == (201, b"written")
        await until(lambda: not there.scribe.is_ready())


async def test_one_that_cannot_begin_keeps_nobody_from_writing(capfd: pytest.CaptureFixture[str]) -> None:
    async with parts("broken", begun=False) as there:
        there.scribe.begin()
        assert there.scribe.runs()
        await until(lambda: not there.scribe.runs())
        assert (await there.ask("/echo", b"x")).said == HERE
        assert not there.scribe.runs()  # it is not tried again at once
    said = "".join(capfd.readouterr())
    assert "lost" in said
    assert "invented words" not in said


async def test_who_is_given_up_is_given_up_there() -> None:
    async with parts() as there:
        asked = Asked("/wait")
        waiting = asyncio.create_task(asked.of(there.layer))
        await there.waiting(b"1")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert asked.status == 503
        await there.waiting(b"0")


async def test_who_goes_away_is_heard_of_beside_what_is_sent() -> None:
    async with parts() as there:
        asked = Asked("/until-gone")
        waiting = asyncio.create_task(asked.of(there.layer))
        await asked.begun.wait()
        asked.hang_up.set()
        await waiting
        assert asked.said == b"still there, gone"


async def test_it_ends_when_it_is_closed_also_before_it_has_begun() -> None:
    async with parts(begun=False) as there:
        there.scribe.begin()
        await asyncio.sleep(0)  # it is being begun
        await there.scribe.close()
        assert not there.scribe.runs()
        with pytest.raises(Problem):
            await there.scribe(Asked("/echo").scope, Asked("/echo").receive(), Asked("/echo").send)


def test_every_route_that_takes_a_key_to_write_is_written_apart() -> None:
    """And none that is only asked by POST: the process that writes knows no names."""
    said: Any = next(one.kwargs for one in served_app.user_middleware if "writes" in one.kwargs)
    layer = Apart(here, lambda: None, said["writes"])

    def is_written_apart(method: str, path: str) -> bool:
        return layer.is_write(Asked(path, method=method).scope)

    one = "/v1/persons/00000000-0000-4000-8000-000000000001"
    for method, path in (("POST", "/v1/persons"), ("PUT", one), ("PATCH", one), ("DELETE", one)):
        assert is_written_apart(method, path)
    for path in ("/v1/batch", "/v1/keys", f"{one}/merge"):
        assert is_written_apart("POST", path)
    assert not is_written_apart("GET", one)
    for path in ("/v1/match", "/v1/reconcile", f"{one}/envelope.pdf"):
        assert not is_written_apart("POST", path)
