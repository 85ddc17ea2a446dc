"""Questions that come again in the same bytes: answered without being read, and as if they had been."""

import asyncio
import json
from typing import Any

import pytest

from app.core.atonce import WHOLE, Answer, Question, asked_publicly
from app.core.clients import Clients
from app.core.crowd import PATIENCE
from app.core.heads import LONGEST, Heads
from app.core.limits import Limits
from tests.core.speaking import ask, heard, spoken_to

_GET = b"GET %b HTTP/1.1\r\nHost: x\r\n%b\r\n"
_A, _B = _GET % (b"/ready/a?x=1", b""), _GET % (b"/ready/b", b"Accept: text/csv\r\nIf-None-Match: *\r\n")


class _Prepared:
    """Says at once what it was asked, while it can; else in its turn, a moment later."""

    def __init__(self) -> None:
        self.can = True
        self.clients: list[Any] = []

    def at_once(self, scope: Any, asked: Question) -> Answer | None:
        if not (self.can and scope["path"].startswith("/ready")):
            return None
        self.clients.append(scope["client"])
        said = [scope["method"], scope["path"], scope["query_string"].decode(), *map(str, asked)]
        body = json.dumps(said).encode() + b"\n"
        return Answer(200, [], body, WHOLE + b"content-length: %d\r\n" % len(body))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        await asyncio.sleep(0.05 if scope["path"] == "/slow" else 0)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        said = json.dumps(["task", scope["path"], body.decode()])
        await send({"type": "http.response.body", "body": said.encode() + b"\n"})


@pytest.fixture(autouse=True)
def _none_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.prompt._HEADS", Heads())


@pytest.fixture
def app() -> _Prepared:
    return _Prepared()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the paths of the questions that were read."""
    paths: list[str] = []

    def reading(scope: Any) -> Question | None:
        paths.append(scope["path"])
        return asked_publicly(scope)

    monkeypatch.setattr("app.core.prompt.asked_publicly", reading)
    return paths


async def test_what_comes_again_is_not_read_and_answered_the_same(app: _Prepared, read: list[str]) -> None:
    async with spoken_to(app) as say:
        # The first question of a connection is always read, and kept only from the second one on.
        first = heard(await say(_A, _A, _B, _A, _B))
        assert read == ["/ready/a", "/ready/a", "/ready/b"]
        assert heard(await say(_B, _A, _B)) == [first[2], first[0], first[2]]
    assert read == ["/ready/a", "/ready/a", "/ready/b", "/ready/b"]
    assert first[0] == ["GET", "/ready/a", "x=1", "b''", "None"]
    assert first[2] == ["GET", "/ready/b", "", "b'text/csv'", "b'*'"]
    assert first == [first[0], first[0], first[2], first[0], first[2]]
    assert len(set(app.clients)) == 2  # each connection's own


async def test_one_byte_more_is_another_question(app: _Prepared, read: list[str]) -> None:
    other = _A.replace(b"x=1", b"x=12")
    answered = heard(await ask(_A, _A, other, _A, app=app))
    assert [said[2] for said in answered] == ["x=1", "x=1", "x=12", "x=1"]
    assert read == ["/ready/a"] * 3


async def test_what_has_its_turn_waits_for_those_before_it(app: _Prepared) -> None:
    slow = _GET % (b"/slow", b"")
    answered = heard(await ask(_A, _A, slow + _A, _A, slow, _A, app=app))
    assert [said[1] for said in answered] == [
        "/ready/a",
        "/ready/a",
        "/slow",
        "/ready/a",
        "/ready/a",
        "/slow",
        "/ready/a",
    ]


async def test_a_body_in_the_bytes_of_a_question_stays_a_body(app: _Prepared) -> None:
    post = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(_A)
    assert heard(await ask(_A, _A, post, _A, _A, app=app))[2:] == [["task", "/a", _A.decode()], heard(_answer(app))[0]]
    # Of a question too, though that is answered before its body comes; and each time.
    get = b"GET /ready/c HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(_A)
    answered = heard(await ask(_A, _A, get, _A, get, _A, _B, app=app))
    assert [said[1][-1] for said in answered] == ["a", "a", "c", "c", "b"]


def _answer(app: _Prepared) -> bytes:
    answer = app.at_once(
        {"method": "GET", "path": "/ready/a", "query_string": b"x=1", "client": None}, Question(b"", None)
    )
    return answer.body if answer else b""


async def test_the_rest_of_a_head_stays_the_rest_of_a_head(app: _Prepared) -> None:
    head = b"GET /ready/c HTTP/1.1\r\nHost: x\r\nX-A: "
    answered = heard(await ask(_A, _A, head, _A, _A, app=app))
    assert [said[1] for said in answered] == ["/ready/a", "/ready/a", "/ready/c", "/ready/a"]


async def test_several_in_one_piece_are_read_each_time(app: _Prepared, read: list[str]) -> None:
    answered = heard(await ask(_A, _A + _B, _A + _B, app=app))
    assert [said[1] for said in answered] == ["/ready/a", "/ready/a", "/ready/b", "/ready/a", "/ready/b"]
    assert len(read) == 5


@pytest.mark.parametrize(
    "more",
    [
        b"Authorization: Bearer vk_x\r\n",
        b"X-Forwarded-For: 192.0.2.1\r\n",
        b"Connection: close\r\n",
        b"Connection: upgrade\r\nUpgrade: h2c\r\n",
        b"Expect: 100-continue\r\n",
        b"X-Long: %b\r\n" % (b"x" * LONGEST),
    ],
)
async def test_what_is_more_than_a_plain_question_is_read_each_time(
    app: _Prepared, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    learned: list[Any] = []
    learn = Heads.learn

    def learning(heads: Heads, mark: bytes, scope: Any, asked: Question) -> None:
        learn(heads, mark, scope, asked)
        learned.append(heads.at(mark))

    monkeypatch.setattr(Heads, "learn", learning)
    await ask(_A, _GET % (b"/ready/c", more), app=app)
    assert [head for head in learned if head is not None] == []


async def test_what_is_not_ready_any_more_is_asked_of_the_application(app: _Prepared) -> None:
    async with spoken_to(app) as say:
        await say(_A, _A)
        app.can = False
        assert heard(await say(_A, _A, _A)) == [["task", "/ready/a", ""]] * 3
        app.can = True
        assert [said[0] for said in heard(await say(_A, _A))] == ["GET", "GET"]


async def test_each_counts_once_whether_it_is_read_or_not(app: _Prepared) -> None:
    """Also when what was ready is not any more: then it has been counted before it becomes a task."""
    limits = Limits(app, app, Clients(), public=10, key=10)
    async with spoken_to(limits) as say:
        answered = await say(_A, _A, _A)
        app.can = False
        answered += await say(_A, _A)
        app.can = True
        answered += await say(_A, _A)
    left = [
        line.partition(b"r=")[2].partition(b";")[0] for line in answered.splitlines() if line.startswith(b"ratelimit: ")
    ]
    assert left == [b"9", b"8", b"7", b"6", b"5", b"4", b"3"]


def test_the_room_is_bounded_and_holds_nothing_of_who_asked() -> None:
    heads = Heads(most=2)
    scope = {"type": "http", "method": "GET", "path": "/a", "query_string": b"", "client": ("192.0.2.1", 80)}
    for number in range(3):
        heads.learn(heads.mark(b"%d" % number), {**scope, "headers": [(b"user-agent", b"curl/8")]}, Question(b"", None))
    known = [head for number in range(3) if (head := heads.at(heads.mark(b"%d" % number)))]
    assert len(known) == 1
    assert "curl" not in repr(vars(heads))
    assert "192.0.2.1" not in repr(vars(heads))


async def test_who_asks_the_same_again_and_again_is_neither_slow_nor_idle(
    app: _Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.crowd.LOOK_SECONDS", 0.02)
    assert len(heard(await ask(*[_A] * 4 * PATIENCE, app=app))) == 4 * PATIENCE
