"""The power goes in the middle of writing: every write that was answered is there, with its history."""

import asyncio
from dataclasses import dataclass, field

from httpx2 import ASGITransport, AsyncClient, HTTPError, Response
from sqlalchemy import select
from starlette.types import Message, Receive, Scope, Send

from app.core.history import register as history
from app.core.rebuilding import reindex
from app.core.verifying import verify
from app.register import KINDS
from tests.conftest import Register, running
from tests.factories import article, person
from tests.serving import Served, new_key, served

WRITERS = 4
ANSWERED = 60


@dataclass
class Answers:
    """What the register has promised: the newest answered version of each record, and the deleted ones."""

    newest: dict[str, dict[str, object]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    count: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self) -> None:
        self.count += 1
        if self.count >= ANSWERED:
            self.enough.set()


async def write_until_the_end(client: AsyncClient, answers: Answers) -> None:
    """Create, change and delete until nobody answers any more."""
    try:
        while True:
            made = await client.post("/v1/articles", json=article())
            place = note(answers, made.json()["id"], made.json())
            changed = await client.patch(place, json={"number": "361"}, headers={"If-Match": made.headers["etag"]})
            note(answers, made.json()["id"], changed.json())
            if answers.count % 3 == 0:
                deleted = await client.delete(place, headers={"If-Match": "*"})
                assert deleted.status_code == 204
                answers.gone.add(made.json()["id"])
                answers.add()
    except HTTPError:
        return


def note(answers: Answers, record_id: str, said: dict[str, object]) -> str:
    assert "version" in said, said
    answers.newest[record_id] = said
    answers.add()
    return f"/v1/articles/{record_id}"


async def kill_in_the_middle(server: Served, answers: Answers) -> None:
    await answers.enough.wait()
    server.kill()


async def test_every_write_that_was_answered_outlives_a_kill(database_url: str) -> None:
    key, answers = new_key(database_url, "write"), Answers()
    with served(database_url, VESTKA_RATE_LIMIT_KEY="0") as server:
        async with AsyncClient(base_url=server.base, headers=key, timeout=60) as client:
            writers = (write_until_the_end(client, answers) for _ in range(WRITERS))
            await asyncio.gather(kill_in_the_middle(server, answers), *writers)
    async with running(database_url) as register:
        assert answers.count >= ANSWERED
        for record_id, said in answers.newest.items():
            await is_kept(register, record_id, said, deleted=record_id in answers.gone)
        async with register.database.read() as session:
            assert (await verify(session, KINDS)).sound
        assert await reindex(register.database) == 0


async def is_kept(register: Register, record_id: str, said: dict[str, object], *, deleted: bool) -> None:
    place = f"/v1/articles/{record_id}"
    if deleted:
        assert (await register.editor.get(place)).status_code == 410
        return
    version = int(str(said["version"]))
    now = await register.editor.get(place)
    if now.status_code == 410:  # it was being deleted when the power went, and nobody was told
        return
    assert (await register.editor.get(place, params={"version": version})).json() == said
    history = (await register.editor.get(f"{place}/history")).json()["items"]
    assert [item["version"] for item in history][:version] == list(range(1, version + 1))


async def test_what_is_answered_has_been_committed(register: Register) -> None:
    """So that nothing which was answered hangs on what happens next, however soon that is."""
    ends: list[int] = []

    async def end() -> int:
        async with register.database.read() as session:
            return int((await session.execute(select(history.c.position))).scalar_one())

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                ends.append(await end())
            await send(message)

        await register.app(scope, receive, told)

    transport = ASGITransport(watched)
    async with AsyncClient(transport=transport, base_url="http://t", headers=register.admin.headers) as client:

        async def write(method: str, place: str, sent: object = None) -> Response:
            before = await end()
            answer = await client.request(method, f"/v1/{place}", json=sent, headers={"If-Match": "*"})
            assert answer.is_success, answer.text
            assert before < ends[-1] == await end(), (method, place)
            return answer

        one, other = [(await write("POST", "persons", person())).json()["id"] for _ in range(2)]
        await write("PUT", f"persons/{one}", person())
        await write("PATCH", f"persons/{one}", {"sex": "female"})
        await write("POST", f"persons/{one}/merge", {"into": other})
        await write("DELETE", f"persons/{one}/merge")
        await write("DELETE", f"persons/{one}")
        await write("DELETE", f"persons/{one}?purge=true")
        await write("POST", "batch", {"operations": [{"op": "create", "kind": "persons", "record": person()}]})
        key = (await write("POST", "keys", {"owner": "somebody", "scopes": ["write"]})).json()["id"]
        await write("POST", f"keys/{key}/rotate", {})
        await write("DELETE", f"keys/{key}")
