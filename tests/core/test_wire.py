"""The protocol below the application: what it lets through, and what it refuses by itself."""

import asyncio
import json
import re
from typing import Any

import pytest

from app.core import edge as edge_module
from app.core.atonce import WHOLE, Answer, Question
from app.core.edge import REFUSED, Edge, Methods
from tests.conftest import Register
from tests.core.speaking import ask, heard
from tests.factories import CHANGES, create_all, id_of, populace


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    said = [scope["path"], scope["query_string"].decode(), body.decode()]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(said).encode() + b"\n"})


class _Prepared:
    """Echoes, but for what is ready; counts the tasks that it takes."""

    def __init__(self) -> None:
        self.tasks = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.tasks += 1
        await _echo(scope, receive, send)

    def at_once(self, scope: Any, _: Question) -> Answer | None:
        if scope["path"] == "/broken":
            raise KeyError
        more = ["x" * 70_000] if scope["path"] == "/ready/large" else []
        body = json.dumps([scope["path"], *more]).encode() + b"\n"
        head = WHOLE + b"content-length: %d\r\n" % len(body)
        return Answer(200, [], body, head) if scope["path"].startswith("/ready") else None


def _request(target: str, body: str = "") -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    return (head + body).encode()


async def test_an_address_with_letters_as_they_are_is_understood() -> None:
    answered = await ask(_request("/v1/é?q=Мікалай%20х&b=1"), _request("/a?q=ў"), app=_echo)
    assert heard(answered) == [
        ["/v1/é", "q=%D0%9C%D1%96%D0%BA%D0%B0%D0%BB%D0%B0%D0%B9%20%D1%85&b=1", ""],
        ["/a", "q=%D1%9E", ""],
    ]


async def test_a_body_that_looks_like_a_request_stays_as_it_is() -> None:
    body = "GET /ў HTTP/1.1\r\n"
    whole = _request("/a", body)
    cut = len(whole) - len(body.encode())
    answered = await ask(whole[:cut], whole[cut:], app=_echo)
    assert heard(answered) == [["/a", "", body]]


async def test_what_is_no_http_gets_a_problem() -> None:
    for nonsense in (
        b"\xd0\xbf\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xd0\xbf\x01 HTTP/1.1\r\n\r\n",
    ):
        answered = await ask(nonsense, app=_echo)
        assert answered.startswith(b"HTTP/1.1 400 Bad Request")
        assert json.loads(answered.partition(b"\r\n\r\n")[2])["type"] == "/problems/malformed"


async def test_what_is_ready_is_answered_without_a_task_and_in_its_turn() -> None:
    app = _Prepared()
    get = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
    answered = await ask(b"".join(get % path for path in (b"/ready", b"/a", b"/ready/2", b"/ready/3")), app=app)
    assert [said[0] for said in heard(answered)] == ["/ready", "/a", "/ready/2", "/ready/3"]
    assert app.tasks < 3
    assert answered.startswith(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\ndate: today\r\n\r\n")


async def test_a_large_answer_is_written_whole() -> None:
    answered = await ask(b"GET /ready/large HTTP/1.1\r\nHost: x\r\n\r\n" * 3, app=_Prepared())
    assert heard(answered)[:1] == [["/ready/large", "x" * 70_000]]
    assert [said[0] for said in heard(answered)] == ["/ready/large"] * 3


async def test_what_is_too_large_is_refused_before_it_is_answered() -> None:
    app = _Prepared()
    fields = b"".join(b"X-%d: %b\r\n" % (number, b"x" * 1000) for number in range(40))
    await ask(b"GET /ready HTTP/1.1\r\nHost: x\r\n%b\r\n" % fields, app=app)
    assert app.tasks == 1


async def test_what_is_more_than_a_plain_question_becomes_a_task() -> None:
    app = _Prepared()
    for head in (b"Connection: close\r\n", b"Expect: 100-continue\r\n"):
        await ask(b"GET /ready HTTP/1.1\r\nHost: x\r\n%b\r\n" % head, app=app)
    await ask(b"GET /ready HTTP/1.0\r\nHost: x\r\n\r\n", app=app)
    assert app.tasks == 3


async def test_what_fails_at_once_is_asked_of_the_application() -> None:
    app = _Prepared()
    assert heard(await ask(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n", app=app)) == [["/broken", "", ""]]


async def test_a_body_behind_a_question_that_is_answered_is_left_aside() -> None:
    app = _Prepared()
    sent = b"GET /ready HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyGET /ready/2 HTTP/1.1\r\nHost: x\r\n\r\n"
    assert heard(await ask(sent[:70], sent[70:], app=app)) == [["/ready"], ["/ready/2"]]


async def _in_time(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Echo in another turn of the loop, unless it is told what to answer."""
    await asyncio.sleep(0)
    if REFUSED in scope:
        await scope[REFUSED].response()(scope, receive, send)
    elif (await receive())["type"] == "http.request":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps([scope["path"]]).encode() + b"\n"})


_BROKEN_BODY = b"POST /broken HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n%b\r\nno length\r\n"


async def test_a_broken_body_behind_requests_at_work_is_refused_in_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    get = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
    for earlier in ((b"/a",), (b"/a", b"/b")):
        answered = await ask(b"".join(get % path for path in earlier) + _BROKEN_BODY % b"", app=_in_time)
        assert [said[0].encode() for said in heard(answered)] == [*earlier]
        last = answered.rpartition(b"HTTP/1.1 ")[2]
        assert last.startswith(b"400 Bad Request")
        assert b"\r\nconnection: close\r\n" in last
    assert caplog.records == []


async def test_who_is_refused_is_not_told_to_go_on(caplog: pytest.LogCaptureFixture) -> None:
    answered = await ask(_BROKEN_BODY % b"Expect: 100-continue\r\n", app=_in_time)
    assert answered.startswith(b"HTTP/1.1 400 Bad Request")
    assert answered.count(b"HTTP/1.1 ") == 1
    assert caplog.records == []


async def test_who_sends_too_much_hears_so_before_the_connection_ends() -> None:
    """Clients that send all of a body before they read anything would otherwise find the answer gone."""
    edge = Edge(_echo, Methods([("/a", re.compile("/a"), frozenset({"POST"}))]), 1_000, {}, 32_000)
    whole = b"x" * 10_000_000
    for head, body in (
        (b"Content-Length: %d" % len(whole), whole),
        (b"Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(whole), whole)),
    ):
        answered = await ask(b"POST /a HTTP/1.1\r\nHost: t\r\n" + head + b"\r\n\r\n", body, app=edge)
        assert answered.startswith(b"HTTP/1.1 413 "), answered[:100]
        assert b"connection: close\r\n" in answered.partition(b"\r\n\r\n")[0].lower()
        assert json.loads(answered.partition(b"\r\n\r\n")[2])["type"] == "/problems/too-large"


async def test_who_never_stops_sending_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_module, "_DRAINED_BYTES", 100_000)
    edge = Edge(_echo, Methods([("/a", re.compile("/a"), frozenset({"POST"}))]), 1_000, {}, 32_000)
    with pytest.raises(ConnectionError):
        await ask(
            b"POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 90000000\r\n\r\n", *[b"x" * 1_000_000] * 80, app=edge
        )


async def test_what_the_server_no_longer_waits_for_when_it_stops_is_said_as_a_problem() -> None:
    async def never(*_: Any) -> Any:
        await asyncio.sleep(60)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    edge = Edge(never, Methods([("/a", re.compile("/a"), frozenset({"GET"}))]), 1_000, {}, 32_000)
    scope = {"type": "http", "method": "GET", "path": "/a", "query_string": b"", "headers": []}
    task = asyncio.ensure_future(edge(scope, never, send))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (sent[0]["status"], dict(sent[0]["headers"])[b"retry-after"]) == (503, b"2")
    assert json.loads(sent[1]["body"])["type"] == "/problems/unavailable"


@pytest.mark.parametrize("order", ["cold", "warm"])
async def test_a_nul_in_a_path_is_never_the_record_that_somebody_else_asked_for(register: Register, order: str) -> None:
    for some in populace():
        await create_all(register.keeper, *some)
    parts = [*((kind, "") for kind in CHANGES), ("persons", "/file"), ("persons", "/timeline")]
    get = f"GET /v1/%s/%s%s HTTP/1.1\r\nHost: x\r\nAccept: application/json;q=0.9, {order}/1\r\n\r\n"
    for kind, part in parts:
        own = (get % (kind, id_of(kind, 0), part)).encode()
        nobodys = (get % (kind, "%00", part)).encode()
        asked = [*([own] if order == "warm" else []), nobodys, own, own, nobodys]
        answered = await ask(*asked, app=register.app, answers=len(asked))
        statuses = re.findall(rb"HTTP/1.1 (\d+) ", answered)
        assert statuses == [b"200" if one is own else b"404" for one in asked], (kind, part)
